//! Snapshots, lanes and merges, on real repositories and folders.

mod changing;
mod faults;
mod keeping;
mod killed;
mod merging;
mod random;
mod snapshots;
mod taking;
mod world;
