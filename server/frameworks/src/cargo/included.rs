//! The files that a Rust file includes when it is compiled: `include_str!`, `include_bytes!` and
//! `include!` with a path that is written out.
//!
//! Found in the plain text, function bodies and comments included: that finds too much now and
//! then. A path that other macros make up is not found, but for the folder of the package, which
//! cargo gives: `concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md")`.

use camino::{Utf8Path, Utf8PathBuf};

use super::paths::normalized;

/// A path that is included, and where it starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Included {
    /// At the folder of the file that includes it.
    BesideFile(Utf8PathBuf),
    /// At the folder of its package.
    InPackage(Utf8PathBuf),
}

impl Included {
    /// The path, absolute, as `file` of the package in `package` includes it.
    pub(super) fn path(&self, file: &Utf8Path, package: &Utf8Path) -> Utf8PathBuf {
        match self {
            Included::BesideFile(path) => {
                normalized(&file.parent().unwrap_or(Utf8Path::new("")).join(path))
            }
            Included::InPackage(path) => normalized(&package.join(path)),
        }
    }
}

/// What a text includes, in the order of the text.
pub(super) fn included(text: &str) -> Vec<Included> {
    text.match_indices("include")
        .filter(|(at, _)| !text[..*at].ends_with(is_of_word))
        .filter_map(|(at, word)| {
            let rest = &text[at + word.len()..];
            let rest = rest.strip_prefix("_str").unwrap_or(rest);
            let rest = rest.strip_prefix("_bytes").unwrap_or(rest);
            let argument = argument(rest)?;
            if let Some((path, _)) = literal(argument) {
                return Some(Included::BesideFile(path.into()));
            }
            let parts = self::argument(argument.strip_prefix("concat")?)?;
            let (name, rest) = literal(self::argument(parts.strip_prefix("env")?)?)?;
            let rest = rest.trim_start().strip_prefix(')')?;
            (name == "CARGO_MANIFEST_DIR").then(|| {
                let path: String = literals(rest).collect();
                Included::InPackage(path.trim_start_matches('/').into())
            })
        })
        .collect()
}

fn is_of_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// What stands after `!(` of a macro call, whatever its bracket.
fn argument(text: &str) -> Option<&str> {
    let open = text.trim_start().strip_prefix('!')?.trim_start();
    Some(open.strip_prefix(['(', '[', '{'])?.trim_start())
}

/// The literals that a list goes on with, each after a comma.
fn literals(mut text: &str) -> impl Iterator<Item = &str> {
    std::iter::from_fn(move || {
        let (value, rest) = literal(text.trim_start().strip_prefix(',')?.trim_start())?;
        text = rest;
        Some(value)
    })
}

/// The string literal that a text starts with, and what follows. One with escapes is no path that
/// anybody writes.
fn literal(text: &str) -> Option<(&str, &str)> {
    let (hashes, rest) = match text.strip_prefix('r') {
        Some(raw) => {
            let rest = raw.trim_start_matches('#');
            (raw.len() - rest.len(), rest)
        }
        None => (0, text),
    };
    let end = format!("\"{}", "#".repeat(hashes));
    let (value, rest) = rest.strip_prefix('"')?.split_once(&end)?;
    let is_path = !value.is_empty() && !value.contains(['\\', '\n']);
    is_path.then_some((value, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let package = Utf8Path::new("/w/p");
        let found: Vec<Utf8PathBuf> = included(text)
            .iter()
            .map(|included| included.path(Utf8Path::new("/w/p/src/lib.rs"), package))
            .collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn paths_that_are_written_out() {
        check("include_str!(\"a.txt\")", &["/w/p/src/a.txt"]);
        check(
            "include_bytes! [ r#\"../../data/b.bin\"# ]",
            &["/w/data/b.bin"],
        );
        check("std::include!{\n\"/abs/c.rs\"\n}", &["/abs/c.rs"]);
        check(
            "#![doc = include_str!(\"../../README.md\")]\nfn f() { include_str!(\"x\"); }",
            &["/w/README.md", "/w/p/src/x"],
        );
        check(
            "include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/../\", \"README.md\"))",
            &["/w/README.md"],
        );
    }

    #[test]
    fn what_is_no_path_is_left() {
        for text in [
            "include!(concat!(env!(\"OUT_DIR\"), \"/x.rs\"))",
            "include_str!(PATH)",
            "include_dir!(\"a\")",
            "my_include!(\"a\")",
            "includes(\"a\")",
            "include_str!(\"",
            "include_str!(\"a\\\"b\")",
            "include",
        ] {
            check(text, &[]);
        }
    }
}
