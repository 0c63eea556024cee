//! Hovers over the headings of a spec: what a requirement asks for, and how it hangs together with
//! the others.

use greenward_engine::{RequirementView, SpecView};
use tower_lsp::lsp_types::{Hover, HoverContents, MarkupContent, MarkupKind};

use super::count;
use crate::hover::Writer;

/// How many criteria, and how many names, are listed.
const LISTED: usize = 10;

/// What is known of the requirement whose heading stands on a line.
pub(crate) fn hover(view: &SpecView, line: u32, markdown: bool) -> Option<Hover> {
    let mut all = view.requirements.iter();
    let requirement = all.find(|one| one.range.start.line == line)?;
    Some(Hover {
        contents: HoverContents::Markup(MarkupContent {
            kind: match markdown {
                true => MarkupKind::Markdown,
                false => MarkupKind::PlainText,
            },
            value: about(requirement, Writer { markdown }),
        }),
        range: None,
    })
}

fn about(requirement: &RequirementView, writer: Writer) -> String {
    let criteria = &requirement.criteria;
    let title = writer.strong(&requirement.title);
    let has = format!(
        "{}, {}",
        count(criteria.len(), "criterion", "criteria"),
        count(requirement.examples, "example", "examples"),
    );
    let mut parts = vec![format!("{title}: {has}")];
    if !criteria.is_empty() {
        let shown = criteria.iter().take(LISTED);
        let mut lines: Vec<String> = shown
            .map(|criterion| format!("- {}", writer.text(criterion)))
            .collect();
        lines.extend(more(criteria.len()).map(|more| format!("- {more}")));
        parts.push(lines.join("\n"));
    }
    for (what, titles) in [
        ("Depends on", &requirement.depends_on),
        ("Needed by", &requirement.needed_by),
    ] {
        if !titles.is_empty() {
            let shown = titles.iter().take(LISTED).map(|title| writer.text(title));
            let shown: Vec<String> = shown.chain(more(titles.len())).collect();
            parts.push(format!("{what}: {}", shown.join(", ")));
        }
    }
    parts.join("\n\n")
}

/// That there are more than are listed.
fn more(all: usize) -> Option<String> {
    let more = all.checked_sub(LISTED).filter(|more| *more > 0)?;
    Some(format!("and {more} more"))
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::spec::samples;

    fn check(line: u32, markdown: bool, expected: &Expect) {
        let said = match hover(&samples::clear(), line, markdown) {
            None => "nothing".to_owned(),
            Some(hover) => match hover.contents {
                HoverContents::Markup(content) => content.value,
                other => panic!("{other:?}"),
            },
        };
        expected.assert_eq(&said);
    }

    #[test]
    fn a_requirement_says_what_it_has_and_what_it_hangs_on() {
        check(
            20,
            true,
            &expect![[r#"
                **Convert from**: 2 criteria, 2 examples

                - Convert from works
                - Convert from is \<quick\>

                Depends on: Print, Convert \*to\*"#]],
        );
        check(
            15,
            false,
            &expect![[r#"
                Convert *to*: 2 criteria, 1 example

                - Convert *to* works
                - Convert *to* is <quick>

                Needed by: Convert from"#]],
        );
    }

    #[test]
    fn elsewhere_nothing_is_said() {
        check(2, true, &expect!["nothing"]);
        check(11, true, &expect!["nothing"]);
    }

    #[test]
    fn of_many_the_first_are_listed() {
        let requirement = RequirementView {
            title: "A".to_owned(),
            criteria: (0..12).map(|number| format!("c{number}")).collect(),
            depends_on: (0..11).map(|number| format!("d{number}")).collect(),
            ..RequirementView::default()
        };
        let said = about(&requirement, Writer { markdown: false });
        assert!(said.contains("- c9\n- and 2 more\n"), "{said}");
        assert!(said.ends_with("d9, and 1 more"), "{said}");
    }
}
