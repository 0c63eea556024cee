//! The files that a spec names.

use std::collections::HashSet;

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

use super::{Found, Workspace};
use crate::front_matter::{TARGET, TESTS};
use crate::name::nearest;
use crate::problem::{Code, or_rather, quoted};
use crate::spec::{FrontMatter, Text};

/// After how many problems no more files are compared with all others.
const EXPLAINED: usize = 10;

pub(super) fn check(front_matter: &FrontMatter, workspace: &Workspace, found: &mut Found) {
    let mut named = HashSet::new();
    for target in &front_matter.targets {
        if named.insert(target.text.as_str()) {
            check_one(TARGET, target, workspace, found);
        } else {
            let message = format!("{} is named twice", quoted(&target.text));
            found.add(Code::KeyTwice, target.range, message);
        }
    }
    if let Some(tests) = &front_matter.tests {
        check_one(TESTS, tests, workspace, found);
    }
}

fn check_one(key: &str, named: &Text, workspace: &Workspace, found: &mut Found) {
    if let Some(what) = out_of_bounds(&named.text) {
        let message = format!(
            "{} {what}: {key} must be a path in the workspace folder, such as `src/roman.rs`",
            quoted(&named.text)
        );
        return found.add(Code::BadPath, named.range, message);
    }
    let Some(files) = workspace.files.as_ref().filter(|_| !found.is_full()) else {
        return;
    };
    let path = normal(&named.text);
    if files.contains(&path) {
        return;
    }
    if files.iter().any(|file| file.starts_with(&path)) {
        let message = format!("{} is a folder: name a file in it", quoted(&named.text));
        return found.add(Code::BadPath, named.range, message);
    }
    let near = match found.0.len() < EXPLAINED {
        true => near_paths(&path, files),
        false => Vec::new(),
    };
    // A file for tests that are yet to be written is rarely there.
    if key == TARGET || !near.is_empty() {
        let near: Vec<&str> = near.iter().map(|path| path.as_str()).collect();
        let message = format!(
            "{} is not there and will be created{}",
            quoted(&named.text),
            or_rather(&near)
        );
        found.add(Code::NoSuchFile, named.range, message);
    }
}

/// Why a path does not lead to a file in the workspace folder.
fn out_of_bounds(path: &str) -> Option<&'static str> {
    let bytes = path.as_bytes();
    let has_drive =
        bytes.first().is_some_and(u8::is_ascii_alphabetic) && bytes.get(1) == Some(&b':');
    let mut parts = Utf8Path::new(path).components();
    if path.trim().is_empty() {
        Some("names nothing")
    } else if path.chars().any(char::is_control) {
        Some("has characters that no path should have")
    } else if path.contains('\\') {
        Some("has backslashes, and paths are written with `/` on every system")
    } else if path.starts_with(['/', '~']) || has_drive {
        Some("is absolute")
    } else if parts.clone().any(|part| part == Utf8Component::ParentDir) {
        Some("leads out with `..`")
    } else if path.ends_with('/') || parts.all(|part| part == Utf8Component::CurDir) {
        Some("is a folder")
    } else {
        None
    }
}

/// A path without `.` in it.
fn normal(path: &str) -> Utf8PathBuf {
    let parts = Utf8Path::new(path).components();
    parts
        .filter(|part| *part != Utf8Component::CurDir)
        .collect()
}

/// The files that may have been meant: of the same name, or nearly the same path.
fn near_paths<'a>(path: &Utf8Path, files: &'a [Utf8PathBuf]) -> Vec<&'a Utf8Path> {
    let mut near: Vec<&Utf8Path> = Vec::new();
    let same_name = files
        .iter()
        .filter(|file| file.file_name() == path.file_name());
    near.extend(same_name.map(Utf8PathBuf::as_path));
    let same_kind = files
        .iter()
        .filter(|file| file.extension() == path.extension());
    for file in nearest(path.as_str(), same_kind.map(|file| file.as_str()), 3) {
        let is_close = strsim::normalized_damerau_levenshtein(path.as_str(), file) >= 0.8;
        if is_close && !near.contains(&Utf8Path::new(file)) {
            near.push(Utf8Path::new(file));
        }
    }
    // A name that many files have, such as `mod.rs`, tells nothing.
    if near.len() > 3 {
        near.clear();
    }
    near
}
