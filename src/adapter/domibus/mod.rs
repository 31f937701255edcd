//! What Domibus itself knows: which messages outlive which upgrade, what two installations must not share.
//!
//! May import: what `adapter` may. Must never: change anything.

mod check_queues;
mod check_separate;
mod queues;
mod stores;
mod versions;

pub use check_queues::CheckQueues;
pub use check_separate::CheckSeparate;
