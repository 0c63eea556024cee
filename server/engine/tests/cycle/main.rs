//! Whole cycles on real projects, with recordings for workers.
//!
//! This binary is the supervisor of the processes that it starts, as the daemon's is: hence a
//! `main` of our own. The Python that is used is `GREENWARD_TEST_PYTHON`, else `python3`.
#![expect(
    clippy::disallowed_methods,
    reason = "tests look at the real world: its environment, processes and clock"
)]
#![expect(
    clippy::expect_used,
    reason = "clippy takes a test with a main of its own for a program"
)]

mod cheats;
mod confined;
mod honest;
mod networks;
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
        honest::{
            python_goes_green,
            rust_goes_green,
            rust_that_does_not_build_goes_green,
            held_out_tests_are_never_shown,
            a_second_attempt_goes_on_from_the_first,
            a_way_out_is_an_end,
        },
        confined::{
            python_leaves_nothing,
            rust_leaves_nothing,
            python_sees_no_other_tests,
        },
        networks::{
            python_tells_nothing_by_the_network,
            python_that_wants_a_network_is_told_of_the_setting,
            rust_builds_with_what_was_fetched,
            rust_that_has_something_to_fetch_is_told_of_the_setting,
        },
        cheats::{
            python_cheats_are_refused,
            python_that_is_right_beside_tests_only_is_refused,
            rust_cheats_are_refused,
        },
    };
    let mut args = env::args_os().skip(1);
    if args.next().is_some_and(|role| role == "supervise") {
        return greenward_exec::supervise::main(args);
    }
    let trials = tests.into_iter().map(|(name, test)| {
        let trial = Trial::test(name, move || {
            test();
            Ok(())
        });
        if name.contains("python") && world::python().is_none() {
            let lacks = "skipped: the Python has no pytest";
            return trial.with_kind(lacks).with_ignored_flag(true);
        }
        trial
    });
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(2);
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}
