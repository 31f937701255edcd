//! The executor, its journal and its resumption, against actions that live in memory.

mod execute;
mod world;
