//! Replaying a test's expressions in a process that never sees what they must give.

/// Expressions to evaluate, and, to be kept outside, what each must give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replay {
    /// A script. It writes one line for each expression to the file that its only argument names.
    pub script: String,
    /// The line that each expression must give.
    pub expected: Vec<String>,
}
