//! What a file of a Cargo project is to a change.

use camino::Utf8Path;

use super::super::package::TargetKind;
use super::super::project::Project;
use crate::verify::{Role, role_of_data};

impl Project {
    /// See [`crate::Project::role`].
    #[must_use]
    pub fn role(&self, path: &Utf8Path) -> Role {
        if is_configuration(path) {
            return Role::Configuration;
        }
        let in_project = path.strip_prefix(self.root());
        let Some(package) = self.package_of(path) else {
            return in_project.map_or(Role::Other, role_of_data);
        };
        let inside = path.strip_prefix(&package.folder).unwrap_or(path);
        if inside == "build.rs" {
            return Role::Configuration;
        }
        let top = inside.components().next().map(|part| part.as_str());
        let is_test_root = package.targets.iter().any(|target| {
            target.root == path && matches!(target.kind, TargetKind::Test | TargetKind::Example)
        });
        // Whatever lies there may be read by a test.
        if is_test_root || matches!(top, Some("tests" | "benches" | "examples")) {
            return Role::Test;
        }
        if path.extension() != Some("rs") {
            return in_project.map_or(Role::Other, role_of_data);
        }
        if self.is_module_of_tests(path) {
            return Role::Test;
        }
        if self.has_tests(path) {
            Role::Mixed
        } else {
            Role::Source
        }
    }
}

/// What cargo, rustup and the tools beside them read.
fn is_configuration(path: &Utf8Path) -> bool {
    let in_cargo_folder = path.components().any(|part| part.as_str() == ".cargo");
    in_cargo_folder
        || matches!(
            path.file_name().unwrap_or_default(),
            "Cargo.toml"
                | "Cargo.lock"
                | "rust-toolchain"
                | "rust-toolchain.toml"
                | "rustfmt.toml"
                | ".rustfmt.toml"
                | "clippy.toml"
                | ".clippy.toml"
                | "nextest.toml"
        )
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::Fixture;
    use super::*;

    #[test]
    fn roles() {
        let project = Fixture::new(
            "//- Cargo.toml\n[package]\nname='a'\nedition='2024'\n[[test]]\nname='odd'\npath='src/odd.rs'\n\
             //- src/lib.rs\nmod plain;\nmod mixed;\nmod documented;\n#[cfg(test)]\nmod tests;\n\
             //- src/plain.rs\npub fn f() {}\n\
             //- src/mixed.rs\n#[cfg(test)]\nmod tests { #[test] fn a() {} }\n\
             //- src/documented.rs\n/// ```\n/// f();\n/// ```\npub fn f() {}\n\
             //- src/tests.rs\nmod deep;\n#[test] fn a() {}\n\
             //- src/tests/deep.rs\npub fn helper() {}\n\
             //- src/odd.rs\n#[test] fn a() {}\n\
             //- tests/all.rs\n#[test] fn a() {}\n",
        )
        .project();
        for (path, role) in [
            ("src/plain.rs", Role::Source),
            ("src/new.rs", Role::Source),
            ("src/lib.rs", Role::Source),
            ("src/mixed.rs", Role::Mixed),
            ("src/documented.rs", Role::Mixed),
            ("src/tests.rs", Role::Test),
            ("src/tests/deep.rs", Role::Test),
            ("src/odd.rs", Role::Test),
            ("tests/all.rs", Role::Test),
            ("tests/data/a.json", Role::Test),
            ("benches/b.rs", Role::Test),
            ("src/data.json", Role::Data),
            ("README.md", Role::Data),
            (".gitignore", Role::Other),
            (".tdd/config.toml", Role::Other),
            ("Cargo.toml", Role::Configuration),
            ("Cargo.lock", Role::Configuration),
            ("build.rs", Role::Configuration),
            (".cargo/config.toml", Role::Configuration),
            ("rust-toolchain.toml", Role::Configuration),
            ("clippy.toml", Role::Configuration),
        ] {
            let path = Utf8Path::new("/w").join(path);
            assert_eq!(project.role(&path), role, "{path}");
        }
    }
}
