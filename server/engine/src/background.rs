//! Threads for work that nobody waits for.

use std::io;
use std::thread::{Builder, JoinHandle};

/// How much such a thread gives way. At this much it has a third of the time that others have who
/// want the same core, and they get it sooner. Less would be a risk: what a thread holds that gets
/// no time, the memory allocator's locks for one, others wait for.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 5;

/// Does work in a thread that gives way to all others: the editor's requests and the user's tests.
/// Threads that it starts do the same.
///
/// # Errors
/// If the system has no more threads.
pub(crate) fn spawn(
    name: &str,
    work: impl FnOnce() + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    Builder::new().name(name.to_owned()).spawn(|| {
        give_way();
        work();
    })
}

/// Linux keeps a niceness for each thread: <https://man7.org/linux/man-pages/man2/setpriority.2.html>.
/// Elsewhere it is the process's, which is not ours to change here.
fn give_way() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(NICENESS) {
        tracing::debug!(%error, "a thread goes on at the usual priority");
    }
}
