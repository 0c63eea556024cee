//! One `Cargo.toml`, as far as tests are concerned.
//!
//! The format: <https://doc.rust-lang.org/cargo/reference/manifest.html>. Unknown keys are let
//! pass: cargo itself judges them.

use std::collections::BTreeMap;

use camino::Utf8Path;
use greenward_core::{Location, Position, Problem, Range, Severity};
use serde::Deserialize;

/// A manifest.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub(super) struct Manifest {
    #[serde(alias = "project")]
    pub(super) package: Option<Package>,
    pub(super) workspace: Option<Workspace>,
    pub(super) lib: Option<Target>,
    pub(super) bin: Vec<Target>,
    pub(super) test: Vec<Target>,
    pub(super) example: Vec<Target>,
    #[serde(flatten)]
    dependencies: Dependencies,
    target: BTreeMap<String, Dependencies>,
    /// By the registry or repository whose packages are replaced.
    patch: BTreeMap<String, BTreeMap<String, Dependency>>,
}

/// The `[package]` table.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Package {
    pub(super) name: String,
    #[serde(default)]
    pub(super) edition: Option<Inherited<String>>,
    /// The folder of the workspace it belongs to, where that is not found by looking upwards.
    #[serde(default)]
    pub(super) workspace: Option<String>,
    #[serde(default)]
    pub(super) autolib: Option<bool>,
    #[serde(default)]
    pub(super) autobins: Option<bool>,
    #[serde(default)]
    pub(super) autotests: Option<bool>,
    #[serde(default)]
    pub(super) autoexamples: Option<bool>,
}

impl Package {
    /// Whether the package is of the first edition, where a declared target switches the finding
    /// of others off.
    pub(super) fn is_edition_2015(&self) -> bool {
        match &self.edition {
            None => true,
            Some(Inherited::Own(edition)) => edition == "2015",
            Some(Inherited::Workspace { .. }) => false,
        }
    }
}

/// A value, or the word that it is the workspace's.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum Inherited<T> {
    Own(T),
    Workspace {
        #[serde(rename = "workspace")]
        _workspace: bool,
    },
}

/// The `[workspace]` table.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub(super) struct Workspace {
    pub(super) members: Vec<String>,
    pub(super) exclude: Vec<String>,
    pub(super) dependencies: BTreeMap<String, Dependency>,
}

/// A `[lib]` table, or one of `[[bin]]`, `[[test]]`, `[[example]]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub(super) struct Target {
    pub(super) name: Option<String>,
    pub(super) path: Option<String>,
    pub(super) test: Option<bool>,
    pub(super) doctest: Option<bool>,
    pub(super) harness: Option<bool>,
    #[serde(alias = "proc_macro")]
    pub(super) proc_macro: Option<bool>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
struct Dependencies {
    dependencies: BTreeMap<String, Dependency>,
    #[serde(alias = "dev_dependencies")]
    dev_dependencies: BTreeMap<String, Dependency>,
    #[serde(alias = "build_dependencies")]
    build_dependencies: BTreeMap<String, Dependency>,
}

/// What a package says of one dependency.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum Dependency {
    /// `name = "1.0"`.
    Version(#[expect(dead_code, reason = "only its shape matters here")] String),
    /// `name = { ... }`.
    Table {
        /// Where it lies, if it is no published package.
        #[serde(default)]
        path: Option<String>,
        /// Whether the workspace says where it lies.
        #[serde(default)]
        workspace: bool,
    },
}

impl Dependency {
    /// The folder it lies in, relative to the manifest that says so.
    pub(super) fn path(&self) -> Option<&str> {
        match self {
            Dependency::Version(_) => None,
            Dependency::Table { path, .. } => path.as_deref(),
        }
    }
}

/// A dependency that lies in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PathDependency<'a> {
    /// A folder relative to the package.
    Here(&'a str),
    /// A name to look up in the workspace's own dependencies.
    InWorkspace(&'a str),
}

impl Manifest {
    /// Reads a manifest's text.
    ///
    /// # Errors
    /// If it is no TOML or says something of a wrong type, the problem at its place.
    pub(super) fn parse(file: &Utf8Path, text: &str) -> Result<Self, Problem> {
        toml::from_str(text).map_err(|error| problem(file, text, &error))
    }

    /// The dependencies of every kind and platform that may lie in the workspace.
    pub(super) fn path_dependencies(&self) -> impl Iterator<Item = PathDependency<'_>> {
        std::iter::once(&self.dependencies)
            .chain(self.target.values())
            .flat_map(|tables| {
                tables
                    .dependencies
                    .iter()
                    .chain(&tables.dev_dependencies)
                    .chain(&tables.build_dependencies)
            })
            .filter_map(|(name, dependency)| match dependency {
                Dependency::Table {
                    path: Some(path), ..
                } => Some(PathDependency::Here(path)),
                Dependency::Table {
                    workspace: true, ..
                } => Some(PathDependency::InWorkspace(name)),
                _ => None,
            })
    }

    /// The folders that `[patch]` takes packages from, relative to the manifest. Only that of a
    /// workspace's root counts.
    pub(super) fn patch_paths(&self) -> impl Iterator<Item = &str> {
        let patches = self.patch.values().flat_map(BTreeMap::values);
        patches.filter_map(Dependency::path)
    }
}

fn problem(file: &Utf8Path, text: &str, error: &toml::de::Error) -> Problem {
    let range = error.span().map_or_else(Range::default, |span| {
        Range::new(position(text, span.start), position(text, span.end))
    });
    Problem {
        severity: Severity::Error,
        message: format!("Cargo.toml: {}", error.message()),
        code: None,
        location: Some(Location {
            file: file.to_owned(),
            range,
        }),
        related: Vec::new(),
    }
}

/// The place of a byte offset. Past the end it is the end.
fn position(text: &str, offset: usize) -> Position {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.bytes().filter(|byte| *byte == b'\n').count();
    let column = before.len() - before.rfind('\n').map_or(0, |at| at + 1);
    Position::new(
        u32::try_from(line).unwrap_or(u32::MAX),
        u32::try_from(column).unwrap_or(u32::MAX),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Manifest, Problem> {
        Manifest::parse(Utf8Path::new("/w/Cargo.toml"), text)
    }

    #[test]
    fn dependencies_of_every_kind_are_seen() {
        let manifest = parse(
            r#"
            [package]
            name = "a"
            [dependencies]
            serde = "1"
            b = { path = "../b" }
            [dev-dependencies]
            c.workspace = true
            [build-dependencies.d]
            path = "../d"
            [target.'cfg(unix)'.dependencies]
            e = { version = "1", path = "../e" }
            "#,
        )
        .unwrap();
        assert_eq!(
            manifest.path_dependencies().collect::<Vec<_>>(),
            [
                PathDependency::Here("../b"),
                PathDependency::InWorkspace("c"),
                PathDependency::Here("../d"),
                PathDependency::Here("../e"),
            ]
        );
    }

    #[test]
    fn a_mistake_is_a_problem_at_its_place() {
        for (text, line, column) in [
            ("[package]\nname = \n", 1, 7),
            ("[package]\nname = 'a'\n[lib]\ntest = 'no'\n", 3, 7),
        ] {
            let problem = parse(text).unwrap_err();
            let place = problem.location.unwrap();
            assert_eq!(place.file, "/w/Cargo.toml");
            assert_eq!(place.range.start, Position::new(line, column), "{text}");
        }
    }

    #[test]
    fn what_is_unknown_is_let_pass() {
        let manifest = parse(
            "[package]\nname='a'\nedition.workspace=true\nfuture=1\n[[bench]]\nname='x'\n[features]\nd=[]\n",
        )
        .unwrap();
        assert!(!manifest.package.unwrap().is_edition_2015());
    }
}
