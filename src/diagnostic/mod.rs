//! Problems in documents: where they are, what is wrong, what to do.
//!
//! A [`SourceFile`] is a text with a name. [`decode()`] turns it into a value, or into every problem it
//! has at once, each with a [`Code`], an underline at the exact place and a help line. Rooms that find
//! problems later (an unknown step, a circle) build a [`Problem`] of their own and take its place from
//! [`SourceFile::key_at`] and [`SourceFile::value_at`], which find `steps.3.with.store` again in the
//! text. [`Problems`] collects, sorts and renders.
//!
//! May import: nothing of the kit. Must never: read a file, print, or know what a document means.

mod code;
mod decode;
mod flow;
mod limits;
mod offsets;
mod option;
mod phrase;
mod problem;
mod render;
mod repair;
mod source;
mod suggest;
mod syntax;
#[cfg(test)]
mod tests;
mod tree;
pub mod unique;
mod veil;

pub use code::{CODES, Code};
pub use decode::decode;
pub use limits::{MAX_BYTES, MAX_DEPTH};
pub use option::option_problem;
pub use phrase::complaint;
pub use problem::{Label, Problem, Problems, Severity};
pub use render::Rendering;
pub use source::{SourceFile, Span};
pub use suggest::{did_you_mean, suggest};
