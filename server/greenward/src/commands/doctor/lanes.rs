//! Looking at the lanes, the working copies of cycles, and removing those that hold nothing.

use std::io::ErrorKind;
use std::time::SystemTime;

use camino::Utf8Path;
use greenward_workspace::dirs::Dirs;
use greenward_workspace::lane::{LaneInfo, LaneState, Lanes, Which};

use super::finding::Finding;
use crate::cli::WhoseLanes;
use crate::edge;
use crate::report::style::{DIM, PLACE, WARNING, paint};
use crate::report::words;
use crate::screen::Screen;

const LANES: &str = "Lanes";

/// The lanes of all workspaces.
pub(super) fn all(dirs: &Dirs) -> Vec<Finding> {
    let lanes = Lanes::list(dirs);
    if lanes.is_empty() {
        let found = "no cycle has left a working copy";
        return vec![Finding::ok(LANES, "none", found)];
    }
    lanes.iter().map(finding).collect()
}

/// Whose a lane is, to stand behind what is said of it.
fn whose(lane: &LaneInfo) -> String {
    match &lane.workspace {
        Some(workspace) => {
            let gone = if workspace.exists() {
                ""
            } else {
                ", which is gone"
            };
            let workspace = workspace.as_str().trim_end_matches('/');
            format!(" of {workspace}{gone}")
        }
        None => String::new(),
    }
}

/// Whether a lane is of a folder, or of one that is gone.
fn is_of(lane: &LaneInfo, folder: &Utf8Path) -> bool {
    let workspace = lane.workspace.as_deref();
    workspace.is_some_and(|workspace| match workspace.canonicalize_utf8() {
        Ok(workspace) => workspace == folder,
        Err(error) => error.kind() == ErrorKind::NotFound,
    })
}

fn finding(lane: &LaneInfo) -> Finding {
    let whose = whose(lane);
    let size = size(lane.bytes);
    let name = lane.folder.file_name().unwrap_or_default();
    match &lane.state {
        LaneState::Free => Finding::ok(LANES, name, format!("{size}, free{whose}")),
        LaneState::InUse { name: user } => {
            let user = user.as_deref().unwrap_or("somebody");
            Finding::ok(LANES, name, format!("{size}, in use by {user}{whose}"))
        }
        LaneState::Holds { name: held } => Finding::warning(
            LANES,
            name,
            format!("{size}, holds what {held} left{whose}"),
            "the next cycle saves it; until then it stays",
        ),
        LaneState::Unknown => Finding::warning(
            LANES,
            name,
            format!("{size}, nobody knows what it holds: {}", lane.folder),
            "look into it, and remove the folder if you do not need it",
        ),
    }
}

/// Removes lanes that hold nothing, and says what became of each: of every folder, or of this one
/// and those that are gone.
pub(super) fn clean(dirs: &Dirs, which: WhoseLanes, folder: &Utf8Path, screen: &mut Screen) {
    let at = SystemTime::UNIX_EPOCH + edge::since_epoch();
    let wanted = |lane: &LaneInfo| which == WhoseLanes::All || is_of(lane, folder);
    let cleaned = Lanes::clean_some(dirs, Which::Free, at, wanted);
    for lane in &cleaned.removed {
        let place = paint(PLACE, &lane.folder);
        let (size, whose) = (size(lane.bytes), whose(lane));
        screen.line(&format!("removed {place}, {size},{whose}"));
    }
    for kept in &cleaned.kept {
        let why = match &kept.why {
            Some(error) => error.to_string(),
            None => "it is in use".to_owned(),
        };
        let folder = paint(PLACE, &kept.lane.folder);
        screen.line(&format!("{} {folder}: {why}", paint(WARNING, "kept")));
    }
    let bytes = cleaned.removed.iter().map(|lane| lane.bytes).sum();
    let lanes = words::many(cleaned.removed.len(), "lane");
    screen.line(&format!("{lanes} removed, {}.", size(bytes)));
    let (free, held): (Vec<_>, Vec<_>) = Lanes::list(dirs)
        .into_iter()
        .partition(|lane| lane.state == LaneState::Free);
    if !held.is_empty() {
        let held = words::many(held.len(), "lane");
        screen.line(&paint(
            DIM,
            format_args!("{held} in use or with work in it"),
        ));
    }
    if !free.is_empty() {
        let free = words::many(free.len(), "lane");
        let all = "`greenward doctor --clean-lanes=all` removes those too";
        screen.line(&paint(DIM, format_args!("{free} of other folders: {all}")));
    }
}

/// A size at a glance: `12 KiB`, `3.4 MiB`, `1.2 GiB`.
fn size(bytes: u64) -> String {
    #[expect(
        clippy::cast_precision_loss,
        reason = "one digit after the point is shown"
    )]
    let in_units = |unit: u64| bytes as f64 / unit as f64;
    match bytes {
        0..0x10_0000 => format!("{} KiB", bytes / 1024),
        0x10_0000..0x4000_0000 => format!("{:.1} MiB", in_units(0x10_0000)),
        _ => format!("{:.1} GiB", in_units(0x4000_0000)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short() {
        for (bytes, expected) in [
            (0, "0 KiB"),
            (5 << 10, "5 KiB"),
            (7 << 19, "3.5 MiB"),
            (5 << 28, "1.2 GiB"),
        ] {
            assert_eq!(size(bytes), expected);
        }
    }
}
