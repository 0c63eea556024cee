//! The editor's unsaved text, laid over what is on disk.

use camino::{Utf8Path, Utf8PathBuf};

use super::{Overlay, SnapshotError, Taking};
use crate::objects::listing::Entry;
use crate::scan::names::is_git_folder;
use crate::scan::rules::InFolder;
use crate::scan::stamp::Kind;

/// What editors do not show at the start of a file.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Lays it over the files. Text of files outside, or that are ignored, does not count.
pub(super) fn lay(taking: &mut Taking<'_>, overlay: &Overlay) -> Result<(), SnapshotError> {
    for (path, text) in overlay {
        let Some(path) = place(taking.store.top(), path) else {
            continue;
        };
        let before = taking.files.0.get(path.as_str()).copied();
        if before.is_none() && is_ignored(taking, &path) {
            continue;
        }
        let kind = match before.map(|entry| entry.kind) {
            Some(Kind::Executable) => Kind::Executable,
            _ => Kind::Plain,
        };
        let mut content = text.as_bytes().to_vec();
        if let Some(entry) = before {
            let on_disk = taking.store.content(taking.repository, entry.blob)?;
            if on_disk.starts_with(BYTE_ORDER_MARK) && !content.starts_with(BYTE_ORDER_MARK) {
                content.splice(..0, BYTE_ORDER_MARK.iter().copied());
            }
        }
        let blob = taking.blob(&content)?;
        taking
            .files
            .0
            .insert(path.into_string(), Entry { kind, blob });
    }
    Ok(())
}

/// Where in the tree an open file is: where its links lead, as far as it is on disk.
fn place(top: &Utf8Path, path: &Utf8Path) -> Option<Utf8PathBuf> {
    let real = path.canonicalize_utf8().ok().or_else(|| {
        let mut missing = vec![path.file_name()?];
        let mut folder = path.parent()?;
        loop {
            if let Ok(real) = folder.canonicalize_utf8() {
                return Some(
                    missing
                        .iter()
                        .rev()
                        .fold(real, |path, name| path.join(name)),
                );
            }
            missing.push(folder.file_name()?);
            folder = folder.parent()?;
        }
    })?;
    let inner = real.strip_prefix(top).ok()?;
    let is_plain = inner.file_name().is_some()
        && !inner
            .components()
            .any(|name| is_git_folder(name.as_str()) || name.as_str() == "..");
    is_plain.then(|| inner.to_path_buf())
}

/// Whether a file that is not on disk would be ignored.
fn is_ignored(taking: &Taking<'_>, path: &Utf8Path) -> bool {
    let rules = taking.store.rules(taking.repository);
    let mut here = InFolder::top();
    let mut folder = String::new();
    let mut names = path.as_str().split('/').peekable();
    while let Some(name) = names.next() {
        let file = Utf8Path::new(&folder).join(".gitignore");
        if let Ok(text) = taking.root.read(file.as_str(), Kind::Plain) {
            here = here.with(&folder, &String::from_utf8_lossy(&text));
        }
        let inner = Utf8Path::new(&folder).join(name).into_string();
        let is_folder = names.peek().is_some();
        let is_ignored = here.ignores(&rules, &inner, is_folder);
        here = here.within(is_ignored);
        if is_ignored {
            return !taking.tracked.contains(path.as_str());
        }
        folder = inner;
    }
    false
}
