//! Plans as texts.

use expect_test::{Expect, expect};
use greenward_core::{Example, Plan, Task, TaskId};
use proptest::prelude::*;

use crate::wording::as_markdown;
use crate::{Form, Spec, WrittenPlan, render};

const SPEC: &str = "\
# Roman numerals
## To
- [ ] 1 is I
- [ ] 4 is IV

| n | numeral |
|-|-|
| 9 | IX |
| 10 | X |
## From
- [ ] I is 1
";

#[track_caller]
fn check(text: &str, expected: Expect) {
    let spec = Spec::read(SPEC, Form::Markdown).unwrap();
    let problems = WrittenPlan::read(text).unwrap().problems(&spec);
    let lines = problems.iter().map(|problem| {
        let (start, end) = (problem.range.start, problem.range.end);
        let place = format!("{}:{}-{}", start.line + 1, start.column + 1, end.column + 1);
        format!("{place} {} {}\n", problem.code.name(), problem.message)
    });
    expected.assert_eq(&lines.collect::<String>());
}

const GOOD: &str = "\
---
spec: specs/roman.md
---
# Roman numerals

A remark.

## To
id: to
target: src/a.rs

- [ ] 1 is I
- [x] 4 is IV

| n   | numeral |
| --- | ------- |
| 9   | IX      |
| 10  | X       |

## Back again
requirement: From
target: src/a.rs
depends on: to

- [ ] I is 1
";

#[test]
fn an_edit_that_breaks_nothing() {
    check(GOOD, expect![""]);
    check(&GOOD.replace('\n', "\r\n"), expect![""]);
}

#[test]
fn an_edit_that_breaks_something_is_told_at_its_place() {
    for (old, new, expected) in [
        (
            "depends on: to\n",
            "",
            expect![[r#"
            20:4-14 unsound `to` and `back-again` both write src/a.rs: have one depend on the other
        "#]],
        ),
        (
            "depends on: to",
            "depends on: two",
            expect![[r#"
            20:4-14 unsound `to` and `back-again` both write src/a.rs: have one depend on the other
            23:13-16 unknown-dependency `back-again` depends on `two`, and there is no such task; did you mean `to`?
        "#]],
        ),
        (
            "id: to",
            "id: to\ndepends on: back-again",
            expect![[r#"
            10:13-23 circle these tasks wait for each other: to → back-again → to; take one of the dependencies away
        "#]],
        ),
        (
            "- [x] 4 is IV\n",
            "- [ ] 4 is IIII\n- [ ]\n",
            expect![[r#"
            4:3-17 unsound the criterion `4 is IV` of `To` is in no task: add it to one
            13:7-16 unsound the criterion `4 is IIII` in `to` is not in the spec: add it there first, or take it out
            14:3-6 empty-criterion this criterion says nothing: take it away
        "#]],
        ),
        (
            "- [ ] I is 1",
            "- [ ] I is 1\n- [ ] I is 1",
            expect![[r#"
            26:7-13 unsound the criterion `I is 1` is in the plan more than once, again in `back-again`: take it out of one task
        "#]],
        ),
        (
            "| 10  | X       |\n",
            "| 10 |\n| 9 | IX |\n| 11 | |\n",
            expect![[r#"
            4:3-17 unsound the example `n = 10, numeral = X` of `To` is in no task: add it to one
            18:1-7 ragged-row this row has 1 cell and the table 2 columns: fill the others in, or end the table with an empty line
            18:1-7 unsound the example `n = 10` in `to` is not in the spec: add it there first, or take it out
            19:1-11 same-example this example stands in line 17 already
            19:1-11 unsound the example `n = 9, numeral = IX` is in the plan more than once, again in `to`: take it out of one task
            20:1-9 unsound the example `n = 11, numeral = ` in `to` is not in the spec: add it there first, or take it out
            20:8-8 hole nothing stands in `numeral`: fill it in, with `""` for an empty text
        "#]],
        ),
        (
            "requirement: From\n",
            "",
            expect![[r#"
            4:3-17 unsound the criterion `I is 1` of `From` is in no task: add it to one
            20:4-14 unsound `back-again` belongs to `Back again`, and the spec has no such requirement
        "#]],
        ),
        (
            "## Back again",
            "## \nid: to\nid: x",
            expect![[r#"
            20:1-1 bad-task this task has no title: give it one
            20:1-1 unsound two tasks have the id `to`: give one of them another
            22:5-6 bad-task `id` is said twice: only the first counts
        "#]],
        ),
        (
            "spec: specs/roman.md\n",
            "",
            expect![[r#"
            1:1-1 wrong-value a plan says at its start which spec it is of: `---`, `spec: PATH`, `---`
        "#]],
        ),
        (
            "spec: specs/roman.md\n",
            "sepc: x\n",
            expect![[r#"
            2:1-5 unknown-key `sepc` means nothing here; did you mean `spec`?
        "#]],
        ),
        (
            "A remark.",
            "- [ ] 1 is I",
            expect![[r#"
            6:7-13 outside this belongs to no task: put it below the heading of one
        "#]],
        ),
        (
            "- [ ] I is 1\n",
            "",
            expect![[r#"
            4:3-17 unsound the criterion `I is 1` of `From` is in no task: add it to one
            20:4-14 unsound `back-again` has neither a criterion nor an example: give it one of the spec's, or drop it
        "#]],
        ),
    ] {
        assert!(GOOD.contains(old), "{old}");
        check(&GOOD.replacen(old, new, 1), expected);
    }
    check(
        "",
        expect![[r#"
        1:1-1 wrong-value a plan says at its start which spec it is of: `---`, `spec: PATH`, `---`
        1:1-1 empty the plan has no task: give it one for each requirement of the spec
    "#]],
    );
}

fn any_example() -> impl Strategy<Value = Vec<Example>> {
    let text = || "[a-cé0-9`|\\\\*_<\" -]{0,6}".prop_map(|text| text.trim().to_owned());
    let full = move || text().prop_filter("an empty cell is a hole", |text| !text.is_empty());
    let columns = prop::collection::vec("[a-d ]{0,3}[a-d]", 1..4);
    (
        columns,
        prop::collection::vec(prop::collection::vec(full(), 4), 1..4),
    )
        .prop_map(|(columns, rows)| {
            let columns = columns.into_iter().map(|column| column.trim().to_owned());
            let columns: Vec<String> = columns.collect();
            let row = |row: Vec<String>| Example::new(columns.clone().into_iter().zip(row));
            rows.into_iter().map(row).collect()
        })
}

/// Plans of any words, not sound in the least.
fn any_plan() -> impl Strategy<Value = Plan> {
    let wording = || {
        "([a-c]|é|数|#|>|- |\\* |\\[x\\] |`|\\| |1\\. |: |_|<b>|\\]:|~|=| ){0,8}[a-z]"
            .prop_map(|text| as_markdown(&text))
    };
    let path = || "[a-z]{1,3}/[a-z_é .]{0,4}[a-z]";
    let task = (
        wording(),
        prop::option::of("[a-c]{1,3}"),
        prop::collection::vec(path(), 0..3),
        prop::option::of(path()),
        prop::collection::vec(wording(), 0..4),
        prop::collection::vec(any_example(), 0..3),
        prop::collection::vec("[a-c]{1,2}", 0..3),
    );
    let task = task.prop_map(
        |(title, requirement, targets, tests, criteria, examples, depends_on)| Task {
            id: TaskId::of_title(&title),
            requirement: requirement.unwrap_or_else(|| title.clone()),
            title,
            targets: targets.into_iter().map(Into::into).collect(),
            tests: tests.map(Into::into),
            criteria,
            examples: examples.concat(),
            depends_on: depends_on.iter().map(|id| TaskId::parse(id)).collect(),
        },
    );
    (path(), wording(), prop::collection::vec(task, 0..4)).prop_map(|(spec, title, tasks)| Plan {
        spec: spec.into(),
        title,
        tasks,
    })
}

proptest! {
    #[test]
    fn a_plan_is_read_as_it_was_written(plan in any_plan()) {
        let text = render(&plan);
        let written = WrittenPlan::read(&text).unwrap();
        prop_assert_eq!(&written.plan, &plan, "{}", text);
        prop_assert_eq!(render(&written.plan), text);
    }

    #[test]
    fn any_text_is_survived(
        text in r"(---\n|spec: a\n|## |# |- \[ \] |\| |\|-\|-\|\n|depends on: |id: |target: |[a-cé]|\n|\r\n|> |`){0,60}",
    ) {
        let spec = Spec::read(SPEC, Form::Markdown).unwrap();
        let problems = WrittenPlan::read(&text).unwrap().problems(&spec);
        let lines = crate::place::Lines::of(&text);
        for problem in problems {
            for place in [problem.range.start, problem.range.end] {
                prop_assert_eq!(lines.position(lines.offset(place)), place, "{:?}", problem);
            }
        }
    }
}
