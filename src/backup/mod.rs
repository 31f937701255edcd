//! Backup sets: the sealed result of a backup phase.
//!
//! ```text
//! <backups>/<site>/<set-id>/     written as <set-id>.partial, renamed when sealed
//!   manifest.json   SHA256SUMS   RESTORE.md   site.yaml   plan.json
//!   database/<schema>.sql.zst    jms/…   config/…   files/…   application/…   server/…
//! ```
//!
//! The only room that builds a path inside a set. Directories are 0700, files 0600. A set is on the
//! machine that runs the program. May import: `event`, `host`. Must never: call a tool.

mod error;
mod partial;
mod sealed;

pub use error::BackupError;
pub use partial::PartialSet;
pub use sealed::SealedSet;
