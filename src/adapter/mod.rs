//! One file or folder for each tool that a step can call.

pub mod kahadb;
