//! Inlay hints: outcome and time, at the end of the line of a test's name.

use camino::Utf8Path;
use greenward_core::{Position, Range};
use greenward_engine::FileView;
use tower_lsp::lsp_types::{self as lsp, InlayHint, InlayHintLabel};

use crate::rows::rows;
use crate::wire::Places;
use crate::{convert, words};

/// The hints of the tests in a file whose names stand on the lines of `wanted`.
pub(crate) fn hints(
    file: &Utf8Path,
    view: &FileView,
    wanted: lsp::Range,
    places: &impl Places,
) -> Vec<InlayHint> {
    rows(file, view)
        .iter()
        .filter(|row| !row.group)
        .filter(|row| (wanted.start.line..=wanted.end.line).contains(&row.line))
        .filter_map(|row| {
            let state = &row.state;
            let label = match (state.running, state.outcome) {
                (true, _) => "… running".to_owned(),
                (false, None) => return None,
                (false, Some(outcome)) => format!(
                    "{}{}",
                    words::outcome(outcome, state.duration),
                    words::doubt(state.freshness)
                ),
            };
            let end = Position::new(row.line, u32::MAX);
            Some(InlayHint {
                position: convert::range(places.range(file, Range::new(end, end))).start,
                label: InlayHintLabel::String(label),
                kind: None,
                text_edits: None,
                tooltip: None,
                padding_left: Some(true),
                padding_right: None,
                data: None,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{self, FILE};
    use crate::texts::Texts;
    use greenward_workspace::document::PositionEncoding;

    #[test]
    fn hints_stand_at_the_end_of_the_wanted_lines() {
        let view = samples::file(
            "a.py        file 0
             a.py::one   test 1 passed 3
             a.py::two   test 2 failed 1200 stale
             a.py::never test 3
             a.py::out   test 9 passed",
        );
        let mut texts = Texts::new(PositionEncoding::Utf16);
        let file = Utf8Path::new(FILE);
        texts.insert(file, "\ndef one():\ndef twö():  \ndef never():\n".into());
        let wanted = lsp::Range::new(lsp::Position::new(0, 0), lsp::Position::new(5, 0));
        let shown: Vec<String> = hints(file, &view, wanted, &texts)
            .into_iter()
            .map(|hint| {
                let lsp::Position { line, character } = hint.position;
                let InlayHintLabel::String(label) = hint.label else {
                    panic!("{:?}", hint.label);
                };
                format!("{line}:{character} {label}")
            })
            .collect();
        assert_eq!(shown, ["1:10 ✓ passed 3 ms", "2:12 ✗ failed 1.2 s (stale)"]);
    }
}
