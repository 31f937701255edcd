//! The executor, its journal and its resumption, against actions that live in memory.

mod crash;
mod execute;
mod resume;
mod world;
