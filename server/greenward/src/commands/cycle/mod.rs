//! What is done with cycles: begin one ([`green`]) by somebody ([`who`]), go on with one ([`resume`]), look at them
//! ([`list`]), and decide about a result ([`review`]).

mod ask;
mod follow;
pub(crate) mod green;
pub(crate) mod list;
pub(crate) mod resume;
pub(crate) mod review;
mod targets;
mod tell;
mod who;

pub(super) use ask::ask;
pub(super) use follow::{Ended, Follow, exit_of};
pub(super) use review::apply;
pub(super) use tell::Teller;
