//! What Domibus itself knows: which messages outlive which upgrade.
//!
//! May import: what `adapter` may. Must never: change anything.

mod check_queues;
mod queues;
mod stores;
mod versions;

pub use check_queues::CheckQueues;
