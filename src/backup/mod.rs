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

mod catalogue;
mod checksums;
mod contained;
mod error;
mod format_check;
mod listing;
mod manifest;
mod partial;
mod reader;
mod recheck;
mod restore_guide;
mod seal;
mod sealed;
mod set_path;
mod stream_hash;
mod tree;
mod tree_law;
mod verify;
mod writer;

pub use catalogue::{CatalogueEntry, SetStatus, catalogue, latest};
pub use error::BackupError;
pub use format_check::FormatCheck;
pub use manifest::{FORMAT, Manifest};
pub use partial::{PartialSet, SetFolder};
pub use reader::{DecompressedReader, VerifiedReader};
pub use seal::{SealFacts, SealReport, seal};
pub use sealed::SealedSet;
pub use set_path::{SetPath, escape, file_name_for, unescape};
pub use tree::{MemberKind, TREE_TOP, TreeMember, TreeReader, left_out, tree_index};
pub use verify::{Problem, ProblemKind, Verification, VerifyWatch};
pub use writer::{CompressedArtifact, CompressedWriter, SetWriter, hex};
