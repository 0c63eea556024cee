//! Replay: what the code gives is written down in a process that holds no test, and compared here.

use camino::Utf8PathBuf;
use greenward_core::{Access, Check, CheckKind, CheckOutcome, Framework, Invocation, TestId};
use greenward_exec::Limits;
use greenward_frameworks::Files;
use greenward_frameworks::verify::{Replay, Role};
use greenward_workspace::objects::CommitId;
use tokio_util::sync::CancellationToken;

use super::checks::skipped;
use crate::cycle::clean_room::{CleanRoom, CleanRoomError};

/// How long the expressions of one test may take.
const LIMIT: std::time::Duration = std::time::Duration::from_secs(30);

/// What became of a test's expressions.
enum Replayed {
    /// Each gave what the test expects.
    Right,
    /// One gave another plain value.
    Wrong(String),
    /// They cannot be compared outside: why.
    Unknown(String),
}

/// Compares what targets, and tests that were held out, expect with what the code gives, where
/// both are plain values.
///
/// # Errors
/// If the room fails, or it is cancelled.
pub(super) async fn check(
    room: &mut CleanRoom,
    state: CommitId,
    targets: &[TestId],
    cancel: &CancellationToken,
) -> Result<Check, CleanRoomError> {
    let framework = room.project().framework();
    if framework != Framework::Pytest {
        let why = format!(
            "values of {} do not leave their process as data",
            framework.language()
        );
        return Ok(skipped(CheckKind::Replay, why));
    }
    room.stand(state).await?;
    let scripts: Vec<(TestId, Result<Replay, String>)> = targets
        .iter()
        .map(|target| {
            (
                target.clone(),
                room.project().replay(target, &**room.files()),
            )
        })
        .collect();
    let tests: Vec<(Utf8PathBuf, Option<String>)> = room
        .files()
        .all()
        .iter()
        .filter(|path| room.project().role(path) == Role::Test)
        .map(|path| (path.clone(), None))
        .collect();
    let without_tests = room.with(state, &tests).await?;
    room.stand(without_tests).await?;
    let (mut seen, mut against, mut unknown) = (Vec::new(), Vec::new(), Vec::new());
    for (target, script) in scripts {
        let replayed = match script {
            Ok(script) => replay(room, &script, cancel).await?,
            Err(why) => Replayed::Unknown(why),
        };
        match replayed {
            Replayed::Right => seen.push(format!("{target} gives the expected values")),
            Replayed::Wrong(what) => against.push(format!("{target} {what}")),
            Replayed::Unknown(why) => unknown.push(format!("{target}: {why}")),
        }
    }
    let (outcome, evidence) = if !against.is_empty() {
        (CheckOutcome::Failed, against)
    } else if seen.is_empty() {
        return Ok(skipped(CheckKind::Replay, unknown.join("; ")));
    } else {
        (CheckOutcome::Passed, seen)
    };
    Ok(Check {
        kind: CheckKind::Replay,
        outcome,
        evidence,
    })
}

async fn replay(
    room: &CleanRoom,
    script: &Replay,
    cancel: &CancellationToken,
) -> Result<Replayed, CleanRoomError> {
    let Some(python) = room.room().settings().pytest.python.clone() else {
        return Ok(Replayed::Unknown("no interpreter is known".to_owned()));
    };
    let Ok(folder) = tempfile::tempdir() else {
        return Ok(Replayed::Unknown(
            "there is no room for its values".to_owned(),
        ));
    };
    let Ok(place) = Utf8PathBuf::try_from(folder.path().to_owned()) else {
        return Ok(Replayed::Unknown(
            "there is no room for its values".to_owned(),
        ));
    };
    let values = place.join("values");
    let invocation = Invocation::new(python, room.project().root())
        .args(["-c", &script.script])
        .args([values.as_str()])
        .access(place, Access::Kept);
    let limits = Limits {
        time: LIMIT,
        ..Limits::default()
    };
    let ended = room
        .room()
        .tools()
        .executor
        .output(&invocation, limits, cancel)
        .await;
    if cancel.is_cancelled() {
        return Err(CleanRoomError::Cancelled);
    }
    let written = std::fs::read_to_string(&values);
    let (Ok(_), Ok(written)) = (ended, written) else {
        return Ok(Replayed::Unknown(
            "its expressions could not be evaluated alone".to_owned(),
        ));
    };
    Ok(compare(&script.expected, &written))
}

/// Compares values as they were written, line by line, with those that are expected.
fn compare(expected: &[String], written: &str) -> Replayed {
    let lines: Vec<&str> = written.lines().collect();
    if lines.len() != expected.len() {
        return Replayed::Unknown("not every expression has a value".to_owned());
    }
    for (line, wanted) in lines.iter().zip(expected) {
        if line.contains('?') {
            return Replayed::Unknown("a value is of no plain type".to_owned());
        }
        // In Python True equals 1, and False 0.
        let plain = |text: &str| text.replace("True", "1").replace("False", "0");
        if plain(line) != plain(wanted) {
            return Replayed::Wrong(format!(
                "expects {wanted} and gives {line} where no test is near"
            ));
        }
    }
    Replayed::Right
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(expected: &[&str], written: &str, result: &str) {
        let expected: Vec<String> = expected.iter().map(|one| (*one).to_owned()).collect();
        let word = match compare(&expected, written) {
            Replayed::Right => "right",
            Replayed::Wrong(_) => "wrong",
            Replayed::Unknown(_) => "unknown",
        };
        assert_eq!(word, result);
    }

    #[test]
    fn plain_values_are_compared_and_others_are_not() {
        check(&["4", "s4956"], "4\ns4956\n", "right");
        check(&["4"], "5\n", "wrong");
        check(&["1"], "True\n", "right");
        check(&["s4956"], "?Answer\n", "unknown");
        check(&["4"], "", "unknown");
    }
}
