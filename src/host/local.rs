//! This machine.

/// This machine.
#[derive(Debug, Default)]
pub struct LocalHost;
