//! Greenward: a language server for test-driven development, and its command line.
//!
//! The binary reads its surroundings ([`edge`]), understands what is typed ([`cli`]), and wires the
//! other crates together, one module of [`commands`] for each command. What tests are and how they
//! are run is none of its business.

mod cli;
mod commands;
mod edge;
mod exit;
mod folder;
mod launch;
mod logging;
mod report;
mod screen;
mod signals;
mod specs;
mod tools;
mod trusting;
mod wanted;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};
use commands::cycle;
use edge::{Clock, World};
use exit::{Exit, Trouble};
use logging::{Log, Manner};
use report::style::{BAD, paint};
use screen::Screen;

/// Threads for what waits; tests run in processes of their own.
const WORKERS: usize = 2;

fn main() -> ExitCode {
    let clock = Clock::start();
    let arguments = edge::arguments();
    // Every test process has a supervisor, so this must cost next to nothing.
    if arguments.get(1).is_some_and(|first| first == "supervise") {
        return greenward_exec::supervise::main(arguments.into_iter().skip(2));
    }
    match command(arguments, clock) {
        Ok(code) => code,
        Err(trouble) => {
            complain(&trouble);
            Exit::NotTried.into()
        }
    }
}

fn command(arguments: Vec<OsString>, clock: Clock) -> Result<ExitCode, Trouble> {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(answer) => return Ok(answered(&answer)),
    };
    let world = World::read(clock)
        .map_err(|error| Trouble::new("Greenward cannot start here").from(error))?;
    let log = start_log(&cli, &world)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .enable_all()
        .build()
        .map_err(|error| Trouble::new("no threads can be started").from(error))?;
    let code = runtime.block_on(run(&cli.command, &world, &log))?;
    // A read of the standard input may go on for ever; nothing else is left.
    runtime.shutdown_background();
    Ok(code)
}

async fn run(command: &Command, world: &World, log: &Log) -> Result<ExitCode, Trouble> {
    let exit = match command {
        Command::Lsp(_) => return commands::lsp::run(world, log.level()).await,
        Command::Test(args) => commands::test::run(world, &log.level(), args).await?,
        Command::Plan(args) => commands::plan::run(world, args)?,
        Command::Green(args) => cycle::green::run(world, args).await?,
        Command::Cycles(args) => cycle::list::run(world, args).await?,
        Command::Resume(args) => cycle::resume::run(world, args).await?,
        Command::Diff(arg) => cycle::review::diff(world, arg).await?,
        Command::Apply(arg) => cycle::review::run_apply(world, arg).await?,
        Command::Discard(arg) => cycle::review::discard(world, arg).await?,
        Command::Init(args) => commands::init::run(world, args).await?,
        Command::Trust(args) => commands::trust::run(world, args)?,
        Command::Key(args) => commands::key::run(args)?,
        Command::Doctor(args) => commands::doctor::run(world, args).await?,
        Command::Demo(args) => commands::demo::run(world, args).await?,
    };
    Ok(exit.into())
}

/// What clap answers by itself: help, the version, or what is wrong with what was typed.
fn answered(answer: &clap::Error) -> ExitCode {
    let text = answer.render().ansi().to_string();
    if answer.use_stderr() {
        Screen::stderr().print(&text);
        Exit::NotTried.into()
    } else {
        Screen::stdout().print(&text);
        Exit::Holds.into()
    }
}

fn start_log(cli: &Cli, world: &World) -> Result<Log, Trouble> {
    let manner = match cli.command {
        Command::Lsp(_) => Manner::Daemon,
        _ => Manner::Command,
    };
    let asked = cli.log.as_deref().or_else(|| world.var("GREENWARD_LOG"));
    let dirs = launch::dirs(world).ok();
    Log::start(manner, asked, dirs.as_ref().map(|dirs| dirs.state())).map_err(|error| {
        Trouble::new("--log or GREENWARD_LOG cannot be understood")
            .from(error)
            .hint("use error, warn, info, debug or trace")
    })
}

fn complain(trouble: &Trouble) {
    let lines = trouble.lines().join("\n");
    Screen::stderr().line(&format!("{}: {lines}", paint(BAD, "error")));
}
