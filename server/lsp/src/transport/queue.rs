//! What waits to be written, and in which order. Pure: the writer brings the time along.
//!
//! First in, first out. Two things are kept back: what may not leave before `initialized`, and
//! progress reports. Of those only the newest of each token is kept; it leaves when nothing else
//! waits, and no sooner than [`REPORT_PAUSE`] after the one before. So a client that is slow to
//! read gets fewer reports, and never an old one.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use super::outgoing::{Outgoing, Role};

/// The time between two progress reports of a token.
pub(super) const REPORT_PAUSE: Duration = Duration::from_millis(100);

/// The most that may wait, in bytes, before the client counts as gone.
pub(super) const LIMIT: usize = 64 << 20;

/// The client has stopped reading.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Overflow;

/// Messages that wait to be written.
#[derive(Debug)]
pub(super) struct Queue {
    /// What may be written.
    ready: VecDeque<Vec<u8>>,
    /// What waits for `initialized`; nothing once that has come.
    gated: Option<Vec<Vec<u8>>>,
    /// The newest report of each token, by token, in the order in which they first came.
    reports: Vec<(String, Vec<u8>)>,
    /// When the last report of each running progress was written.
    reported: HashMap<String, Duration>,
    /// The size of `ready` and `gated`.
    bytes: usize,
    /// Nothing is taken any more.
    closed: bool,
}

/// What the writer is to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Write this frame.
    Write(Vec<u8>),
    /// Ask again after this time, or when something has changed.
    Wait(Duration),
    /// Ask again when something has changed.
    Idle,
    /// Everything is written and nothing will come.
    Finished,
}

impl Queue {
    /// An empty queue that holds back what waits for `initialized`.
    pub(super) fn new() -> Self {
        Queue {
            ready: VecDeque::new(),
            gated: Some(Vec::new()),
            reports: Vec::new(),
            reported: HashMap::new(),
            bytes: 0,
            closed: false,
        }
    }

    /// How much waits, in bytes, progress reports not counted.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes a message. After an overflow the queue is closed and empty.
    pub(super) fn push(&mut self, message: Outgoing) -> Result<(), Overflow> {
        let Outgoing { frame, role } = message;
        if self.closed {
            return Ok(());
        }
        match role {
            Role::Report { token } => {
                self.report(token, frame);
                Ok(())
            }
            Role::End { token } => {
                self.reports.retain(|(other, _)| *other != token);
                self.reported.remove(&token);
                self.keep(frame, false)
            }
            Role::Plain => self.keep(frame, false),
            Role::Early => self.keep(frame, true),
        }
    }

    fn report(&mut self, token: String, frame: Vec<u8>) {
        if self.gated.is_some() {
            return;
        }
        match self.reports.iter_mut().find(|(other, _)| *other == token) {
            Some((_, old)) => *old = frame,
            None => self.reports.push((token, frame)),
        }
    }

    fn keep(&mut self, frame: Vec<u8>, early: bool) -> Result<(), Overflow> {
        // A message may be larger than the limit, if it is alone.
        if self.bytes > 0 && self.bytes + frame.len() > LIMIT {
            self.abandon();
            return Err(Overflow);
        }
        self.bytes += frame.len();
        match &mut self.gated {
            Some(gated) if !early => gated.push(frame),
            _ => self.ready.push_back(frame),
        }
        Ok(())
    }

    /// Lets everything leave: the client has said `initialized`.
    pub(super) fn open(&mut self) {
        self.ready.extend(self.gated.take().into_iter().flatten());
    }

    /// Takes no more. What may be written still is, progress reports excepted.
    pub(super) fn close(&mut self) {
        self.closed = true;
        self.reports.clear();
    }

    /// Takes no more and forgets what waits.
    pub(super) fn abandon(&mut self) {
        *self = Queue {
            closed: true,
            ..Queue::new()
        };
    }

    /// What to do at this time, which is measured from any fixed moment.
    pub(super) fn next(&mut self, now: Duration) -> Next {
        if let Some(frame) = self.ready.pop_front() {
            self.bytes -= frame.len();
            return Next::Write(frame);
        }
        if self.closed {
            return Next::Finished;
        }
        let soonest = (0..self.reports.len())
            .map(|at| (self.pause(&self.reports[at].0, now), at))
            .min();
        match soonest {
            Some((Duration::ZERO, at)) => {
                let (token, frame) = self.reports.remove(at);
                self.reported.insert(token, now);
                Next::Write(frame)
            }
            Some((pause, _)) => Next::Wait(pause),
            None => Next::Idle,
        }
    }

    /// How long a report of this token has still to wait.
    fn pause(&self, token: &str, now: Duration) -> Duration {
        self.reported.get(token).map_or(Duration::ZERO, |last| {
            (*last + REPORT_PAUSE).saturating_sub(now)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays a script: `+x` a message, `!x` an early one, `r:T:x` a report of token T, `e:T:x` its
    /// end, `open`, `close`, `@N` sets the time to N ms, `?` asks what is next. Returns the answers.
    fn play(script: &str) -> String {
        let mut queue = Queue::new();
        let mut now = Duration::ZERO;
        let mut answers = Vec::new();
        for step in script.split_whitespace() {
            let parts: Vec<&str> = step.split(':').collect();
            let role = match parts.as_slice() {
                ["open"] => {
                    queue.open();
                    continue;
                }
                ["close"] => {
                    queue.close();
                    continue;
                }
                ["?"] => {
                    answers.push(match queue.next(now) {
                        Next::Write(frame) => String::from_utf8(frame).unwrap(),
                        Next::Wait(pause) => format!("wait{}", pause.as_millis()),
                        Next::Idle => "idle".to_owned(),
                        Next::Finished => "finished".to_owned(),
                    });
                    continue;
                }
                ["r", token, _] => Role::Report {
                    token: (*token).to_owned(),
                },
                ["e", token, _] => Role::End {
                    token: (*token).to_owned(),
                },
                [plain] if plain.starts_with('+') => Role::Plain,
                [early] if early.starts_with('!') => Role::Early,
                [time] => {
                    now = Duration::from_millis(time.strip_prefix('@').unwrap().parse().unwrap());
                    continue;
                }
                _ => panic!("{step}"),
            };
            let frame = parts.last().unwrap().trim_start_matches(['+', '!']);
            let frame = frame.as_bytes().to_vec();
            queue.push(Outgoing { frame, role }).unwrap();
        }
        answers.join(" ")
    }

    #[test]
    fn messages_leave_in_order_and_only_after_initialized() {
        assert_eq!(play("+a !b +c ? ? open +d ? ? ? ?"), "b idle a c d idle");
    }

    #[test]
    fn reports_are_coalesced() {
        assert_eq!(
            play("open r:T:1 ? r:T:2 r:T:3 ? @60 r:T:4 ? @100 ? ?"),
            "1 wait100 wait40 4 idle"
        );
    }

    #[test]
    fn each_token_has_its_own_pause() {
        assert_eq!(
            play("open r:T:1 r:U:1 ? ? @50 r:T:2 r:V:1 ? ? @100 ?"),
            "1 1 1 wait50 2"
        );
    }

    #[test]
    fn reports_wait_for_everything_else_and_never_follow_their_end() {
        assert_eq!(
            play("open +begin r:T:1 +a ? ? ? r:T:2 e:T:end ? ? @500 ?"),
            "begin a 1 end idle idle"
        );
    }

    #[test]
    fn a_token_that_is_used_again_starts_afresh() {
        assert_eq!(play("open r:T:1 ? e:T:end ? r:T:2 ?"), "1 end 2");
    }

    #[test]
    fn closing_lets_leave_what_may_be_written() {
        assert_eq!(play("!a +b close +c ? ? ?"), "a finished finished");
        assert_eq!(play("open +a r:T:1 close ? ?"), "a finished");
    }

    #[test]
    fn too_much_is_an_overflow_that_frees_everything() {
        let plain = |size: usize| Outgoing {
            frame: vec![b'x'; size],
            role: Role::Plain,
        };
        let mut queue = Queue::new();
        queue.push(plain(LIMIT + 1)).unwrap();
        assert_eq!(queue.push(plain(1)), Err(Overflow));
        assert_eq!(queue.bytes(), 0);
        assert_eq!(queue.push(plain(1)), Ok(()), "a closed queue takes nothing");
        assert_eq!(queue.next(Duration::ZERO), Next::Finished);
    }
}
