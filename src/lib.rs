//! upgrade-kit.
