//! Recordings: what a worker gave back, turn by turn, to be given again.
//!
//! A recording is a file of JSON Lines, an [`Entry`] each. Any worker's turns can be kept so, and
//! played by a worker of kind `replay`: for tests, demos and bug reports. Which entry is played
//! depends on phase and attempt alone.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};

use camino::{Utf8Path, Utf8PathBuf};
use greenward_protocol::settings;
use serde::{Deserialize, Serialize};

use crate::{
    Phase, RecordingError, ReplyKind, SettingsError, Turn, TurnReply, Usage, WayOut, WorkerError,
};

/// One recorded turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The phase.
    pub phase: Phase,
    /// Which attempt in this phase, from 1.
    pub attempt: u32,
    /// The task, where a recording holds several. Empty: any.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub task: String,
    /// The version of the prompts that it answers.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub prompt: String,
    /// What came back.
    #[serde(flatten)]
    pub reply: RecordedReply,
    /// What the turn has used.
    #[serde(default)]
    pub usage: Usage,
}

/// What came back, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordedReply {
    /// A model's text, with its edits in it.
    Text(String),
    /// What an agent or a person left: whole files by their paths beneath the lane. One without
    /// text was removed.
    Files(BTreeMap<String, Option<String>>),
    /// A program's way out.
    WayOut(WayOut),
}

impl Entry {
    /// What `reply` to `turn` is kept as. `files` are what the lane holds that is different now:
    /// they count where the edits are not in the reply itself.
    #[must_use]
    pub fn of(turn: &Turn, reply: &TurnReply, files: &BTreeMap<String, Option<String>>) -> Self {
        let kept = match (&reply.kind, &reply.way_out) {
            (ReplyKind::ModelText, _) => RecordedReply::Text(reply.text.clone()),
            (_, Some(way_out)) => RecordedReply::WayOut(way_out.clone()),
            (ReplyKind::Files(files), None) => RecordedReply::Files(files.clone()),
            (ReplyKind::AgentDone, None) => RecordedReply::Files(files.clone()),
        };
        Self {
            phase: turn.phase,
            attempt: turn.attempt,
            task: turn.task.clone(),
            prompt: turn.prompt.version().to_owned(),
            reply: kept,
            usage: reply.usage,
        }
    }
}

/// Writes a recording.
#[derive(Debug)]
pub struct Recorder {
    path: Utf8PathBuf,
    file: File,
}

impl Recorder {
    /// Adds to the recording at `path`, which is made if there is none, with its folder.
    ///
    /// # Errors
    /// If it cannot be opened.
    pub fn open(path: impl Into<Utf8PathBuf>) -> Result<Self, RecordingError> {
        let path = path.into();
        let open = || {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            OpenOptions::new().create(true).append(true).open(&path)
        };
        match open() {
            Ok(file) => Ok(Self { path, file }),
            Err(source) => Err(RecordingError::Write { path, source }),
        }
    }

    /// Adds a turn.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn record(&mut self, entry: &Entry) -> Result<(), RecordingError> {
        let written = serde_json::to_string(entry)
            .map_err(Into::into)
            .and_then(|line| self.file.write_all(format!("{line}\n").as_bytes()));
        written.map_err(|source| RecordingError::Write {
            path: self.path.clone(),
            source,
        })
    }
}

/// A worker that plays a recording.
#[derive(Debug, Clone)]
pub struct Replay {
    entries: Vec<Entry>,
}

impl Replay {
    pub(crate) fn new(
        name: &str,
        settings: &settings::Worker,
        folder: &Utf8Path,
    ) -> Result<Self, SettingsError> {
        let Some(recording) = &settings.recording else {
            return Err(SettingsError::Missing {
                worker: name.to_owned(),
                kind: settings.kind,
                setting: "recording",
            });
        };
        Self::read(&folder.join(recording)).map_err(|source| SettingsError::Recording {
            worker: name.to_owned(),
            source,
        })
    }

    /// Reads a recording.
    ///
    /// # Errors
    /// If it cannot be read, or a line is no entry.
    pub fn read(path: &Utf8Path) -> Result<Self, RecordingError> {
        let text = fs::read_to_string(path).map_err(|source| {
            let path = path.to_owned();
            match source.kind() {
                ErrorKind::NotFound => RecordingError::Missing { path },
                _ => RecordingError::Read { path, source },
            }
        })?;
        Self::parse(&text).map_err(|(line, source)| RecordingError::Malformed {
            path: path.to_owned(),
            line,
            source,
        })
    }

    /// Takes a recording's text, such as one that is built in.
    ///
    /// # Errors
    /// The number of the first line that is no entry, from 1, and why.
    pub fn parse(text: &str) -> Result<Self, (usize, serde_json::Error)> {
        let lines = text.lines().enumerate();
        let lines = lines.filter(|(_, line)| !line.trim().is_empty());
        let entries = lines
            .map(|(index, line)| serde_json::from_str(line).map_err(|error| (index + 1, error)))
            .collect::<Result<_, _>>()?;
        Ok(Self { entries })
    }

    /// The reply to `turn`: of the entries for its phase and attempt, one for its task before one
    /// for any; of several, the last, which was recorded latest.
    pub(crate) fn turn(&self, turn: &Turn) -> Result<TurnReply, WorkerError> {
        let of = |task: &str| {
            self.entries.iter().rfind(|entry| {
                (entry.phase, entry.attempt) == (turn.phase, turn.attempt) && entry.task == task
            })
        };
        let entry = of(&turn.task)
            .or_else(|| of(""))
            .ok_or(WorkerError::NotRecorded {
                phase: turn.phase,
                attempt: turn.attempt,
            })?;
        let (text, kind, way_out) = match &entry.reply {
            RecordedReply::Text(text) => (
                text.clone(),
                ReplyKind::ModelText,
                WayOut::in_last_line(text),
            ),
            RecordedReply::Files(files) => (String::new(), ReplyKind::Files(files.clone()), None),
            RecordedReply::WayOut(way_out) => (
                way_out.reason.clone(),
                ReplyKind::Files(BTreeMap::new()),
                Some(way_out.clone()),
            ),
        };
        Ok(TurnReply {
            text,
            kind,
            usage: entry.usage,
            way_out,
            cut_short: false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::{Manner, PromptInput, green};
    use crate::{WayOutKind, Worker};

    fn turn(phase: Phase, attempt: u32, task: &str) -> Turn {
        Turn {
            phase,
            attempt,
            task: task.into(),
            targets: Vec::new(),
            prompt: green(&PromptInput::default(), Manner::Blocks),
            lane: "/nowhere".into(),
            scratch: "/nowhere".into(),
            access: Vec::new(),
        }
    }

    fn reply(kind: ReplyKind, text: &str, way_out: Option<WayOut>) -> TurnReply {
        TurnReply {
            text: text.into(),
            kind,
            usage: Usage {
                input_tokens: 5,
                output_tokens: 2,
                cost_microdollars: Some(3),
                estimated: false,
            },
            way_out,
            cut_short: false,
        }
    }

    #[test]
    fn what_is_recorded_is_played() {
        let way_out = Some(WayOut {
            kind: WayOutKind::Blocked,
            reason: "no network".into(),
        });
        let files = BTreeMap::from([("a.py".into(), Some("x\n".into())), ("b.py".into(), None)]);
        let recorded = [
            reply(ReplyKind::ModelText, "a.py\n```\nx\n```\n", None),
            reply(ReplyKind::AgentDone, "I have done it.", None),
            reply(
                ReplyKind::AgentDone,
                "greenward: blocked: no network",
                way_out.clone(),
            ),
        ];
        let played = [
            recorded[0].clone(),
            reply(ReplyKind::Files(files.clone()), "", None),
            reply(ReplyKind::Files(BTreeMap::new()), "no network", way_out),
        ];

        let folder = tempfile::tempdir().unwrap();
        let folder = Utf8Path::from_path(folder.path()).unwrap();
        for (attempt, reply) in (1..).zip(&recorded) {
            // Opened anew each time, as after a crash.
            let mut recorder = Recorder::open(folder.join("made/run.jsonl")).unwrap();
            let entry = Entry::of(&turn(Phase::Green, attempt, ""), reply, &files);
            recorder.record(&entry).unwrap();
        }

        let settings = settings::Worker {
            kind: settings::WorkerKind::Replay,
            recording: Some("made/run.jsonl".into()),
            ..settings::Worker::default()
        };
        let executor = greenward_exec::Executor::new("/nowhere", [("", ""); 0]);
        let made = Worker::from_settings("r", &settings, &BTreeMap::new(), &executor, folder);
        let Worker::Replay(replay) = made.unwrap() else {
            panic!("it is a replay");
        };
        for (attempt, expected) in (1..).zip(&played) {
            let reply = replay.turn(&turn(Phase::Green, attempt, "")).unwrap();
            assert_eq!(reply, *expected);
        }
        let error = replay.turn(&turn(Phase::Red, 4, "")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the recording holds no turn 4 of phase red"
        );
    }

    #[test]
    fn phase_attempt_and_task_choose() {
        let replay = Replay::parse(
            r#"{"phase":"green","attempt":1,"text":"first"}

{"phase":"green","attempt":1,"text":"later"}
{"phase":"green","attempt":1,"task":"t","text":"for t"}
{"phase":"green","attempt":2,"text":"second"}
{"phase":"refactor","attempt":1,"text":"tidy"}
"#,
        )
        .unwrap();
        for (phase, attempt, task, text) in [
            (Phase::Green, 1, "", "later"),
            (Phase::Green, 1, "t", "for t"),
            (Phase::Green, 1, "u", "later"),
            (Phase::Green, 2, "t", "second"),
            (Phase::Refactor, 1, "", "tidy"),
        ] {
            let reply = replay.turn(&turn(phase, attempt, task)).unwrap();
            assert_eq!(reply.text, text, "{phase} {attempt} {task}");
        }
    }

    #[test]
    fn a_line_that_is_no_turn_is_named() {
        let good = r#"{"phase":"green","attempt":1,"text":"x"}"#;
        for bad in [
            "{",
            "{}",
            r#"{"phase":"blue","attempt":1,"text":"x"}"#,
            r#"{"phase":"green","attempt":1}"#,
        ] {
            let (line, _) = Replay::parse(&format!("{good}\n\n{bad}\n")).unwrap_err();
            assert_eq!(line, 3, "{bad}");
        }
    }

    #[test]
    fn a_recording_that_is_missing_is_not_one_that_cannot_be_read() {
        for (path, said) in [
            ("/nowhere/x.jsonl", "there is no file /nowhere/x.jsonl"),
            ("/", "cannot read /"),
        ] {
            let error = Replay::read(Utf8Path::new(path)).unwrap_err();
            assert_eq!(error.to_string(), said);
        }
    }
}
