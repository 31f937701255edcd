//! upgrade-kit.

pub mod site;
