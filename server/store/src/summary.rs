//! A cycle at a glance: the row that is projected from its events.

use std::time::Duration;

use camino::Utf8PathBuf;
use greenward_core::{
    Cycle, CycleId, EndingKind, Framework, Phase, ProjectId, Review, TestId, Usage, Verdict,
};
use rusqlite::{Connection, Row, named_params};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::Trouble;
use crate::log::{json, millis};

/// What is known of a cycle without reading its events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CycleSummary {
    /// Its number.
    pub id: CycleId,
    /// The project whose tests these are.
    pub project: ProjectId,
    /// Its framework.
    pub framework: Framework,
    /// The worker's name in the settings.
    pub worker: String,
    /// The tests that are to pass.
    pub targets: Vec<TestId>,
    /// The phase.
    pub phase: Phase,
    /// How it ended. Nothing while it has not.
    pub ending: Option<EndingKind>,
    /// Why it ended, for people.
    pub reason: Option<String>,
    /// What the user made of it.
    pub review: Option<Review>,
    /// When it was opened, since the Unix epoch.
    pub opened_at: Duration,
    /// When the last event happened, since the Unix epoch.
    pub last_at: Duration,
    /// How long somebody was at it until then.
    pub run_time: Duration,
    /// The files that it changes, relative to the workspace folder.
    pub files: Vec<Utf8PathBuf>,
    /// How many attempts were started.
    pub attempts: u32,
    /// What all attempts have used.
    pub usage: Usage,
    /// The last verdict with its evidence.
    pub verdict: Option<Verdict>,
}

impl CycleSummary {
    /// The summary of a cycle.
    #[must_use]
    pub fn of(id: CycleId, cycle: &Cycle) -> Self {
        let goal = cycle.goal();
        Self {
            id,
            project: goal.project.clone(),
            framework: goal.framework,
            worker: cycle.worker().to_owned(),
            targets: goal.targets.clone(),
            phase: cycle.phase(),
            ending: cycle.ending().map(greenward_core::Ending::kind),
            reason: cycle.ending().and_then(greenward_core::Ending::reason),
            review: cycle.review(),
            opened_at: cycle.opened_at(),
            last_at: cycle.last_at(),
            run_time: cycle.run_time(),
            files: cycle.files().to_vec(),
            attempts: cycle.attempts(),
            usage: cycle.usage(),
            verdict: cycle.verdict().cloned(),
        }
    }
}

/// Which cycles are wanted. As it is by default: all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CycleFilter {
    /// Only those of this project.
    pub project: Option<ProjectId>,
    /// Only those that have not ended.
    pub unfinished: bool,
    /// Only those that the user has not decided about.
    pub undecided: bool,
    /// Only so many of the newest.
    pub newest: Option<u32>,
}

/// Puts the row of a cycle in the place of the one before.
pub(crate) fn put(connection: &Connection, id: CycleId, cycle: &Cycle) -> Result<(), Trouble> {
    let summary = CycleSummary::of(id, cycle);
    let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(
        "REPLACE INTO cycles VALUES (
            :id, :project, :framework, :language, :worker, :targets, :phase, :ending, :reason,
            :review, :opened_at, :last_at, :files, :attempts, :input_tokens, :output_tokens,
            :cost_microdollars, :estimated, :verdict, :run_time)",
    )?;
    statement.execute(named_params! {
        ":id": id.0,
        ":project": summary.project.as_str(),
        ":framework": summary.framework.name(),
        ":language": summary.framework.language(),
        ":worker": summary.worker,
        ":targets": json(&summary.targets)?,
        ":phase": word(&summary.phase)?,
        ":ending": summary.ending.as_ref().map(word).transpose()?,
        ":reason": summary.reason,
        ":review": summary.review.as_ref().map(word).transpose()?,
        ":opened_at": millis(summary.opened_at),
        ":last_at": millis(summary.last_at),
        ":run_time": millis(summary.run_time),
        ":files": json(&summary.files)?,
        ":attempts": summary.attempts,
        ":input_tokens": count(summary.usage.input_tokens),
        ":output_tokens": count(summary.usage.output_tokens),
        ":cost_microdollars": summary.usage.cost_microdollars.map(count),
        ":estimated": summary.usage.estimated,
        ":verdict": summary.verdict.as_ref().map(json).transpose()?,
    })?;
    Ok(())
}

/// The rows that a filter lets through, the newest first.
pub(crate) fn select(
    connection: &Connection,
    filter: &CycleFilter,
) -> Result<Vec<CycleSummary>, Trouble> {
    let mut statement = connection.prepare_cached(
        "SELECT * FROM cycles
         WHERE (:project IS NULL OR project = :project) AND (NOT :unfinished OR ending IS NULL)
            AND (NOT :undecided OR review IS NULL)
         ORDER BY id DESC LIMIT :newest",
    )?;
    let mut rows = statement.query(named_params! {
        ":project": filter.project.as_ref().map(ProjectId::as_str),
        ":unfinished": filter.unfinished,
        ":undecided": filter.undecided,
        ":newest": filter.newest.map_or(-1, i64::from),
    })?;
    let mut summaries = Vec::new();
    while let Some(row) = rows.next()? {
        summaries.push(read(row)?);
    }
    Ok(summaries)
}

fn read(row: &Row<'_>) -> Result<CycleSummary, Trouble> {
    let id: u64 = row.get("id")?;
    let project: String = row.get("project")?;
    let words = |column: &str| -> Result<Option<String>, Trouble> { Ok(row.get(column)?) };
    let parsed = |column: &str| -> Result<Option<Value>, Trouble> {
        let text = words(column)?;
        let value = text.as_deref().map(serde_json::from_str).transpose();
        value.map_err(|error| unreadable(id, column, error))
    };
    let quoted = |column: &str| words(column).map(|word| word.map(Value::String));
    let time =
        |column: &str| -> Result<Duration, Trouble> { Ok(Duration::from_millis(row.get(column)?)) };
    Ok(CycleSummary {
        id: CycleId(id),
        project: from(id, "project", Some(Value::String(project)))?,
        framework: from(id, "framework", quoted("framework")?)?,
        worker: row.get("worker")?,
        targets: from(id, "targets", parsed("targets")?)?,
        phase: from(id, "phase", quoted("phase")?)?,
        ending: from(id, "ending", quoted("ending")?)?,
        reason: row.get("reason")?,
        review: from(id, "review", quoted("review")?)?,
        opened_at: time("opened_at")?,
        last_at: time("last_at")?,
        run_time: time("run_time")?,
        files: from(id, "files", parsed("files")?)?,
        attempts: row.get("attempts")?,
        usage: Usage {
            input_tokens: row.get("input_tokens")?,
            output_tokens: row.get("output_tokens")?,
            cost_microdollars: row.get("cost_microdollars")?,
            estimated: row.get("estimated")?,
        },
        verdict: from(id, "verdict", parsed("verdict")?)?,
    })
}

fn from<T: DeserializeOwned>(id: u64, column: &str, value: Option<Value>) -> Result<T, Trouble> {
    serde_json::from_value(value.unwrap_or(Value::Null))
        .map_err(|error| unreadable(id, column, error))
}

fn unreadable(id: u64, column: &str, error: serde_json::Error) -> Trouble {
    Trouble::Unreadable(format!("{column} of cycle {id}"), error)
}

/// A word as JSON has it, without quotation marks.
fn word<T: Serialize>(value: &T) -> Result<String, Trouble> {
    Ok(json(value)?.trim_matches('"').to_owned())
}
