//! Samples, medians, and what is printed of them.

use std::time::{Duration, Instant};

/// How long something takes.
#[expect(
    clippy::disallowed_methods,
    reason = "measuring time is what a benchmark is for"
)]
pub(crate) fn time<T>(what: impl FnOnce() -> T) -> (Duration, T) {
    let start = Instant::now();
    let result = what();
    (start.elapsed(), result)
}

/// The median of some durations.
pub(crate) fn median(mut samples: Vec<Duration>) -> Duration {
    samples.sort();
    samples.get(samples.len() / 2).copied().unwrap_or_default()
}

/// What has been measured so far.
#[derive(Debug, Default)]
pub(crate) struct Report {
    over: Vec<String>,
    within: usize,
}

impl Report {
    /// A duration against its budget.
    pub(crate) fn duration(&mut self, what: &str, measured: Duration, budget: Duration) {
        let (measured, budget) = (milliseconds(measured), milliseconds(budget));
        self.line(
            what,
            &format!("{measured:.1} ms"),
            &format!("{budget:.0} ms"),
            measured <= budget,
        );
    }

    /// A duration against that of the bare command, with a budget for the ratio.
    pub(crate) fn ratio(&mut self, what: &str, ours: Duration, bare: Duration, budget: f64) {
        let ratio = ours.as_secs_f64() / bare.as_secs_f64();
        let measured = format!(
            "{:.1} ms, bare {:.1} ms, ratio {ratio:.2}",
            milliseconds(ours),
            milliseconds(bare)
        );
        self.line(
            what,
            &measured,
            &format!("ratio {budget:.2}"),
            ratio <= budget,
        );
    }

    /// A number against its budget, which it must not exceed.
    pub(crate) fn at_most(&mut self, what: &str, measured: f64, budget: f64, unit: &str) {
        self.line(
            what,
            &format!("{measured:.1} {unit}"),
            &format!("{budget:.1} {unit}"),
            measured <= budget,
        );
    }

    /// A number against its budget, which it must reach.
    pub(crate) fn at_least(&mut self, what: &str, measured: f64, budget: f64, unit: &str) {
        self.line(
            what,
            &format!("{measured:.0} {unit}"),
            &format!("at least {budget:.0} {unit}"),
            measured >= budget,
        );
    }

    /// A figure that has no budget.
    pub(crate) fn note(&mut self, what: &str, measured: &str) {
        println!("     {what:<44} {measured}");
    }

    /// Something that is not measured here, and why.
    pub(crate) fn skip(&mut self, what: &str, why: &str) {
        println!("{what:<44} skipped: {why}");
    }

    fn line(&mut self, what: &str, measured: &str, budget: &str, within: bool) {
        let mark = if within { "ok  " } else { "OVER" };
        println!("{mark} {what:<44} {measured:<48} budget {budget}");
        if within {
            self.within += 1;
        } else {
            self.over.push(what.to_owned());
        }
    }

    /// Sums up.
    pub(crate) fn end(self) {
        println!(
            "{} within budget, {} over {:?}",
            self.within,
            self.over.len(),
            self.over
        );
    }
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
