//! What cargo gives to a test binary that it runs, for one that is run without cargo.
//!
//! The list: <https://doc.rust-lang.org/cargo/reference/environment-variables.html>, and the order
//! of the library folders as `cargo test` has it.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use serde::Deserialize;

use super::messages::BuildScript;

/// What `cargo metadata --no-deps --format-version 1` says.
#[derive(Debug, Clone, Deserialize)]
pub struct Metadata {
    /// The members of the workspace.
    pub packages: Vec<PackageMetadata>,
    /// Where cargo puts what it builds.
    pub target_directory: Utf8PathBuf,
    /// The workspace's folder, where the compiler is run.
    pub workspace_root: Utf8PathBuf,
}

/// What it says of one package.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct PackageMetadata {
    name: String,
    version: String,
    /// The package's `Cargo.toml`.
    pub manifest_path: Utf8PathBuf,
    authors: Vec<String>,
    description: Option<String>,
    homepage: Option<String>,
    repository: Option<String>,
    license: Option<String>,
    license_file: Option<String>,
    readme: Option<String>,
    rust_version: Option<String>,
}

/// Where the compiler and its libraries are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Toolchain {
    /// Its folder.
    pub sysroot: Utf8PathBuf,
    /// The platform that it compiles for, `x86_64-unknown-linux-gnu`.
    pub host: String,
    /// What holds there, one a line: `unix`, `target_os="linux"`.
    pub cfg: String,
}

impl Toolchain {
    /// Reads what `rustc -vV` and `rustc --print sysroot --print cfg` print.
    #[must_use]
    pub fn parse(version: &str, sysroot_and_cfg: &str) -> Option<Self> {
        let host = version
            .lines()
            .find_map(|line| line.strip_prefix("host: "))?;
        let (sysroot, cfg) = sysroot_and_cfg.split_once('\n')?;
        Some(Self {
            sysroot: Utf8PathBuf::from(sysroot.trim()),
            host: host.trim().to_owned(),
            cfg: cfg.to_owned(),
        })
    }
}

/// The variable with the folders where the system looks for libraries.
#[must_use]
pub fn library_path_name() -> &'static str {
    if cfg!(target_os = "macos") {
        "DYLD_FALLBACK_LIBRARY_PATH"
    } else if cfg!(windows) {
        "PATH"
    } else {
        "LD_LIBRARY_PATH"
    }
}

/// What the variables of one test binary depend on.
#[derive(Debug)]
pub struct Surroundings<'a> {
    /// Its package.
    pub package: &'a PackageMetadata,
    /// The binary.
    pub binary: &'a Utf8Path,
    /// Where cargo puts what it builds.
    pub target_directory: &'a Utf8Path,
    /// The build scripts that have run, those of dependencies too.
    pub scripts: &'a [BuildScript],
    /// The package's own, if it has one.
    pub own_script: Option<&'a BuildScript>,
    /// The package's programs, by name, if the target is one that may start them.
    pub programs: &'a [(String, Utf8PathBuf)],
    /// The compiler.
    pub toolchain: &'a Toolchain,
    /// The cargo that was used, if its place is known.
    pub cargo: Option<&'a Utf8Path>,
    /// The environment that the process starts from.
    pub environment: &'a BTreeMap<String, String>,
}

/// The variables that cargo would set for a test binary.
#[must_use]
pub fn variables(of: &Surroundings<'_>) -> Vec<(String, String)> {
    let mut variables = Vec::new();
    let mut set = |name: &str, value: &str| variables.push((name.to_owned(), value.to_owned()));
    if let Some(cargo) = of.cargo {
        set("CARGO", cargo.as_str());
    }
    let package = of.package;
    let folder = package.manifest_path.parent().unwrap_or(Utf8Path::new(""));
    set("CARGO_MANIFEST_DIR", folder.as_str());
    set("CARGO_MANIFEST_PATH", package.manifest_path.as_str());
    set("CARGO_PKG_NAME", &package.name);
    set("CARGO_PKG_VERSION", &package.version);
    let version = Version::parse(&package.version);
    set("CARGO_PKG_VERSION_MAJOR", version.major);
    set("CARGO_PKG_VERSION_MINOR", version.minor);
    set("CARGO_PKG_VERSION_PATCH", version.patch);
    set("CARGO_PKG_VERSION_PRE", version.pre);
    set("CARGO_PKG_AUTHORS", &package.authors.join(":"));
    for (name, value) in [
        ("CARGO_PKG_DESCRIPTION", &package.description),
        ("CARGO_PKG_HOMEPAGE", &package.homepage),
        ("CARGO_PKG_REPOSITORY", &package.repository),
        ("CARGO_PKG_LICENSE", &package.license),
        ("CARGO_PKG_LICENSE_FILE", &package.license_file),
        ("CARGO_PKG_README", &package.readme),
        ("CARGO_PKG_RUST_VERSION", &package.rust_version),
    ] {
        set(name, value.as_deref().unwrap_or_default());
    }
    for (name, path) in of.programs {
        set(&format!("CARGO_BIN_EXE_{name}"), path.as_str());
    }
    if let Some(script) = of.own_script {
        set("OUT_DIR", script.out_dir.as_str());
        for (name, value) in &script.env {
            set(name, value);
        }
    }
    set(library_path_name(), &library_path(of));
    variables
}

/// Where libraries are looked for: what build scripts have built, what cargo has, the compiler's
/// own, what was there.
fn library_path(of: &Surroundings<'_>) -> String {
    let mut folders: Vec<Utf8PathBuf> = Vec::new();
    let mut scripted: Vec<&str> = of
        .scripts
        .iter()
        .flat_map(|script| &script.linked_paths)
        .map(|path| path.split_once('=').map_or(path.as_str(), |(_, path)| path))
        // Folders of the system are found without help.
        .filter(|path| Utf8Path::new(path).starts_with(of.target_directory))
        .collect();
    scripted.sort_unstable();
    scripted.dedup();
    folders.extend(scripted.into_iter().map(Utf8PathBuf::from));
    if let Some(deps) = of.binary.parent() {
        // Binaries lie in `deps`, examples in `examples`, both below the profile's folder.
        if let Some(profile) = deps.parent() {
            folders.push(profile.to_owned());
            folders.push(profile.join("deps"));
        }
    }
    let libraries = of.toolchain.sysroot.join("lib");
    folders.push(
        libraries
            .join("rustlib")
            .join(&of.toolchain.host)
            .join("lib"),
    );
    folders.push(libraries);
    let mut path = folders
        .iter()
        .map(|folder| folder.as_str())
        .collect::<Vec<_>>()
        .join(":");
    let before = of
        .environment
        .get(library_path_name())
        .filter(|before| !before.is_empty());
    if let Some(before) = before {
        path.push(':');
        path.push_str(before);
    }
    path
}

struct Version<'a> {
    major: &'a str,
    minor: &'a str,
    patch: &'a str,
    pre: &'a str,
}

impl<'a> Version<'a> {
    fn parse(version: &'a str) -> Self {
        let version = version.split('+').next().unwrap_or(version);
        let (numbers, pre) = version.split_once('-').unwrap_or((version, ""));
        let mut numbers = numbers.split('.');
        let mut next = || numbers.next().unwrap_or_default();
        Self {
            major: next(),
            minor: next(),
            patch: next(),
            pre,
        }
    }
}
