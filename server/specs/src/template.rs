//! What a new spec begins with.

use crate::wording::as_markdown;

/// The text of a new spec. It is one of a small thing, complete, to be written over.
#[must_use]
pub fn template(title: &str) -> String {
    let title = match as_markdown(&greenward_core::clean(title)) {
        title if title.is_empty() => "New spec".to_owned(),
        title => title,
    };
    format!(
        "\
---
# The source file that is to be written, and the file that its tests go to.
target: src/greeting.rs
tests: tests/greeting.rs
---
# {title}

What is this for, and for whom? Write over everything here.

## Greet somebody by name
- [ ] a greeting ends with an exclamation mark
- [ ] blanks around the name are left out

| name  | greeting      |
| ----- | ------------- |
| Ada   | Hello, Ada!   |
| Grace | Hello, Grace! |

## Greet several
depends on: Greet somebody by name

- [ ] names are joined by commas, and the last by `and`
- [ ] no name at all is refused with an error that says so
"
    )
}

#[cfg(test)]
mod tests {
    use greenward_core::Severity;

    use super::*;
    use crate::{Form, Spec, Workspace, plan, problems};

    #[test]
    fn it_is_a_spec_without_errors() {
        for title in [
            "Roman numerals",
            "",
            "# `a` \u{202e}b\n---",
            "- [ ] x",
            "数",
        ] {
            let spec = Spec::read(&template(title), Form::Markdown).unwrap();
            let nothing = Workspace {
                files: Some(Vec::new()),
            };
            let problems = problems(&spec, &nothing);
            let is_error = |severity: Severity| severity == Severity::Error;
            assert!(
                !problems.iter().any(|one| is_error(one.severity)),
                "{problems:?}"
            );
            assert_eq!(problems.len(), 1, "the target is not there: {problems:?}");
            assert_eq!(spec.requirements.len(), 2, "{title}");
            assert!(!spec.title.as_ref().unwrap().text.is_empty());
            let plan = plan(&spec, "specs/new.md".into()).unwrap();
            assert_eq!(
                plan.check(&spec.wishes()).map(|plan| plan.order().count()),
                Ok(2)
            );
        }
    }
}
