//! Real pytest projects, run by the runner.
//!
//! This binary is the supervisor of the processes that it starts, as the daemon's is: hence a
//! `main` of our own. The Python that is used is `GREENWARD_TEST_PYTHON`, else `python3`.
#![expect(
    clippy::disallowed_methods,
    reason = "tests look at the real world: its environment, processes and clock"
)]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "clippy takes a test with a main of its own for a program"
)]

mod faults;
mod outcomes;
mod sameness;
mod servers;
mod world;

use std::env;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

/// Names functions once, for the list of tests.
macro_rules! tests {
    ($($module:ident :: { $($name:ident),* $(,)? }),* $(,)?) => {
        vec![$($((concat!(stringify!($module), "::", stringify!($name)), $module::$name as fn())),*),*]
    };
}

fn main() -> ExitCode {
    let tests = tests! {
        outcomes::{
            every_outcome_is_told,
            failures_have_their_place,
            selections_run_what_they_name,
            listings_tell_of_cases,
            workers_report_through_their_controller,
        },
        sameness::{
            warm_and_cold_say_the_same,
            a_test_sees_the_same_world,
            changes_between_runs_are_seen,
            changes_of_what_is_installed_are_seen,
        },
        faults::{
            a_process_that_dies_takes_one_test_with_it,
            a_test_that_hangs_is_ended,
            a_cancelled_run_leaves_nothing,
            what_a_test_leaves_behind_is_ended,
            a_flood_of_output_is_cut,
            a_test_that_prints_for_ever_is_ended,
            what_a_test_writes_into_the_channel_is_no_result,
            a_slow_start_is_no_slow_test,
            what_cannot_be_collected_is_a_problem,
            a_runner_that_cannot_run_says_why,
            a_run_that_stops_early_is_no_pass,
            forged_results_break_the_run,
        },
        servers::{
            a_run_without_its_supervisor_is_broken,
            a_waiting_server_goes_with_its_supervisor,
            a_server_that_nobody_uses_is_ended,
        },
    };
    let mut args = env::args_os().skip(1);
    if args.next().is_some_and(|role| role == "supervise") {
        return greenward_exec::supervise::main(args);
    }
    let python = world::python();
    let xdist = python
        .as_deref()
        .is_some_and(|python| world::has(python, "xdist"));
    let trials = tests.into_iter().map(|(name, test)| {
        let trial = Trial::test(name, move || {
            test();
            Ok(())
        });
        let lacks = match name {
            _ if python.is_none() => Some("skipped: the Python has no pytest"),
            "outcomes::workers_report_through_their_controller" if !xdist => {
                Some("skipped: the Python has no pytest-xdist")
            }
            _ => None,
        };
        match lacks {
            Some(lacks) => trial.with_kind(lacks).with_ignored_flag(true),
            None => trial,
        }
    });
    let mut arguments = Arguments::from_args();
    // Each test starts interpreters, and a loaded machine makes them slow.
    arguments.test_threads.get_or_insert(2);
    let conclusion = libtest_mimic::run(&arguments, trials.collect());
    conclusion.exit_code()
}
