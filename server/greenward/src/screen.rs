//! The only place that writes to the standard output and error.

use std::io::{self, IsTerminal, Write};

/// Where text for people (or, line by line, for programs) goes.
///
/// Text comes with escape sequences and loses them where the output is not to have any. A write
/// that fails is not an error of the command: whoever closed the output (`| head`) has read
/// enough, and the exit code still tells the truth.
pub(crate) struct Screen {
    out: Box<dyn Write + Send>,
    abilities: Abilities,
    /// The live line that stands at the bottom, without a line break.
    live: String,
}

/// What an output can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Abilities {
    /// Whether escape sequences are wanted: a terminal without `NO_COLOR`, or `CLICOLOR_FORCE`.
    pub(crate) colour: bool,
    /// Whether a line can be written over: a terminal.
    pub(crate) live: bool,
}

impl Screen {
    /// Onto the standard output.
    pub(crate) fn stdout() -> Self {
        let out = io::stdout();
        let colour = anstream::AutoStream::choice(&out) != anstream::ColorChoice::Never;
        let live = out.is_terminal();
        Self::new(Box::new(out), Abilities { colour, live })
    }

    /// Onto the standard output, for programs: every character as it is.
    pub(crate) fn for_programs() -> Self {
        let abilities = Abilities {
            colour: true,
            live: false,
        };
        Self::new(Box::new(io::stdout()), abilities)
    }

    /// Onto the standard error.
    pub(crate) fn stderr() -> Self {
        let out = io::stderr();
        let colour = anstream::AutoStream::choice(&out) != anstream::ColorChoice::Never;
        Self::new(
            Box::new(out),
            Abilities {
                colour,
                live: false,
            },
        )
    }

    /// Onto anything.
    pub(crate) fn new(out: Box<dyn Write + Send>, abilities: Abilities) -> Self {
        Self {
            out,
            abilities,
            live: String::new(),
        }
    }

    /// Whether a live line can be shown.
    pub(crate) fn is_live(&self) -> bool {
        self.abilities.live
    }

    /// How many columns there are.
    pub(crate) fn width(&self) -> usize {
        match terminal_size::terminal_size() {
            // The last column stays free: some terminals wrap once it is written.
            Some((width, _)) if self.abilities.live => usize::from(width.0).saturating_sub(1),
            _ => 80,
        }
    }

    /// Prints whole lines above the live line.
    pub(crate) fn print(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        let painted = self.painted(text);
        let live = std::mem::take(&mut self.live);
        // One write, so that nothing flickers.
        self.write(&format!("{}{painted}{live}", self.erase(&live)));
        self.live = live;
    }

    /// Prints one line above the live line.
    pub(crate) fn line(&mut self, line: &str) {
        self.print(&format!("{line}\n"));
    }

    /// Puts `line` in the place of the live line; an empty one takes it away.
    pub(crate) fn live(&mut self, line: &str) {
        let line = self.painted(line);
        if !self.abilities.live || line == self.live {
            return;
        }
        self.write(&format!("{}{line}", self.erase(&self.live)));
        self.live = line;
    }

    /// What takes a live line away and leaves the cursor where it began.
    ///
    /// Where no colour is wanted, other escape sequences are no less a nuisance: blanks do it too.
    fn erase(&self, live: &str) -> String {
        match (live.is_empty(), self.abilities.colour) {
            (true, _) => String::new(),
            (false, true) => "\r\x1b[K".to_owned(),
            (false, false) => {
                let width = unicode_width::UnicodeWidthStr::width(live);
                format!("\r{}\r", " ".repeat(width))
            }
        }
    }

    fn painted(&self, text: &str) -> String {
        match self.abilities.colour {
            true => text.to_owned(),
            false => anstream::adapter::strip_str(text).to_string(),
        }
    }

    fn write(&mut self, text: &str) {
        let written = self.out.write_all(text.as_bytes());
        if let Err(error) = written.and_then(|()| self.out.flush()) {
            tracing::debug!(%error, "the output is closed");
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.live("");
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::report::style::{GOOD, paint};

    /// What was written to a screen.
    #[derive(Clone, Default)]
    pub(crate) struct Written(Arc<Mutex<Vec<u8>>>);

    impl Written {
        pub(crate) fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// A screen that can do this, and what is written to it.
    pub(crate) fn screen(colour: bool, live: bool) -> (Screen, Written) {
        let written = Written::default();
        let screen = Screen::new(Box::new(written.clone()), Abilities { colour, live });
        (screen, written)
    }

    fn shown(colour: bool, live: bool) -> String {
        let (mut screen, written) = screen(colour, live);
        screen.live(&paint(GOOD, "1/2"));
        screen.line(&paint(GOOD, "one"));
        screen.live("2/2");
        drop(screen);
        written.text()
    }

    #[test]
    fn lines_go_above_the_live_line_and_nothing_of_it_stays() {
        assert_eq!(
            shown(true, true),
            "\x1b[32m1/2\x1b[0m\r\x1b[K\x1b[32mone\x1b[0m\n\x1b[32m1/2\x1b[0m\r\x1b[K2/2\r\x1b[K"
        );
    }

    #[test]
    fn where_nothing_can_be_written_over_there_is_no_live_line() {
        assert_eq!(shown(false, false), "one\n");
        assert_eq!(shown(true, false), "\x1b[32mone\x1b[0m\n");
    }

    #[test]
    fn without_colour_there_is_no_escape_sequence_at_all() {
        let text = shown(false, true);
        assert!(!text.contains('\x1b'), "{text:?}");
        assert_eq!(text, "1/2\r   \rone\n1/2\r   \r2/2\r   \r");
    }

    #[test]
    fn a_closed_output_is_no_error() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }

            fn flush(&mut self) -> io::Result<()> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
        }
        let abilities = Abilities {
            colour: true,
            live: true,
        };
        let mut screen = Screen::new(Box::new(Closed), abilities);
        screen.live("1/2");
        screen.line("one");
    }
}
