//! The text that a worker is given.
//!
//! All wording stands in `prompts/`; here it is put together. A [`Prompt`] has no secrets in it:
//! there is no way to make one that has not gone through [`redact`].

use std::fmt::Write;

use greenward_core::{Failure, clean};
use serde::Serialize;

use crate::context::Source;
use crate::edits::Miss;
use crate::redact::redact;

/// The version of the texts.
pub const VERSION: &str = "v1";

const SYSTEM_BLOCKS: &str = include_str!("../prompts/v1/system_blocks.md");
const SYSTEM_LANE: &str = include_str!("../prompts/v1/system_lane.md");
const GREEN: &str = include_str!("../prompts/v1/green.md");
const WAYS_OUT: &str = include_str!("../prompts/v1/ways_out.md");
const REFACTOR: &str = include_str!("../prompts/v1/refactor.md");
const TASK: &str = include_str!("../prompts/v1/task.md");

/// How many targets a task in one line names.
const NAMED: usize = 10;

/// How much of one message or value of a failure is shown, in bytes.
const FAILURE_LIMIT: usize = 4000;

/// What a worker is told. Without secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Prompt {
    system: String,
    user: String,
    version: String,
    redacted: usize,
}

/// How a worker hands in its edits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// As blocks in its reply.
    Blocks,
    /// By editing files in the lane.
    Lane,
}

/// A test that is to pass.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Target {
    /// Its id, as people read it.
    pub id: String,
    /// Its file, beneath the lane.
    pub path: String,
    /// Its source, or that of its whole file. What several targets have in common is shown once.
    pub source: String,
    /// How it fails now.
    pub failure: Option<Failure>,
}

/// All that goes into a prompt.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PromptInput {
    /// What is wanted, in the words of the spec. May be empty.
    pub task: String,
    /// The tests that are to pass.
    pub targets: Vec<Target>,
    /// The files that were changed to make them pass.
    pub changed: Vec<String>,
    /// The code to show, chosen by [`context::select`](crate::context::select).
    pub sources: Vec<Source>,
    /// The ids of passing tests that cover this code.
    pub covering: Vec<String>,
    /// The paths, or patterns of paths, that may be written. Empty: all that is not sealed.
    pub writable: Vec<String>,
    /// The files that stay as they are.
    pub sealed: Vec<String>,
    /// Why the last reply could not be read: an [`EditError`](crate::edits::EditError) in words.
    /// Empty if it could.
    pub malformed: String,
    /// The edits of the last reply that found no place.
    pub misses: Vec<Miss>,
    /// Whether the other edits of that reply are in the files.
    pub others_made: bool,
    /// What is wrong with the last attempt otherwise, such as failed checks of the verdict. May be
    /// empty. How the targets fail now belongs to them.
    pub feedback: String,
}

impl Prompt {
    fn new(system: &str, user: &str) -> Self {
        let (system, user) = (redact(system), redact(user));
        Self {
            system: system.text,
            user: user.text,
            version: VERSION.to_owned(),
            redacted: system.count + user.count,
        }
    }

    /// What holds for all turns.
    #[must_use]
    pub fn system(&self) -> &str {
        &self.system
    }

    /// What is to be done.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The version of the texts that it is made of.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// How many secrets were taken out of it.
    #[must_use]
    pub fn redacted(&self) -> usize {
        self.redacted
    }

    /// Both parts as one text.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}\n{}", self.system, self.user)
    }
}

/// The prompt of the phase green: make failing tests pass.
#[must_use]
pub fn green(input: &PromptInput, manner: Manner) -> Prompt {
    let how = match manner {
        Manner::Blocks => "make no edits and end your answer with one line that says",
        Manner::Lane => "leave the files as they are and print as the last line",
    };
    let otherwise = filled(WAYS_OUT, &[("how", how.to_owned())]);
    let what = "You change code so that failing tests pass.";
    let system = system(what, &otherwise, manner);
    Prompt::new(&system, &filled(GREEN, &values(input)))
}

/// The prompt of the phase refactor: tidy what makes the tests pass.
#[must_use]
pub fn refactor(input: &PromptInput, manner: Manner) -> Prompt {
    let what = "You tidy code whose tests pass, and leave what it does as it is.";
    let otherwise = match manner {
        Manner::Blocks => "If the code is good as it is, make no edits and say so.",
        Manner::Lane => "If the code is good as it is, leave the files as they are and say so.",
    };
    let system = system(what, otherwise, manner);
    Prompt::new(&system, &filled(REFACTOR, &values(input)))
}

/// What holds for all turns of a phase.
fn system(what: &str, otherwise: &str, manner: Manner) -> String {
    let template = match manner {
        Manner::Blocks => SYSTEM_BLOCKS,
        Manner::Lane => SYSTEM_LANE,
    };
    let values = [
        ("what", what.to_owned()),
        ("otherwise", otherwise.to_owned()),
    ];
    filled(template, &values)
}

fn values(input: &PromptInput) -> Vec<(&'static str, String)> {
    vec![
        (
            "targets",
            list(input.targets.iter().map(|target| &target.id)),
        ),
        ("changed", list(&input.changed)),
        ("task", input.task.trim().to_owned()),
        ("failures", failures(&input.targets)),
        ("tests", tests(&input.targets)),
        ("sources", input.sources.iter().map(source).collect()),
        ("covering", list(&input.covering)),
        ("writable", list(&input.writable)),
        ("sealed", list(&input.sealed)),
        ("malformed", input.malformed.trim().to_owned()),
        ("misses", input.misses.iter().map(miss).collect()),
        ("others", others(input).to_owned()),
        ("feedback", input.feedback.trim().to_owned()),
    ]
}

/// The task of the phase green in one line. All of its targets stand in the prompt.
#[must_use]
pub fn task(targets: &[String]) -> String {
    let mut named = targets[..targets.len().min(NAMED)].join(", ");
    if targets.len() > NAMED {
        // Writing to a string cannot fail.
        let _ = write!(named, " and {} more", targets.len() - NAMED);
    }
    let text = filled(TASK, &[("targets", named)]);
    clean(&text).trim_end().to_owned()
}

/// `template` with its names replaced, without the sections whose names all have no value.
fn filled(template: &str, values: &[(&str, String)]) -> String {
    let mut text = String::new();
    let mut rest = template;
    while !rest.is_empty() {
        let end = rest[1..].find("\n## ").map_or(rest.len(), |at| at + 2);
        let (section, after) = rest.split_at(end);
        text.push_str(&section_filled(section, values).unwrap_or_default());
        rest = after;
    }
    text.trim_end().to_owned() + "\n"
}

fn section_filled(section: &str, values: &[(&str, String)]) -> Option<String> {
    let mut parts = section.split("{{");
    let mut text = parts.next()?.to_owned();
    let (mut names, mut said) = (0, 0);
    for part in parts {
        let (name, after) = part.split_once("}}").unwrap_or((part, ""));
        let value = values.iter().find(|(known, _)| *known == name);
        let value = value.map_or("", |(_, value)| value.trim_end());
        names += 1;
        said += usize::from(!value.is_empty());
        text.push_str(value);
        text.push_str(after);
    }
    (names == 0 || said > 0).then_some(text)
}

fn list<S: AsRef<str>>(items: impl IntoIterator<Item = S>) -> String {
    items
        .into_iter()
        .map(|item| format!("- `{}`\n", item.as_ref()))
        .collect()
}

fn failures(targets: &[Target]) -> String {
    let mut text = String::new();
    for target in targets {
        let Some(failure) = &target.failure else {
            continue;
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "`{}`:\n", target.id);
        text.push_str(&fenced("", capped(&failure.message)));
        for (word, value) in [("Expected", &failure.expected), ("Came", &failure.actual)] {
            if let Some(value) = value {
                let _ = write!(text, "\n{word}:\n\n{}", fenced("", capped(value)));
            }
        }
        let frames: Vec<String> = failure.frames.iter().map(frame).collect();
        if !frames.is_empty() {
            let _ = write!(text, "\nAt, innermost first:\n\n{}", list(&frames));
        }
        text.push('\n');
    }
    text
}

fn frame(frame: &greenward_core::Frame) -> String {
    let place = &frame.location;
    let place = format!("{}:{}", place.file, place.range.start.line + 1);
    if frame.function.is_empty() {
        place
    } else {
        format!("{place} in {}", frame.function)
    }
}

fn tests(targets: &[Target]) -> String {
    let mut shown: Vec<(&str, &str)> = Vec::new();
    for target in targets {
        let source = (target.path.as_str(), target.source.as_str());
        if !target.source.is_empty() && !shown.contains(&source) {
            shown.push(source);
        }
    }
    shown
        .into_iter()
        .map(|(path, text)| format!("{}\n", fenced(path, text)))
        .collect()
}

fn source(source: &Source) -> String {
    format!("{}\n", fenced(&source.path, &source.text))
}

fn miss(miss: &Miss) -> String {
    format!("{}\n", fenced("", &miss.to_string()))
}

/// What became of the edits beside those that found no place.
fn others(input: &PromptInput) -> &'static str {
    match (input.misses.is_empty(), input.others_made) {
        (true, _) => "",
        (false, true) => "The other edits were made.",
        (false, false) => "Nothing of it was used.",
    }
}

/// `text` in a fence that it does not hold, below its path.
fn fenced(path: &str, text: &str) -> String {
    let longest = text
        .split(|char| char != '`')
        .map(str::len)
        .max()
        .unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let head = if path.is_empty() {
        String::new()
    } else {
        format!("{path}\n")
    };
    format!("{head}{fence}\n{}\n{fence}\n", text.trim_end_matches('\n'))
}

fn capped(text: &str) -> &str {
    &text[..text.floor_char_boundary(FAILURE_LIMIT)]
}

#[cfg(test)]
mod tests {
    use greenward_core::{Frame, Location, Position, Range};

    use super::*;
    use crate::edits::MissReason;

    fn input() -> PromptInput {
        let place = Position::new(3, 4);
        PromptInput {
            task: "Convert integers.\n".into(),
            targets: vec![Target {
                id: "tests/test_roman.py::test_one".into(),
                path: "tests/test_roman.py".into(),
                source: "def test_one():\n    assert to_numeral(1) == 'I'\n".into(),
                failure: Some(Failure {
                    message: "assert '' == 'I'".into(),
                    expected: Some("'I'".into()),
                    actual: Some("''".into()),
                    frames: vec![Frame {
                        function: "to_numeral".into(),
                        location: Location {
                            file: "roman.py".into(),
                            range: Range::new(place, place),
                        },
                    }],
                    ..Failure::default()
                }),
            }],
            changed: vec!["roman.py".into()],
            sources: vec![Source {
                path: "roman.py".into(),
                text: "def to_numeral(n):\n    \"\"\"```{{task}}```\"\"\"\n    return ''\n".into(),
                whole: true,
            }],
            covering: vec!["tests/test_roman.py::test_type".into()],
            writable: vec!["*.py".into()],
            sealed: vec!["tests/test_roman.py".into()],
            malformed: "line 3: the block has no `=======` line; send it whole".into(),
            misses: vec![Miss {
                path: "roman.py".into(),
                search: "return None\n".into(),
                reason: MissReason::NotFound,
                nearest: "    3 |     return ''\n".into(),
            }],
            others_made: true,
            feedback: "It still gives ''.".into(),
        }
    }

    #[test]
    fn it_reads_well() {
        let prompt = green(&input(), Manner::Blocks);
        expect_test::expect![[r#"
            Make these tests pass:

            - `tests/test_roman.py::test_one`

            ## Task

            Convert integers.

            ## How they fail now

            `tests/test_roman.py::test_one`:

            ```
            assert '' == 'I'
            ```

            Expected:

            ```
            'I'
            ```

            Came:

            ```
            ''
            ```

            At, innermost first:

            - `roman.py:4 in to_numeral`

            ## The tests

            tests/test_roman.py
            ```
            def test_one():
                assert to_numeral(1) == 'I'
            ```

            ## The code

            roman.py
            ````
            def to_numeral(n):
                """```{{task}}```"""
                return ''
            ````

            ## Tests that cover this code

            They pass now, and must pass afterwards:

            - `tests/test_roman.py::test_type`

            ## What you may change

            - `*.py`

            ## What stays as it is

            Changes to these files are not taken over:

            - `tests/test_roman.py`

            ## Your last answer could not be read

            line 3: the block has no `=======` line; send it whole

            Nothing of it was used. Give each file that you change as a whole this time, or, if it is long, take care of the form of the blocks.

            ## Edits of your last answer that found no place

            ```
            roman.py: the SEARCH lines are not in the file; copy them from it exactly. The nearest lines are:
                3 |     return ''
            ```

            The other edits were made. The files above are as they are now.

            ## What is wrong with your last attempt

            It still gives ''.
        "#]]
        .assert_eq(prompt.user());
        assert_eq!((prompt.version(), prompt.redacted()), ("v1", 0));
    }

    #[test]
    fn other_edits_were_made_only_if_there_were_some() {
        for (others_made, words) in [
            (true, "The other edits were made. The files"),
            (false, "Nothing of it was used. The files"),
        ] {
            let input = PromptInput {
                malformed: String::new(),
                others_made,
                ..input()
            };
            let prompt = green(&input, Manner::Blocks);
            assert!(prompt.user().contains(words), "{}", prompt.user());
        }
    }

    #[test]
    fn what_is_not_known_has_no_section() {
        let prompt = green(
            &PromptInput {
                targets: vec![Target {
                    id: "a".into(),
                    ..Target::default()
                }],
                ..PromptInput::default()
            },
            Manner::Lane,
        );
        assert_eq!(prompt.user(), "Make these tests pass:\n\n- `a`\n");
    }

    #[test]
    fn tidying_begins_with_what_passes() {
        let prompt = refactor(&input(), Manner::Blocks);
        let mut said = prompt.user();
        for part in [
            "These tests pass now",
            "`tests/test_roman.py::test_one`",
            "good to read",
            "## Task\n\nConvert integers.",
            "## The files that were changed for them\n\n- `roman.py`",
            "## The tests\n\ntests/test_roman.py\n```\ndef test_one():",
            "## The code\n\nroman.py\n````\ndef to_numeral(n):",
            "## What stays as it is",
        ] {
            let at = said.find(part);
            assert!(at.is_some(), "{part:?} is not in {said}");
            said = &said[at.unwrap() + part.len()..];
        }
        assert!(!prompt.user().contains("How they fail"));
    }

    #[test]
    fn the_manner_says_how_edits_are_handed_in() {
        for (manner, word) in [
            (Manner::Blocks, "<<<<<<< SEARCH"),
            (Manner::Lane, "current folder"),
        ] {
            let green = green(&PromptInput::default(), manner);
            let refactor = refactor(&PromptInput::default(), manner);
            for (prompt, begins, ends) in [
                (green, "You change code", "greenward: test_wrong: "),
                (refactor, "You tidy code", "If the code is good as it is"),
            ] {
                let system = prompt.system();
                assert!(system.starts_with(begins), "{system}");
                assert!(system.contains(word) && system.contains(ends), "{system}");
                assert!(!system.contains("{{"), "{system}");
            }
        }
    }

    #[test]
    fn the_example_of_the_format_is_in_the_format() {
        let reply = crate::edits::parse(SYSTEM_BLOCKS).unwrap();
        assert_eq!(reply.edits.len(), 1);
        assert_eq!(reply.edits[0].path(), "src/example.py");
    }

    #[test]
    fn the_task_is_one_line_however_many_targets_there_are() {
        let targets = |count| {
            (1..=count)
                .map(|n| format!("t.py::t{n}"))
                .collect::<Vec<_>>()
        };
        assert_eq!(task(&targets(1)), "Make these tests pass: t.py::t1");
        assert_eq!(
            task(&targets(2)),
            "Make these tests pass: t.py::t1, t.py::t2"
        );
        let many = task(&targets(12));
        assert!(many.ends_with("t.py::t10 and 2 more"), "{many}");
    }

    #[test]
    fn secrets_do_not_get_in() {
        let secret = format!("ghp_{}", "aB3dE5gH7jK9".repeat(3));
        let mut input = input();
        input.task = format!("use {secret}");
        input.sources[0].text = format!("KEY = '{secret}'\n");
        input.feedback.clone_from(&secret);
        let prompt = green(&input, Manner::Blocks);
        assert!(!prompt.text().contains(&secret));
        assert_eq!(prompt.redacted(), 3);
    }

    #[test]
    fn a_fence_is_longer_than_those_within() {
        assert_eq!(
            fenced("", "a\n```\nb\n````\n"),
            "`````\na\n```\nb\n````\n`````\n"
        );
    }
}
