//! Looking at what this system can do about code that the user has not written.

use greenward_core::Invocation;
use greenward_exec::{Confinement, Isolation, Limits, Network};
use tokio_util::sync::CancellationToken;

use super::finding::Finding;
use crate::edge::World;
use crate::launch;

const CYCLES: &str = "Cycles";
const WHAT: &str = "sandbox";

/// Confines a process that does nothing, and says how far that went.
pub(super) async fn all(world: &World) -> Vec<Finding> {
    let executor = launch::executor(world).confined(Confinement {
        access: Vec::new(),
        network: Network::Own,
    });
    let nothing = Invocation::new("true", "/");
    let cancel = CancellationToken::new();
    let ended = executor.output(&nothing, Limits::default(), &cancel).await;
    let isolation = ended.ok().and_then(|_| executor.isolation());
    vec![finding(isolation.unwrap_or(Isolation::None))]
}

fn finding(isolation: Isolation) -> Finding {
    match isolation {
        Isolation::Private => Finding::ok(
            CYCLES,
            WHAT,
            "agent programs and code under test write in their own copy only",
        ),
        Isolation::Porous => Finding::warning(
            CYCLES,
            WHAT,
            "agent programs and code under test write in their own copy only; code under test \
             has your network, or can change attributes of your files",
            "it needs network namespaces with a loopback, and Linux 5.12 or newer: see \
             docs/verdict.md",
        ),
        Isolation::Refusing => Finding::warning(
            CYCLES,
            WHAT,
            "agent programs and code under test write in their own copy only; code that writes \
             elsewhere fails, /tmp included, and code under test may have your network",
            "let unprivileged users make namespaces: see docs/verdict.md",
        ),
        Isolation::None => Finding::warning(
            CYCLES,
            WHAT,
            "none: agent programs and code under test can write wherever you can",
            "it needs Linux 5.13 or newer with Landlock switched on",
        ),
    }
}
