//! Lines such as `depends on: A, B`.

use crate::place::{Lines, Span};

/// What begins the line that names what a requirement builds on.
pub(crate) const DEPENDS_ON: &str = "depends on";

/// What stands after `keyword:` in a line that begins with it. Case, blanks and emphasis do not
/// matter.
pub(crate) fn after(text: &str, lines: &Lines<'_>, line: Span, keyword: &str) -> Option<Span> {
    let (before, rest) = text[line.clone()].split_once(':')?;
    let plain = before.replace(['*', '_'], " ").to_lowercase();
    let is_keyword = plain.split_whitespace().eq(keyword.split_whitespace());
    // The end of the emphasis that began before the keyword.
    let emphasis = rest.len() - rest.trim_start_matches(['*', '_']).len();
    let emphasis = if before.trim_start().starts_with(['*', '_']) {
        emphasis
    } else {
        0
    };
    let start = line.end - rest.len() + emphasis;
    is_keyword.then(|| lines.trimmed(start..line.end))
}

/// The parts between commas, without the empty ones.
pub(crate) fn parts(text: &str, lines: &Lines<'_>, span: Span) -> Vec<Span> {
    let mut start = span.start;
    let mut parts = Vec::new();
    for part in text[span].split(',') {
        let trimmed = lines.trimmed(start..start + part.len());
        start += part.len() + 1;
        if !trimmed.is_empty() {
            parts.push(trimmed);
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_blanks_and_emphasis_do_not_matter() {
        for (text, names) in [
            ("depends on: A, B c", Some(&["A", "B c"][..])),
            ("Depends  ON :A,,B,", Some(&["A", "B"])),
            ("**depends on:** *A*, B", Some(&["*A*", "B"])),
            ("_depends on_: Größe", Some(&["Größe"])),
            ("depends on:", Some(&[])),
            ("it depends on: the weather", None),
            ("depends on the weather", None),
        ] {
            let lines = Lines::of(text);
            let found = after(text, &lines, 0..text.len(), DEPENDS_ON)
                .map(|span| parts(text, &lines, span));
            let found = found.map(|spans| {
                spans
                    .into_iter()
                    .map(|span| &text[span])
                    .collect::<Vec<_>>()
            });
            assert_eq!(found.as_deref(), names, "{text}");
        }
    }
}
