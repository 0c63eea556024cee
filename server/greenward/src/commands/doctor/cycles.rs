//! Looking for results that came to the user's files in part, since whoever brought them was killed.

use greenward_engine::CycleCommand;

use super::finding::Finding;
use crate::commands::cycle::ask;
use crate::exit::Trouble;
use crate::launch::Session;

const CYCLES: &str = "Cycles";

/// Those of a folder. What was left beside the user's files by that is gone afterwards.
///
/// # Errors
/// If the engine ends.
pub(super) async fn half_applied(session: &Session) -> Result<Vec<Finding>, Trouble> {
    let half = ask(session, |reply| CycleCommand::HalfApplied { reply }).await?;
    Ok(match half {
        Ok(half) => half
            .iter()
            .map(|half| {
                let name = half.cycle.to_string();
                let advice = format!("greenward apply {name} brings the rest");
                Finding::warning(CYCLES, name, half.to_string(), advice)
            })
            .collect(),
        Err(refusal) => vec![Finding::failure(
            CYCLES,
            "state",
            refusal.to_string(),
            "no cycle can begin before that is mended",
        )],
    })
}
