//! The requirements: their titles, criteria and order.

use std::collections::{HashMap, HashSet};

use greenward_core::Position;

use super::Found;
use crate::dependencies::dependencies;
use crate::name::{Names, key};
use crate::problem::{Code, or_rather, quoted};
use crate::read::Form;
use crate::spec::{Requirement, Spec};
use crate::wording::is_vague;

pub(super) fn check(spec: &Spec, found: &mut Found) {
    titles(spec, found);
    for requirement in &spec.requirements {
        criteria(requirement, spec.form, found);
    }
    order(spec, found);
}

fn titles(spec: &Spec, found: &mut Found) {
    let mut seen: HashMap<String, Position> = HashMap::new();
    for requirement in &spec.requirements {
        let title = &requirement.title;
        if title.text.is_empty() {
            found.add(
                Code::WrongValue,
                title.range,
                "this requirement has no title: give it one",
            );
            continue;
        }
        let here = title.range.start;
        let first = *seen.entry(key(&title.text)).or_insert(here);
        if first != here {
            let message = format!(
                "{} is a requirement already, in line {}: call this one something else",
                quoted(&title.text),
                first.line + 1
            );
            found.add(Code::SameTitle, title.range, message);
        }
    }
}

fn criteria(requirement: &Requirement, form: Form, found: &mut Found) {
    let title = &requirement.title;
    if requirement.criteria.is_empty() && requirement.tables.is_empty() {
        let advice = match form {
            Form::Markdown => "add a criterion, `- [ ] ...`, or a table of examples",
            Form::Json | Form::Yaml => "add `criteria` or `examples`",
        };
        let message = format!("nothing shows when {} holds: {advice}", quoted(&title.text));
        found.add(Code::Unchecked, title.range, message);
    }
    let mut said = HashSet::new();
    for criterion in &requirement.criteria {
        let wording = &criterion.wording;
        if wording.text.is_empty() {
            let message = "this criterion says nothing: say what must hold, or take it away";
            found.add(Code::EmptyCriterion, wording.range, message);
        } else if is_vague(&wording.text) {
            let message = format!(
                "nothing could show that {} holds: say what comes of which input",
                quoted(&wording.text)
            );
            found.add(Code::VagueCriterion, wording.range, message);
        } else if !said.insert(wording.text.to_lowercase()) {
            let message = format!("{} has this criterion twice", quoted(&title.text));
            found.add(Code::SameCriterion, wording.range, message);
        }
    }
}

fn order(spec: &Spec, found: &mut Found) {
    let names = Names::of(&spec.requirements);
    for requirement in &spec.requirements {
        for line in &requirement.depends_lines {
            if line.start == line.end {
                let message = "this names no requirement: write its title, or take the line away";
                found.add(Code::UnknownDependency, *line, message);
            }
        }
        for dependency in &requirement.depends_on {
            if names.place(&dependency.text).is_none() && !found.is_full() {
                let message = format!(
                    "there is no requirement {}{}",
                    quoted(&dependency.text),
                    or_rather(&names.nearest(&dependency.text))
                );
                found.add(Code::UnknownDependency, dependency.range, message);
            }
        }
    }
    for circle in dependencies(&spec.requirements).circles() {
        let round = circle.iter().chain(circle.first());
        let round: Vec<String> = round
            .map(|place| quoted(&spec.requirements[*place].title.text))
            .collect();
        // The name in the first of them that leads to the second.
        let (first, second) = (circle[0], circle[1 % circle.len()]);
        let said = &spec.requirements[first].depends_on;
        let said = said
            .iter()
            .find(|one| names.place(&one.text) == Some(second));
        let range = said.map_or(spec.requirements[first].title.range, |said| said.range);
        let message = match circle.len() {
            1 => format!("{} depends on itself: take its name away here", round[0]),
            _ => format!(
                "these wait for each other: {}; take one of the dependencies away",
                round.join(" → ")
            ),
        };
        found.add(Code::Circle, range, message);
    }
}
