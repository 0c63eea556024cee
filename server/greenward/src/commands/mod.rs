//! The commands, one module each.

pub(crate) mod cycle;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod init;
pub(crate) mod key;
pub(crate) mod lsp;
pub(crate) mod plan;
pub(crate) mod test;
pub(crate) mod trust;
