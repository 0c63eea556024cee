//! How a process came to its end.

use std::fmt;

use signal_hook::low_level::signal_name;

/// How a process came to its end. A crash is never folded into an exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// It ended by itself, with this exit code.
    Code(i32),
    /// A signal with this number ended it.
    Signal(i32),
}

impl Exit {
    /// Whether it ended by itself with exit code 0.
    #[must_use]
    pub fn is_success(self) -> bool {
        self == Exit::Code(0)
    }

    /// The exit code; nothing if a signal ended it.
    #[must_use]
    pub fn code(self) -> Option<i32> {
        match self {
            Exit::Code(code) => Some(code),
            Exit::Signal(_) => None,
        }
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Exit::Code(code) => write!(f, "exit code {code}"),
            Exit::Signal(signal) => {
                write!(f, "killed by signal {signal}")?;
                signal_name(signal).map_or(Ok(()), |name| write!(f, " ({name})"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_well() {
        for (exit, expected) in [
            (Exit::Code(0), "exit code 0"),
            (Exit::Code(101), "exit code 101"),
            (Exit::Signal(11), "killed by signal 11 (SIGSEGV)"),
            (Exit::Signal(9), "killed by signal 9 (SIGKILL)"),
            (Exit::Signal(40), "killed by signal 40"),
        ] {
            assert_eq!(exit.to_string(), expected);
        }
    }
}
