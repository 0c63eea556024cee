//! Code lenses: run, and what came of it, over each test and each group of tests.

use camino::Utf8Path;
use greenward_engine::FileView;
use tower_lsp::lsp_types::CodeLens;

use crate::command::Command;
use crate::rows::{Row, rows, whole};
use crate::{convert, words};

/// The lenses of a file.
pub(crate) fn lenses(file: &Utf8Path, view: &FileView) -> Vec<CodeLens> {
    let rows = rows(file, view);
    if rows.is_empty() {
        return Vec::new();
    }
    if !view.trusted {
        let trust = Command::Trust(Some(file.to_owned()));
        return vec![lens(0, "Greenward: trust this folder to run tests", &trust)];
    }
    let of_file = whole(file, view)
        .into_iter()
        .map(|row| (Command::RunFile(file.to_owned()), row));
    let of_rows = rows.into_iter().map(|row| (Command::Run(row.ids()), row));
    of_file
        .chain(of_rows)
        .flat_map(|(command, row)| {
            let title = if row.group { "▶ Run all" } else { "▶ Run" };
            [Some(lens(row.line, title, &command)), status(&row)]
        })
        .flatten()
        .collect()
}

fn status(row: &Row<'_>) -> Option<CodeLens> {
    let state = &row.state;
    if state.running {
        return Some(lens(row.line, "… running", &Command::Cancel(None)));
    }
    let outcome = state.outcome?;
    let said = if row.group {
        words::group(state)
    } else {
        words::outcome(outcome, state.duration)
    };
    let doubt = words::doubt(state.freshness);
    let shown = row.items.iter().max_by_key(|view| view.state.outcome)?;
    Some(lens(
        row.line,
        format!("{said}{doubt}"),
        &Command::ShowOutput(shown.item.id.clone()),
    ))
}

fn lens(line: u32, title: impl Into<String>, command: &Command) -> CodeLens {
    CodeLens {
        range: convert::line_start(line),
        command: Some(command.titled(title)),
        data: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{self, FILE};
    use expect_test::{Expect, expect};

    /// What stands over which line, and what a click on it does.
    fn check(view: &FileView, expected: &Expect) {
        let shown: String = lenses(Utf8Path::new(FILE), view)
            .into_iter()
            .filter_map(|lens| {
                let command = lens.command?;
                let arguments = serde_json::to_string(&command.arguments).unwrap();
                let line = lens.range.start.line;
                Some(format!(
                    "{line}: {} -> {} {arguments}\n",
                    command.title, command.command
                ))
            })
            .collect();
        expected.assert_eq(&shown);
    }

    #[test]
    fn each_test_and_group_has_one_to_run_it_and_one_that_says_what_came() {
        check(
            &samples::file(
                "a.py               file  0
                 a.py::One          suite 2
                 a.py::One::passes  test  3 passed 3
                 a.py::One::fails   test  7 failed 1200
                 a.py::never        test  12",
            ),
            &expect![[r#"
                0: ▶ Run all -> greenward.run ["pytest:.#a.py"]
                0: 1 passed, 1 failed, 1 not run -> greenward.showOutput ["pytest:.#a.py"]
                2: ▶ Run all -> greenward.run ["pytest:.#a.py::One"]
                2: 1 passed, 1 failed -> greenward.showOutput ["pytest:.#a.py::One"]
                3: ▶ Run -> greenward.run ["pytest:.#a.py::One::passes"]
                3: ✓ passed 3 ms -> greenward.showOutput ["pytest:.#a.py::One::passes"]
                7: ▶ Run -> greenward.run ["pytest:.#a.py::One::fails"]
                7: ✗ failed 1.2 s -> greenward.showOutput ["pytest:.#a.py::One::fails"]
                12: ▶ Run -> greenward.run ["pytest:.#a.py::never"]
            "#]],
        );
    }

    #[test]
    fn running_and_stale_are_said() {
        check(
            &samples::file(
                "a.py         file 0
                 a.py::goes   test 3 passed 3 running
                 a.py::old    test 5 passed 3 stale
                 a.py::broken test 7 errored",
            ),
            &expect![[r#"
                0: ▶ Run all -> greenward.run ["pytest:.#a.py"]
                0: … running -> greenward.cancel null
                3: ▶ Run -> greenward.run ["pytest:.#a.py::goes"]
                3: … running -> greenward.cancel null
                5: ▶ Run -> greenward.run ["pytest:.#a.py::old"]
                5: ✓ passed 3 ms (stale) -> greenward.showOutput ["pytest:.#a.py::old"]
                7: ▶ Run -> greenward.run ["pytest:.#a.py::broken"]
                7: ✗ errored -> greenward.showOutput ["pytest:.#a.py::broken"]
            "#]],
        );
    }

    #[test]
    fn one_test_in_two_targets_is_one_row_and_cases_are_part_of_their_test() {
        check(
            &samples::file(
                "lib/a.py           file 0
                 bin/a.py           file 0
                 lib/a.py::one      test 3 passed 3
                 bin/a.py::one      test 3 failed 5
                 lib/a.py::two      test 6 cases
                 lib/a.py::two::[1] case 6 passed 1
                 lib/a.py::two::[2] case 6 failed 1",
            ),
            &expect![[r#"
                0: ▶ Run all -> greenward.run ["pytest:.#lib/a.py","pytest:.#bin/a.py"]
                0: 2 passed, 2 failed -> greenward.showOutput ["pytest:.#bin/a.py"]
                3: ▶ Run -> greenward.run ["pytest:.#lib/a.py::one","pytest:.#bin/a.py::one"]
                3: ✗ failed 5 ms -> greenward.showOutput ["pytest:.#bin/a.py::one"]
                6: ▶ Run -> greenward.run ["pytest:.#lib/a.py::two"]
                6: ✗ failed 2 ms -> greenward.showOutput ["pytest:.#lib/a.py::two"]
            "#]],
        );
    }

    #[test]
    fn a_file_that_is_no_item_of_its_own_is_run_as_a_file() {
        check(
            &samples::file(
                "a::one  test 3 passed 3
                 a::two  test 6 failed 1",
            ),
            &expect![[r#"
                0: ▶ Run all -> greenward.runFile ["file:///w/a.py"]
                0: 1 passed, 1 failed -> greenward.showOutput ["pytest:.#a::two"]
                3: ▶ Run -> greenward.run ["pytest:.#a::one"]
                3: ✓ passed 3 ms -> greenward.showOutput ["pytest:.#a::one"]
                6: ▶ Run -> greenward.run ["pytest:.#a::two"]
                6: ✗ failed 1 ms -> greenward.showOutput ["pytest:.#a::two"]
            "#]],
        );
    }

    #[test]
    fn without_trust_there_is_but_one() {
        let mut view = samples::file("a.py::one test 3 passed 3");
        view.trusted = false;
        check(
            &view,
            &expect![[r#"
            0: Greenward: trust this folder to run tests -> greenward.trust ["file:///w/a.py"]
        "#]],
        );
    }

    #[test]
    fn a_file_without_tests_has_none() {
        check(&samples::file("a.py file 0"), &expect![[""]]);
    }
}
