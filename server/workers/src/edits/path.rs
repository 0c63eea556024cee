//! What may be a path of an edit, as text.

use thiserror::Error;

/// Why a path is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PathError {
    /// It is empty.
    #[error("it is empty")]
    Empty,
    /// It is absolute.
    #[error("it is absolute; paths start at the root of the project")]
    Absolute,
    /// It has a step `..`, `.` or an empty one.
    #[error("it has an empty step, or one of dots")]
    Dots,
    /// It leads into a git directory.
    #[error("it leads into a git directory")]
    Git,
    /// It holds a character that a portable path does not have.
    #[error("it holds a control character or one of `\\ : * ? \" < > |`")]
    Character,
}

/// Whether `path` can be that of a file beneath a lane.
///
/// This looks at the text alone. A symbolic link can still lead elsewhere, so whoever writes must
/// hold every step beneath the lane when the file is opened.
///
/// # Errors
/// If it cannot.
pub fn check_path(path: &str) -> Result<(), PathError> {
    if path.is_empty() {
        return Err(PathError::Empty);
    }
    let drive = path.as_bytes().get(1) == Some(&b':');
    if path.starts_with(['/', '~']) || drive {
        return Err(PathError::Absolute);
    }
    let odd = |char: char| char.is_control() || "\\:*?\"<>|".contains(char);
    if path.chars().any(odd) {
        return Err(PathError::Character);
    }
    for step in path.split('/') {
        // Some file systems drop dots and spaces at the end of a name, or join what differs only
        // in characters that are not seen.
        let seen: String = step.chars().filter(|&char| !is_ignorable(char)).collect();
        let name = seen.trim_end_matches(['.', ' ']).to_lowercase();
        if name.is_empty() {
            return Err(PathError::Dots);
        }
        if name == ".git" || name == "git~1" {
            return Err(PathError::Git);
        }
    }
    Ok(())
}

/// Whether a file system such as HFS+ passes over the character when it compares names.
fn is_ignorable(char: char) -> bool {
    matches!(
        char,
        '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, expected: Result<(), PathError>) {
        assert_eq!(check_path(path), expected, "{path:?}");
    }

    #[test]
    fn paths_beneath_a_lane_are_taken() {
        for path in [
            "a",
            "src/lib.rs",
            "a b/ü.py",
            ".github/x.yml",
            ".gitignore",
            "src/[id]/page.tsx",
            "a..b",
            "@x/(y)/$z.ts",
        ] {
            check(path, Ok(()));
        }
    }

    #[test]
    fn what_leads_elsewhere_is_not() {
        use PathError::{Absolute, Character, Dots, Empty, Git};
        for (path, error) in [
            ("", Empty),
            ("/etc/passwd", Absolute),
            ("~/x", Absolute),
            ("C:/x", Absolute),
            ("../x", Dots),
            ("a/../../x", Dots),
            ("./a", Dots),
            ("a//b", Dots),
            ("a/", Dots),
            ("a/.. /b", Dots),
            (".git/config", Git),
            ("a/.GIT/hooks/x", Git),
            (".git", Git),
            (".git./config", Git),
            (".g\u{200c}it/config", Git),
            ("GIT~1/config", Git),
            ("a\\b", Character),
            ("a\0b", Character),
            ("a\nb", Character),
            (".git:stream/x", Character),
        ] {
            check(path, Err(error));
        }
    }
}
