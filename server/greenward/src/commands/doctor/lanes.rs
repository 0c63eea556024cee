//! Looking at the lanes, the working copies of cycles, and removing those that hold nothing.

use std::time::SystemTime;

use greenward_workspace::dirs::Dirs;
use greenward_workspace::lane::{LaneInfo, LaneState, Lanes, Which};

use super::finding::Finding;
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

fn finding(lane: &LaneInfo) -> Finding {
    let whose = match &lane.workspace {
        Some(workspace) => format!(" of {}", workspace.as_str().trim_end_matches('/')),
        None => String::new(),
    };
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

/// Removes the lanes that hold nothing, and says what became of each.
pub(super) fn clean(dirs: &Dirs, screen: &mut Screen) {
    let at = SystemTime::UNIX_EPOCH + edge::since_epoch();
    let cleaned = Lanes::clean(dirs, Which::Free, at);
    for lane in &cleaned.removed {
        let folder = paint(PLACE, &lane.folder);
        screen.line(&format!("removed {folder}, {}", size(lane.bytes)));
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
    let left = Lanes::list(dirs).len();
    if left > 0 {
        let left = words::many(left, "lane");
        screen.line(&paint(
            DIM,
            format_args!("{left} in use or with work in it"),
        ));
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
