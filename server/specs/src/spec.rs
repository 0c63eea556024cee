//! What a spec says.

use camino::Utf8Path;
use greenward_core::{Example, Range, Wish};

use crate::problem::SpecProblem;
use crate::read::Form;

/// Something that somebody wrote, and where.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text {
    /// What.
    pub text: String,
    /// Where.
    pub range: Range,
}

/// What is wanted: a page of requirements, each with what shows that it holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spec {
    /// What it is called.
    pub title: Option<Text>,
    /// What it says before the first requirement, as Markdown.
    pub introduction: String,
    /// Which files it is about.
    pub front_matter: FrontMatter,
    /// What is wanted, in the order of the text.
    pub requirements: Vec<Requirement>,
    /// What it is written in.
    pub(crate) form: Form,
    /// Criteria and tables that belong to no requirement.
    pub(crate) outside: Vec<Range>,
    /// What was wrong with the text itself.
    pub(crate) noted: Vec<SpecProblem>,
}

/// Which files a spec is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FrontMatter {
    /// Where it stands, without the lines around it. Nothing if there is none.
    pub range: Option<Range>,
    /// The source files that are to be written, relative to the workspace folder.
    pub targets: Vec<Text>,
    /// The file that the tests go to, relative to the workspace folder.
    pub tests: Option<Text>,
}

/// One thing that is wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Requirement {
    /// Its heading.
    pub title: Text,
    /// From its heading to the next.
    pub range: Range,
    /// What it says besides its criteria and examples, as Markdown.
    pub prose: String,
    /// The titles of the requirements that it builds on, as they are written there.
    pub depends_on: Vec<Text>,
    /// Where the line that names them goes on after its colon.
    pub(crate) depends_lines: Vec<Range>,
    /// What must hold.
    pub criteria: Vec<Criterion>,
    /// Tables of examples.
    pub tables: Vec<ExampleTable>,
}

/// An acceptance criterion.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Criterion {
    /// Its wording in one line: as it is written, with single blanks. Editing other parts of the
    /// spec does not change it.
    pub wording: Text,
    /// Whether its box is ticked. That is the author's word and shows nothing.
    pub is_checked: bool,
    /// What else stands in its list item, as Markdown.
    pub details: String,
}

/// A table whose rows are examples.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExampleTable {
    /// All of it.
    pub range: Range,
    /// The columns' names.
    pub columns: Vec<Text>,
    /// The examples, each accepted by a person.
    pub rows: Vec<ExampleRow>,
}

/// A row of a table. It may have more or fewer cells than there are columns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExampleRow {
    /// All of it.
    pub range: Range,
    /// What stands in each cell.
    pub cells: Vec<Text>,
}

impl Spec {
    /// What it is called; without a title, like its file.
    #[must_use]
    pub fn title_or_name(&self, path: &Utf8Path) -> String {
        match &self.title {
            Some(title) => title.text.clone(),
            None => {
                let name = path.file_name().unwrap_or(path.as_str());
                name.split('.').next().unwrap_or(name).to_owned()
            }
        }
    }

    /// What each requirement asks for: what a plan is held against.
    #[must_use]
    pub fn wishes(&self) -> Vec<Wish> {
        let wishes = self.requirements.iter().map(|requirement| Wish {
            requirement: requirement.title.text.clone(),
            criteria: requirement.wordings(),
            examples: requirement.examples(),
        });
        wishes.collect()
    }
}

impl Requirement {
    /// The wordings of its criteria that are not empty.
    #[must_use]
    pub fn wordings(&self) -> Vec<String> {
        let wordings = self
            .criteria
            .iter()
            .map(|criterion| &criterion.wording.text);
        wordings.filter(|text| !text.is_empty()).cloned().collect()
    }

    /// Its examples, of all its tables.
    #[must_use]
    pub fn examples(&self) -> Vec<Example> {
        self.tables
            .iter()
            .flat_map(ExampleTable::examples)
            .collect()
    }
}

impl ExampleTable {
    /// The rows as examples.
    fn examples(&self) -> impl Iterator<Item = Example> {
        let columns = || self.columns.iter().map(|column| column.text.clone());
        self.rows.iter().map(move |row| {
            let cells = row.cells.iter().map(|cell| cell.text.clone());
            Example::new(columns().zip(cells))
        })
    }
}
