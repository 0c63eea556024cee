//! The list of a test binary's tests, as `--list` prints it.

use serde::Deserialize;

/// A test that a binary has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// Its file as the compiler was given it, and the line of its name, from 1. Text has none.
    pub place: Option<(String, u32)>,
    /// Whether it is run only on request.
    pub ignored: bool,
}

#[derive(Deserialize)]
struct Discovered {
    event: String,
    name: Option<String>,
    #[serde(default)]
    ignore: bool,
    source_path: Option<String>,
    start_line: Option<u32>,
}

/// Reads `--list --format json`. Nothing, if the list has no proper end.
#[must_use]
pub fn listed_json(output: &str) -> Option<Vec<Listed>> {
    let mut listed = Vec::new();
    let mut complete = false;
    for line in output.lines() {
        let Ok(event) = serde_json::from_str::<Discovered>(line) else {
            continue;
        };
        match (event.event.as_str(), event.name) {
            ("discovered", Some(name)) => listed.push(Listed {
                name,
                place: event.source_path.zip(event.start_line),
                ignored: event.ignore,
            }),
            ("completed", _) => complete = true,
            _ => {}
        }
    }
    complete.then_some(listed)
}

/// Reads `--list`. Nothing, if the list has no proper end.
#[must_use]
pub fn listed_text(output: &str) -> Option<Vec<Listed>> {
    let listed: Vec<Listed> = output
        .lines()
        .filter_map(|line| {
            let name = line
                .strip_suffix(": test")
                .or_else(|| line.strip_suffix(": benchmark"))?;
            Some(Listed {
                name: name.to_owned(),
                place: None,
                ignored: false,
            })
        })
        .collect();
    let complete = listed.is_empty() || output.lines().any(|line| line.contains(" benchmark"));
    complete.then_some(listed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_in_both_formats() {
        let json = listed_json(include_str!("../recordings/list.jsonl")).unwrap();
        let text = listed_text(include_str!("../recordings/list.txt")).unwrap();
        let names = |list: &[Listed]| -> Vec<String> {
            list.iter().map(|test| test.name.clone()).collect()
        };
        assert_eq!(names(&json), names(&text));
        let ignored = json.iter().find(|test| test.ignored).unwrap();
        assert_eq!(ignored.name, "tests::ignored");
        assert_eq!(json[0].place, Some(("src/lib.rs".to_owned(), 113)));
    }

    #[test]
    fn a_list_that_breaks_off_is_none() {
        let cut = include_str!("../recordings/list.jsonl")
            .lines()
            .take(5)
            .collect::<Vec<_>>()
            .join("\n");
        assert_eq!(listed_json(&cut), None);
        assert_eq!(listed_text("a: test\nb: te"), None);
    }
}
