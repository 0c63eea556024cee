//! What Greenward says to the outside: its settings, and the wire types of its own methods and
//! events.
//!
//! Each is declared once, here, and everything else that must agree with it (JSON Schema, the
//! documentation, the editors' types) is generated from it. This crate knows how things are
//! written, not what they do: it reads no file and depends on no other crate of Greenward.

pub mod cycle;
pub mod cycle_method;
pub mod item;
pub mod method;
pub mod place;
pub mod plan;
pub mod run;
pub mod schema;
pub mod settings;
