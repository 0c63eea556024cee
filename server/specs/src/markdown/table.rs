//! Tables, cell by cell.

use crate::place::{Lines, Span};
use crate::spec::{ExampleRow, ExampleTable, Text};
use crate::wording::one_line;

/// The table whose head and rows are these stretches. Cells are what stands there, as many as
/// there are: Markdown itself would drop those that are too many, and add those that are missing.
pub(crate) fn read(text: &str, lines: &Lines<'_>, span: Span, rows: &[Span]) -> ExampleTable {
    let mut rows = rows.iter().map(|row| cells(text, lines, row.clone()));
    ExampleTable {
        range: lines.range(lines.trimmed(span)),
        columns: rows.next().map(|head| head.cells).unwrap_or_default(),
        rows: rows.collect(),
    }
}

/// The cells of the first line of a stretch.
fn cells(text: &str, lines: &Lines<'_>, row: Span) -> ExampleRow {
    let end = lines.span(lines.line_at(row.start)).end;
    let whole = lines.trimmed(row.start..end.max(row.start));
    let bytes = text.as_bytes();
    let is_edge = |at: &usize| bytes[*at] == b'|' && (*at == whole.start || bytes[at - 1] != b'\\');
    let edges: Vec<usize> = whole.clone().filter(is_edge).collect();
    let mut inner = whole.clone();
    if edges.first() == Some(&inner.start) {
        inner.start += 1;
    }
    if edges
        .last()
        .is_some_and(|last| *last >= inner.start && last + 1 == inner.end)
    {
        inner.end -= 1;
    }
    let mut start = inner.start;
    let mut cells = Vec::new();
    let inside = edges.into_iter().filter(|edge| inner.contains(edge));
    for end in inside.chain([inner.end]) {
        let cell = lines.trimmed(start..end);
        cells.push(Text {
            text: value(&text[cell.clone()]),
            range: lines.range(cell),
        });
        start = end + 1;
    }
    ExampleRow {
        range: lines.range(whole),
        cells,
    }
}

/// What a cell says: without the backslash that a `|` needs, and without the backticks around all
/// of it.
pub(crate) fn value(cell: &str) -> String {
    let cell = cell.trim().replace("\\|", "|");
    let ticks = cell.len() - cell.trim_start_matches('`').len();
    let fence = &cell[..ticks];
    let inner = cell[ticks..].strip_suffix(fence).filter(|inner| {
        let longest = inner.split(|char| char != '`').map(str::len).max();
        ticks > 0 && !inner.trim().is_empty() && !inner.ends_with('`') && longest != Some(ticks)
    });
    let Some(inner) = inner else {
        return one_line(&cell);
    };
    let padded = inner
        .strip_prefix(' ')
        .and_then(|inner| inner.strip_suffix(' '));
    padded.unwrap_or(inner).to_owned()
}

/// A cell that says this.
pub(crate) fn cell(says: &str) -> String {
    let line: String = says
        .chars()
        .map(|char| if char.is_control() { ' ' } else { char })
        .collect();
    let plain = line.replace('|', "\\|");
    if value(&plain) == line && !line.is_empty() {
        return plain;
    }
    let longest = line
        .split(|char| char != '`')
        .map(str::len)
        .max()
        .unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    format!("{fence} {plain} {fence}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn cells_are_what_stands_there() {
        for (row, expected) in [
            ("| 9 | IX |", &["9", "IX"][..]),
            ("9|IX", &["9", "IX"]),
            ("| a \\| b | `c` |", &["a | b", "c"]),
            ("| `` ` `` | `a` and `b` |", &["`", "`a` and `b`"]),
            ("| \"\" |  | 2*3*4 |", &["\"\"", "", "2*3*4"]),
            ("|", &[""]),
            ("||", &[""]),
            ("| é | ` x` ", &["é", " x"]),
            ("one cell", &["one cell"]),
        ] {
            let read = cells(row, &Lines::of(row), 0..row.len());
            let values: Vec<&str> = read.cells.iter().map(|cell| cell.text.as_str()).collect();
            assert_eq!(values, expected, "{row}");
        }
    }

    proptest! {
        #[test]
        fn a_cell_is_read_as_it_was_meant(says in "[a`| \\\\*é]{0,8}") {
            let says = says.trim();
            prop_assume!(!says.is_empty());
            let row = format!("| x | {} |", cell(says));
            let read = cells(&row, &Lines::of(&row), 0..row.len());
            prop_assert_eq!(read.cells.len(), 2);
            prop_assert_eq!(&read.cells[1].text, says);
        }
    }
}
