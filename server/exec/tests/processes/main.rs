//! Real processes, started and ended through the executor.
//!
//! This binary is its own supervisor, as the daemon's is: hence a `main` of our own.
#![expect(
    clippy::disallowed_methods,
    reason = "tests look at the real world: its environment, processes and clock"
)]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "clippy takes a test with a main of its own for a program"
)]

mod confining;
mod ending;
mod reading;
mod starting;
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
        starting::{
            reports_exit_codes_and_signals,
            says_what_is_wrong_with_a_start,
            gives_the_environment_it_was_told,
            keeps_the_libraries_of_the_program_from_the_supervisor,
            runs_in_its_own_folder_group_and_session,
            passes_input_through,
            output_ends_when_the_program_closes_it,
            two_hundred_starts_leave_nothing_open,
        },
        ending::{
            a_stopped_tree_is_gone,
            what_the_program_leaves_is_gone,
            a_dropped_tree_goes,
            a_tree_goes_when_the_daemon_is_killed,
            a_tree_goes_when_its_supervisor_is_told_to,
            a_tree_goes_when_its_supervisor_is_killed,
            a_process_in_order_is_never_lost,
            what_ignores_term_is_killed,
            what_heeds_term_ends_its_own_way,
            every_process_of_a_tree_gets_term,
            what_keeps_forking_is_gone,
            ending_twice_is_ending_once,
        },
        confining::{
            what_is_written_stays_where_it_is_to_stay,
            an_invocation_can_say_otherwise,
            each_has_a_temporary_folder_of_its_own,
            links_and_dots_lead_nowhere,
            devices_can_be_written,
            others_are_out_of_reach,
            a_network_is_there_or_not,
            in_a_network_of_its_own_are_its_own_servers_only,
            attributes_stay_as_they_are,
            what_is_sealed_stays_so,
            the_whole_tree_is_confined_and_goes,
            what_is_hidden_is_not_seen,
            nothing_is_done_to_other_processes_or_kept_in_the_kernel,
            whoever_is_not_root_is_confined_as_well,
        },
        reading::{
            a_flood_is_read_in_bounded_memory,
            output_keeps_what_is_allowed,
            a_held_pipe_does_not_hold_us,
            a_pipe_held_from_outside_does_not_hold_us,
            output_ends_what_takes_too_long,
            output_ends_what_is_cancelled,
            results_come_through_a_channel,
        },
    };
    let mut args = env::args_os().skip(1);
    match args.next().as_deref().and_then(|role| role.to_str()) {
        Some("supervise") => greenward_exec::supervise::main(args),
        Some("daemon") => world::daemon(args),
        Some("connect") => {
            let port = args.next().and_then(|port| port.to_str()?.parse().ok());
            match confining::connect(port.expect("a port")) {
                Ok(()) => ExitCode::SUCCESS,
                Err(_) => ExitCode::FAILURE,
            }
        }
        Some("serve") => {
            confining::serve().expect("a server");
            ExitCode::SUCCESS
        }
        Some("unseal") => {
            confining::unseal();
            ExitCode::SUCCESS
        }
        Some("alone") => {
            let name = args.next();
            let test = tests
                .iter()
                .find(|(known, _)| name.as_deref() == Some(known.as_ref()));
            test.expect("a test's name").1();
            ExitCode::SUCCESS
        }
        _ => {
            let trials = tests.into_iter().map(|(name, test)| {
                Trial::test(name, move || {
                    test();
                    Ok(())
                })
            });
            libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
        }
    }
}
