//! The Java options that a start script such as `bin/setenv.sh` leaves behind, found without running it.
//!
//! A shell script cannot be known without running it, and running it is out of the question: it may start,
//! stop or write anything. So the straight part is followed (assignments, `export`, quotes, `$NAME`,
//! `${NAME:-default}`), and everything else makes what it touches *unknown*: a command substitution, an
//! `if`, a file read with `.`. An unknown piece travels with the values that contain it, up to the option
//! that a reader asks for; it is never replaced by a guess.
//!
//! `text` (letters that remember their line) ← `tokens`, `lexer` (the shell's words) ← `variables` ←
//! `conditions` ← `script` (statements) ← `options` (what Java is given).

mod conditions;
mod lexer;
mod options;
mod script;
mod text;
mod tokens;
mod variables;

pub use options::{JavaOption, StartupArguments, read, read_weblogic};
pub use variables::Uncertain;

#[cfg(test)]
mod tests;
