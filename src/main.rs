//! The program `upgrade-kit`.
fn main() {}
