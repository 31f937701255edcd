//! A plan for reading, for programs, for diagrams and for the shelf.
//!
//! All forms show the same plan, which is the one that runs. None recurses: a plan may be a chain of
//! 100,000 steps.

mod dot;
mod json;
mod markdown;
mod mermaid;
mod stages;
mod tree;

pub use dot::dot;
pub use json::json;
pub use markdown::markdown;
pub use mermaid::mermaid;
pub use tree::tree;
