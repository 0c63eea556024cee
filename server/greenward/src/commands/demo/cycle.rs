//! The cycle of the demo: a failing test, a worker that cheats at first, and the verdict.
//!
//! The worker is a recording. All else is real, in folders that are gone afterwards: the user's own
//! settings, caches and cycles are not touched.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::{CycleEvent, CycleId, TestId};
use greenward_engine::{CycleCommand, CycleRequest, TrustWord};

use crate::commands::cycle::{Ended, Follow, Teller, apply, ask, exit_of};
use crate::edge::World;
use crate::exit::{Exit, Trouble};
use crate::launch::Session;
use crate::report::words;
use crate::screen::Screen;
use crate::signals::Signals;

/// The project's files, with their texts.
const FILES: &[(&str, &str)] = &[
    ("Cargo.toml", include_str!("sample/cycle/discounts.toml")),
    ("src/lib.rs", include_str!("sample/cycle/discounts.rs")),
];

/// What the worker says.
const RECORDING: &str = include_str!("sample/cycle/recording.jsonl");

/// The test that fails.
const TARGET: &str = "cargo:.#discounts/lib::tests::from_fifty_on_a_tenth_is_off";

/// Shows a cycle on a project below `sample`. `home` is for what is else the user's.
///
/// # Errors
/// If the project cannot be written, or the engine ends.
pub(super) async fn tell(
    world: &World,
    sample: &Utf8Path,
    home: &Utf8Path,
    signals: &mut Signals,
) -> Result<Exit, Trouble> {
    let folder = sample.join("discounts");
    let recording = home.join("recording.jsonl");
    write(&folder, home, &recording)
        .map_err(|error| Trouble::new("the sample cannot be written").from(error))?;
    let mut screen = Screen::stdout();
    let text = words::indent(discount(), "  ");
    screen.print(&format!(
        "One of its tests fails:\n{text}The first attempt asks which test is calling:\n{}",
        words::indent(&first_attempt(), "  ")
    ));
    let world = World {
        env: Arc::new(at_home(&world.env, home)),
        ..world.clone()
    };
    let mut session = Session::start(&world, &folder, TrustWord::ThisTime, false).await?;
    let exit = cycle(&world, &mut session, screen, signals).await;
    session.stop().await;
    exit
}

async fn cycle(
    world: &World,
    session: &mut Session,
    screen: Screen,
    signals: &mut Signals,
) -> Result<Exit, Trouble> {
    let request = CycleRequest {
        targets: vec![TestId::parse(TARGET)],
        held_out: Vec::new(),
        worker: None,
    };
    let mut teller = Teller::on(screen, None);
    let mut follow = Follow {
        session,
        teller: &mut teller,
        signals,
        clock: world.clock,
        asks_for_decision: false,
    };
    let begun = follow.begun(|reply| CycleCommand::Start { request, reply });
    let Some(id) = begun.await? else {
        return Ok(Exit::Cancelled);
    };
    let Ended::AsItStands(summary) = follow.until_ended(id).await? else {
        return Ok(Exit::Cancelled);
    };
    let exit = match exit_of(&summary) {
        Exit::Holds => apply(session, id, teller.people()).await?,
        exit => exit,
    };
    Ok(match exit {
        Exit::Holds if !was_refused_at_first(session, id).await? => Exit::Fails,
        exit => exit,
    })
}

/// Whether the first of two verdicts has failed.
async fn was_refused_at_first(session: &Session, cycle: CycleId) -> Result<bool, Trouble> {
    let record = ask(session, |reply| CycleCommand::Show { cycle, reply }).await?;
    let record = record.map_err(|refusal| Trouble::new(refusal.to_string()))?;
    let verdicts = record
        .events
        .iter()
        .filter_map(|recorded| match &recorded.event {
            CycleEvent::Verified { verdict, .. } => Some(verdict.is_passed()),
            _ => None,
        });
    Ok(verdicts.collect::<Vec<_>>() == [false, true])
}

/// What the recording's first attempt puts into the code.
fn first_attempt() -> String {
    let first = RECORDING.lines().next().unwrap_or_default();
    let entry: serde_json::Value = serde_json::from_str(first).unwrap_or_default();
    let text = entry["text"].as_str().unwrap_or_default();
    let block = text.split_once("=======\n").map_or("", |(_, block)| block);
    let block = block.split_once(">>>>>>>").map_or("", |(block, _)| block);
    block.to_owned()
}

/// The code and the failing test, as they stand in the sample.
fn discount() -> &'static str {
    let text = FILES.last().map_or("", |(_, text)| text);
    text.split_once("\n\n").map_or(text, |(_, rest)| rest)
}

fn write(folder: &Utf8Path, home: &Utf8Path, recording: &Utf8Path) -> io::Result<()> {
    for (file, text) in FILES {
        put(&folder.join(file), text)?;
    }
    put(recording, RECORDING)?;
    // A path as TOML writes it literally, whatever is in it.
    let settings = format!(
        "[workers.recording]\nkind = \"replay\"\nrecording = '''{recording}'''\n\
         \n[cycle]\nmutation_seconds = 5\n"
    );
    put(&home.join("config/greenward/config.toml"), &settings)
}

fn put(path: &Utf8Path, text: &str) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::write(path, text)
}

/// An environment whose user's files lie in a folder.
fn at_home(env: &BTreeMap<String, String>, home: &Utf8Path) -> BTreeMap<String, String> {
    let mut env = env.clone();
    for (name, folder) in [
        ("XDG_CONFIG_HOME", "config"),
        ("XDG_CACHE_HOME", "cache"),
        ("XDG_STATE_HOME", "state"),
        ("XDG_DATA_HOME", "data"),
    ] {
        let path: Utf8PathBuf = home.join(folder);
        env.insert(name.to_owned(), path.into_string());
    }
    env
}
