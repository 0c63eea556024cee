//! Server-sent events out of bytes that come in any portions, as the HTML standard has them.
//!
//! <https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream>
//!
//! One thing is different: an event at the end of the stream counts without an empty line after
//! it, because servers forget that line.

/// An event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Event {
    /// Its type. Empty where the server names none.
    pub(crate) event: String,
    /// Its data, with `\n` between its lines.
    pub(crate) data: String,
}

/// Takes bytes and gives events. Holds one event at a time; whoever feeds it limits how much that
/// can be.
#[derive(Debug, Default)]
pub(crate) struct Events {
    /// The line so far.
    line: Vec<u8>,
    /// Whether the last line ended with `\r`, so that `\n` does not end another one.
    after_return: bool,
    begun: bool,
    event: String,
    data: Option<String>,
}

impl Events {
    /// The events that end in `bytes`.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Vec<Event> {
        let mut events = Vec::new();
        for &byte in bytes {
            let after_return = std::mem::take(&mut self.after_return);
            match byte {
                b'\n' if after_return => {}
                b'\n' | b'\r' => {
                    self.after_return = byte == b'\r';
                    events.extend(self.end_line());
                }
                _ => self.line.push(byte),
            }
        }
        events
    }

    /// The event that stands at the end of the stream.
    pub(crate) fn finish(mut self) -> Option<Event> {
        if !self.line.is_empty() {
            self.end_line();
        }
        self.dispatch()
    }

    fn end_line(&mut self) -> Option<Event> {
        let bytes = std::mem::take(&mut self.line);
        let line = String::from_utf8_lossy(&bytes);
        let line = if std::mem::replace(&mut self.begun, true) {
            &*line
        } else {
            line.strip_prefix('\u{feff}').unwrap_or(&line)
        };
        if line.is_empty() {
            return self.dispatch();
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.event),
            "data" => match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                none => *none = Some(value.to_owned()),
            },
            // Comments, which have no name, and fields that serve reconnecting.
            _ => {}
        }
        None
    }

    fn dispatch(&mut self) -> Option<Event> {
        let event = std::mem::take(&mut self.event);
        self.data.take().map(|data| Event { event, data })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The events in `text`, each as `type|data`, however it is cut.
    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        for portion in [1, 2, 3, 7, text.len().max(1)] {
            let mut events = Events::default();
            let mut found = Vec::new();
            for bytes in text.as_bytes().chunks(portion) {
                found.extend(events.push(bytes));
            }
            found.extend(events.finish());
            let found: Vec<String> = found
                .into_iter()
                .map(|event| format!("{}|{}", event.event, event.data))
                .collect();
            assert_eq!(found, expected, "in portions of {portion}");
        }
    }

    #[test]
    fn events_end_with_an_empty_line() {
        check("", &[]);
        check("data: a\n\ndata: b\n\n", &["|a", "|b"]);
        check("event: x\ndata: a\n\ndata: b\n\n", &["x|a", "|b"]);
        check("\n\n\ndata:a\n\n\n", &["|a"]);
    }

    #[test]
    fn lines_end_in_three_ways() {
        check("data: a\r\n\r\ndata: b\r\rdata: c\n\n", &["|a", "|b", "|c"]);
        check("data: a\r\ndata: b\r\n\r\n", &["|a\nb"]);
    }

    #[test]
    fn data_may_have_several_lines() {
        check("data: a\ndata:\ndata:  b\n\n", &["|a\n\n b"]);
        check("data\n\n", &["|"]);
    }

    #[test]
    fn the_rest_is_passed_over() {
        check("\u{feff}data: a\n\n", &["|a"]);
        check(
            ": keep alive\n\n:\ndata: a\nid: 1\nretry: 5\nodd\n\n",
            &["|a"],
        );
        check("event: x\n\ndata: a\n\n", &["|a"]);
    }

    #[test]
    fn the_last_event_needs_no_empty_line() {
        check("data: é\n", &["|é"]);
        check("data: a\n\ndata: b", &["|a", "|b"]);
        check("event: x\n", &[]);
    }
}
