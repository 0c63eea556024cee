//! What is said of specs that are not as they should be.

use expect_test::{Expect, expect};
use greenward_core::Severity;

use super::*;
use crate::Form;

/// The files of the workspace that the specs are in.
const FILES: &[&str] = &[
    "src/roman.rs",
    "src/lib.rs",
    "tests/roman.rs",
    "crates/a/src/deep.rs",
];

fn said(text: &str, form: Form) -> String {
    let files = FILES.iter().map(Into::into).collect();
    let spec = Spec::read(text, form).unwrap();
    let problems = problems(&spec, &Workspace { files: Some(files) });
    let lines = problems.iter().map(|problem| {
        let severity = match problem.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let (start, end) = (problem.range.start, problem.range.end);
        let place = format!("{}:{}-{}", start.line + 1, start.column + 1, end.column + 1);
        format!(
            "{place} {severity}[{}] {}\n",
            problem.code.name(),
            problem.message
        )
    });
    lines.collect()
}

#[track_caller]
fn check(text: &str, expected: Expect) {
    expected.assert_eq(&said(text, Form::Markdown));
}

#[test]
fn nothing_is_said_of_a_good_spec() {
    for text in [
        "# Römische Zahlen\n## Umwandeln\n- [ ] 1 ist I, 4 ist IV\n## Zurück\ndepends on: umwandeln\n- [ ] jede Zahl kommt zurück\n",
        "# ローマ数字\n## 変換する\n- [ ] 1 は I になる\n\n| 数 | 文字 |\n|-|-|\n| 9 | IX |\n## 逆変換\ndepends on: 変換する\n- [ ] 元に戻る\n",
        "---\ntarget: ./src/roman.rs\ntests: tests/new.rs\n---\n# T\n## R\n| n |\n|-|\n| 1 |\n| 2 |\n",
        "# T\n## R\n| call | returns |\n|-|-|\n| `\"\"` | `\"\"` |\n| a | \"\" |\n",
    ] {
        assert_eq!(said(text, Form::Markdown), "", "{text}");
    }
}

#[test]
fn nothing_is_wanted() {
    check(
        "",
        expect![[r#"
        1:1-1 error[empty] this spec asks for nothing: write a heading `## WHAT IS WANTED`, and below it what must hold, as `- [ ] CRITERION`
    "#]],
    );
    check(
        "# Title\n\nWords.\n",
        expect![[r#"
        1:3-8 error[empty] this spec asks for nothing: write a heading `## WHAT IS WANTED`, and below it what must hold, as `- [ ] CRITERION`
    "#]],
    );
    check(
        "- [ ] a\n\n| a |\n|-|\n| b |\n",
        expect![[r#"
        1:1-1 error[empty] this spec asks for nothing: write a heading `## WHAT IS WANTED`, and below it what must hold, as `- [ ] CRITERION`
        1:7-8 error[outside] this belongs to no requirement: put it below a heading `## WHAT IS WANTED`
        3:1-6 error[outside] this belongs to no requirement: put it below a heading `## WHAT IS WANTED`
    "#]],
    );
    check(
        "## R\n- [ ] 1 is I\n",
        expect![[r#"
        1:1-1 warning[no-title] this spec has no title: begin it with `# TITLE`
    "#]],
    );
    expect![[r#"
        1:1-1 error[empty] this spec asks for nothing: add `requirements`, each with a `title` and `criteria`
    "#]].assert_eq(&said("", Form::Yaml));
    expect![[r#"
        1:1-1 error[syntax] this is no JSON: EOF while parsing an object at line 1 column 1
    "#]]
    .assert_eq(&said("{", Form::Json));
}

#[test]
fn requirements_that_nothing_shows() {
    check(
        "# T\n## R\nOnly words.\n## S\n- [ ]\n- [ ] works as expected\n- [ ] 1 is I\n- [ ] 1 Is I\n## r\n- [ ] TODO\n",
        expect![[r#"
            2:4-5 error[unchecked] nothing shows when `R` holds: add a criterion, `- [ ] ...`, or a table of examples
            5:3-6 error[empty-criterion] this criterion says nothing: say what must hold, or take it away
            6:7-24 warning[vague-criterion] nothing could show that `works as expected` holds: say what comes of which input
            8:7-13 warning[same-criterion] `S` has this criterion twice
            9:4-5 error[same-title] `r` is a requirement already, in line 2: call this one something else
            10:7-11 warning[vague-criterion] nothing could show that `TODO` holds: say what comes of which input
        "#]],
    );
}

#[test]
fn dependencies_that_lead_nowhere() {
    check(
        "# T\n## Parse\ndepends on: Pares, something else\n- [ ] 1 is one\n## Print, and more\ndepends on:\n- [ ] 2 is two\n",
        expect![[r#"
            3:13-18 error[unknown-dependency] there is no requirement `Pares`; did you mean `Parse`?
            3:20-34 error[unknown-dependency] there is no requirement `something else`
            6:12-12 error[unknown-dependency] this names no requirement: write its title, or take the line away
        "#]],
    );
    check(
        "# T\n## A\ndepends on: C\n- [ ] 1\n## B\ndepends on: x, A\n- [ ] 1\n## C\ndepends on: B\n- [ ] 1\n## D\ndepends on: d\n- [ ] 1\n",
        expect![[r#"
            3:13-14 error[circle] these wait for each other: `A` → `C` → `B` → `A`; take one of the dependencies away
            6:13-14 error[unknown-dependency] there is no requirement `x`
            12:13-14 error[circle] `D` depends on itself: take its name away here
        "#]],
    );
}

#[test]
fn files_that_are_not_there() {
    for (target, expected) in [
        ("src/roman.rs", expect![[""]]),
        (
            "src/romans.rs",
            expect![[r#"
            2:9-22 warning[no-such-file] `src/romans.rs` is not there and will be created; did you mean `src/roman.rs`?
        "#]],
        ),
        (
            "deep.rs",
            expect![[r#"
            2:9-16 warning[no-such-file] `deep.rs` is not there and will be created; did you mean `crates/a/src/deep.rs`?
        "#]],
        ),
        (
            "src/other.rs",
            expect![[r#"
            2:9-21 warning[no-such-file] `src/other.rs` is not there and will be created
        "#]],
        ),
        (
            "../roman.rs",
            expect![[r#"
            2:9-20 error[bad-path] `../roman.rs` leads out with `..`: target must be a path in the workspace folder, such as `src/roman.rs`
        "#]],
        ),
        (
            "/etc/passwd",
            expect![[r#"
            2:9-20 error[bad-path] `/etc/passwd` is absolute: target must be a path in the workspace folder, such as `src/roman.rs`
        "#]],
        ),
        (
            "C:/roman.rs",
            expect![[r#"
            2:9-20 error[bad-path] `C:/roman.rs` is absolute: target must be a path in the workspace folder, such as `src/roman.rs`
        "#]],
        ),
        (
            "~/roman.rs",
            expect![[r#"
            2:9-19 error[bad-path] `~/roman.rs` is absolute: target must be a path in the workspace folder, such as `src/roman.rs`
        "#]],
        ),
        (
            "src\\roman.rs",
            expect![[r#"
            2:9-21 error[bad-path] `src\roman.rs` has backslashes, and paths are written with `/` on every system: target must be a path in the workspace folder, such as `src/roman.rs`
        "#]],
        ),
        (
            "src",
            expect![[r#"
            2:9-12 error[bad-path] `src` is a folder: name a file in it
        "#]],
        ),
        (
            "src/",
            expect![[r#"
            2:9-13 error[bad-path] `src/` is a folder: target must be a path in the workspace folder, such as `src/roman.rs`
        "#]],
        ),
        (
            "''",
            expect![[r#"
            2:9-11 error[bad-path] `` names nothing: target must be a path in the workspace folder, such as `src/roman.rs`
        "#]],
        ),
        (
            "\"a\\u001b[31m\"",
            expect![[r#"
            2:9-22 error[bad-path] `a` has characters that no path should have: target must be a path in the workspace folder, such as `src/roman.rs`
        "#]],
        ),
        (
            "[src/lib.rs, src/lib.rs]",
            expect![[r#"
            2:22-32 error[key-twice] `src/lib.rs` is named twice
        "#]],
        ),
    ] {
        check(
            &format!("---\ntarget: {target}\n---\n# T\n## R\n- [ ] 1 is I\n"),
            expected,
        );
    }
    check(
        "---\ntests: tests/romans.rs\n---\n# T\n## R\n- [ ] 1 is I\n",
        expect![[r#"
        2:8-23 warning[no-such-file] `tests/romans.rs` is not there and will be created; did you mean `tests/roman.rs`?
    "#]],
    );
    check(
        "---\ntests: ../a.rs\ntarget:\n---\n# T\n## R\n- [ ] 1 is I\n",
        expect![[r#"
        2:8-15 error[bad-path] `../a.rs` leads out with `..`: tests must be a path in the workspace folder, such as `src/roman.rs`
    "#]],
    );
}

#[test]
fn tables_that_do_not_fit() {
    check(
        "# T\n## R\n| n | numeral |\n|-|-|\n| 9 |  |\n| 9 |\n| 1 | I | i |\nwords below\n\n| a | b | c |\n|-|-|\n| 1 | 2 |\n",
        expect![[r#"
            5:8-8 error[hole] nothing stands in `numeral`: fill it in, with `""` for an empty text
            6:1-6 error[ragged-row] this row has 1 cell and the table 2 columns: fill the others in, or end the table with an empty line
            7:1-14 error[ragged-row] this row has 3 cells and the table 2 columns: take some away, or write a `|` that belongs to a value as `\|`
            8:1-12 error[ragged-row] this row has 1 cell and the table 2 columns: fill the others in, or end the table with an empty line
            11:1-6 error[broken-table] this is read as text, not as a table: the line above has 3 columns and this one 2
        "#]],
    );
    check(
        "# T\n## R\n- [ ] 1 is I\n| n | numeral |\n|-|-|\n| 9 | IX |\n",
        expect![[r#"
        5:1-6 error[broken-table] this is read as text, not as a table: put an empty line above the table
    "#]],
    );
    check(
        "# T\n## R\n| n | | n |\n|-|-|-|\n",
        expect![[r#"
        3:1-8 warning[no-rows] this table has no example: add a row, or take the table away
        3:7-7 error[bad-column] this column has no name: say what stands in it
        3:9-10 error[bad-column] two columns are called `n`
    "#]],
    );
    check(
        "# T\n## R\n| n | numeral |\n|-|-|\n| 9 | IX |\n| 9 | VIIII |\n\n| n | numeral |\n|-|-|\n| 9 | IX |\n\n| x |\n|-|\n| 1 |\n| 1 |\n",
        expect![[r#"
            6:7-12 error[contradiction] line 5 wants `IX` for the same, and both cannot hold; if something else makes the difference, add a column for it
            10:1-11 warning[same-example] this example stands in line 5 already
            15:1-6 warning[same-example] this example stands in line 14 already
        "#]],
    );
    let json = r#"{"title": "T", "requirements": [{"title": "R", "examples": [{"n": 9, "is": "IX"}, {"n": 9, "is": "X"}, {"n": null, "is": ""}]}]}"#;
    expect![[r#"
        1:98-101 error[contradiction] line 1 wants `IX` for the same, and both cannot hold; if something else makes the difference, add a column for it
        1:110-114 error[hole] nothing stands in `n`: fill it in, with `""` for an empty text
    "#]].assert_eq(&said(json, Form::Json));
}

#[test]
fn too_much_is_told_and_not_all_of_it() {
    let many = "## R\n".repeat(MOST_REQUIREMENTS + 1);
    let said = said(&many, Form::Markdown);
    assert_eq!(said.lines().count(), MOST);
    assert!(
        said.contains("[too-many] 1001 requirements with 0 criteria"),
        "{said}"
    );
}

#[test]
fn what_is_repeated_is_safe_to_show() {
    check(
        "# T\n## A\u{1b}[31m\u{202e}`b`\n",
        expect![[r#"
        2:4-16 error[unchecked] nothing shows when `A'b'` holds: add a criterion, `- [ ] ...`, or a table of examples
    "#]],
    );
}
