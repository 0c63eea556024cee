//! `greenward plan`: take a spec apart into tasks, and show them.

use std::fs::File;
use std::io::{self, Write};

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::{Location, Plan, Problem, Severity, SoundPlan};
use greenward_lsp::wire::{self, Bytes};
use greenward_protocol::plan::{PlanEvent, PlanLastLine};
use greenward_specs::{SpecProblem, Workspace, examine, render};
use serde::Serialize;

use crate::cli::PlanArgs;
use crate::edge::World;
use crate::exit::{Exit, Trouble};
use crate::report;
use crate::screen::Screen;
use crate::specs::{self, Found};

/// Runs `greenward plan`. Nothing of the folder is run, so it need not be trusted.
///
/// # Errors
/// If no such spec is found or it cannot be read, or the plan cannot be written.
pub(crate) fn run(world: &World, args: &PlanArgs) -> Result<Exit, Trouble> {
    let found = specs::find(world, &args.spec)?;
    let known = Workspace {
        files: Some(found.files.clone()),
    };
    let examined = examine(&found.spec, &found.path, &known);
    let (told, planned) = (examined.problems, examined.plan);
    if args.json {
        print_lines(&found, &told, planned.as_ref());
    } else {
        let file = found.folder.join(&found.path);
        let place = report::words::path(&file, &world.folder);
        let mut screen = Screen::stdout();
        screen.print(&report::plan::problems(&told, &place));
        if let Some(plan) = planned.as_ref().filter(|_| args.output.is_none()) {
            screen.print(&report::plan::plan(plan));
        }
    }
    let Some(plan) = planned else {
        return Ok(Exit::Fails);
    };
    if let Some(output) = &args.output {
        let file = world.folder.join(output);
        write(&file, plan.plan())?;
        if !args.json {
            let line = report::plan::written(&plan, output);
            Screen::stdout().line(&line);
        }
    }
    Ok(Exit::Holds)
}

/// Writes a plan to a new file.
fn write(file: &Utf8Path, plan: &Plan) -> Result<(), Trouble> {
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists => Trouble::new(format!("{file} is there already"))
            .hint("it stays as it is; name another file"),
        _ => Trouble::new(format!("{file} cannot be written")).from(error),
    };
    let mut new = File::create_new(file).map_err(failed)?;
    new.write_all(render(plan).as_bytes()).map_err(failed)
}

/// Prints all of it for programs.
fn print_lines(found: &Found, told: &[SpecProblem], plan: Option<&SoundPlan>) {
    let mut screen = Screen::for_programs();
    let file = found.folder.join(&found.path);
    for problem in told {
        let problem = wire::problem(&located(problem, &file), &Bytes);
        line(&mut screen, &PlanEvent::SpecProblem(problem));
    }
    let tasks = plan.into_iter().flat_map(|plan| &plan.plan().tasks);
    for task in tasks {
        line(&mut screen, &PlanEvent::Task(wire::plan_task(task)));
    }
    let order = plan.into_iter().flat_map(SoundPlan::order);
    let count = |severity| told.iter().filter(|one| one.severity == severity).count();
    let last = PlanLastLine::PlanResult {
        spec: found.path.to_string(),
        title: found.spec.title_or_name(&found.path),
        order: order.map(|task| task.id.to_string()).collect(),
        errors: count(Severity::Error),
        warnings: count(Severity::Warning),
    };
    line(&mut screen, &last);
}

fn line(screen: &mut Screen, object: &impl Serialize) {
    match serde_json::to_string(object) {
        Ok(line) => screen.line(&line),
        Err(error) => tracing::error!(%error, "a plan cannot be written as JSON"),
    }
}

/// A problem with its file.
fn located(problem: &SpecProblem, file: &Utf8PathBuf) -> Problem {
    Problem {
        severity: problem.severity,
        message: problem.message.clone(),
        code: Some(problem.code.name().to_owned()),
        location: Some(Location {
            file: file.clone(),
            range: problem.range,
        }),
        related: Vec::new(),
    }
}
