//! The site: what the operator wrote down, and what an existing installation says of itself.
//!
//! May import: `diagnostic`, `host` (to resolve a secret). Must never: change an installation.

mod secret_ref;

pub use secret_ref::SecretRef;
