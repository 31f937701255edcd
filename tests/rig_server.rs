//! A server of the rig that lives as long as this test process.

use std::path::Path;
use std::process::{Command, Stdio};

#[expect(
    clippy::disallowed_methods,
    reason = "the rig is a script beside the tests"
)]
/// A program.
pub(crate) fn command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    Command::new(program)
}

#[expect(clippy::print_stdout, reason = "the reader of the tests shall know")]
/// Says a line to the reader of the tests.
pub(crate) fn skipped(text: &str) {
    println!("{text}");
}

/// Nothing is told when a test process ends, or is killed. A shell that reads from a pipe that only
/// this process holds open is.
#[expect(clippy::zombie_processes, reason = "it ends after this process")]
pub(crate) fn stop_with_this_process(script: &Path, directory: &Path) {
    let mut watcher = command("setsid")
        .args([
            "sh",
            "-c",
            "cat >/dev/null; \"$1\" stop \"$2\"; rm -rf \"$2\"",
            "sh",
        ])
        .arg(script)
        .arg(directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::mem::forget(watcher.stdin.take());
}
