//! Reading that outlives a panic: a fault of ours with one file must not cost the others.

use std::panic::{AssertUnwindSafe, catch_unwind};

use camino::Utf8Path;
use greenward_core::{Location, Problem, Range, Severity};

/// The code of what [`file`] says.
const LEFT_OUT: &str = "left-out";

/// Does something with a file.
///
/// # Errors
/// If it panics: that the file is left out, for the user. The panic itself goes to the log.
pub(crate) fn file<T>(path: &Utf8Path, work: impl FnOnce() -> T) -> Result<T, Problem> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| {
        tracing::error!(%path, "left out: there was a panic over it");
        Problem {
            severity: Severity::Warning,
            message: "Greenward cannot read this file, so its tests are left out. The fault is \
                      Greenward's own: please report it with the log."
                .to_owned(),
            code: Some(LEFT_OUT.to_owned()),
            location: Some(Location {
                file: path.to_owned(),
                range: Range::default(),
            }),
            related: Vec::new(),
        }
    })
}

/// Does something with a folder.
///
/// # Errors
/// If it panics: that there are no tests in it, for the user.
pub(crate) fn folder<T>(path: &Utf8Path, work: impl FnOnce() -> T) -> Result<T, Problem> {
    file(path, work).map_err(|problem| Problem {
        message: format!(
            "Greenward cannot read {path}, so none of its tests is shown. The fault is \
             Greenward's own: please report it with the log."
        ),
        location: None,
        ..problem
    })
}

/// Whether a problem says that this file is left out.
pub(crate) fn is_left_out(problem: &Problem, path: &Utf8Path) -> bool {
    let place = problem.location.as_ref();
    problem.code.as_deref() == Some(LEFT_OUT) && place.is_some_and(|place| place.file == path)
}
