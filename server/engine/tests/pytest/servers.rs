//! Fork-servers that lose their supervisor, and those that nobody uses.

use std::time::Duration;

use greenward_core::{Outcome, RunOutcome, Selection};

use crate::world::{World, block_on, gone, is_alive, kill, parent_of};

/// A test that writes down itself and its parent, and hangs as long as there is a file `hang`.
const TEST: &str = "
import os, time
def test_a():
    with open('pids', 'w') as out:
        out.write('%d %d ' % (os.getpid(), os.getppid()))
    while os.path.exists('hang'):
        time.sleep(0.01)
";

fn world() -> World {
    World::new(&[("test_a.py", TEST)])
}

/// The processes that the test has written down: itself and its parent.
fn pids(world: &World) -> Option<(String, String)> {
    let text = world.read("pids");
    let mut pids = text.split_terminator(' ').map(str::to_owned);
    Some((pids.next()?, pids.next()?))
}

async fn passes(world: &World) {
    let told = world.running_open(Selection::All, |_| false).await;
    told.check(
        &RunOutcome::Passed,
        &[("test_a.py::test_a", Outcome::Passed)],
    );
}

pub(crate) fn a_run_without_its_supervisor_is_broken() {
    for (world, is_warm) in [(world(), true), (world().cold(), false)] {
        block_on(async {
            world.write("hang", "");
            let killing = async {
                loop {
                    if let Some((own, parent)) = pids(&world) {
                        // In a process of its own, pytest is the supervisor's child.
                        match is_warm {
                            true => kill(&parent_of(&parent)),
                            false => kill(&parent),
                        }
                        return own;
                    }
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            };
            let running = world.running_open(Selection::All, |_| false);
            let (told, test) = tokio::join!(running, killing);
            let why = told.broken();
            assert!(
                why.contains("killed") && why.contains("Run them again"),
                "{why}"
            );
            assert!(told.results.is_empty(), "{told:#?}");
            gone(&test).await;
            std::fs::remove_file(world.root().join("hang")).unwrap();
            passes(&world).await;
            world.close().await;
        });
    }
}

/// The fork-server that has run the test once and now waits for the next run.
async fn waiting_server(world: &World) -> String {
    passes(world).await;
    world.warmed_up().await;
    passes(world).await;
    let (_, server) = pids(world).expect("the test has run");
    server
}

pub(crate) fn a_waiting_server_goes_with_its_supervisor() {
    let world = world();
    block_on(async {
        let server = waiting_server(&world).await;
        assert!(is_alive(&server));
        kill(&parent_of(&server));
        gone(&server).await;
        let next = waiting_server(&world).await;
        assert_ne!(next, server);
        world.close().await;
    });
}

pub(crate) fn a_server_that_nobody_uses_is_ended() {
    let mut world = world();
    world.idle_time = Some(Duration::from_millis(200));
    block_on(async {
        for _ in 0..2 {
            passes(&world).await;
            let (_, server) = pids(&world).expect("the test has run");
            // Whether it waits at once or has more to load first.
            gone(&server).await;
        }
        world.close().await;
    });
}
