//! Snapshots, lanes and merges, on real repositories and folders.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod changing;
mod faults;
mod keeping;
mod killed;
mod merging;
mod random;
mod snapshots;
mod taking;
mod world;
