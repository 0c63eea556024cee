//! A change of files, file by file.

use camino::Utf8PathBuf;
use greenward_workspace::merge::Conflict;
use greenward_workspace::objects::{FileChange, FileVersion};

use super::style::{BAD, DIM, PLACE, WARNING, paint};
use super::{diff, words};

/// What differs, with the look of every other difference. What was left out is named, and shows
/// nothing of what it would have become.
pub(crate) fn render(files: &[FileChange], left_out: &[Utf8PathBuf]) -> String {
    let (left, kept): (Vec<_>, Vec<_>) = files
        .iter()
        .partition(|change| left_out.contains(&change.path));
    let mut text: String = kept.into_iter().map(file).collect();
    for change in left {
        let remark = paint(WARNING, "left out: it is no part of what was judged");
        text += &format!("{}  {remark}\n", paint(PLACE, &change.path));
    }
    text
}

fn file(change: &FileChange) -> String {
    let text = |version: &Option<FileVersion>| match version {
        None => Some(String::new()),
        Some(version) => version.text().map(str::to_owned),
    };
    let remark = match (&change.before, &change.after) {
        (None, _) => paint(DIM, "  (new)"),
        (_, None) => paint(DIM, "  (removed)"),
        (Some(before), Some(after)) if before.kind != after.kind => {
            paint(DIM, "  (another kind of file)")
        }
        _ => String::new(),
    };
    let body = match (text(&change.before), text(&change.after)) {
        (Some(before), Some(after)) => diff::of_edit(&before, &after),
        _ => format!("{}\n", paint(DIM, "not a text")),
    };
    format!(
        "{}{remark}\n{}",
        paint(PLACE, &change.path),
        words::indent(&body, "  ")
    )
}

/// Where the user's files and a result cannot be brought together, with both sides.
pub(crate) fn conflicts(conflicts: &[Conflict]) -> String {
    conflicts.iter().map(conflict).collect()
}

fn conflict(conflict: &Conflict) -> String {
    let mut text = format!("{} {}\n", paint(BAD, "✗"), paint(PLACE, &conflict.path));
    match &conflict.marked {
        Some(marked) => text += &words::indent(&marked_lines(marked), "  "),
        None => {
            let side = |version: &Option<FileVersion>| match version {
                None => "not there".to_owned(),
                Some(version) => words::many(version.content.len(), "byte"),
            };
            text += &format!(
                "  yours: {}; the result: {}\n",
                side(&conflict.mine),
                side(&conflict.theirs)
            );
        }
    }
    text
}

/// The stretches between conflict markers, with their lines around them left out.
fn marked_lines(marked: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for line in marked.lines() {
        let begins = line.starts_with("<<<<<<<");
        let ends = line.starts_with(">>>>>>>");
        inside |= begins;
        if inside {
            let is_mark =
                begins || ends || line.starts_with("=======") || line.starts_with("|||||||");
            text += &match is_mark {
                true => paint(WARNING, line),
                false => line.to_owned(),
            };
            text.push('\n');
        }
        inside &= !ends;
    }
    text
}
