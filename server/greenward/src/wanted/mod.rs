//! From what somebody typed, in a working directory, to the tests that are meant.
//!
//! [`plan`] tells paths, lines and names apart. Names are looked for by
//! [`resolve`](greenward_core::resolve).

mod plan;

use camino::Utf8Path;
use greenward_core::{ItemKind, NoMatch, TestId};
use greenward_engine::{ItemView, Query};

use crate::exit::Trouble;
use crate::launch::Session;
use crate::report::words;

pub(crate) use plan::Plan;

/// The innermost tests at a line, from 0, of a file: of each target that the file belongs to.
///
/// # Errors
/// If none stands there, or the engine ends.
pub(crate) async fn at_line(
    session: &Session,
    file: &Utf8Path,
    line: u32,
) -> Result<Vec<TestId>, Trouble> {
    let path = file.to_owned();
    let view = session.ask(|reply| Query::File { path, reply }).await?;
    let tests = || {
        view.items
            .iter()
            .filter(|view| view.item.kind == ItemKind::Test)
    };
    let here = |view: &&ItemView| view.item.range.is_some_and(|range| range.has_line(line));
    // They are in the order of their places, what is within another after it.
    let innermost = tests().rfind(here).and_then(|view| view.item.range);
    let Some(innermost) = innermost else {
        let what = format!("no test stands at {file}:{}", line + 1);
        let found = words::many(tests().count(), "test");
        return Err(Trouble::new(what).hint(format!("the file has {found}: greenward test {file}")));
    };
    let there = tests().filter(|view| view.item.range == Some(innermost));
    Ok(there.map(|view| view.item.id.clone()).collect())
}

/// What is said of a name that nothing has.
pub(crate) fn no_match(miss: NoMatch) -> Trouble {
    let nearest: Vec<String> = miss
        .nearest
        .iter()
        .map(|id| format!("\n    {id}"))
        .collect();
    let hint = match nearest.is_empty() {
        true => "`greenward doctor` counts what is found here".to_owned(),
        false => format!("the nearest names are:{}", nearest.concat()),
    };
    Trouble::new(format!("no test and no file is called {}", miss.pattern)).hint(hint)
}
