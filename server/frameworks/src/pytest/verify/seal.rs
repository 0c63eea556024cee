//! The clean room's text of a changed file of a pytest project.

use camino::Utf8Path;

use super::super::project::Project;
use crate::verify::{Content, Mark, Role, Sealed, sealed_whole};

impl Project {
    /// See [`crate::Project::seal`].
    #[must_use]
    pub fn seal(&self, path: &Utf8Path, base: Option<&str>, changed: Option<&str>) -> Sealed {
        let role = self.role(path);
        if role != Role::Source {
            return sealed_whole(role, path, base, changed);
        }
        let Some(text) = changed else {
            return Sealed::new(Content::Removed);
        };
        if base.is_none()
            && let Some((name, whose)) = self.hides(path)
        {
            let mut sealed = Sealed::new(Content::AsBase);
            let what = format!("module added that hides one of {whose}: {name}");
            sealed.add(path, Mark::breach(0..=0, what));
            return sealed;
        }
        Sealed::new(Content::Text(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pytest::testing::project;

    #[track_caller]
    fn check(path: &str, base: Option<&str>, changed: Option<&str>, expected: (&str, &str)) {
        let project = project(&[("pytest.ini", ""), ("test_a.py", "def test_a(): pass")]);
        let sealed = project.seal(&Utf8Path::new("/w").join(path), base, changed);
        let content = match &sealed.content {
            Content::AsBase => "as base",
            Content::Text(text) => text,
            Content::Removed => "removed",
        };
        let findings = sealed
            .breaches
            .iter()
            .map(|it| format!("breach: {}", it.what));
        let mut found: Vec<String> = findings.collect();
        found.extend(
            sealed
                .warnings
                .iter()
                .map(|it| format!("warning: {}", it.what)),
        );
        found.extend(
            sealed
                .added_tests
                .iter()
                .map(|it| format!("added: {}", it.file)),
        );
        assert_eq!((content, found.join(", ").as_str()), expected, "{path}");
    }

    #[test]
    fn code_is_taken_and_all_else_is_not() {
        let (a, b) = (Some("a = 1\n"), Some("a = 2\n"));
        check("roman.py", a, b, ("a = 2\n", ""));
        check("roman.py", None, b, ("a = 2\n", ""));
        check("roman.py", a, None, ("removed", ""));
        check("test_a.py", a, b, ("as base", "breach: test file changed"));
        check("test_a.py", a, a, ("as base", ""));
        check(
            "test_a.py",
            a,
            None,
            ("as base", "breach: test file removed"),
        );
        check("test_b.py", None, b, ("as base", "added: /w/test_b.py"));
        check(
            "tests/helper.py",
            a,
            b,
            ("as base", "breach: test file changed"),
        );
        check(
            "conftest.py",
            None,
            b,
            ("as base", "breach: configuration added"),
        );
        check(
            "pkg/conftest.py",
            None,
            b,
            ("as base", "breach: configuration added"),
        );
        check(
            "pytest.ini",
            a,
            b,
            ("as base", "breach: configuration changed"),
        );
        check("x.pth", None, b, ("as base", "breach: configuration added"));
        check(
            "pytest.py",
            None,
            b,
            (
                "as base",
                "breach: module added that hides one of pytest: pytest",
            ),
        );
        check("json.py", a, b, ("a = 2\n", ""));
        check("data.json", None, b, ("a = 2\n", ""));
        check(
            ".gitignore",
            None,
            b,
            ("as base", "warning: left out, since it is no source code"),
        );
        check(
            "data.json",
            a,
            b,
            ("as base", "warning: left out, since it is no source code"),
        );
    }
}
