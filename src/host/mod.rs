//! What a step may do to a machine.

pub mod store_lock;
