//! XML files: single values are changed, every other byte stays as it is.
//!
//! May import: what `adapter` may. Must never: write a document anew from what a parser made of it.

mod edit;
mod path;
mod text;

pub use edit::{Edit, XmlEdit};
