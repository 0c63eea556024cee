//! What becomes of a worker's reply: files in its lane.

use std::collections::BTreeMap;

use camino::Utf8Path;
use greenward_workers::edits::{self, Applied, Miss};
use greenward_workers::{ReplyKind, TurnReply, WayOut};
use greenward_workspace::lane::{Lane, LaneError};

/// How much of a worker's own words is kept, in bytes.
const SUMMARY: usize = 1000;

/// What a reply came to.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// The lane holds what it asks for.
    Written {
        /// The worker's own words.
        summary: String,
        /// What did not find its place, or was refused.
        left: LeftOut,
    },
    /// It does not do what it was asked to.
    WayOut(WayOut),
    /// It asks for nothing.
    Untouched {
        /// The worker's own words.
        summary: String,
        /// That there are no edits.
        left: LeftOut,
    },
    /// It cannot be used.
    Useless(LeftOut),
}

/// What of a reply came to nothing, for the worker to know.
#[derive(Debug, Clone, Default)]
pub(crate) struct LeftOut {
    /// Why the reply could not be read at all. May be empty.
    pub(crate) malformed: String,
    /// Edits that found no place.
    pub(crate) misses: Vec<Miss>,
    /// Anything else.
    pub(crate) notes: Vec<String>,
}

impl LeftOut {
    /// That the reply could not be read.
    fn malformed(why: impl Into<String>) -> Self {
        Self {
            malformed: why.into(),
            ..Self::default()
        }
    }

    /// Whether there is nothing to tell.
    pub(crate) fn is_empty(&self) -> bool {
        self.malformed.is_empty() && self.misses.is_empty() && self.notes.is_empty()
    }

    /// All of it in words.
    pub(crate) fn words(&self) -> String {
        let misses = self.misses.iter().map(ToString::to_string);
        let malformed = Some(self.malformed.clone()).filter(|why| !why.is_empty());
        let notes = self.notes.iter().cloned();
        let all: Vec<String> = malformed.into_iter().chain(notes).chain(misses).collect();
        all.join("\n")
    }
}

/// Carries out a reply in a lane. Blocks.
///
/// # Errors
/// If the lane cannot be written at all.
pub(crate) fn carry_out(lane: &Lane, reply: &TurnReply) -> Result<Outcome, LaneError> {
    if let Some(way_out) = &reply.way_out {
        return Ok(Outcome::WayOut(way_out.clone()));
    }
    match &reply.kind {
        ReplyKind::AgentDone => Ok(Outcome::Written {
            summary: summary(&reply.text),
            left: LeftOut::default(),
        }),
        ReplyKind::Files(files) => {
            let left = LeftOut {
                notes: write(lane, files)?,
                ..LeftOut::default()
            };
            Ok(Outcome::Written {
                summary: summary(&reply.text),
                left,
            })
        }
        ReplyKind::ModelText => blocks(lane, reply),
    }
}

fn blocks(lane: &Lane, reply: &TurnReply) -> Result<Outcome, LaneError> {
    let parsed = match edits::parse(&reply.text) {
        Ok(parsed) => parsed,
        Err(error) if reply.cut_short => {
            let why = "the reply ended at the limit of tokens";
            return Ok(Outcome::Useless(LeftOut::malformed(format!(
                "{error}; {why}"
            ))));
        }
        Err(error) => return Ok(Outcome::Useless(LeftOut::malformed(error.to_string()))),
    };
    if let Some(way_out) = parsed.way_out {
        return Ok(Outcome::WayOut(way_out));
    }
    if parsed.edits.is_empty() {
        let why = "the reply has no edits; give them as SEARCH/REPLACE blocks, or take a way out";
        return Ok(Outcome::Untouched {
            summary: summary(&parsed.prose),
            left: LeftOut::malformed(why),
        });
    }
    let read = |path: &str| lane.text(Utf8Path::new(path));
    let Applied { files, misses } = edits::apply(&parsed.edits, read);
    let mut left = LeftOut {
        misses,
        ..LeftOut::default()
    };
    if files.is_empty() {
        left.notes.push("no edit found its place".to_owned());
        return Ok(Outcome::Useless(left));
    }
    left.notes = write(lane, &files)?;
    Ok(Outcome::Written {
        summary: summary(&parsed.prose),
        left,
    })
}

/// Writes files. Those that may not be written are named.
fn write(lane: &Lane, files: &BTreeMap<String, Option<String>>) -> Result<Vec<String>, LaneError> {
    let mut notes = Vec::new();
    for (path, text) in files {
        let content = text.as_ref().map(String::as_bytes);
        match lane.write(Utf8Path::new(path), content) {
            Ok(()) => {}
            Err(error @ LaneError::Refused { .. }) => notes.push(error.to_string()),
            Err(error) => return Err(error),
        }
    }
    Ok(notes)
}

fn summary(text: &str) -> String {
    let mut text = greenward_core::clean(text.trim());
    text.truncate(text.floor_char_boundary(SUMMARY));
    text
}
