//! Specs: what a person wants, as text, and the plans that are made of it.
//!
//! - [`Spec`]: what a spec says, each part with its place. [`Spec::read`] takes Markdown, and JSON
//!   and YAML of the same content ([`schema`]).
//! - [`problems`]: what is wrong with a spec, and what to do about it.
//! - [`complete`]: what could stand at a place. [`template`]: what a new spec begins with.
//! - [`plan`]: the plan that a spec makes by itself; [`examine`]: both at once. [`WrittenPlan`]: a plan as a text that a
//!   person can change.
//! - [`Patterns`]: which files are specs.
//!
//! Text in, values out: nothing here reads a file or knows a protocol. It is a crate of its own
//! since Markdown and YAML need parsers, which `core` is to do without.

mod complete;
mod dependencies;
mod document;
mod front_matter;
mod markdown;
mod name;
mod patterns;
mod place;
mod planning;
mod problem;
mod problems;
mod read;
mod schema;
mod spec;
mod template;
mod wording;
mod written;
mod yaml;

pub use complete::{Completion, CompletionKind, complete};
pub use front_matter::{FIELDS, Field};
pub use name::nearest;
pub use patterns::{BadPattern, Patterns};
pub use planning::{Examined, NotClear, examine, plan};
pub use problem::{Code, SpecProblem};
pub use problems::{Workspace, problems};
pub use read::{Form, MAX_BYTES, TooLarge};
pub use schema::schema;
pub use spec::{Criterion, ExampleRow, ExampleTable, FrontMatter, Requirement, Spec, Text};
pub use template::template;
pub use written::{WrittenPlan, render};

#[cfg(test)]
mod tests;
