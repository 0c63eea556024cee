//! What of a task its implementer is not shown.

use super::Task;

/// What of a task is kept from its implementer, by places in the task, ascending.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HeldOut {
    /// Places in [`Task::criteria`].
    pub criteria: Vec<usize>,
    /// Places in [`Task::examples`].
    pub examples: Vec<usize>,
}

impl HeldOut {
    /// Whether nothing is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.criteria.is_empty() && self.examples.is_empty()
    }
}

/// Picks what of a task its implementer is not shown: about this share, from 0 to 1, and never
/// all.
///
/// Examples are picked from first: what one of them wants can be told from the others. Only where
/// there are too few of them, criteria are. The pick depends on the texts alone, so it is the same
/// each time, on every machine, and in any order.
#[must_use]
pub fn held_out(task: &Task, share: f64) -> HeldOut {
    let examples: Vec<String> = task.examples.iter().map(ToString::to_string).collect();
    let examples = pick(&task.requirement, &examples, share);
    let criteria = match examples.is_empty() {
        true => pick(&task.requirement, &task.criteria, share),
        false => Vec::new(),
    };
    HeldOut { criteria, examples }
}

/// The places of this share of the texts: halves are rounded up, and one is always left.
fn pick(salt: &str, texts: &[String], share: f64) -> Vec<usize> {
    let limit = texts.len().saturating_sub(1);
    let wanted = |count: &usize| (*count as f64) - 0.5 <= share * texts.len() as f64;
    let count = (1..=limit).take_while(wanted).count();
    let mut ranked: Vec<(u64, &String, usize)> = texts
        .iter()
        .enumerate()
        .map(|(place, text)| (mixed(salt, text), text, place))
        .collect();
    ranked.sort_unstable();
    let mut picked: Vec<usize> = ranked.iter().take(count).map(|ranked| ranked.2).collect();
    picked.sort_unstable();
    picked
}

/// A number that two texts give: FNV-1a with 64 bits, stirred once more. It is not to keep secrets,
/// only to show no pattern, and to be the same in every version.
fn mixed(salt: &str, text: &str) -> u64 {
    let bytes = salt.bytes().chain([0]).chain(text.bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::plan::{Example, TaskId};

    fn task(criteria: Vec<String>, examples: &[String]) -> Task {
        let example = |value: &String| Example::new([("n".to_owned(), value.clone())]);
        Task {
            id: TaskId::parse("roman"),
            title: "Roman".into(),
            requirement: "Roman".into(),
            targets: Vec::new(),
            tests: None,
            criteria,
            examples: examples.iter().map(example).collect(),
            depends_on: Vec::new(),
        }
    }

    fn numbers(count: usize) -> Vec<String> {
        (0..count).map(|number| number.to_string()).collect()
    }

    #[test]
    fn a_share_of_the_examples_and_never_all() {
        for (criteria, examples, share, held_out_criteria, held_out_examples) in [
            (3, 0, 0.25, 1, 0),
            (1, 1, 0.25, 0, 0),
            (2, 1, 0.25, 1, 0),
            (3, 2, 0.25, 0, 1),
            (0, 4, 0.25, 0, 1),
            (0, 6, 0.25, 0, 2),
            (0, 100, 0.25, 0, 25),
            (3, 4, 0.0, 0, 0),
            (3, 4, 1.0, 0, 3),
            (0, 0, 0.25, 0, 0),
            (3, 4, f64::NAN, 0, 0),
        ] {
            let held_out = held_out(&task(numbers(criteria), &numbers(examples)), share);
            assert_eq!(
                (held_out.criteria.len(), held_out.examples.len()),
                (held_out_criteria, held_out_examples),
                "{share} of {criteria} and {examples}"
            );
        }
    }

    #[test]
    fn the_pick_is_the_same_in_every_version() {
        let held_out = held_out(&task(Vec::new(), &numbers(12)), 0.25);
        expect_test::expect!["[1, 4, 10]"].assert_eq(&format!("{:?}", held_out.examples));
    }

    proptest! {
        #[test]
        fn the_order_does_not_matter(
            texts in prop::collection::hash_set("[a-z]{1,6}", 0..20),
            share in 0.0..1.0,
        ) {
            let mut texts: Vec<String> = texts.into_iter().collect();
            let picked = |texts: &[String]| {
                let held_out = held_out(&task(Vec::new(), texts), share);
                let mut picked: Vec<String> =
                    held_out.examples.iter().map(|place| texts[*place].clone()).collect();
                picked.sort();
                picked
            };
            let before = picked(&texts);
            prop_assert!(texts.is_empty() || before.len() < texts.len());
            texts.reverse();
            prop_assert_eq!(before, picked(&texts));
        }
    }
}
