//! The lines between `---` at the start of a spec: which files it is about.

use crate::name::nearest;
use crate::place::Lines;
use crate::problem::{Code, SpecProblem, or_rather, quoted};
use crate::spec::{FrontMatter, Text};
use crate::yaml::{self, Node, Value};

/// A key that front matter may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// The key.
    pub name: &'static str,
    /// What it says, for people.
    pub about: &'static str,
}

/// The key of the source files.
pub(crate) const TARGET: &str = "target";
/// The key of the file for the tests.
pub(crate) const TESTS: &str = "tests";

/// After how many problems no more are looked for.
const MOST: usize = 100;

/// All keys of front matter.
pub const FIELDS: &[Field] = &[
    Field {
        name: TARGET,
        about: "The source file that is to be written, or a list of them. Paths begin at the \
                workspace folder.",
    },
    Field {
        name: TESTS,
        about: "The file that the tests go to. The path begins at the workspace folder.",
    },
];

/// The lines of front matter in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Block {
    /// The first line after the one that opens it.
    pub(crate) first: usize,
    /// The line that closes it; without one, where it seems to end.
    pub(crate) end: usize,
    /// Whether a line closes it.
    pub(crate) is_closed: bool,
}

impl Block {
    /// The front matter of a text, if it has one. A line of `---` that nothing closes is front
    /// matter only if a key follows at once: otherwise it is a rule in Markdown.
    pub(crate) fn find(lines: &Lines<'_>) -> Option<Self> {
        if lines.line(0).trim_end() != "---" {
            return None;
        }
        let is_end = |line: &usize| matches!(lines.line(*line).trim_end(), "---" | "...");
        if let Some(end) = (1..lines.count()).find(is_end) {
            return Some(Self {
                first: 1,
                end,
                is_closed: true,
            });
        }
        let is_key = |line: usize| {
            let name = lines.line(line).split_once(':').map(|(name, _)| name);
            name.is_some_and(|name| !name.is_empty() && !name.contains([' ', '#']))
        };
        let end = (1..lines.count()).find(|line| !is_key(*line))?;
        (end > 1).then_some(Self {
            first: 1,
            end,
            is_closed: false,
        })
    }

    /// The first line after it.
    pub(crate) fn body(self) -> usize {
        self.end + usize::from(self.is_closed)
    }

    /// The text of it.
    pub(crate) fn text<'t>(self, text: &'t str, lines: &Lines<'t>) -> &'t str {
        let end = lines.span(self.end).start;
        &text[lines.span(self.first).start..end]
    }
}

/// Reads front matter that may have these keys. Gives what each says, in the order of the text.
pub(crate) fn members(
    text: &str,
    lines: &Lines<'_>,
    block: Block,
    known: &[&str],
    noted: &mut Vec<SpecProblem>,
) -> Vec<(Text, Node)> {
    if !block.is_closed {
        noted.push(SpecProblem::new(
            Code::OpenFrontMatter,
            lines.range(lines.span(0)),
            "nothing ends the front matter: write a line of `---` below its last key",
        ));
    }
    let root = match yaml::read(block.text(text, lines), lines, block.first) {
        Ok(Some(root)) => root,
        Ok(None) => return Vec::new(),
        Err(error) => {
            let message = format!("the front matter is no YAML: {}", error.message);
            noted.push(SpecProblem::new(Code::Syntax, error.range, message));
            return Vec::new();
        }
    };
    match root.value {
        Value::Map(members) => checked(members, known, noted),
        Value::Null => Vec::new(),
        Value::Scalar(_) | Value::List(_) => {
            let message = format!(
                "front matter is made of lines such as `{}: VALUE`",
                known[0]
            );
            noted.push(SpecProblem::new(Code::WrongValue, root.range, message));
            Vec::new()
        }
    }
}

/// The members of a map that it may have, each once.
pub(crate) fn checked(
    members: Vec<(Text, Node)>,
    known: &[&str],
    noted: &mut Vec<SpecProblem>,
) -> Vec<(Text, Node)> {
    let mut kept: Vec<(Text, Node)> = Vec::new();
    for (name, node) in members {
        if noted.len() >= MOST {
            break;
        }
        if !known.contains(&name.text.as_str()) {
            let near = nearest(&name.text, known.iter().copied(), 1);
            let what = format!(
                "{} means nothing here{}",
                quoted(&name.text),
                or_rather(&near)
            );
            noted.push(SpecProblem::new(Code::UnknownKey, name.range, what));
        } else if kept.iter().any(|(other, _)| other.text == name.text) {
            let what = format!(
                "{} is here twice: only the first counts",
                quoted(&name.text)
            );
            noted.push(SpecProblem::new(Code::KeyTwice, name.range, what));
        } else {
            kept.push((name, node));
        }
    }
    kept
}

impl FrontMatter {
    /// Takes what a key says, if it is one of [`FIELDS`].
    pub(crate) fn take(&mut self, name: &Text, node: &Node, noted: &mut Vec<SpecProblem>) {
        match name.text.as_str() {
            TARGET => self.targets = one_or_more(name, node, noted),
            TESTS => self.tests = one(name, node, noted),
            _ => {}
        }
    }
}

/// A value that must be one text. Nothing, without a problem, for `null`.
pub(crate) fn one(name: &Text, node: &Node, noted: &mut Vec<SpecProblem>) -> Option<Text> {
    match &node.value {
        Value::Null => None,
        Value::Scalar(text) => Some(Text {
            text: text.clone(),
            range: node.range,
        }),
        Value::List(_) | Value::Map(_) => {
            let what = format!("{} must be one text", quoted(&name.text));
            noted.push(SpecProblem::new(Code::WrongValue, node.range, what));
            None
        }
    }
}

/// A value that may be one text or a list of texts.
pub(crate) fn one_or_more(name: &Text, node: &Node, noted: &mut Vec<SpecProblem>) -> Vec<Text> {
    let Value::List(items) = &node.value else {
        let message = format!("{} must be a text or a list of texts", quoted(&name.text));
        return match &node.value {
            Value::Map(_) => {
                noted.push(SpecProblem::new(Code::WrongValue, node.range, message));
                Vec::new()
            }
            _ => one(name, node, noted).into_iter().collect(),
        };
    };
    let mut texts = Vec::new();
    for item in items {
        texts.extend(one(name, item, noted));
    }
    texts
}
