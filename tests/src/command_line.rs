//! `greenward test --json`, its lines read.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{Finished, World};

/// What `greenward test --json` said and how it ended.
#[derive(Debug)]
pub struct Tested {
    /// The exit code; nothing if a signal ended it.
    pub code: Option<i32>,
    /// What it wrote for people.
    pub stderr: String,
    /// All lines of stdout.
    pub events: Vec<Value>,
}

impl World {
    /// Runs `greenward test --json --trust` with further arguments in the workspace.
    ///
    /// # Panics
    ///
    /// If it does not end, or writes what is not JSON Lines.
    #[must_use]
    pub fn test(&self, args: &[&str]) -> Tested {
        let mut all = vec!["test", "--json", "--trust"];
        all.extend(args);
        Tested::read(self.greenward(&all))
    }
}

impl Tested {
    /// Reads a finished run.
    fn read(finished: Finished) -> Self {
        let events = finished
            .stdout
            .lines()
            .map(|line| match serde_json::from_str(line) {
                Ok(event) => event,
                Err(error) => panic!("{error} in the line {line}\n{}", finished.stderr),
            })
            .collect();
        Self {
            code: finished.code,
            stderr: finished.stderr,
            events,
        }
    }

    /// The events of one kind.
    pub fn events(&self, kind: &str) -> impl Iterator<Item = &Value> {
        self.events
            .iter()
            .filter(move |event| event["event"] == kind)
    }

    /// What became of each test, by its id.
    ///
    /// # Panics
    ///
    /// If a test finished twice, or the counts of the last line are not those of the tests.
    #[must_use]
    pub fn outcomes(&self) -> BTreeMap<String, String> {
        let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
        let mut outcomes = BTreeMap::new();
        for event in self.events("finished") {
            let before = outcomes.insert(text(&event["test"]), text(&event["outcome"]));
            assert_eq!(before, None, "finished twice: {event}");
        }
        let result = self.result();
        for outcome in ["passed", "failed", "errored", "skipped", "flaky"] {
            let counted = outcomes.values().filter(|found| *found == outcome).count();
            let said = result["counts"][outcome].as_u64();
            assert_eq!(said, Some(counted as u64), "{outcome} in {result}");
        }
        outcomes
    }

    /// What became of each run: `passed`, `didNotBuild`, ...
    #[must_use]
    pub fn runs(&self) -> Vec<&str> {
        let runs = self.result()["runs"].as_array();
        runs.map(|runs| runs.iter().filter_map(|run| run["outcome"].as_str()))
            .into_iter()
            .flatten()
            .collect()
    }

    /// The last line.
    fn result(&self) -> &Value {
        match self.events.last() {
            Some(last) if last["event"] == "result" => last,
            last => panic!("the last line is no result: {last:?}\n{}", self.stderr),
        }
    }
}
