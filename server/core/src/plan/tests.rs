//! Which plans are sound, and what can be done when.

use std::collections::BTreeSet;

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;

/// Tasks, one a line: `id: dependencies > files; criteria`. The last file is where the tests go.
fn plan(lines: &str) -> Plan {
    let words = |text: &str| -> Vec<String> {
        let words = text.split(',').map(|word| word.trim().to_owned());
        words.filter(|word| !word.is_empty()).collect()
    };
    let tasks = lines.trim().lines().map(|line| {
        let (id, rest) = line.trim().split_once(':').unwrap();
        let (depends_on, rest) = rest.split_once('>').unwrap();
        let (files, criteria) = rest.split_once(';').unwrap();
        Task {
            id: TaskId::parse(id),
            title: id.to_owned(),
            requirement: "R".to_owned(),
            targets: words(files).into_iter().map(Into::into).collect(),
            tests: None,
            criteria: words(criteria),
            examples: Vec::new(),
            depends_on: words(depends_on)
                .iter()
                .map(|id| TaskId::parse(id))
                .collect(),
        }
    });
    Plan {
        spec: "specs/r.md".into(),
        title: "R".to_owned(),
        tasks: if lines.trim().is_empty() {
            Vec::new()
        } else {
            tasks.collect()
        },
    }
}

/// What a spec asks for that has one requirement.
fn wishes(criteria: &[&str]) -> Vec<Wish> {
    vec![Wish {
        requirement: "R".to_owned(),
        criteria: criteria.iter().map(ToString::to_string).collect(),
        examples: Vec::new(),
    }]
}

#[track_caller]
fn check(lines: &str, criteria: &[&str], said: Expect) {
    let text = match plan(lines).check(&wishes(criteria)) {
        Ok(plan) => {
            let ids: Vec<&str> = plan.order().map(|task| task.id.as_str()).collect();
            format!("{}\n", ids.join(" "))
        }
        Err(faults) => faults.iter().map(|fault| format!("{fault}\n")).collect(),
    };
    said.assert_eq(&text);
}

#[test]
fn a_sound_plan_has_an_order() {
    check(
        "a:> x; one",
        &["one"],
        expect![[r#"
        a
    "#]],
    );
    check(
        "d: b, c > x; four
         a:> x; one
         c: a > z; three
         b: a > y; two",
        &["one", "two", "three", "four"],
        expect![[r#"
            a c b d
        "#]],
    );
}

#[test]
fn ids_and_dependencies_must_fit() {
    check(
        "",
        &[],
        expect![[r#"
        the plan has no task: give it one for each requirement of the spec
    "#]],
    );
    check(
        "one:> x; one\none: one > x; two",
        &["one", "two"],
        expect![[r#"
        two tasks have the id `one`: give one of them another
    "#]],
    );
    check(
        "parse:> x; one\nprint: pares > y; two",
        &["one", "two"],
        expect![[r#"
        `print` depends on `pares`, and there is no such task; did you mean `parse`?
    "#]],
    );
    check(
        "a: b > x; one\nb: c > x; two\nc: a > x; three",
        &["one", "two", "three"],
        expect![[r#"
        these tasks wait for each other: a → b → c → a; take one of the dependencies away
    "#]],
    );
}

#[test]
fn nothing_parallel_shares_a_file() {
    check(
        "a:> x, y; one\nb:> y; two\nc:> z; three",
        &["one", "two", "three"],
        expect![[r#"
        `a` and `b` both write y: have one depend on the other
    "#]],
    );
    check(
        "a:> x; one\nb:>; two",
        &["one", "two"],
        expect![[r#"
        `a` and `b` both write files that the plan does not name, which may be the same: have one depend on the other
    "#]],
    );
    let mut one_file_for_tests = plan("a:> x; one\nb:> y; two");
    for task in &mut one_file_for_tests.tasks {
        task.tests = Some("t".into());
    }
    let faults = one_file_for_tests.faults(&wishes(&["one", "two"]));
    expect!["`a` and `b` both write t: have one depend on the other"]
        .assert_eq(&faults.iter().map(ToString::to_string).collect::<String>());
}

#[test]
fn all_that_is_asked_for_is_there_once_and_nothing_else() {
    check(
        "a:> x; one, four, five\nb: a > x; two, one\nc: b > x;",
        &["one", "two", "two", "three", "five"],
        expect![[r#"
        the criterion `four` in `a` is not in the spec: add it there first, or take it out
        the criterion `one` is in the plan more than once, again in `b`: take it out of one task
        `c` has neither a criterion nor an example: give it one of the spec's, or drop it
        the criterion `two` of `R` is in no task: add it to one
        the criterion `three` of `R` is in no task: add it to one
    "#]],
    );
    let mut elsewhere = plan("a:> x; one");
    elsewhere.tasks[0].requirement = "S".to_owned();
    let faults = elsewhere.faults(&wishes(&["one"]));
    let said: String = faults.iter().map(|fault| format!("{fault}\n")).collect();
    expect![[r#"
        `a` belongs to `S`, and the spec has no such requirement
        the criterion `one` of `R` is in no task: add it to one
    "#]]
    .assert_eq(&said);
}

#[test]
fn examples_count_as_criteria_do() {
    let example = |n: &str| {
        Example::new([
            ("n".to_owned(), n.to_owned()),
            ("is".to_owned(), "I".to_owned()),
        ])
    };
    let mut with_examples = plan("a:> x; one");
    with_examples.tasks[0].examples = vec![example("1"), example("2"), example("2")];
    let mut wishes = wishes(&["one"]);
    wishes[0].examples = vec![example("2"), example("3")];
    let faults = with_examples.faults(&wishes);
    let said: String = faults.iter().map(|fault| format!("{fault}\n")).collect();
    expect![[r#"
        the example `n = 1, is = I` in `a` is not in the spec: add it there first, or take it out
        the example `n = 2, is = I` is in the plan more than once, again in `a`: take it out of one task
        the example `n = 3, is = I` of `R` is in no task: add it to one
    "#]].assert_eq(&said);
}

#[test]
fn ids_come_from_titles() {
    let mut ids = TaskIds::default();
    ids.take(&TaskId::parse("task"));
    for (title, id) in [
        ("Convert to numerals", "convert-to-numerals"),
        ("Convert, to `numerals`!", "convert-to-numerals-2"),
        ("  Größe überprüfen ", "größe-überprüfen"),
        ("数を変換する", "数を変換する"),
        ("!!!", "task-2"),
        ("", "task-3"),
        (
            &"long ".repeat(99),
            "long-long-long-long-long-long-long-long-long-lon",
        ),
    ] {
        assert_eq!(ids.unique(title).as_str(), id, "{title}");
    }
}

/// Plans that may be anything in their order and files, and cover what they should.
fn any_plan() -> impl Strategy<Value = Plan> {
    let task = (
        prop::collection::vec(0..8_usize, 0..3),
        prop::collection::vec("[a-d]", 0..3),
        prop::option::of("[ef]"),
    );
    prop::collection::vec(task, 1..9).prop_map(|tasks| {
        let id = |number: usize| TaskId::parse(&number.to_string());
        let tasks = tasks.into_iter().enumerate();
        Plan {
            spec: "r.md".into(),
            title: "R".into(),
            tasks: tasks
                .map(|(number, (before, targets, tests))| Task {
                    id: id(number),
                    title: number.to_string(),
                    requirement: "R".into(),
                    targets: targets.into_iter().map(Into::into).collect(),
                    tests: tests.map(Into::into),
                    criteria: vec![number.to_string()],
                    examples: Vec::new(),
                    // Most of them wait for what comes before: few plans are on circles.
                    depends_on: before
                        .into_iter()
                        .filter(|one| *one < number || *one == 7)
                        .map(id)
                        .collect(),
                })
                .collect(),
        }
    })
}

fn wishes_of(plan: &Plan) -> Vec<Wish> {
    let criteria = plan.tasks.iter().flat_map(|task| task.criteria.clone());
    vec![Wish {
        requirement: "R".into(),
        criteria: criteria.collect(),
        examples: Vec::new(),
    }]
}

proptest! {
    #[test]
    fn the_order_keeps_to_every_dependency(mut plan in any_plan()) {
        plan.put_in_order();
        let wishes = wishes_of(&plan);
        if let Ok(plan) = plan.check(&wishes) {
            let order: Vec<&Task> = plan.order().collect();
            prop_assert_eq!(order.len(), plan.plan().tasks.len());
            for (place, task) in order.iter().enumerate() {
                for before in &task.depends_on {
                    prop_assert!(order[..place].iter().any(|earlier| earlier.id == *before));
                }
            }
        }
    }

    #[test]
    fn what_is_put_in_order_shares_no_file_and_gains_no_circle(mut plan in any_plan()) {
        let before = plan.dependencies().circles();
        plan.put_in_order();
        prop_assert_eq!(&before, &plan.dependencies().circles());
        let faults = plan.faults(&wishes_of(&plan));
        let shared = |fault: &PlanFault| matches!(fault, PlanFault::SharedFile { .. });
        prop_assert!(!faults.iter().any(shared), "{:?}", faults);
        let again = plan.clone();
        plan.put_in_order();
        prop_assert_eq!(plan, again);
    }

    #[test]
    fn what_runs_at_once_shares_no_file_and_all_gets_done(
        mut plan in any_plan(),
        luck in prop::collection::vec(any::<prop::sample::Index>(), 32),
    ) {
        plan.put_in_order();
        let wishes = wishes_of(&plan);
        let Ok(plan) = plan.check(&wishes) else { return Ok(()) };
        let (mut done, mut running) = (BTreeSet::new(), Vec::<&Task>::new());
        for luck in luck {
            // As many as can be are begun, and then one of them ends.
            for task in plan.ready(&done) {
                if !running.iter().any(|one| one.id == task.id) {
                    for other in &running {
                        prop_assert!(!other.shares_a_file_with(task), "{} {}", other.id, task.id);
                    }
                    running.push(task);
                }
            }
            if running.is_empty() {
                break;
            }
            let ended = running.remove(luck.index(running.len()));
            prop_assert!(ended.depends_on.iter().all(|before| done.contains(before)));
            done.insert(ended.id.clone());
        }
        prop_assert_eq!(done.len(), plan.plan().tasks.len());
    }
}
