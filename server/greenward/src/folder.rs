//! Which folder a command is about.

use camino::{Utf8Path, Utf8PathBuf};

/// What stands at the top of a project: a folder that has one of these is looked at as a whole.
const MARKERS: &[&str] = &[
    ".git",
    ".tdd",
    "Cargo.toml",
    "pyproject.toml",
    "pytest.ini",
    "tox.ini",
    "setup.cfg",
    "setup.py",
];

/// The folder at `path` or nearest above it that has a project in it; if there is none, `path`
/// itself, or the folder that it is in if it is a file.
///
/// `exists` tells whether there is a file or folder at a path, `is_folder` whether it is a folder.
pub(crate) fn around(
    path: &Utf8Path,
    exists: impl Fn(&Utf8Path) -> bool,
    is_folder: impl Fn(&Utf8Path) -> bool,
) -> Utf8PathBuf {
    let start = match path.parent() {
        Some(parent) if !is_folder(path) => parent,
        _ => path,
    };
    start
        .ancestors()
        .find(|folder| MARKERS.iter().any(|marker| exists(&folder.join(marker))))
        .unwrap_or(start)
        .to_owned()
}

/// `path` as the file system itself writes it, absolute and without links.
///
/// # Errors
/// If there is nothing there, or its path is no UTF-8.
pub(crate) fn canonical(path: &Utf8Path, working: &Utf8Path) -> std::io::Result<Utf8PathBuf> {
    working.join(path).canonicalize_utf8()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, there: &[&str], expected: &str) {
        let exists = |path: &Utf8Path| there.iter().any(|one| path == *one);
        let is_folder = |path: &Utf8Path| path.extension().is_none();
        assert_eq!(around(path.into(), exists, is_folder), expected, "{path}");
    }

    #[test]
    fn the_nearest_marked_folder_is_the_workspace() {
        let there = [
            "/home/.git",
            "/home/w/pyproject.toml",
            "/home/w/sub/Cargo.toml",
        ];
        check("/home/w/tests/unit", &there, "/home/w");
        check("/home/w", &there, "/home/w");
        check("/home/w/sub/src/lib.rs", &there, "/home/w/sub");
        check("/home/other", &there, "/home");
    }

    #[test]
    fn without_a_mark_it_is_the_folder_itself() {
        check("/a/b", &[], "/a/b");
        check("/a/b/test_c.py", &[], "/a/b");
        check("/", &[], "/");
    }
}
