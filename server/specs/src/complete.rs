//! What could stand at a place of a spec.

use greenward_core::{Position, Range};

use crate::dependencies::dependencies;
use crate::front_matter::{Block, FIELDS};
use crate::markdown::keyword::{self, DEPENDS_ON};
use crate::name::Names;
use crate::place::{Lines, Span};
use crate::read::{Form, without_mark};
use crate::spec::Spec;

/// What a completion is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompletionKind {
    /// A key of front matter.
    Key,
    /// The title of a requirement.
    Requirement,
}

/// Something that could stand at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// What it is.
    pub kind: CompletionKind,
    /// What is to be written.
    pub text: String,
    /// What it means; empty where that is plain.
    pub about: String,
    /// What it takes the place of.
    pub range: Range,
}

/// What could stand at a place of a spec in Markdown: keys in front matter, and titles of
/// requirements after `depends on:`. Those that would close a circle are left out, as is what is
/// there already.
#[must_use]
pub fn complete(text: &str, place: Position) -> Vec<Completion> {
    let Ok(text) = without_mark(text) else {
        return Vec::new();
    };
    let lines = Lines::of(text);
    let at = lines.offset(place);
    let line = lines.line_at(at);
    match Block::find(&lines) {
        Some(block) if line < block.body() => match (block.first..block.end).contains(&line) {
            true => keys(text, &lines, block, at),
            false => Vec::new(),
        },
        _ => names(text, &lines, at),
    }
}

fn keys(text: &str, lines: &Lines<'_>, block: Block, at: usize) -> Vec<Completion> {
    let line = lines.line_at(at);
    let span = lines.span(line);
    let before = &text[span.start..at];
    // A value, an item of a list, or what belongs to another key.
    if before.contains(':') || before.starts_with([' ', '\t', '-', '#']) {
        return Vec::new();
    }
    let key_of = |line: usize| {
        lines
            .line(line)
            .split_once(':')
            .map(|(key, _)| key.trim_end())
    };
    let is_there = |name: &str| {
        (block.first..block.end).any(|other| other != line && key_of(other) == Some(name))
    };
    let after = &text[at..span.end];
    let rest = after
        .find(|char: char| !char.is_alphanumeric())
        .unwrap_or(after.len());
    let has_colon = after[rest..].trim_start().starts_with(':');
    FIELDS
        .iter()
        .filter(|field| !is_there(field.name))
        .map(|field| Completion {
            kind: CompletionKind::Key,
            text: format!("{}{}", field.name, if has_colon { "" } else { ": " }),
            about: field.about.to_owned(),
            range: lines.range(span.start..at + rest),
        })
        .collect()
}

fn names(text: &str, lines: &Lines<'_>, at: usize) -> Vec<Completion> {
    let Some((names, part)) = dependency_at(text, lines, at) else {
        return Vec::new();
    };
    let Ok(spec) = Spec::read(text, Form::Markdown) else {
        return Vec::new();
    };
    let here = lines.position(at);
    let holds = |range: &Range| range.start <= here && here.line <= range.end.line;
    let requirements = &spec.requirements;
    let Some(own) = requirements.iter().position(|one| holds(&one.range)) else {
        return Vec::new();
    };
    let known = Names::of(requirements);
    let others = names.into_iter().filter(|name| *name != part);
    let said: Vec<usize> = others.filter_map(|name| known.place(&text[name])).collect();
    let dependencies = dependencies(requirements);
    let closes_circle = |place: &usize| dependencies.waits_for(*place)[own];
    let free = (0..requirements.len())
        .filter(|place| *place != own && !said.contains(place) && !closes_circle(place));
    let range = lines.range(part.clone());
    free.map(|place| Completion {
        kind: CompletionKind::Requirement,
        text: requirements[place].title.text.clone(),
        about: String::new(),
        range,
    })
    .filter(|completion| !completion.text.is_empty())
    .collect()
}

/// All names in the line of an offset, if it says what a requirement depends on, and the one that
/// the offset is in or could begin.
fn dependency_at(text: &str, lines: &Lines<'_>, at: usize) -> Option<(Vec<Span>, Span)> {
    let span = lines.span(lines.line_at(at));
    // It may be the item of a list.
    let marks = text[span.clone()].find(|char: char| !matches!(char, ' ' | '-' | '*' | '+' | '>'));
    let start = span.start + marks.unwrap_or(0);
    // Blanks at the end of the line count while somebody types there.
    let after = keyword::after(text, lines, start..span.end, DEPENDS_ON)?;
    if at < after.start {
        return None;
    }
    let parts = keyword::parts(text, lines, after);
    let inside = parts.iter().find(|part| part.start <= at && at <= part.end);
    let part = inside.cloned().unwrap_or(at..at);
    Some((parts, part))
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    /// What could stand at `|`, with what it takes the place of.
    #[track_caller]
    fn check(text: &str, expected: Expect) {
        let at = text.find('¦').unwrap();
        let text = text.replacen('¦', "", 1);
        let lines = Lines::of(&text);
        let shown = complete(&text, lines.position(at))
            .into_iter()
            .map(|completion| {
                let replaced =
                    lines.offset(completion.range.start)..lines.offset(completion.range.end);
                format!("{:?} for {:?}\n", completion.text, &text[replaced])
            });
        expected.assert_eq(&shown.collect::<String>());
    }

    const REQUIREMENTS: &str = "
## A
- [ ] a
## B
depends on: A
## C
depends on: B, ¦
## D, e
depends on: C
";

    #[test]
    fn keys_in_front_matter() {
        check(
            "---\n¦\n---\n",
            expect![[r#"
            "target: " for ""
            "tests: " for ""
        "#]],
        );
        check(
            "---\r\nta¦rg: src/a.rs\r\ntests: t\r\n---\r\n",
            expect![[r#"
            "target" for "targ"
        "#]],
        );
        check("---\ntarget: ¦\n---\n", expect![[""]]);
        check("---\ntarget:\n  ¦\n---\n", expect![[""]]);
        check("---\ntarget: a\n¦", expect![[""]]);
        check("---\ntarget: a\n---\n¦\n", expect![[""]]);
        check("¦\n", expect![[""]]);
    }

    #[test]
    fn names_after_depends_on() {
        check(
            REQUIREMENTS,
            expect![[r#"
            "A" for ""
        "#]],
        );
        check(
            &REQUIREMENTS.replace("B, ¦", "¦"),
            expect![[r#"
            "A" for ""
            "B" for ""
        "#]],
        );
        check(
            &REQUIREMENTS.replace("B, ¦", "B¦"),
            expect![[r#"
            "A" for "B"
            "B" for "B"
        "#]],
        );
        check(
            &REQUIREMENTS.replace("B, ¦", "¦B"),
            expect![[r#"
            "A" for "B"
            "B" for "B"
        "#]],
        );
        check(
            &REQUIREMENTS.replace("depends on: B, ¦", "dep¦ends on: B"),
            expect![[""]],
        );
        check(
            &REQUIREMENTS.replace("depends on: B, ¦", "- depends on: x¦"),
            expect![[r#"
            "A" for "x"
            "B" for "x"
        "#]],
        );
        check("depends on: ¦\n## A\n", expect![[""]]);
    }

    proptest::proptest! {
        #[test]
        fn any_place_is_survived(
            text in r"(---\n|depends on:|## A\n|## B\n|target|, |: |[ a-c\né]){0,20}",
            line in 0..20_u32,
            column in 0..20_u32,
        ) {
            let _ = complete(&text, Position::new(line, column));
        }
    }
}
