//! Verification of changes to Python code.

mod answers;
mod assertions;
mod exceptions;
mod expected;
mod literals;
mod mutants;
mod replay;
mod role;
mod seal;
mod shadowing;
mod tree;
mod twins;
mod warnings;

pub use mutants::mutants;
pub use shadowing::shadowing;
pub use warnings::warnings;
