//! `greenward lsp`: serve an editor.

use std::process::ExitCode;

use greenward_engine::{Config, TrustWord};
use greenward_lsp::transport::{claim_stdio, process_exists};
use greenward_lsp::{Setup, Wishes};

use crate::edge::World;
use crate::exit::Trouble;
use crate::launch;
use crate::logging::Level;

/// Runs `greenward lsp` until the editor is gone. The exit code is the one that LSP asks for.
///
/// # Errors
/// If it is not known where the user's files lie, or there is nothing to talk over.
pub(crate) async fn run(world: &World, level: Level) -> Result<ExitCode, Trouble> {
    let dirs = launch::dirs(world)?;
    let cache = dirs.cache().to_owned();
    let common = launch::config(world, dirs, TrustWord::Record);
    let setup = Setup {
        start: Box::new(move |wishes: Wishes| {
            greenward_engine::start(Config {
                encoding: wishes.encoding,
                trust: wishes.trust.map_or(TrustWord::Record, TrustWord::Editor),
                ..common
            })
        }),
        log_level: Box::new(move |new: &str| level.set(new)),
        cache,
    };
    let (input, output) = claim_stdio().map_err(|error| {
        Trouble::new("the standard input and output cannot be used").from(error)
    })?;
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "serving an editor");
    let ended = greenward_lsp::serve(setup, input, output, process_exists).await;
    tracing::info!(?ended, "the editor is gone");
    Ok(ExitCode::from(ended.code()))
}
