//! INI files as pytest reads them (`pytest.ini`, `tox.ini`, `setup.cfg`).
//!
//! Sections in brackets, `name = value` or `name: value` at the start of a line, a value goes on in
//! lines that are indented. Lines that begin with `#` or `;` are comments.

use std::collections::BTreeMap;

/// A line that is neither a section, a value nor a comment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(super) struct IniError {
    /// What is wrong with the line.
    pub(super) message: &'static str,
    /// The line, from 0.
    pub(super) line: u32,
}

/// The values of one section; nothing if there is no such section.
pub(super) fn section(
    text: &str,
    wanted: &str,
) -> Result<Option<BTreeMap<String, String>>, IniError> {
    let mut found: Option<BTreeMap<String, String>> = None;
    let mut here = false;
    let mut any_section = false;
    let mut last: Option<String> = None;
    for (number, line) in (0u32..).zip(text.lines()) {
        let error = |message| IniError {
            message,
            line: number,
        };
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        if line.starts_with(char::is_whitespace) {
            let name = last
                .as_ref()
                .ok_or(error("an indented line continues no value"))?;
            if let Some(value) = found
                .as_mut()
                .filter(|_| here)
                .and_then(|values| values.get_mut(name))
            {
                value.push('\n');
                value.push_str(trimmed);
            }
        } else if let Some(rest) = trimmed.strip_prefix('[') {
            let name = rest.split(']').next().filter(|_| rest.contains(']'));
            let name = name.ok_or(error("the section's name has no closing bracket"))?;
            here = name == wanted;
            any_section = true;
            last = None;
            if here {
                found.get_or_insert_default();
            }
        } else {
            let (name, value) = trimmed
                .split_once(['=', ':'])
                .ok_or(error("expected `name = value`"))?;
            if !any_section {
                return Err(error("a value stands before the first section"));
            }
            last = Some(name.trim().to_owned());
            if let Some(values) = found.as_mut().filter(|_| here) {
                values.insert(name.trim().to_owned(), value.trim().to_owned());
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<Option<&[(&str, &str)]>, u32>) {
        let actual = section(text, "pytest");
        let actual = actual.map_err(|error| error.line);
        let expected = expected.map(|values| {
            values.map(|values| {
                let owned =
                    |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
                values.iter().map(owned).collect()
            })
        });
        assert_eq!(actual, expected, "of {text:?}");
    }

    #[test]
    fn values_of_the_section() {
        check(
            "[pytest]\na = 1\nb: x y\n",
            Ok(Some(&[("a", "1"), ("b", "x y")])),
        );
        check(
            "[pytest]\na =\n  x\n  # no\n  y\n",
            Ok(Some(&[("a", "\nx\ny")])),
        );
        check(
            "; c\n[tox]\nenv = 1\n  2\n[pytest]\n[other]\nb = 1\n",
            Ok(Some(&[])),
        );
        check("[tox]\na = 1", Ok(None));
        check("", Ok(None));
    }

    #[test]
    fn broken_lines_are_named() {
        check("[pytest]\nwhat", Err(1));
        check("[pytest\na = 1", Err(0));
        check("a = 1", Err(0));
        check("[pytest]\n\n  x", Err(2));
    }
}
