//! Verification of changes to Rust code.

mod answers;
mod assertions;
mod expected;
mod literals;
mod mutants;
mod regions;
mod role;
mod seal;
mod structure;
mod tree;
mod twins;
mod warnings;

pub use mutants::mutants;
pub use warnings::warnings;
