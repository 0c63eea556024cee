//! What is mounted where, so that a view is as it should be. Pure: mounting is the view's.

use std::path::{Path, PathBuf};

use greenward_core::Access;

use super::Places;

/// One thing to mount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layer {
    pub(super) path: PathBuf,
    pub(super) kind: Kind,
    /// Whether the order names it.
    pub(super) is_named: bool,
    /// Whether it lies in an empty folder, where there is nothing to mount it on.
    pub(super) is_in_hidden: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// What is written there is thrown away.
    Overlay,
    /// It is as it was before anything was covered or sealed.
    Bind,
    /// The same, and nobody writes there, whatever may be written above.
    Show,
    /// Something empty lies over it.
    Hide,
}

/// What to mount, in order, so that every place is as it should be. An overlay does not show what
/// is mounted beneath its place, so that is covered by one of its own.
pub(super) fn plan(places: &Places, mount_points: &[PathBuf]) -> Vec<Layer> {
    // What lies over the top would not be seen: everybody stands on what is beneath.
    let named = places.0.iter().filter(|(path, _)| path.parent().is_some());
    let mut all: Vec<(&Path, Option<Access>)> = named
        .map(|(path, access)| (path.as_path(), Some(*access)))
        .collect();
    for point in mount_points {
        if !all.iter().any(|(path, _)| path == point) {
            all.push((point, None));
        }
    }
    all.sort_by(|one, other| one.0.cmp(other.0));
    let mut layers: Vec<Layer> = Vec::new();
    for (path, access) in all {
        let above = layers
            .iter()
            .rev()
            .find(|layer| path.starts_with(&layer.path))
            .map(|layer| layer.kind);
        let is_mounted = mount_points.iter().any(|point| point == path);
        let Some(kind) = kind(access, above, is_mounted) else {
            continue;
        };
        layers.push(Layer {
            path: path.to_owned(),
            kind,
            is_named: access.is_some(),
            is_in_hidden: above == Some(Kind::Hide),
        });
    }
    layers
}

/// What is mounted at a place, by what lies over what is above it; nothing if it is as it should be.
fn kind(access: Option<Access>, above: Option<Kind>, is_mounted: bool) -> Option<Kind> {
    let is_covered = above == Some(Kind::Overlay);
    match access {
        // What is mounted there is not seen through what covers it.
        None => is_covered.then_some(Kind::Overlay),
        Some(Access::Passing | Access::Apparent) => {
            (!is_covered || is_mounted).then_some(Kind::Overlay)
        }
        // All that nothing covers is sealed.
        Some(Access::Kept) => (above != Some(Kind::Bind)).then_some(Kind::Bind),
        Some(Access::Shown) => (above == Some(Kind::Hide)).then_some(Kind::Show),
        Some(Access::Hidden) => (above != Some(Kind::Hide)).then_some(Kind::Hide),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What can be done there before each place.
    fn check(places: &[&str], mounts: &[&str], expected: &[&str]) {
        let places = places.iter().map(|place| {
            let (word, path) = place.split_once(' ').unwrap();
            let access = match word {
                "kept" => Access::Kept,
                "passing" => Access::Passing,
                "apparent" => Access::Apparent,
                "shown" => Access::Shown,
                "hidden" => Access::Hidden,
                word => panic!("{word}"),
            };
            (PathBuf::from(path), access)
        });
        let mounts: Vec<PathBuf> = mounts.iter().map(PathBuf::from).collect();
        let layers: Vec<String> = plan(&Places::sorted(places), &mounts)
            .iter()
            .map(|layer| format!("{:?} {}", layer.kind, layer.path.display()))
            .collect();
        assert_eq!(layers, expected);
    }

    #[test]
    fn overlays_cover_and_what_is_kept_lies_over_them() {
        check(
            &["apparent /home/u", "kept /home/u/lane", "kept /srv/lane"],
            &["/", "/proc"],
            &["Overlay /home/u", "Bind /home/u/lane", "Bind /srv/lane"],
        );
    }

    #[test]
    fn one_overlay_covers_all_beneath() {
        check(
            &["apparent /tmp", "passing /tmp/a", "apparent /tmp/b/c"],
            &[],
            &["Overlay /tmp"],
        );
    }

    #[test]
    fn within_what_is_kept_there_can_be_overlays() {
        check(
            &[
                "apparent /a",
                "kept /a/b",
                "passing /a/b/c",
                "kept /a/b/c/d",
            ],
            &[],
            &["Overlay /a", "Bind /a/b", "Overlay /a/b/c", "Bind /a/b/c/d"],
        );
    }

    #[test]
    fn what_is_mounted_beneath_is_covered_by_itself() {
        check(
            &["apparent /home", "passing /home/a", "kept /home/b"],
            &["/", "/home", "/home/a", "/home/b", "/home/u/disk", "/mnt"],
            &[
                "Overlay /home",
                "Overlay /home/a",
                "Bind /home/b",
                "Overlay /home/u/disk",
            ],
        );
    }

    #[test]
    fn what_is_hidden_has_only_what_is_named_in_it() {
        check(
            &[
                "apparent /home",
                "hidden /home/project",
                "hidden /home/project/tests",
                "shown /home/project/.venv",
                "kept /home/project/lane",
                "apparent /home/project/build",
                "shown /home/tools",
                "hidden /srv/cache",
                "passing /srv/cache/1/tree",
            ],
            &["/", "/home/project/disk"],
            &[
                "Overlay /home",
                "Hide /home/project",
                "Show /home/project/.venv",
                "Overlay /home/project/build",
                "Bind /home/project/lane",
                "Hide /srv/cache",
                "Overlay /srv/cache/1/tree",
            ],
        );
    }

    #[test]
    fn the_top_is_left() {
        check(&["apparent /", "passing /tmp"], &["/"], &["Overlay /tmp"]);
    }
}
