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

mod contained;
mod error;
mod manifest;
mod partial;
mod reader;
mod sealed;
mod set_path;
mod writer;

pub use error::BackupError;
pub use manifest::{FORMAT, Manifest};
pub use partial::{PartialSet, SetFolder};
pub use reader::{DecompressedReader, VerifiedReader};
pub use sealed::SealedSet;
pub use set_path::{SetPath, escape, file_name_for, unescape};
pub use writer::{CompressedArtifact, CompressedWriter, SetWriter};
