//! What is known of the content of files by their stamps, kept in a file between uses.
//!
//! It is a cache: one that is lost or damaged costs reading the files again.

use std::collections::HashMap;
use std::io::{self, Write};

use camino::Utf8Path;
use git2::Oid;
use serde::{Deserialize, Serialize};

use super::stamp::{Kind, Look, Nanos, Stamp};

/// By path, what a file held when it had a stamp.
#[derive(Debug, Default)]
pub(crate) struct Manifest(pub(crate) HashMap<String, Known>);

/// What is known of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) kind: Kind,
    pub(crate) blob: Oid,
    /// Nothing if the file was changed so late that it can be changed again without this showing.
    pub(crate) stamp: Option<Stamp>,
}

/// As it is written; short, since there are many.
#[derive(Serialize, Deserialize)]
struct Row(String, Kind, String, Option<(u64, Nanos, Nanos, u64)>);

impl Manifest {
    /// What a file holds, if it has not changed since that was recorded.
    pub(crate) fn unchanged(&self, path: &str, look: &Look) -> Option<Oid> {
        let known = self.0.get(path)?;
        (known.kind == look.kind && known.stamp == Some(look.stamp)).then_some(known.blob)
    }

    /// Forgets the stamps of files that changed at or after a time: by the grain of the file
    /// system's clock they may change again and show the same.
    pub(crate) fn distrust_since(&mut self, time: Nanos) {
        for known in self.0.values_mut() {
            known.stamp = known
                .stamp
                .filter(|stamp| stamp.changed < time && stamp.modified < time);
        }
    }

    /// Reads one; an empty one where there is none that can be understood.
    pub(crate) fn read(file: &Utf8Path) -> Self {
        let rows: Vec<Row> = std::fs::read(file)
            .ok()
            .and_then(|text| serde_json::from_slice(&text).ok())
            .unwrap_or_default();
        let known = |Row(path, kind, blob, stamp)| {
            let stamp = stamp.map(|(size, modified, changed, inode)| Stamp {
                size,
                modified,
                changed,
                inode,
            });
            let blob = Oid::from_str(&blob).ok()?;
            Some((path, Known { kind, blob, stamp }))
        };
        Self(rows.into_iter().filter_map(known).collect())
    }

    /// Writes it in one step.
    pub(crate) fn write(&self, file: &Utf8Path) -> io::Result<()> {
        let rows: Vec<_> = self
            .0
            .iter()
            .map(|(path, known)| {
                let stamp = known
                    .stamp
                    .map(|stamp| (stamp.size, stamp.modified, stamp.changed, stamp.inode));
                Row(path.clone(), known.kind, known.blob.to_string(), stamp)
            })
            .collect();
        replace(file, &serde_json::to_vec(&rows)?)
    }
}

/// Replaces a file of ours in one step; its folder must be there.
pub(crate) fn replace(file: &Utf8Path, content: &[u8]) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Utf8Path::new("."));
    let mut unfinished = tempfile::NamedTempFile::new_in(folder)?;
    unfinished.write_all(content)?;
    unfinished.persist(file)?;
    Ok(())
}

/// The time by the file system's own clock, from a file of ours in `folder`.
pub(crate) fn time_in(folder: &Utf8Path) -> io::Result<Nanos> {
    let file = tempfile::NamedTempFile::new_in(folder)?;
    let stat = rustix::fs::fstat(file.as_file())?;
    Look::of(&stat)
        .map(|look| look.stamp.modified)
        .ok_or_else(|| io::Error::other("a new file is no file"))
}
