//! Reading a spec, whatever it is written in.

use camino::Utf8Path;
use thiserror::Error;

use crate::spec::Spec;
use crate::{document, markdown};

/// The largest spec, and the largest plan, that is read, in bytes. A page of wishes has some
/// thousands.
pub const MAX_BYTES: usize = 1024 * 1024;

/// The text is larger than [`MAX_BYTES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("it is larger than {} MiB, and nobody reads that much: split it", MAX_BYTES / 1024 / 1024)]
pub struct TooLarge;

/// What a spec is written in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Form {
    /// Markdown, with front matter perhaps.
    #[default]
    Markdown,
    /// A JSON document.
    Json,
    /// A YAML document.
    Yaml,
}

impl Form {
    /// What a file is written in, by its name. Whatever is neither JSON nor YAML is Markdown.
    #[must_use]
    pub fn of(path: &Utf8Path) -> Self {
        let extension = path.extension().unwrap_or_default().to_lowercase();
        match extension.as_str() {
            "json" => Form::Json,
            "yaml" | "yml" => Form::Yaml,
            _ => Form::Markdown,
        }
    }
}

impl Spec {
    /// Reads a spec. What is wrong with it is no error here: [`problems`](crate::problems) says
    /// it. A byte order mark at the start is not counted in columns.
    ///
    /// # Errors
    /// [`TooLarge`], before anything of the text is looked at.
    pub fn read(text: &str, form: Form) -> Result<Spec, TooLarge> {
        let text = without_mark(text)?;
        let spec = match form {
            Form::Markdown => markdown::spec::read(text),
            Form::Json => document::read_json(text),
            Form::Yaml => document::read_yaml(text),
        };
        Ok(Spec { form, ..spec })
    }
}

/// The text without its byte order mark, if it is not too large.
pub(crate) fn without_mark(text: &str) -> Result<&str, TooLarge> {
    match text.len() <= MAX_BYTES {
        true => Ok(text.strip_prefix('\u{feff}').unwrap_or(text)),
        false => Err(TooLarge),
    }
}
