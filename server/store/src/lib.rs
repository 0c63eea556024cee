//! What Greenward remembers: the log of what happened in cycles and to breakers, in
//! `.tdd/state.db`.
//!
//! One table is the truth: `events`, to which rows are only ever added. The others are projected
//! from it in the same transaction and can be made anew ([`Store::rebuild`]). An event that was
//! acknowledged is on the disk: write-ahead log, full synchronisation. What arrives while a commit
//! is running goes into the next one, so many events share the price of one.
//!
//! Two daemons on one workspace share the database. Which of them has a cycle in hand is settled
//! by a lock that ends with its process ([`Store::claim`]).
//!
//! Nothing else in Greenward knows SQL. Times are arguments; no clock is read here.

mod breakers;
mod check;
mod claim;
mod database;
mod error;
mod export;
mod folder;
mod log;
mod projection;
mod schema;
mod store;
mod summary;
mod threads;

#[cfg(test)]
mod tests;

pub use claim::Claim;
pub use error::StoreError;
pub use store::Store;
pub use summary::{CycleFilter, CycleSummary};
