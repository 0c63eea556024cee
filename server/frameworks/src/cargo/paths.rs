//! Paths as text: nothing here looks at a disk.

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

/// The path without `.` and `..`, as far as that can be said without looking.
pub(super) fn normalized(path: &Utf8Path) -> Utf8PathBuf {
    let mut plain = Utf8PathBuf::new();
    for component in path.components() {
        match component {
            Utf8Component::CurDir => {}
            Utf8Component::ParentDir => {
                if !plain.pop() {
                    plain.push("..");
                }
            }
            other => plain.push(other),
        }
    }
    plain
}

/// `path` as seen from `folder`, with `/` between its parts; as it is, if it lies elsewhere.
pub(super) fn relative(folder: &Utf8Path, path: &Utf8Path) -> String {
    let inside = path.strip_prefix(folder).unwrap_or(path);
    inside.as_str().replace('\\', "/")
}
