//! What to run: cargo to build, cargo to run documentation tests, and questions beforehand.

use std::num::NonZeroU32;

use camino::Utf8Path;
use greenward_core::Invocation;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::package::{Package, TargetKind};
use super::project::Project;

/// How the user wants cargo to be run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// The cargo to run; nothing is `cargo` from `PATH`.
    pub program: Option<String>,
    /// Features to turn on.
    pub features: Vec<String>,
    /// Turn on all features.
    pub all_features: bool,
    /// Turn off the default features.
    pub no_default_features: bool,
    /// The profile to build with.
    pub profile: Option<String>,
    /// Further arguments for cargo. A first one such as `+nightly` stays the first.
    pub args: Vec<String>,
    /// How many tests of one binary run at once.
    pub test_threads: Option<NonZeroU32>,
    /// Further arguments for the test binaries.
    pub test_args: Vec<String>,
}

/// What to build.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Scope {
    /// Every package, with the targets that `cargo test` builds by itself.
    #[default]
    Everything,
    /// These packages.
    Packages(Vec<String>),
    /// One target of one package.
    Target {
        /// The package.
        package: String,
        /// The target's kind.
        kind: TargetKind,
        /// The target's name.
        name: String,
    },
}

impl Options {
    fn program(&self) -> &str {
        self.program.as_deref().unwrap_or("cargo")
    }

    /// `+nightly`, if that is how the further arguments begin.
    #[must_use]
    pub fn toolchain(&self) -> Option<&str> {
        self.args
            .first()
            .map(String::as_str)
            .filter(|first| first.starts_with('+'))
    }

    fn cargo(&self, folder: &Utf8Path, subcommand: &[&str]) -> Invocation {
        Invocation::new(self.program(), folder)
            .args(self.toolchain())
            .args(subcommand.iter().copied())
    }

    fn further(&self) -> &[String] {
        let skipped = usize::from(self.toolchain().is_some());
        self.args.get(skipped..).unwrap_or_default()
    }

    /// What features and profile to build with.
    fn choices(&self, invocation: Invocation) -> Invocation {
        let mut args = Vec::new();
        if !self.features.is_empty() {
            args.push(format!("--features={}", self.features.join(",")));
        }
        if self.all_features {
            args.push("--all-features".to_owned());
        }
        if self.no_default_features {
            args.push("--no-default-features".to_owned());
        }
        if let Some(profile) = &self.profile {
            args.push(format!("--profile={profile}"));
        }
        invocation.args(args).args(self.further().iter().cloned())
    }

    /// Builds test binaries without running them.
    #[must_use]
    pub fn build(&self, project: &Project, scope: &Scope) -> Invocation {
        let base = self.cargo(
            project.root(),
            &["test", "--no-run", "--message-format=json"],
        );
        let scoped = match scope {
            Scope::Everything => base.args(["--workspace"]),
            Scope::Packages(packages) => base.args(packages_args(project, packages)),
            Scope::Target {
                package,
                kind,
                name,
            } => {
                let base = base.args(packages_args(project, [package]));
                match kind {
                    TargetKind::Lib | TargetKind::Doc => base.args(["--lib"]),
                    TargetKind::Bin => base.args(["--bin", name]),
                    TargetKind::Test => base.args(["--test", name]),
                    TargetKind::Example => base.args(["--example", name]),
                }
            }
        };
        self.choices(scoped)
    }

    /// Runs documentation tests of a package, those whose name has one of the words in it, or all.
    ///
    /// rustdoc takes filters apart at spaces, and every documentation test's name has some, so a
    /// filter may match more than it means.
    #[must_use]
    pub fn doc_tests(&self, root: &Utf8Path, package: &Package, words: &[String]) -> Invocation {
        let base = self
            .cargo(root, &["test", "--doc"])
            .args([package_arg(package)]);
        let mut test_args = words.to_vec();
        test_args.push("--color=never".to_owned());
        self.choices(base).args(["--"]).args(test_args)
    }

    /// Says what packages there are.
    #[must_use]
    pub fn metadata(&self, root: &Utf8Path) -> Invocation {
        self.cargo(root, &["metadata", "--no-deps", "--format-version=1"])
    }

    /// Asks the compiler where it is and for what platform it compiles.
    #[must_use]
    pub fn compiler(&self, root: &Utf8Path, question: &[&str]) -> Invocation {
        Invocation::new("rustc", root)
            .args(self.toolchain())
            .args(question.iter().copied())
    }

    /// The arguments of every test binary.
    #[must_use]
    pub fn binary_args(&self) -> Vec<String> {
        let threads = self
            .test_threads
            .map(|threads| format!("--test-threads={threads}"));
        threads
            .into_iter()
            .chain(self.test_args.iter().cloned())
            .collect()
    }
}

fn packages_args<S: AsRef<str>>(
    project: &Project,
    packages: impl IntoIterator<Item = S>,
) -> Vec<String> {
    let named = |name: &str| {
        project
            .packages()
            .iter()
            .find(|package| package.name == name)
    };
    packages
        .into_iter()
        .filter_map(|name| named(name.as_ref()).map(package_arg))
        .collect()
}

/// A package by its folder: its name alone may also be that of another version of it among its own
/// dependencies. The form is a URL, as in
/// <https://doc.rust-lang.org/cargo/reference/pkgid-spec.html>.
fn package_arg(package: &Package) -> String {
    let folder = utf8_percent_encode(package.folder.as_str(), IN_URLS);
    format!("--package=file://{folder}#{}", package.name)
}

/// What must not stand in a URL's path as it is.
const IN_URLS: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'`')
    .add(b'{')
    .add(b'}');

/// The word of a documentation test's name by which to filter: the longest part of its item's
/// path, or its file.
#[must_use]
pub fn doc_filter(local_name: &str) -> &str {
    let (file, item) = local_name.split_once(" - ").unwrap_or((local_name, ""));
    let item = item.rsplit_once(" #").map_or(item, |(item, _)| item);
    item.split_whitespace()
        .max_by_key(|word| word.len())
        .unwrap_or_else(|| file.trim_end_matches(" -"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cargo::testing::Fixture;

    #[test]
    fn builds_what_is_needed() {
        let options = Options {
            features: vec!["a".to_owned(), "b".to_owned()],
            profile: Some("release".to_owned()),
            args: vec!["+nightly".to_owned(), "--locked".to_owned()],
            ..Options::default()
        };
        let project = Fixture::new(
            "//- Cargo.toml\n[workspace]\nmembers = ['a b', 'y']\n\
             //- a b/Cargo.toml\n[package]\nname = 'x'\n//- a b/src/lib.rs\n\
             //- y/Cargo.toml\n[package]\nname = 'y'\n//- y/src/lib.rs\n",
        )
        .project();
        for (scope, expected) in [
            (Scope::Everything, "--workspace"),
            (
                Scope::Packages(vec!["x".to_owned(), "y".to_owned()]),
                "--package=file:///w/a%20b#x --package=file:///w/y#y",
            ),
            (
                Scope::Target {
                    package: "x".to_owned(),
                    kind: TargetKind::Test,
                    name: "it".to_owned(),
                },
                "--package=file:///w/a%20b#x --test it",
            ),
        ] {
            let invocation = options.build(&project, &scope);
            assert_eq!(
                invocation.args.join(" "),
                format!(
                    "+nightly test --no-run --message-format=json {expected} --features=a,b --profile=release --locked"
                )
            );
        }
    }

    #[test]
    fn a_documentation_tests_filter_has_no_space() {
        for (name, expected) in [
            ("src/lib.rs - inner::four", "inner::four"),
            ("src/lib.rs - inner::four #2", "inner::four"),
            ("src/lib.rs -", "src/lib.rs"),
            ("src/lib.rs - Longest<A> as T::m", "Longest<A>"),
        ] {
            assert_eq!(doc_filter(name), expected);
        }
    }
}
