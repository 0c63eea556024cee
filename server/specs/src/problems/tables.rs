//! Tables of examples.

use std::collections::HashMap;

use greenward_core::Position;

use super::Found;
use crate::problem::{Code, quoted};
use crate::spec::{ExampleRow, ExampleTable, Requirement, Text};

pub(super) fn check(requirement: &Requirement, found: &mut Found) {
    let mut before = Examples::default();
    for table in &requirement.tables {
        columns(table, found);
        if table.rows.is_empty() {
            let message = "this table has no example: add a row, or take the table away";
            found.add(Code::NoRows, table.range, message);
        }
        for row in &table.rows {
            if cells(table, row, found) {
                before.compare(table, row, found);
            }
        }
    }
}

fn columns(table: &ExampleTable, found: &mut Found) {
    let mut names: HashMap<&str, usize> = HashMap::new();
    for column in &table.columns {
        if column.text.is_empty() {
            let message = "this column has no name: say what stands in it";
            found.add(Code::BadColumn, column.range, message);
        } else if *names
            .entry(&column.text)
            .and_modify(|count| *count += 1)
            .or_insert(1)
            == 2
        {
            let message = format!("two columns are called {}", quoted(&column.text));
            found.add(Code::BadColumn, column.range, message);
        }
    }
}

/// Whether a row has something in every column and nothing beside them.
fn cells(table: &ExampleTable, row: &ExampleRow, found: &mut Found) -> bool {
    let (cells, columns) = (row.cells.len(), table.columns.len());
    if cells != columns {
        let count = |count: usize, what: &str| match count {
            1 => format!("1 {what}"),
            count => format!("{count} {what}s"),
        };
        let advice = match cells < columns {
            true if cells == 1 => "fill the others in, or end the table with an empty line",
            true => "fill the others in",
            false => "take some away, or write a `|` that belongs to a value as `\\|`",
        };
        let message = format!(
            "this row has {} and the table {}: {advice}",
            count(cells, "cell"),
            count(columns, "column")
        );
        found.add(Code::RaggedRow, row.range, message);
        return false;
    }
    let holes = row.cells.iter().zip(&table.columns);
    let holes: Vec<_> = holes.filter(|(cell, _)| cell.text.is_empty()).collect();
    for (cell, column) in &holes {
        let message = format!(
            "nothing stands in {}: fill it in, with `\"\"` for an empty text",
            quoted(&column.text)
        );
        found.add(Code::Hole, cell.range, message);
    }
    holes.is_empty()
}

/// The examples so far: for the names of the columns and all values but the last, where the first
/// is and its last value.
#[derive(Default)]
struct Examples<'t>(HashMap<Vec<&'t str>, (Position, &'t str)>);

impl<'t> Examples<'t> {
    /// Compares a row with those before. What stands in the last column is taken for the result of
    /// the others.
    fn compare(&mut self, table: &'t ExampleTable, row: &'t ExampleRow, found: &mut Found) {
        let Some((result, given)) = row.cells.split_last() else {
            return;
        };
        // In a single column there is no result.
        let given = if given.is_empty() { &row.cells } else { given };
        let texts = |texts: &'t [Text]| texts.iter().map(|text| text.text.as_str());
        let example = texts(&table.columns).chain(texts(given)).collect();
        let here = row.range.start;
        let (first, before) = *self.0.entry(example).or_insert((here, &result.text));
        if first == here {
            return;
        }
        let line = first.line + 1;
        if before == result.text {
            let message = format!("this example stands in line {line} already");
            found.add(Code::SameExample, row.range, message);
        } else {
            let message = format!(
                "line {line} wants {} for the same, and both cannot hold; if something else makes \
                 the difference, add a column for it",
                quoted(before)
            );
            found.add(Code::Contradiction, result.range, message);
        }
    }
}
