//! What the three actions share: which server is meant and how its scripts are called.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::host::Invocation;

/// The server that is meant.
pub(super) struct Target<'a> {
    /// Its instance directory (`CATALINA_BASE`).
    pub(super) base: &'a Path,
    /// File that holds its process id.
    pub(super) pid_file: Option<&'a Path>,
    /// Every port that it listens on.
    pub(super) ports: &'a [u16],
    /// Store locks that its broker holds while it runs.
    pub(super) locks: &'a [PathBuf],
}

/// The command of a script: the one that was given, or `HOME/bin/DEFAULT`. Both directories are
/// put into the environment, because Tomcat's scripts would otherwise believe what the operator's
/// shell happens to say.
pub(super) fn script(
    given: Option<&Vec<String>>,
    default: &str,
    home: &Path,
    base: &Path,
    environment: &BTreeMap<String, String>,
    limit: Duration,
) -> Invocation {
    let mut invocation = match given.and_then(|argv| argv.split_first()) {
        Some((program, arguments)) => Invocation::new(program).args(arguments),
        None => Invocation::new(home.join("bin").join(default).to_string_lossy()),
    };
    for (name, directory) in [("CATALINA_BASE", base), ("CATALINA_HOME", home)] {
        if !environment.contains_key(name) {
            let directory = directory.to_string_lossy().into_owned();
            invocation.environment.push((name.to_owned(), directory));
        }
    }
    for (name, value) in environment {
        invocation.environment.push((name.clone(), value.clone()));
    }
    invocation.timeout = Some(limit);
    invocation
}

/// What is wrong with a script's words.
pub(super) fn check_script(option: &str, given: Option<&Vec<String>>) -> Option<String> {
    let empty = given.is_some_and(|argv| argv.first().is_none_or(String::is_empty));
    empty.then(|| format!("{option}: name a program"))
}
