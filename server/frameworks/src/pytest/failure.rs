//! From an exception as the plugin reports it to a failure with its place in the user's code.

use camino::Utf8Path;
use greenward_core::{Failure, Frame, Location, Problem, Range, Severity, clean};

use super::detect::in_environment;
use super::project::Project;
use super::wire;

/// A test's failure. `file` is the file that the test stands in.
pub(super) fn failure(project: &Project, reported: &wire::Failure, file: &Utf8Path) -> Failure {
    let frames = frames(project, reported);
    // The line of the test says more than the line of a helper that it called.
    let own = frames.iter().find(|frame| frame.location.file == file);
    let location = own.or(frames.first()).map(|frame| frame.location.clone());
    let message = clean(&reported.message);
    Failure {
        message: match &reported.phase {
            Some(phase) => format!("in {phase}: {message}"),
            None => message,
        },
        kind: match reported.r#type.as_str() {
            "" => "failed".to_owned(),
            name => name.to_owned(),
        },
        expected: reported.expected.as_deref().map(clean),
        actual: reported.actual.as_deref().map(clean),
        location,
        frames,
    }
}

/// What keeps a file from being collected, at the innermost line of the user's; else in `file`.
pub(super) fn problem(project: &Project, reported: &wire::Failure, file: &Utf8Path) -> Problem {
    let frames = frames(project, reported);
    let location = frames.first().map(|frame| frame.location.clone());
    Problem {
        severity: Severity::Error,
        message: clean(&reported.message),
        code: Some("collection".to_owned()),
        location: Some(location.unwrap_or_else(|| Location {
            file: file.to_owned(),
            range: Range::of_line(0),
        })),
        related: frames
            .into_iter()
            .skip(1)
            .map(|frame| (frame.location, "comes from here".to_owned()))
            .collect(),
    }
}

/// The frames in the user's own code, innermost first.
fn frames(project: &Project, reported: &wire::Failure) -> Vec<Frame> {
    let mut frames: Vec<Frame> = reported
        .trace
        .iter()
        .rev()
        .filter(|(file, _, _)| is_users(project, Utf8Path::new(file)))
        .map(|(file, line, function)| Frame {
            function: function.clone(),
            location: Location {
                file: file.into(),
                range: Range::of_line(line.saturating_sub(1)),
            },
        })
        .collect();
    frames.dedup();
    frames
}

fn is_users(project: &Project, file: &Utf8Path) -> bool {
    file.strip_prefix(project.folder()).is_ok_and(|relative| {
        let hidden = relative
            .components()
            .any(|part| part.as_str().starts_with('.'));
        !hidden && !in_environment(relative)
    })
}
