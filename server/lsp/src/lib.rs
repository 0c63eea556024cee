//! The LSP front end of the daemon: what an editor says becomes commands and questions to the
//! engine, and what the engine tells becomes messages to the editor.
//!
//! The only crate that knows LSP's types. [`transport`] carries messages; `backend` has one short
//! method for each; `notices` is the task that tells what the engine tells. What is shown is made
//! by pure functions, one module for each thing: `lens`, `action`, `hover`, `hint`, `diagnostics`,
//! `progress`, `output`, and all of `spec`. Our own wire types are made in [`wire`] and nowhere else.

use std::io::{Read, Write};
use std::sync::Arc;

mod abilities;
mod action;
mod backend;
mod capabilities;
mod command;
mod convert;
mod cycle;
mod diagnostics;
mod diff;
mod hint;
mod hover;
mod lens;
mod method;
mod newer;
mod notices;
mod output;
mod perform;
mod progress;
mod reporting;
mod rows;
#[cfg(test)]
mod samples;
mod session;
mod spec;
#[cfg(test)]
mod tests;
mod texts;
pub mod transport;
pub mod wire;
mod words;

pub use backend::{Engine, Setup, Wishes};
pub use words::project as project_name;

use backend::{Backend, Slot};
use newer::{AsksForContent, Newer};
use transport::Ended;

/// Serves one editor until the connection ends, and then ends the engine: when this returns, every
/// process that was started for the editor is gone. Must be called in a tokio runtime.
///
/// `alive` tells whether the process with an id is there: see
/// [`process_exists`](transport::process_exists).
pub async fn serve(
    setup: Setup,
    input: impl Read + Send + 'static,
    output: impl Write + Send + 'static,
    alive: impl Fn(u32) -> bool + Send + 'static,
) -> Ended {
    let session = Slot::default();
    let build = {
        let session = Arc::clone(&session);
        |client| {
            let content = AsksForContent::default();
            let service = Backend::service(client, setup, session, content.clone());
            Newer::new(service, content)
        }
    };
    let ended = transport::serve(build, input, output, alive).await;
    if let Some(session) = session.get() {
        session.end().await;
    }
    ended
}
