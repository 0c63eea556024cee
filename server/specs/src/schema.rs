//! The JSON Schema of specs that are JSON or YAML documents.
//!
//! The types below are the declaration. They are read by [`document`](crate::document), which
//! knows the place of each value; tests hold the two against each other.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;

/// A spec: a page of requirements, each with what shows that it holds.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, title = "Greenward spec")]
#[expect(dead_code, reason = "it declares the schema")]
struct Document {
    /// Where this schema is.
    #[schemars(rename = "$schema")]
    schema: Option<String>,
    /// What the spec is called.
    title: String,
    /// What is to be said before the first requirement, as Markdown.
    introduction: Option<String>,
    /// The source file that is to be written, or a list of them. Paths begin at the workspace
    /// folder.
    target: Option<OneOrMore>,
    /// The file that the tests go to. The path begins at the workspace folder.
    tests: Option<String>,
    /// What is wanted.
    requirements: Vec<Requirement>,
}

/// A text, or a list of texts.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "it declares the schema")]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

/// One thing that is wanted.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "it declares the schema")]
struct Requirement {
    /// What it is called. No other requirement of the spec is called so.
    title: String,
    /// What is to be said besides, as Markdown.
    description: Option<String>,
    /// The title of a requirement that it builds on, or a list of them.
    depends_on: Option<OneOrMore>,
    /// What must hold.
    criteria: Option<Vec<Criterion>>,
    /// Examples that a person has accepted: for each column its value.
    examples: Option<Vec<BTreeMap<String, Scalar>>>,
}

/// An acceptance criterion.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "it declares the schema")]
enum Criterion {
    /// Its wording.
    Plain(String),
    /// Its wording, and more.
    Full(FullCriterion),
}

/// An acceptance criterion with more than its wording.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "it declares the schema")]
struct FullCriterion {
    /// Its wording.
    text: String,
    /// Whether its author has ticked it off. It shows nothing.
    done: Option<bool>,
    /// What is to be said besides, as Markdown.
    details: Option<String>,
}

/// A value of an example.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "it declares the schema")]
enum Scalar {
    Text(String),
    Number(f64),
    Truth(bool),
}

/// The JSON Schema (draft 7) of specs that are JSON or YAML documents.
#[must_use]
pub fn schema() -> serde_json::Value {
    SchemaSettings::draft07()
        .into_generator()
        .into_root_schema_for::<Document>()
        .to_value()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::document::{CRITERION, DOCUMENT, REQUIREMENT};

    #[test]
    fn the_committed_schema_is_the_declared_one() {
        let mut text = serde_json::to_string_pretty(&schema()).unwrap();
        text.push('\n');
        expect_test::expect_file!["../schema/spec.json"].assert_eq(&text);
    }

    #[test]
    fn what_is_read_is_what_is_declared() {
        let schema = schema();
        let keys = |of: &Value| -> Vec<String> {
            of["properties"]
                .as_object()
                .unwrap()
                .keys()
                .cloned()
                .collect()
        };
        assert_eq!(keys(&schema), DOCUMENT);
        assert_eq!(keys(&schema["definitions"]["Requirement"]), REQUIREMENT);
        assert_eq!(keys(&schema["definitions"]["FullCriterion"]), CRITERION);
    }

    #[test]
    fn fields_of_front_matter_are_described_as_in_the_schema() {
        let schema = schema();
        for field in crate::FIELDS {
            let described = schema["properties"][field.name]["description"]
                .as_str()
                .unwrap();
            assert_eq!(described.replace('\n', " "), field.about);
        }
    }
}
