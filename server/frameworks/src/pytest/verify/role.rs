//! What a file of a pytest project is to a change.

use camino::Utf8Path;

use super::super::config::CONFIG_FILES;
use super::super::detect::in_environment;
use super::super::project::Project;
use crate::verify::{Role, role_of_data};

impl Project {
    /// See [`crate::Project::role`].
    #[must_use]
    pub fn role(&self, path: &Utf8Path) -> Role {
        let Ok(inside) = path.strip_prefix(self.folder()) else {
            return Role::Other;
        };
        if in_environment(path) || is_in_virtual_environment(inside) {
            return Role::Other;
        }
        if is_configuration(path) {
            return Role::Configuration;
        }
        let in_test_folder = inside.parent().is_some_and(|folder| {
            folder
                .components()
                .any(|part| is_test_folder(part.as_str()))
        });
        if self.is_test_file(path) || in_test_folder {
            return Role::Test;
        }
        match path.extension() {
            Some("py") => Role::Source,
            _ => role_of_data(inside),
        }
    }
}

/// What Python, pytest and the tools that start them read before any test.
fn is_configuration(path: &Utf8Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    CONFIG_FILES.contains(&name)
        || matches!(
            name,
            "conftest.py"
                | "sitecustomize.py"
                | "usercustomize.py"
                | "setup.py"
                | "noxfile.py"
                | ".coveragerc"
                | "Pipfile"
                | "Pipfile.lock"
                | "poetry.lock"
                | "uv.lock"
                | "pyvenv.cfg"
                | ".python-version"
        )
        || name == ".env"
        || name.starts_with(".env.")
        || path.extension() == Some("pth")
        || (name.starts_with("requirements") && matches!(path.extension(), Some("txt" | "in")))
}

fn is_in_virtual_environment(inside: &Utf8Path) -> bool {
    inside.components().any(|part| {
        matches!(
            part.as_str(),
            ".venv" | "venv" | ".tox" | ".nox" | "__pypackages__"
        )
    })
}

fn is_test_folder(name: &str) -> bool {
    matches!(name, "tests" | "test" | "testing")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pytest::testing::project;

    #[test]
    fn roles() {
        let project = project(&[("pytest.ini", ""), ("test_a.py", "def test_a(): pass")]);
        for (path, role) in [
            ("roman.py", Role::Source),
            ("src/pkg/testers.py", Role::Source),
            ("test_a.py", Role::Test),
            ("pkg/a_test.py", Role::Test),
            ("tests/helpers.py", Role::Test),
            ("tests/data/x.json", Role::Test),
            ("tests/conftest.py", Role::Configuration),
            ("conftest.py", Role::Configuration),
            ("pytest.ini", Role::Configuration),
            ("pyproject.toml", Role::Configuration),
            ("setup.py", Role::Configuration),
            ("requirements-dev.txt", Role::Configuration),
            ("x.pth", Role::Configuration),
            ("sitecustomize.py", Role::Configuration),
            (".env", Role::Configuration),
            ("README.md", Role::Data),
            ("pkg/letters.json", Role::Data),
            (".gitignore", Role::Other),
            (".gitattributes", Role::Other),
            (".tdd/config.toml", Role::Other),
            ("pkg/.hidden/letters.json", Role::Other),
            (".venv/lib/a.py", Role::Other),
        ] {
            let path = Utf8Path::new("/w").join(path);
            assert_eq!(project.role(&path), role, "{path}");
        }
    }
}
