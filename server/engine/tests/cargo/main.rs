//! The Cargo runner with real packages, real cargo and real processes.
//!
//! This binary is its own supervisor, as the daemon's is: hence a `main` of our own.
#![expect(
    clippy::disallowed_methods,
    reason = "tests look at the real world: its environment and processes"
)]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "clippy takes a test with a main of its own for a program"
)]

mod world;

mod building;
mod running;
mod selecting;

use std::env;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

/// Names of modules and functions into named functions.
macro_rules! tests {
    ($($module:ident::{$($test:ident),* $(,)?}),* $(,)?) => {
        vec![$($((
            concat!(stringify!($module), "::", stringify!($test)),
            $module::$test as fn(),
        )),*),*]
    };
}

fn main() -> ExitCode {
    let mut args = env::args_os().skip(1);
    if args.next().is_some_and(|role| role == "supervise") {
        return greenward_exec::supervise::main(args);
    }
    let tests: Vec<(&str, fn())> = tests! {
        running::{
            every_outcome,
            backtraces_come_where_the_environment_asks_for_them,
            documentation_tests,
            a_target_with_a_main_of_its_own,
            what_ends_its_process_takes_no_other_test_with_it,
            what_takes_too_long_is_stopped_alone,
            forged_results_break_the_run,
            cancelling_ends_every_process,
            the_environment_is_cargos_own,
            a_configured_runner_is_put_in_front,
        },
        building::{
            cargo_is_not_asked_while_nothing_changes,
            a_run_that_somebody_asked_for_sees_what_nobody_watches,
            mistakes_are_problems_at_their_place,
            a_broken_manifest_is_a_problem,
            without_cargo_the_runner_is_broken,
        },
        selecting::{
            one_test_a_module_a_target,
            an_ignored_test_runs_when_asked_for_alone,
            a_test_that_is_not_there,
            what_only_the_binary_knows,
        },
    };
    let trials = tests
        .into_iter()
        .map(|(name, test)| {
            Trial::test(name, move || {
                test();
                Ok(())
            })
        })
        .collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
