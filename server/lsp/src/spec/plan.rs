//! The plan of a spec as a document of our own, and the command that shows it.

use std::hash::{DefaultHasher, Hash, Hasher};

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::Severity;
use greenward_engine::{SpecView, render_plan};
use percent_encoding::{AsciiSet, percent_decode_str, utf8_percent_encode};
use serde_json::Value;
use tower_lsp::jsonrpc::{Error, Result};
use tower_lsp::lsp_types::MessageType;

use super::count;
use crate::output::{ENCODED, SCHEME};
use crate::session::Session;

/// What stands before the file of a spec, and behind it.
const BEFORE: &str = "/plan";
const BEHIND: &str = ".plan.md";

const IN_PATH: &AsciiSet = &ENCODED.remove(b'/');

/// The URI of the plan of a spec: `greenward:/plan/w/specs/roman.md.plan.md`.
pub(crate) fn uri(file: &Utf8Path) -> String {
    let file = utf8_percent_encode(file.as_str(), IN_PATH);
    format!("{SCHEME}:{BEFORE}{file}{BEHIND}")
}

/// The spec of a document, if that is a plan.
pub(crate) fn spec_of(uri: &str) -> Option<Utf8PathBuf> {
    let path = uri.strip_prefix(SCHEME)?.strip_prefix(':')?;
    // Some editors write an empty authority.
    let path = path
        .strip_prefix("//")
        .filter(|path| path.starts_with('/'))
        .unwrap_or(path);
    let path = percent_decode_str(path).decode_utf8().ok()?;
    let file = path.strip_prefix(BEFORE)?.strip_suffix(BEHIND)?;
    file.starts_with('/').then(|| file.into())
}

/// The name of a file for a plan, for editors that cannot open our documents.
fn file_name(file: &Utf8Path) -> String {
    let mut hasher = DefaultHasher::new();
    file.hash(&mut hasher);
    let name = file.file_stem().unwrap_or("spec");
    format!("{name}-{:016x}{BEHIND}", hasher.finish())
}

/// What keeps a spec from having a plan, in one line. Nothing if it has one.
pub(crate) fn hindrance(view: &SpecView) -> Option<String> {
    if view.plan.is_some() {
        return None;
    }
    let errors = count(view.errors(), "error", "errors");
    let first = view
        .problems
        .iter()
        .find(|problem| problem.severity == Severity::Error)?;
    let line = first.range.start.line.saturating_add(1);
    let all = match view.errors() {
        1 => String::new(),
        _ => ", the first".to_owned(),
    };
    Some(format!(
        "it has {errors}{all} in line {line}: {}",
        first.message
    ))
}

/// The document: the plan in Markdown, or what keeps it from being made.
fn text(view: &SpecView) -> String {
    if let Some(plan) = &view.plan {
        return render_plan(plan.plan());
    }
    let mut text = format!("# {} has no plan yet\n\n", view.path);
    for problem in &view.problems {
        let line = problem.range.start.line.saturating_add(1);
        text += &format!("- line {line}: {}\n", problem.message);
    }
    text
}

impl Session {
    /// The text of the plan of a spec.
    ///
    /// # Errors
    ///
    /// Invalid params if there is no such spec, an internal error if the engine has ended.
    pub(crate) async fn plan_document(&self, file: &Utf8Path) -> Result<String> {
        let answer = self.spec(file).await?;
        let view = answer.map_err(|none| Error::invalid_params(none.to_string()))?;
        Ok(text(&view))
    }

    /// Shows the plan of a spec. Runs nothing.
    ///
    /// # Errors
    ///
    /// As [`plan_document`](Self::plan_document).
    pub(crate) async fn show_plan(&self, file: &Utf8Path) -> Result<Option<Value>> {
        let answer = self.spec(file).await?;
        let view = answer.map_err(|none| Error::invalid_params(none.to_string()))?;
        if let Some(why) = hindrance(&view) {
            let message = format!("There is no plan of {}: {why}", view.path);
            self.show(MessageType::WARNING, message);
            return Ok(None);
        }
        self.show_text(&uri(file), &file_name(file), text(&view))
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::samples;

    #[test]
    fn the_spec_of_a_document_is_read_back_however_it_is_encoded() {
        for (file, expected) in [
            (
                "/w/specs/roman.md",
                "greenward:/plan/w/specs/roman.md.plan.md",
            ),
            (
                "/w/a b/é.yaml",
                "greenward:/plan/w/a%20b/%C3%A9.yaml.plan.md",
            ),
        ] {
            assert_eq!(uri(file.into()), expected);
            assert_eq!(spec_of(expected).as_deref(), Some(Utf8Path::new(file)));
        }
        for (uri, expected) in [
            ("greenward:/plan%2Fw%2Fa.md.plan.md", Some("/w/a.md")),
            ("greenward:///plan/w/a.md.plan.md", Some("/w/a.md")),
            ("greenward:/plan/w/a.md", None),
            ("greenward:/plan.plan.md", None),
            ("greenward:/planned.plan.md", None),
            ("greenward:/cycle/7.md", None),
            ("file:///plan/w/a.md.plan.md", None),
        ] {
            assert_eq!(
                spec_of(uri).as_deref(),
                expected.map(Utf8Path::new),
                "{uri}"
            );
        }
    }

    #[test]
    fn a_spec_with_errors_says_the_first() {
        assert_eq!(hindrance(&samples::clear()), None);
        assert_eq!(
            hindrance(&samples::unclear()).as_deref(),
            Some("it has 2 errors, the first in line 11: nothing shows when `Print` holds")
        );
        let mut one = samples::unclear();
        one.problems.pop();
        assert_eq!(
            hindrance(&one).as_deref(),
            Some("it has 1 error in line 11: nothing shows when `Print` holds")
        );
    }

    #[test]
    fn the_document_is_the_plan_or_what_hinders_it() {
        assert!(text(&samples::clear()).starts_with("---\nspec: specs/roman.md\n---\n# Roman"));
        let hindered = text(&samples::unclear());
        assert!(hindered.starts_with("# specs/roman.md has no plan yet\n\n- line 11: nothing"));
    }
}
