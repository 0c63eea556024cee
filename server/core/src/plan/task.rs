//! What a plan and its tasks are.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

/// How many characters of a title go into an id.
const ID_LENGTH: usize = 48;

/// A spec taken apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// The spec, relative to the workspace folder.
    pub spec: Utf8PathBuf,
    /// What the spec is called.
    pub title: String,
    /// The tasks, in the order in which the spec has them.
    pub tasks: Vec<Task>,
}

/// One unit of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Task {
    /// Its name in the plan.
    pub id: TaskId,
    /// What it is called.
    pub title: String,
    /// The title of the requirement that it is a part of.
    pub requirement: String,
    /// The source files that it may write, relative to the workspace folder. Empty: the spec does
    /// not say, and it may be any.
    pub targets: Vec<Utf8PathBuf>,
    /// The file that its tests go to, relative to the workspace folder.
    pub tests: Option<Utf8PathBuf>,
    /// Its acceptance criteria, in the spec's words.
    pub criteria: Vec<String>,
    /// Examples that a person has accepted.
    pub examples: Vec<Example>,
    /// The tasks that must be done before it.
    pub depends_on: Vec<TaskId>,
}

impl Task {
    /// Whether both may write the same file, so that one of them must wait for the other.
    #[must_use]
    pub fn shares_a_file_with(&self, other: &Task) -> bool {
        let anywhere = self.targets.is_empty() || other.targets.is_empty();
        anywhere
            || self
                .writes()
                .any(|file| other.writes().any(|its| its == file))
    }

    /// The files that it is known to write.
    pub fn writes(&self) -> impl Iterator<Item = &Utf8Path> {
        let targets = self.targets.iter().map(Utf8PathBuf::as_path);
        targets.chain(self.tests.as_deref())
    }
}

/// A task's name: lower-case letters and digits of its title with `-` between them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TaskId(Arc<str>);

impl TaskId {
    /// The id for a title. Titles of any language have one.
    #[must_use]
    pub fn of_title(title: &str) -> Self {
        let mut id = String::new();
        let mut length = 0;
        for char in title.chars().flat_map(char::to_lowercase) {
            if length == ID_LENGTH {
                break;
            }
            if char.is_alphanumeric() {
                id.push(char);
            } else if !id.is_empty() && !id.ends_with('-') {
                id.push('-');
            } else {
                continue;
            }
            length += 1;
        }
        let id = id.trim_end_matches('-');
        Self(if id.is_empty() { "task" } else { id }.into())
    }

    /// Takes an id as somebody wrote it. It may name nothing.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        Self(text.into())
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The ids of a plan while it is made, so that each is there once.
#[derive(Debug, Clone, Default)]
pub struct TaskIds {
    taken: HashSet<TaskId>,
    /// How often each was wanted.
    wanted: HashMap<TaskId, u64>,
}

impl TaskIds {
    /// An id for a title that no task has yet. It is taken now.
    #[must_use]
    pub fn unique(&mut self, title: &str) -> TaskId {
        let plain = TaskId::of_title(title);
        let wanted = self.wanted.entry(plain.clone()).or_insert(0);
        loop {
            *wanted += 1;
            let id = match *wanted {
                1 => plain.clone(),
                number => TaskId(format!("{plain}-{number}").into()),
            };
            if self.taken.insert(id.clone()) {
                return id;
            }
        }
    }

    /// Takes an id that somebody wrote, whether or not a task has it already.
    pub fn take(&mut self, id: &TaskId) {
        self.taken.insert(id.clone());
    }
}

/// An example: what stands in each column of one row of a table.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Example {
    /// The values, in the order of the columns.
    pub values: Vec<ExampleValue>,
}

/// One value of an example.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExampleValue {
    /// The column's name.
    pub column: String,
    /// The value, as it was written.
    pub value: String,
}

impl Example {
    /// An example of columns and values.
    pub fn new(values: impl IntoIterator<Item = (String, String)>) -> Self {
        let values = values.into_iter();
        Self {
            values: values
                .map(|(column, value)| ExampleValue { column, value })
                .collect(),
        }
    }

    /// The columns' names.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.values.iter().map(|value| value.column.as_str())
    }
}

impl fmt::Display for Example {
    /// `n = 9, numeral = IX`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, ExampleValue { column, value }) in self.values.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{column} = {value}")?;
        }
        Ok(())
    }
}

/// What a requirement of a spec asks for. A plan is held against these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// The requirement's title.
    pub requirement: String,
    /// Its acceptance criteria.
    pub criteria: Vec<String>,
    /// Its examples.
    pub examples: Vec<Example>,
}
