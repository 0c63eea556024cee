//! The packages of a project and their targets, found as cargo finds them.
//!
//! The rules: <https://doc.rust-lang.org/cargo/reference/cargo-targets.html>.

use camino::{Utf8Path, Utf8PathBuf};

use super::manifest::{self, Manifest};
use crate::Files;

/// A package of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Its name, which is also its unit.
    pub name: String,
    /// Its folder, absolute.
    pub folder: Utf8PathBuf,
    /// What cargo builds of it and can run as tests.
    pub targets: Vec<Target>,
    /// Other packages of the project that it depends on, by their place in the project.
    pub(super) depends_on: Vec<usize>,
    /// The folders of packages outside of the project that it depends on, directly or through each
    /// other.
    pub(super) outside: Vec<Utf8PathBuf>,
}

impl Package {
    /// Its `Cargo.toml`.
    #[must_use]
    pub fn manifest(&self) -> Utf8PathBuf {
        self.folder.join("Cargo.toml")
    }
}

/// What kind of target it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TargetKind {
    /// The library's unit tests.
    Lib,
    /// A binary's unit tests.
    Bin,
    /// An integration test.
    Test,
    /// An example with `test = true`.
    Example,
    /// The library's documentation tests, which rustdoc builds and runs.
    Doc,
}

/// A part of a package that is built into one test binary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// What kind of target it is.
    pub kind: TargetKind,
    /// Its name as cargo knows it: for a library with dashes in its name, with underscores.
    pub name: String,
    /// Its root source file, absolute.
    pub root: Utf8PathBuf,
    /// Whether libtest is its `main`. Without, the whole target is one test.
    pub harness: bool,
}

impl Target {
    /// What it is called below its package: `lib`, `bin/x`, `test/x`, `example/x`, `doc`.
    #[must_use]
    pub fn label(&self) -> String {
        match self.kind {
            TargetKind::Lib => "lib".to_owned(),
            TargetKind::Bin => format!("bin/{}", self.name),
            TargetKind::Test => format!("test/{}", self.name),
            TargetKind::Example => format!("example/{}", self.name),
            TargetKind::Doc => "doc".to_owned(),
        }
    }
}

/// The targets of a package that have tests, in cargo's order.
pub(super) fn targets(folder: &Utf8Path, manifest: &Manifest, files: &dyn Files) -> Vec<Target> {
    let Some(package) = &manifest.package else {
        return Vec::new();
    };
    let mut targets = Vec::new();
    if let Some((lib, doc)) = library(folder, package, manifest, files) {
        targets.extend(lib);
        targets.extend(doc);
    }
    // Documentation tests come last, as under `cargo test`.
    let doc = targets
        .iter()
        .position(|target| target.kind == TargetKind::Doc)
        .map(|at| targets.remove(at));
    for (kind, declared, auto) in [
        (TargetKind::Bin, &manifest.bin, package.autobins),
        (TargetKind::Test, &manifest.test, package.autotests),
        (TargetKind::Example, &manifest.example, package.autoexamples),
    ] {
        let auto = auto.unwrap_or(!package.is_edition_2015() || declared.is_empty());
        let found = if auto {
            inferred(folder, kind, &package.name, files)
        } else {
            Vec::new()
        };
        targets.extend(merged(folder, kind, declared, found, package, files));
    }
    targets.extend(doc);
    targets
}

fn library(
    folder: &Utf8Path,
    package: &manifest::Package,
    manifest: &Manifest,
    files: &dyn Files,
) -> Option<(Option<Target>, Option<Target>)> {
    let declared = manifest.lib.clone();
    if declared.is_none() && package.autolib == Some(false) {
        return None;
    }
    let declared = declared.unwrap_or_default();
    let root = folder.join(declared.path.as_deref().unwrap_or("src/lib.rs"));
    if !files.exists(&root) {
        return None;
    }
    let name = declared
        .name
        .unwrap_or_else(|| package.name.replace('-', "_"));
    let target = |kind, harness| Target {
        kind,
        name: name.clone(),
        root: root.clone(),
        harness,
    };
    let lib = declared
        .test
        .unwrap_or(true)
        .then(|| target(TargetKind::Lib, declared.harness.unwrap_or(true)));
    let doc = declared
        .doctest
        .unwrap_or(true)
        .then(|| target(TargetKind::Doc, true));
    Some((lib, doc))
}

/// The folder in which cargo looks for targets of a kind.
fn home(kind: TargetKind) -> &'static str {
    match kind {
        TargetKind::Bin => "src/bin",
        TargetKind::Test => "tests",
        TargetKind::Example => "examples",
        TargetKind::Lib | TargetKind::Doc => "src",
    }
}

/// Names and root files of the targets that nobody had to declare.
fn inferred(
    folder: &Utf8Path,
    kind: TargetKind,
    package: &str,
    files: &dyn Files,
) -> Vec<(String, Utf8PathBuf)> {
    let mut found = Vec::new();
    let main = folder.join("src/main.rs");
    if kind == TargetKind::Bin && files.exists(&main) {
        found.push((package.to_owned(), main));
    }
    let home = folder.join(home(kind));
    for file in beneath(files, &home) {
        let Ok(inside) = file.strip_prefix(&home) else {
            continue;
        };
        let name = match inside.as_str().split('/').collect::<Vec<_>>()[..] {
            [file] => file.strip_suffix(".rs"),
            [name, "main.rs"] => Some(name),
            _ => None,
        };
        if let Some(name) = name.filter(|name| !name.starts_with('.')) {
            found.push((name.to_owned(), file.clone()));
        }
    }
    found
}

/// The listed files below a folder. The list is sorted, so they stand together.
pub(super) fn beneath<'a>(
    files: &'a dyn Files,
    folder: &Utf8Path,
) -> impl Iterator<Item = &'a Utf8PathBuf> {
    let all = files.all();
    let start = all.partition_point(|file| file.as_path() < folder);
    let folder = folder.to_owned();
    all[start..]
        .iter()
        .take_while(move |file| file.starts_with(&folder))
}

fn merged(
    folder: &Utf8Path,
    kind: TargetKind,
    declared: &[manifest::Target],
    found: Vec<(String, Utf8PathBuf)>,
    package: &manifest::Package,
    files: &dyn Files,
) -> Vec<Target> {
    // Examples are built by `cargo test`, but their tests run only on request.
    let tested = kind != TargetKind::Example;
    let mut targets = Vec::new();
    for target in declared {
        let Some(name) = target.name.clone() else {
            continue;
        };
        let root = target
            .path
            .as_ref()
            .map(|path| folder.join(path))
            .or_else(|| {
                found
                    .iter()
                    .find(|(inferred, _)| *inferred == name)
                    .map(|(_, root)| root.clone())
            })
            .or_else(|| conventional(folder, kind, &name, package, files));
        if let Some(root) = root
            && target.test.unwrap_or(tested)
        {
            targets.push(Target {
                kind,
                name,
                root,
                harness: target.harness.unwrap_or(true),
            });
        }
    }
    let is_declared = |name: &str, root: &Utf8Path| {
        declared.iter().any(|target| {
            target.name.as_deref() == Some(name)
                || target
                    .path
                    .as_ref()
                    .is_some_and(|path| folder.join(path) == root)
        })
    };
    if tested {
        for (name, root) in found {
            if !is_declared(&name, &root) {
                targets.push(Target {
                    kind,
                    name,
                    root,
                    harness: true,
                });
            }
        }
    }
    targets
}

/// Where a declared target without a path lies although nothing is looked for.
fn conventional(
    folder: &Utf8Path,
    kind: TargetKind,
    name: &str,
    package: &manifest::Package,
    files: &dyn Files,
) -> Option<Utf8PathBuf> {
    let home = folder.join(home(kind));
    let mut candidates = vec![
        home.join(format!("{name}.rs")),
        home.join(name).join("main.rs"),
    ];
    if kind == TargetKind::Bin && name == package.name {
        candidates.push(folder.join("src/main.rs"));
    }
    candidates.into_iter().find(|file| files.exists(file))
}
