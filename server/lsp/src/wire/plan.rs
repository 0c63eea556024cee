//! Plans over the wire. `greenward plan --json` prints them.

use greenward_core as core;
use greenward_protocol::plan;

/// A task of a plan.
#[must_use]
pub fn plan_task(task: &core::Task) -> plan::PlanTask {
    let value = |value: &core::ExampleValue| plan::ExampleValue {
        column: value.column.clone(),
        value: value.value.clone(),
    };
    let example = |example: &core::Example| example.values.iter().map(value).collect();
    plan::PlanTask {
        id: task.id.to_string(),
        title: task.title.clone(),
        requirement: task.requirement.clone(),
        targets: task.targets.iter().map(ToString::to_string).collect(),
        tests: task.tests.as_ref().map(ToString::to_string),
        criteria: task.criteria.clone(),
        examples: task.examples.iter().map(example).collect(),
        depends_on: task.depends_on.iter().map(ToString::to_string).collect(),
    }
}
