//! What can be done with specs, as code actions.

use camino::Utf8Path;
use greenward_engine::SpecView;

use super::plan::hindrance;
use crate::action::{Action, RUN_KIND};
use crate::command::Command;

/// What is known about specs where actions are asked for.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Here<'a> {
    /// The file, if it is a spec.
    pub view: Option<&'a SpecView>,
    /// Whether a new spec can be written: the file is part of the workspace, and the editor
    /// creates files.
    pub can_write: bool,
}

/// The actions on a file.
pub(crate) fn actions(file: &Utf8Path, here: Here<'_>) -> Vec<Action> {
    let plan = here.view.map(|view| Action {
        disabled: hindrance(view),
        ..Action::new("Plan this spec", RUN_KIND, Command::Plan(file.to_owned()))
    });
    let write = here.can_write.then(|| {
        Action::new(
            "Write a new spec",
            RUN_KIND,
            Command::NewSpec(Some(file.to_owned())),
        )
    });
    plan.into_iter().chain(write).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::samples::{self, FILE};

    #[test]
    fn a_spec_is_planned_and_a_new_one_is_written_anywhere() {
        let check = |view: Option<&SpecView>, can_write: bool, expected: &[&str]| {
            let here = Here { view, can_write };
            let said: Vec<String> = actions(FILE.into(), here)
                .into_iter()
                .map(|action| {
                    let command = action.command.titled("");
                    let why = action.disabled.map(|why| format!(" ({why})"));
                    let why = why.unwrap_or_default();
                    format!("{} -> {}{why}", action.title, command.command)
                })
                .collect();
            assert_eq!(said, expected);
        };
        let write = "Write a new spec -> greenward.newSpec";
        check(None, false, &[]);
        check(None, true, &[write]);
        check(
            Some(&samples::clear()),
            true,
            &["Plan this spec -> greenward.plan", write],
        );
        check(
            Some(&samples::unclear()),
            false,
            &["Plan this spec -> greenward.plan \
               (it has 2 errors, the first in line 11: nothing shows when `Print` holds)"],
        );
    }
}
