//! What a run prints outside of tests, on its way to the front end: in few pieces, and only so much.
//!
//! A test may print millions of lines. Each event costs the loop and the editor more than it cost
//! the test, so lines go in pieces, and a run has an end of what it may say.

use std::pin::Pin;
use std::time::Duration;

use greenward_core::{RunEvent, clean};
use tokio::time::{Sleep, sleep};

/// Bytes that one run passes on.
const LIMIT: usize = 1024 * 1024;
/// Bytes that are worth an event of their own.
const PIECE: usize = 32 * 1024;
/// How long a line waits for others: nobody reads faster.
const SLICE: Duration = Duration::from_millis(50);

/// Gathers what one run prints.
#[derive(Debug, Default)]
pub(crate) struct Printed {
    waiting: String,
    passed: usize,
    left_out: u64,
    due: Option<Pin<Box<Sleep>>>,
}

impl Printed {
    /// Adds whole lines; the end of the last may lack. Needs a tokio runtime.
    pub(crate) fn push(&mut self, text: &str) {
        let room = LIMIT.saturating_sub(self.passed + self.waiting.len());
        let (kept, rest) = text.split_at(text.floor_char_boundary(room));
        self.left_out += rest.len() as u64;
        if kept.is_empty() {
            return;
        }
        self.waiting.push_str(&clean(kept));
        if !self.waiting.ends_with('\n') {
            self.waiting.push('\n');
        }
        self.due.get_or_insert_with(|| Box::pin(sleep(SLICE)));
    }

    /// What is worth passing on now, without waiting for more.
    pub(crate) fn full(&mut self) -> Option<RunEvent> {
        (self.waiting.len() >= PIECE).then(|| self.take()).flatten()
    }

    /// All that waits.
    pub(crate) fn take(&mut self) -> Option<RunEvent> {
        self.due = None;
        let text = std::mem::take(&mut self.waiting);
        self.passed += text.len();
        (!text.is_empty()).then_some(RunEvent::Output(text))
    }

    /// Waits until what waits has waited long enough. Cancel safe.
    pub(crate) async fn due(&mut self) {
        match &mut self.due {
            Some(due) => due.await,
            None => std::future::pending().await,
        }
    }

    /// All that waits, and how much was left out. The run has come to its end.
    pub(crate) fn finish(&mut self) -> Option<RunEvent> {
        if self.left_out > 0 {
            let left_out = std::mem::take(&mut self.left_out);
            self.waiting.push_str(&format!(
                "[... {left_out} more bytes of output left out ...]\n"
            ));
        }
        self.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(event: Option<RunEvent>) -> String {
        match event {
            Some(RunEvent::Output(text)) => text,
            None => String::new(),
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn gathers_lines_for_a_while() {
        let mut printed = Printed::default();
        printed.push("one");
        printed.push("\u{1b}[31mtwo\u{1b}[0m\nthree\n");
        assert_eq!(printed.full(), None);
        printed.due().await;
        assert_eq!(text(printed.take()), "one\ntwo\nthree\n");
        assert_eq!(printed.take(), None);
        let due = tokio::time::timeout(Duration::ZERO, printed.due()).await;
        assert!(due.is_err(), "nothing waits");
        assert_eq!(printed.finish(), None);
    }

    #[tokio::test]
    async fn a_flood_is_few_events_and_an_end() {
        let mut printed = Printed::default();
        let line = "x".repeat(99) + "\n";
        let mut events = Vec::new();
        for _ in 0..1_000_000 {
            printed.push(&line);
            events.extend(printed.full());
        }
        events.extend(printed.finish());
        assert!(events.len() <= LIMIT / PIECE + 2, "{}", events.len());
        let all: String = events.into_iter().map(|event| text(Some(event))).collect();
        assert!(all.len() < LIMIT + 200, "{}", all.len());
        let left_out = 100_000_000 - LIMIT;
        let end = format!("[... {left_out} more bytes of output left out ...]\n");
        assert!(all.ends_with(&end), "{}", &all[all.len() - 200..]);
    }

    #[tokio::test]
    async fn one_endless_line_is_cut() {
        let mut printed = Printed::default();
        printed.push(&"é".repeat(LIMIT));
        let all = text(printed.finish());
        assert!(all.len() < LIMIT + 200, "{}", all.len());
        assert!(all.ends_with("left out ...]\n"));
    }
}
