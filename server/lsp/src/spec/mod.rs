//! Specs as the editor shows them: lenses, hovers, completions, actions, and the plan as a document
//! of our own. What is wrong with a spec is among the engine's diagnostics.

pub(crate) mod completion;
pub(crate) mod hover;
pub(crate) mod lens;
mod new;
pub(crate) mod offer;
pub(crate) mod plan;
#[cfg(test)]
mod samples;

use camino::Utf8Path;
use greenward_engine::{Query, SpecAnswer};
use tower_lsp::jsonrpc::Result;

use crate::session::Session;

impl Session {
    /// A spec, as its newest text says.
    pub(crate) fn spec(&self, path: &Utf8Path) -> impl Future<Output = Result<SpecAnswer>> {
        let path = path.to_owned();
        self.ask(|reply| Query::Spec { path, reply })
    }
}

/// `1 task`, `5 tasks`.
fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}
