//! Speed and memory, against baselines in the same run: `cargo bench`.
//!
//! ```text
//! cargo bench                     every row
//! cargo bench -- plan dump        these rows only (plan, run, files, dump, restore)
//! cargo bench -- --quick          tiny sizes: shows that the rows work, not how fast they are
//! ```
//!
//! Every row runs ours and the named baseline in turn (A B A B …), each in a process of its own (this
//! binary started again with `side …`), so that the peak of memory is that of the work alone. Nothing
//! is asserted: a shared machine makes times lie. The report says how busy others kept the machine
//! meanwhile, and leaves out rounds that they disturbed where enough quiet ones remain.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a program for developers: it prints, starts baselines, and ends where it cannot go on"
)]

mod database;
mod files;
mod machine;
mod measure;
mod plan;
mod report;
mod run;
mod side;
mod step;

use std::path::PathBuf;

/// How much is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Scale {
    /// Tiny sizes.
    pub(crate) quick: bool,
}

impl Scale {
    /// The size of something: the real one, or the tiny one.
    pub(crate) fn of<T>(self, real: T, quick: T) -> T {
        if self.quick { quick } else { real }
    }
}

const ROWS: [&str; 5] = ["plan", "run", "files", "dump", "restore"];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == "side") {
        return side::main(&arguments[1..]);
    }
    let scale = Scale {
        quick: arguments.iter().any(|argument| argument == "--quick"),
    };
    // `cargo bench` passes `--bench`; unknown options are its own affair.
    let wanted: Vec<&str> = arguments
        .iter()
        .map(String::as_str)
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    if let Some(unknown) = wanted.iter().find(|name| !ROWS.contains(name)) {
        eprintln!("there is no row `{unknown}`; rows: {}", ROWS.join(", "));
        std::process::exit(2);
    }
    let is_wanted = |name: &str| wanted.is_empty() || wanted.contains(&name);
    machine::describe();
    if is_wanted("plan") {
        plan::rows(scale);
    }
    if is_wanted("run") {
        run::rows(scale);
    }
    if is_wanted("files") {
        files::rows(scale);
    }
    if is_wanted("dump") || is_wanted("restore") {
        database::rows(scale, is_wanted("dump"), is_wanted("restore"));
    }
}

/// Where data sets are kept from one run to the next, and where copies go: on the disk of the build,
/// since the temporary directory may be memory.
pub(crate) fn data() -> PathBuf {
    let target = option_env!("CARGO_TARGET_TMPDIR").unwrap_or(env!("CARGO_MANIFEST_DIR"));
    let directory = PathBuf::from(target).join("speed");
    std::fs::create_dir_all(&directory).expect("the data directory can be made");
    directory
}
