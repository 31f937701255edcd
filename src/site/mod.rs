//! The site: what the operator wrote down, and what an existing installation says of itself.
//!
//! May import: `diagnostic`, `host` (to resolve a secret). Must never: change an installation.

mod secret_ref;
mod secret_resolve;

pub use secret_ref::SecretRef;
pub use secret_resolve::{SecretError, resolve as resolve_secret};
