//! Which plans specs make by themselves.

use expect_test::{Expect, expect};

use crate::{Form, Spec, plan, render};

#[track_caller]
fn check(text: &str, expected: Expect) {
    let spec = Spec::read(text, Form::Markdown).unwrap();
    let said = match plan(&spec, "specs/roman.md".into()) {
        Ok(plan) => {
            let faults = plan.faults(&spec.wishes());
            assert_eq!(faults, []);
            render(&plan)
        }
        Err(not_clear) => {
            let reasons = not_clear.reasons.iter();
            let line = |range: greenward_core::Range| range.start.line + 1;
            reasons
                .map(|one| format!("{}: {}\n", line(one.range), one.message))
                .collect()
        }
    };
    expected.assert_eq(&said);
}

#[test]
fn a_task_for_each_requirement() {
    check(
        "\
---
target: ./src/roman.rs
tests: tests/roman.rs
---
# Roman numerals
## Convert from numerals
depends on: convert to numerals
- [ ] round-trips every integer from 1 to 3999
## Convert to numerals
- [ ] 1 is I
- [ ] 4 is IV

| n | numeral |
|-|-|
| 9 | IX |
",
        expect![[r#"
            ---
            spec: specs/roman.md
            ---
            # Roman numerals

            ## Convert from numerals
            id: convert-from-numerals
            target: src/roman.rs
            tests: tests/roman.rs
            depends on: convert-to-numerals

            - [ ] round-trips every integer from 1 to 3999

            ## Convert to numerals
            id: convert-to-numerals
            target: src/roman.rs
            tests: tests/roman.rs

            - [ ] 1 is I
            - [ ] 4 is IV

            | n   | numeral |
            | --- | ------- |
            | 9   | IX      |
        "#]],
    );
}

#[test]
fn a_requirement_with_many_criteria_becomes_several_tasks() {
    let criteria: String = (1..=16).map(|n| format!("- [ ] {n} is {n}\n")).collect();
    check(
        &format!(
            "## Count\n{criteria}\n| n |\n|-|\n| 1 |\n## Print\ndepends on: Count\n- [ ] 1 is 1\n"
        ),
        expect![[r#"
            ---
            spec: specs/roman.md
            ---
            # roman

            ## Count (1 of 3)
            id: count-1-of-3
            requirement: Count

            - [ ] 1 is 1
            - [ ] 2 is 2
            - [ ] 3 is 3
            - [ ] 4 is 4
            - [ ] 5 is 5

            ## Count (2 of 3)
            id: count-2-of-3
            requirement: Count
            depends on: count-1-of-3

            - [ ] 6 is 6
            - [ ] 7 is 7
            - [ ] 8 is 8
            - [ ] 9 is 9
            - [ ] 10 is 10

            ## Count (3 of 3)
            id: count-3-of-3
            requirement: Count
            depends on: count-2-of-3

            - [ ] 11 is 11
            - [ ] 12 is 12
            - [ ] 13 is 13
            - [ ] 14 is 14
            - [ ] 15 is 15
            - [ ] 16 is 16

            | n   |
            | --- |
            | 1   |

            ## Print
            id: print
            depends on: count-3-of-3

            - [ ] 1 is 1
        "#]],
    );
}

#[test]
fn what_writes_the_same_files_waits() {
    check(
        "---\ntarget: a.rs\n---\n# T\n## A\n- [ ] 1 is a\n## B\n- [ ] 1 is b\n## C\ndepends on: A\n- [ ] 1 is c\n",
        expect![[r#"
        ---
        spec: specs/roman.md
        ---
        # T

        ## A
        id: a
        target: a.rs

        - [ ] 1 is a

        ## B
        id: b
        target: a.rs
        depends on: a

        - [ ] 1 is b

        ## C
        id: c
        target: a.rs
        depends on: a, b

        - [ ] 1 is c
    "#]],
    );
}

#[test]
fn a_dependency_may_follow_a_criterion_at_once() {
    check(
        "# T\n## A\n- [ ] 1 is a\n## B\n- [ ] 1 is b,\nand 2 is b\n  depends on: A\n",
        expect![[r#"
            ---
            spec: specs/roman.md
            ---
            # T

            ## A
            id: a

            - [ ] 1 is a

            ## B
            id: b
            depends on: a

            - [ ] 1 is b, and 2 is b
        "#]],
    );
}

#[test]
fn what_is_not_clear_makes_no_plan() {
    check(
        "",
        expect![[r#"
        1: this spec asks for nothing: write a heading `## WHAT IS WANTED`, and below it what must hold, as `- [ ] CRITERION`
    "#]],
    );
    check(
        "# T\n## A\nwords\n## B\n- [ ] works\n## C\n- [ ] works\n- [ ] 1 is c\n",
        expect![[r#"
        2: nothing shows when `A` holds: add a criterion, `- [ ] ...`, or a table of examples
        4: nothing says clearly when `B` holds
    "#]],
    );
}
