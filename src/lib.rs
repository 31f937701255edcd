//! upgrade-kit.

pub mod adapter;
pub mod host;
