//! Several files written as one string.

/// Splits a fixture into paths and texts.
///
/// A line `//- path` opens a file, up to the next such line. The indentation that all lines of the
/// fixture share is taken off, so that a fixture can be indented with the test around it.
///
/// # Panics
///
/// If text stands before the first path.
pub(crate) fn split(fixture: &str) -> Vec<(String, String)> {
    let indent = fixture
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| line.len() - line.trim_start().len())
        .min()
        .unwrap_or(0);
    let mut files: Vec<(String, String)> = Vec::new();
    for line in fixture.lines() {
        let line = line.get(indent..).unwrap_or("");
        if let Some(path) = line.strip_prefix("//- ") {
            files.push((path.trim().to_owned(), String::new()));
        } else if let Some((_, text)) = files.last_mut() {
            text.push_str(line);
            text.push('\n');
        } else {
            assert!(line.is_empty(), "text before the first `//- path`: {line}");
        }
    }
    // The line that closes the string literal is no line of the last file.
    if let Some((_, text)) = files.last_mut()
        && text.ends_with("\n\n")
    {
        text.pop();
    }
    files
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn files_and_indentation() {
        let files = split(
            "
            //- src/lib.rs
            mod a {
                fn b() {}
            }
            //- Cargo.toml
            [package]
            ",
        );
        assert_eq!(
            files,
            [
                ("src/lib.rs".into(), "mod a {\n    fn b() {}\n}\n".into()),
                ("Cargo.toml".into(), "[package]\n".into()),
            ]
        );
    }

    #[test]
    #[should_panic(expected = "text before the first")]
    fn text_without_a_path_is_refused() {
        split("fn a() {}\n//- a.rs\n");
    }
}
