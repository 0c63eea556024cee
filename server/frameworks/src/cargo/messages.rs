//! What cargo says of a build with `--message-format=json`.
//!
//! The format: <https://doc.rust-lang.org/cargo/reference/external-tools.html#json-messages>, and
//! for diagnostics <https://doc.rust-lang.org/rustc/json.html>.

use std::collections::HashSet;

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::{Location, Position, Problem, Range, Severity};
use serde::Deserialize;

use super::package::TargetKind;

/// One thing that cargo says.
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    /// Code that does not compile.
    Problem(Problem),
    /// A test binary is there.
    TestBinary(Binary),
    /// A binary of the package that integration tests may start.
    Program {
        /// The package's manifest.
        manifest: Utf8PathBuf,
        /// The binary's name.
        name: String,
        /// Where it is.
        path: Utf8PathBuf,
    },
    /// A build script has run.
    BuildScript(BuildScript),
    /// The build is over.
    Finished {
        /// Whether all was built.
        success: bool,
    },
    /// A line that is no message.
    Output(String),
}

/// A test binary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binary {
    /// Its package, as cargo identifies it.
    pub package_id: String,
    /// Its package's manifest.
    pub manifest: Utf8PathBuf,
    /// What kind of target it is made of.
    pub kind: TargetKind,
    /// Its target's name.
    pub name: String,
    /// Where it is.
    pub path: Utf8PathBuf,
}

/// What a build script has left for the package's tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildScript {
    /// The package, as cargo identifies it.
    pub package_id: String,
    /// `OUT_DIR`.
    pub out_dir: Utf8PathBuf,
    /// Variables that it set.
    pub env: Vec<(String, String)>,
    /// Folders with libraries that it named.
    pub linked_paths: Vec<String>,
}

#[derive(Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
enum Raw {
    CompilerMessage {
        message: Diagnostic,
    },
    CompilerArtifact {
        package_id: String,
        manifest_path: Utf8PathBuf,
        target: RawTarget,
        profile: Profile,
        executable: Option<Utf8PathBuf>,
    },
    BuildScriptExecuted {
        package_id: String,
        out_dir: Utf8PathBuf,
        env: Vec<(String, String)>,
        linked_paths: Vec<String>,
    },
    BuildFinished {
        success: bool,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct RawTarget {
    kind: Vec<String>,
    name: String,
}

#[derive(Deserialize)]
struct Profile {
    test: bool,
}

#[derive(Deserialize)]
struct Diagnostic {
    message: String,
    level: String,
    code: Option<Code>,
    #[serde(default)]
    spans: Vec<Span>,
    #[serde(default)]
    children: Vec<Diagnostic>,
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

#[derive(Deserialize)]
struct Span {
    file_name: String,
    line_start: u32,
    line_end: u32,
    column_start: u32,
    column_end: u32,
    is_primary: bool,
    label: Option<String>,
    #[serde(default)]
    text: Vec<SpanLine>,
    expansion: Option<Box<Expansion>>,
}

#[derive(Deserialize)]
struct SpanLine {
    text: String,
}

#[derive(Deserialize)]
struct Expansion {
    span: Span,
}

/// Reads a build's standard output line by line.
#[derive(Debug)]
pub struct Decoder {
    /// What relative paths start at: the workspace's folder.
    root: Utf8PathBuf,
    /// A library is compiled twice, with its tests and without, and so are its mistakes told.
    told: HashSet<String>,
}

impl Decoder {
    /// For a build of the workspace at `root`.
    #[must_use]
    pub fn new(root: impl Into<Utf8PathBuf>) -> Self {
        Self {
            root: root.into(),
            told: HashSet::new(),
        }
    }

    /// Takes a line. Nothing, if it says nothing that matters.
    pub fn line(&mut self, line: &str) -> Option<Message> {
        let Ok(raw) = serde_json::from_str::<Raw>(line) else {
            let is_empty = line.trim().is_empty();
            return (!is_empty).then(|| Message::Output(line.to_owned()));
        };
        match raw {
            Raw::CompilerMessage { message } => {
                let problem = self.problem(&message)?;
                let told = format!("{:?} {}", problem.location, problem.message);
                self.told.insert(told).then_some(Message::Problem(problem))
            }
            Raw::CompilerArtifact {
                package_id,
                manifest_path,
                target,
                profile,
                executable,
            } => {
                let path = executable?;
                let kind = target_kind(&target.kind)?;
                if profile.test {
                    return Some(Message::TestBinary(Binary {
                        package_id,
                        manifest: manifest_path,
                        kind,
                        name: target.name,
                        path,
                    }));
                }
                (kind == TargetKind::Bin).then_some(Message::Program {
                    manifest: manifest_path,
                    name: target.name,
                    path,
                })
            }
            Raw::BuildScriptExecuted {
                package_id,
                out_dir,
                env,
                linked_paths,
            } => Some(Message::BuildScript(BuildScript {
                package_id,
                out_dir,
                env,
                linked_paths,
            })),
            Raw::BuildFinished { success } => Some(Message::Finished { success }),
            Raw::Other => None,
        }
    }

    fn problem(&self, diagnostic: &Diagnostic) -> Option<Problem> {
        let is_error = diagnostic.level.starts_with("error");
        if !is_error || diagnostic.message.starts_with("aborting due to ") {
            return None;
        }
        let primary = diagnostic
            .spans
            .iter()
            .find(|span| span.is_primary)
            .or(diagnostic.spans.first());
        let mut message = diagnostic.message.clone();
        if let Some(label) = primary.and_then(|span| span.label.as_deref()) {
            message.push_str(": ");
            message.push_str(label);
        }
        let mut related = Vec::new();
        for span in &diagnostic.spans {
            if let (false, Some(label)) = (span.is_primary, &span.label) {
                related.push((self.location(span), label.clone()));
            }
        }
        for child in &diagnostic.children {
            match child.spans.first() {
                Some(span) => related.push((self.location(span), child.message.clone())),
                None => {
                    message.push('\n');
                    message.push_str(&format!("{}: {}", child.level, child.message));
                }
            }
        }
        Some(Problem {
            severity: Severity::Error,
            message,
            code: diagnostic.code.as_ref().map(|code| code.code.clone()),
            location: primary.map(|span| self.location(span)),
            related,
        })
    }

    /// The user's own place of a span: where a macro of another crate was called, if it is in one.
    fn location(&self, span: &Span) -> Location {
        let mut span = span;
        while let Some(expansion) = &span.expansion
            && !self.is_own(&span.file_name)
        {
            span = &expansion.span;
        }
        let line = |line: u32| line.saturating_sub(1);
        let (first, last) = (span.text.first(), span.text.last());
        Location {
            file: self.root.join(&span.file_name),
            range: Range::new(
                Position::new(line(span.line_start), column(first, span.column_start)),
                Position::new(line(span.line_end), column(last, span.column_end)),
            ),
        }
    }

    fn is_own(&self, file: &str) -> bool {
        !file.starts_with('<') && self.root.join(file).starts_with(&self.root)
    }
}

/// A column in bytes from 0, of one in characters from 1, in a line that came with it.
fn column(line: Option<&SpanLine>, column: u32) -> u32 {
    let characters = column.saturating_sub(1);
    let Some(line) = line else {
        return characters;
    };
    let bytes = usize::try_from(characters)
        .ok()
        .and_then(|count| line.text.char_indices().nth(count))
        .map_or(line.text.len(), |(at, _)| at);
    u32::try_from(bytes).unwrap_or(characters)
}

fn target_kind(kinds: &[String]) -> Option<TargetKind> {
    match kinds.first()?.as_str() {
        "bin" => Some(TargetKind::Bin),
        "test" => Some(TargetKind::Test),
        "example" => Some(TargetKind::Example),
        "custom-build" | "bench" => None,
        _ => Some(TargetKind::Lib),
    }
}

/// The folder of a manifest.
#[must_use]
pub fn folder_of(manifest: &Utf8Path) -> &Utf8Path {
    manifest.parent().unwrap_or(manifest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(text: &str) -> Vec<Message> {
        let mut decoder = Decoder::new("/w");
        text.lines().filter_map(|line| decoder.line(line)).collect()
    }

    #[test]
    fn a_build_names_its_binaries_and_build_scripts() {
        let messages = messages(include_str!("recordings/build.jsonl"));
        let binaries: Vec<(TargetKind, &str)> = messages
            .iter()
            .filter_map(|message| match message {
                Message::TestBinary(binary) => Some((binary.kind, binary.name.as_str())),
                _ => None,
            })
            .collect();
        assert_eq!(
            binaries,
            [(TargetKind::Lib, "a_x"), (TargetKind::Test, "it")]
        );
        let script = messages
            .iter()
            .find_map(|message| match message {
                Message::BuildScript(script) => Some(script),
                _ => None,
            })
            .unwrap();
        assert_eq!(script.env, [("FROM_BUILD".to_owned(), "1".to_owned())]);
        assert_eq!(script.linked_paths.len(), 2);
        assert_eq!(messages.last(), Some(&Message::Finished { success: true }));
    }

    #[test]
    fn each_mistake_is_told_once_at_its_place_in_bytes() {
        let messages = messages(include_str!("recordings/broken-build.jsonl"));
        let problems: Vec<&Problem> = messages
            .iter()
            .filter_map(|message| match message {
                Message::Problem(problem) => Some(problem),
                _ => None,
            })
            .collect();
        let shown: Vec<(Option<&str>, &str, u32, u32)> = problems
            .iter()
            .map(|problem| {
                let range = problem.location.as_ref().unwrap().range;
                (
                    problem.code.as_deref(),
                    problem.message.as_str(),
                    range.start.column,
                    range.end.column,
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                (
                    None,
                    "1 positional argument in format string, but no arguments were given",
                    39,
                    41
                ),
                (
                    Some("E0308"),
                    "mismatched types: expected `u8`, found `&str`",
                    24,
                    28
                ),
            ]
        );
        let (place, label) = &problems[1].related[0];
        assert_eq!(
            (place.file.as_str(), label.as_str()),
            ("/w/crates/b/src/lib.rs", "expected due to this")
        );
        assert_eq!(messages.last(), Some(&Message::Finished { success: false }));
    }

    // Written after the documented format: a mistake inside a macro of the standard library.
    #[test]
    fn a_mistake_in_a_macro_of_others_is_where_it_is_called() {
        let call = r#"{"file_name":"src/lib.rs","line_start":3,"line_end":3,"column_start":5,"column_end":9,"is_primary":false,"label":null,"text":[]}"#;
        let line = format!(
            r#"{{"reason":"compiler-message","message":{{"message":"no","level":"error","code":null,"spans":[{{"file_name":"/rustc/1/library/core/src/macros/mod.rs","line_start":9,"line_end":9,"column_start":1,"column_end":2,"is_primary":true,"label":null,"text":[],"expansion":{{"span":{call},"macro_decl_name":"x!"}}}}],"children":[]}}}}"#
        );
        let Some(Message::Problem(problem)) = Decoder::new("/w").line(&line) else {
            panic!("no problem");
        };
        let place = problem.location.unwrap();
        assert_eq!(
            (place.file.as_str(), place.range.start.line),
            ("/w/src/lib.rs", 2)
        );
    }

    #[test]
    fn other_lines_are_output_and_warnings_are_nothing() {
        let mut decoder = Decoder::new("/w");
        assert_eq!(
            decoder.line("hello"),
            Some(Message::Output("hello".to_owned()))
        );
        assert_eq!(decoder.line("{\"reason\":\"new\"}"), None);
        assert_eq!(decoder.line(""), None);
        let warning = r#"{"reason":"compiler-message","message":{"message":"unused","level":"warning","code":null,"spans":[],"children":[]}}"#;
        assert_eq!(decoder.line(warning), None);
    }
}
