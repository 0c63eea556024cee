//! The command line as it is typed.

mod cycle;
mod plan;

use camino::Utf8PathBuf;
use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use cycle::{CycleArg, CyclesArgs, GreenArgs, ResumeArgs};
pub(crate) use plan::PlanArgs;

/// A language server for test-driven development, and its command line.
#[derive(Debug, Parser)]
#[command(
    name = "greenward",
    version,
    max_term_width = 100,
    arg_required_else_help = true
)]
#[command(after_help = "Begin with `greenward demo`, or with `greenward test` in a project.")]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,

    /// How much the log says: error, warn, info, debug, trace, or directives such as
    /// info,greenward_engine=debug. Also GREENWARD_LOG
    #[arg(long, global = true, value_name = "LEVEL")]
    pub(crate) log: Option<String>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve an editor over standard input and output
    #[command(after_help = LSP_HELP)]
    Lsp(LspArgs),
    /// Find tests and run them
    #[command(after_help = TEST_HELP)]
    Test(TestArgs),
    /// Implement a failing test to green, by a worker
    #[command(after_help = cycle::GREEN_HELP)]
    Green(GreenArgs),
    /// Take a spec apart into tasks and show them; runs nothing
    #[command(after_help = plan::PLAN_HELP)]
    Plan(PlanArgs),
    /// Show the cycles of this project, or all of one
    Cycles(CyclesArgs),
    /// Go on with a cycle that was interrupted or is not green
    Resume(ResumeArgs),
    /// Show what a cycle has changed
    Diff(CycleArg),
    /// Bring the result of a cycle into your files
    Apply(CycleArg),
    /// Say that the result of a cycle is not wanted
    Discard(CycleArg),
    /// Write a settings file with every default, for a project; or a new spec
    Init(InitArgs),
    /// Trust a folder, so that its tests may be run
    #[command(after_help = TRUST_HELP)]
    Trust(TrustArgs),
    /// Keep the key of a model in the system's keyring
    #[command(after_help = KEY_HELP)]
    Key(KeyArgs),
    /// Say what is found, what is missing, and how to get it
    Doctor(DoctorArgs),
    /// Show all of it on a small sample, without an editor or a network
    Demo(DemoArgs),
}

const LSP_HELP: &str = "\
Editors start this themselves. Neovim 0.11:
  vim.lsp.config('greenward', { cmd = { 'greenward', 'lsp' }, root_markers = { '.git' },
                                filetypes = { 'rust', 'python' } })
  vim.lsp.enable('greenward')";

const TEST_HELP: &str = "\
Examples:
  greenward test                        every test of the project around this folder
  greenward test tests/test_api.py      the tests of a file (or of a folder)
  greenward test src/lib.rs:19          the test that stands there
  greenward test parses_ 'api*[utf-8]'  tests by a part of their names
  greenward test --changed              what the changes since the last commit affect
  greenward test --watch                the same again whenever a file changes

Exit codes: 0 all hold, 1 tests fail or do not build, 2 they could not be tried, 130 cancelled.";

const TRUST_HELP: &str = "\
Running tests runs the code of a folder. Greenward runs nothing in a folder, nor in those below
it, before its user says so. If the folder's own settings later choose another program to run,
the folder is to be trusted again.";

const KEY_HELP: &str = "\
A worker takes its key from there with `key_keyring = \"NAME\"` in its settings. No key ever stands
in a file, nor on a command line.
  greenward key set openai              asks for it, and does not show what is typed
  greenward key set openai < key.txt    reads it";

/// Arguments of `greenward lsp`.
#[derive(Debug, Args)]
pub(crate) struct LspArgs {
    /// What many editors add; it is the only way to talk anyway.
    #[arg(long, hide = true)]
    pub(crate) stdio: bool,
}

/// Arguments of `greenward test`.
#[derive(Debug, Args)]
pub(crate) struct TestArgs {
    /// A file or folder; FILE:LINE; or a test id or a part of one, with * for anything. Nothing
    /// means every test
    #[arg(value_name = "PATH|TEST")]
    pub(crate) wanted: Vec<String>,
    /// Only what the changes since the last commit affect, whether they are committed or not
    #[arg(long)]
    pub(crate) changed: bool,
    /// Stay, and run what a change affects as soon as a file is saved
    #[arg(long)]
    pub(crate) watch: bool,
    /// One JSON object a line instead of text: what happens as it happens, the result last
    #[arg(long)]
    pub(crate) json: bool,
    /// Leave out nothing of long values and output
    #[arg(long, conflicts_with = "json")]
    pub(crate) full: bool,
    /// Trust the folder for this one run
    #[arg(long)]
    pub(crate) trust: bool,
}

/// Arguments of `greenward init`.
#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// Write a new spec with this title, where specs are, and nothing else
    #[arg(long, value_name = "NAME", num_args = 0..=1, default_missing_value = "New spec")]
    pub(crate) spec: Option<String>,
    /// The project's folder; the one around the working directory if it is left out
    #[arg(value_name = "PATH")]
    pub(crate) folder: Option<Utf8PathBuf>,
}

/// Arguments of `greenward trust`.
#[derive(Debug, Args)]
pub(crate) struct TrustArgs {
    /// The folder; the project around the working directory if it is left out
    #[arg(value_name = "PATH")]
    pub(crate) folder: Option<Utf8PathBuf>,
    /// Trust it no longer, whatever an editor says
    #[arg(long)]
    pub(crate) revoke: bool,
    /// Show which folders are trusted
    #[arg(long, conflicts_with_all = ["folder", "revoke"])]
    pub(crate) list: bool,
}

/// Arguments of `greenward key`.
#[derive(Debug, Args)]
pub(crate) struct KeyArgs {
    /// What to do with it.
    #[command(subcommand)]
    pub(crate) what: KeyCommand,
}

/// What to do with a key.
#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Put a key into the keyring: what is typed, or the standard input
    Set(KeyName),
    /// Take a key out of the keyring
    Forget(KeyName),
}

/// Arguments of `greenward key set` and `greenward key forget`.
#[derive(Debug, Args)]
pub(crate) struct KeyName {
    /// The key's name, as the settings of workers have it
    #[arg(value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub(crate) name: String,
}

/// Arguments of `greenward doctor`.
#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// The project's folder; the one around the working directory if it is left out
    #[arg(value_name = "PATH")]
    pub(crate) folder: Option<Utf8PathBuf>,
    /// One JSON object instead of text
    #[arg(long)]
    pub(crate) json: bool,
    /// Remove the working copies that cycles of this folder, and of folders that are gone, have
    /// left and that hold nothing; with =all those of every folder
    #[arg(
        long,
        value_name = "WHOSE",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "here",
        conflicts_with_all = ["json", "folder"]
    )]
    pub(crate) clean_lanes: Option<WhoseLanes>,
}

/// Whose working copies are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum WhoseLanes {
    /// Those of this folder, and of folders that are gone
    Here,
    /// Those of every folder
    All,
}

/// Arguments of `greenward demo`.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Keep the sample's folder
    #[arg(long)]
    pub(crate) keep: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;
    use clap::error::ErrorKind;
    use expect_test::{Expect, expect};

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(std::iter::once("greenward").chain(line.split_whitespace()))
    }

    #[test]
    fn the_declaration_is_sound() {
        Cli::command().debug_assert();
    }

    fn check(line: &str, parsed: Expect) {
        parsed.assert_debug_eq(&parse(line).unwrap().command);
    }

    #[test]
    fn what_is_typed_is_understood() {
        check(
            "lsp --stdio",
            expect![[r#"
            Lsp(
                LspArgs {
                    stdio: true,
                },
            )
        "#]],
        );
        check(
            "test",
            expect![[r#"
            Test(
                TestArgs {
                    wanted: [],
                    changed: false,
                    watch: false,
                    json: false,
                    full: false,
                    trust: false,
                },
            )
        "#]],
        );
        check(
            "test src/lib.rs four --changed --watch --json --trust",
            expect![[r#"
            Test(
                TestArgs {
                    wanted: [
                        "src/lib.rs",
                        "four",
                    ],
                    changed: true,
                    watch: true,
                    json: true,
                    full: false,
                    trust: true,
                },
            )
        "#]],
        );
        check(
            "trust --revoke sub",
            expect![[r#"
            Trust(
                TrustArgs {
                    folder: Some(
                        "sub",
                    ),
                    revoke: true,
                    list: false,
                },
            )
        "#]],
        );
        check(
            "trust --list",
            expect![[r#"
            Trust(
                TrustArgs {
                    folder: None,
                    revoke: false,
                    list: true,
                },
            )
        "#]],
        );
        check(
            "key set openai",
            expect![[r#"
            Key(
                KeyArgs {
                    what: Set(
                        KeyName {
                            name: "openai",
                        },
                    ),
                },
            )
        "#]],
        );
        check(
            "doctor --json",
            expect![[r#"
            Doctor(
                DoctorArgs {
                    folder: None,
                    json: true,
                    clean_lanes: None,
                },
            )
        "#]],
        );
        check(
            "init --spec",
            expect![[r#"
            Init(
                InitArgs {
                    spec: Some(
                        "New spec",
                    ),
                    folder: None,
                },
            )
        "#]],
        );
        check(
            "init sub --spec Roman",
            expect![[r#"
            Init(
                InitArgs {
                    spec: Some(
                        "Roman",
                    ),
                    folder: Some(
                        "sub",
                    ),
                },
            )
        "#]],
        );
        check(
            "plan roman --json -o plan.md",
            expect![[r#"
            Plan(
                PlanArgs {
                    spec: "roman",
                    json: true,
                    output: Some(
                        "plan.md",
                    ),
                },
            )
        "#]],
        );
        check(
            "init sub",
            expect![[r#"
            Init(
                InitArgs {
                    spec: None,
                    folder: Some(
                        "sub",
                    ),
                },
            )
        "#]],
        );
        check(
            "green four a.py:3 --worker local --held-out five --held-out six --apply",
            expect![[r#"
            Green(
                GreenArgs {
                    tests: [
                        "four",
                        "a.py:3",
                    ],
                    worker: Some(
                        "local",
                    ),
                    held_out: [
                        "five",
                        "six",
                    ],
                    apply: true,
                    json: false,
                    trust: false,
                },
            )
        "#]],
        );
        check(
            "cycles 7 --recording to.jsonl",
            expect![[r#"
            Cycles(
                CyclesArgs {
                    cycle: Some(
                        7,
                    ),
                    json: false,
                    recording: Some(
                        "to.jsonl",
                    ),
                    reset_breakers: false,
                },
            )
        "#]],
        );
        check(
            "demo --keep",
            expect![[r#"
            Demo(
                DemoArgs {
                    keep: true,
                },
            )
        "#]],
        );
    }

    #[test]
    fn the_log_level_may_stand_anywhere() {
        for line in ["--log debug lsp", "lsp --log debug"] {
            assert_eq!(parse(line).unwrap().log.as_deref(), Some("debug"));
        }
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        for line in [
            "test --json --full",
            "trust --list --revoke",
            "trust --list sub",
            "green",
            "cycles --recording to.jsonl",
            "apply seven",
            "doctor --clean-lanes --json",
            "key set openai secret",
            "key forget",
            "test --chnaged",
            "tset",
            "supervise",
            "",
        ] {
            let error = parse(line).unwrap_err();
            assert!(error.use_stderr(), "{line}: {error}");
            assert_ne!(error.kind(), ErrorKind::DisplayHelp);
        }
    }

    #[test]
    fn every_command_has_help() {
        let mut command = Cli::command();
        command.build();
        for sub in command
            .get_subcommands()
            .filter(|sub| sub.get_name() != "help")
        {
            assert!(sub.get_about().is_some(), "{}", sub.get_name());
            for argument in sub
                .get_arguments()
                .filter(|argument| !argument.is_hide_set())
            {
                assert!(
                    argument.get_help().is_some(),
                    "{} {}",
                    sub.get_name(),
                    argument.get_id()
                );
            }
        }
    }
}
