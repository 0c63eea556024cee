//! What verification needs to know of a language: which files a change may touch, what of them is
//! sealed, which copies of a test must fail, which slips in the code the tests ought to catch.
//!
//! A worker's process is not believed: it may end early with success, patch the reporter, return
//! something that equals everything, read the expected value out of the test. So besides the tests
//! by name, verification runs *twins* of them under random names, some altered so that honest code
//! must fail them. Everything here is text in, values out; running them is the engine's.

mod answers;
#[cfg(test)]
mod corpus;
mod mark;
mod mutant;
mod names;
mod random;
#[cfg(test)]
mod red_team;
mod replay;
mod seal;
pub(crate) mod syntax;
mod twin;
pub(crate) mod values;

pub(crate) use answers::{Answers, Case, known_by_heart, number};
pub(crate) use mark::{Mark, is_telling, unseen_before};
pub use mutant::Mutant;
pub(crate) use mutant::spread;
pub(crate) use names::mentions;
pub(crate) use random::Random;
#[cfg(test)]
pub(crate) use random::seeded;
pub use replay::Replay;
pub use seal::{AddedTest, Content, Finding, Role, Sealed};
pub(crate) use seal::{role_of_data, sealed_whole};
pub(crate) use twin::{Alteration, Copy, MOST_ALTERED, Place, Planting, Rejected};
pub use twin::{Must, Twin, TwinKind, Twins};
