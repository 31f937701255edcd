//! A node, reached through the commands that the site gives.

use std::path::Path;
use std::time::Duration;

use crate::adapter::{Failure, Finding};
use crate::event::FailureKind;
use crate::host::{Control, Exit, Host, HostError, Invocation, Streams, shell_word};
use crate::site::weblogic::Node;

/// A shell command on the node.
pub(super) fn command(node: &Node, text: &str, limit: Duration) -> Invocation {
    let here = || vec!["/bin/sh".to_owned(), "-c".to_owned()];
    let words = node.run.clone().unwrap_or_else(here);
    let (program, arguments) = words
        .split_first()
        .map_or(("", &words[..]), |(first, rest)| (first.as_str(), rest));
    let mut invocation = Invocation::new(program).args(arguments).arg(text);
    invocation.timeout = Some(limit);
    invocation
}

/// The copy of a file or directory to the node; `None` here.
pub(super) fn copy(node: &Node, from: &Path, to: &Path, limit: Duration) -> Option<Invocation> {
    let filled = |word: &String| {
        word.replace("{from}", &from.to_string_lossy())
            .replace("{to}", &to.to_string_lossy())
    };
    let words: Vec<String> = node.copy.as_ref()?.iter().map(filled).collect();
    let (program, arguments) = words.split_first()?;
    let mut invocation = Invocation::new(program).args(arguments);
    invocation.timeout = Some(limit);
    Some(invocation)
}

/// Rules for the commands of a node; every text names the option first.
pub(super) fn validate(node: &Node) -> Vec<String> {
    let mut problems = Vec::new();
    if node.run.as_ref().is_some_and(Vec::is_empty) {
        problems.push("node.run: is empty".to_owned());
    }
    if let Some(copy) = &node.copy {
        for place in ["{from}", "{to}"] {
            if !copy.iter().any(|word| word.contains(place)) {
                problems.push(format!("node.copy: has no `{place}`"));
            }
        }
    }
    problems
}

/// Programs that reach the node.
pub(super) fn programs(node: &Node) -> Vec<String> {
    let first = |words: &Vec<String>| words.first().cloned();
    let run = node.run.iter().filter_map(first);
    run.chain(node.copy.iter().filter_map(first)).collect()
}

/// Runs it; an end that is no success is a failure that says what it was for, and how to find out whether
/// the node can be reached at all.
pub(super) fn run(
    node: &Node,
    host: &dyn Host,
    control: &Control,
    invocation: &Invocation,
    what: &str,
) -> Result<Exit, Failure> {
    let exit = match host.run(invocation, Streams::captured(), control) {
        Ok(exit) if exit.success() => return Ok(exit),
        Ok(exit) => exit,
        Err(error @ HostError::NoSuchProgram { .. }) => {
            return Err(Failure::from(error).hint(by_hand(node)));
        }
        Err(error) => return Err(error.into()),
    };
    let failure = Failure::tool(format!("{what} failed"), invocation, &exit);
    Err(match failure.kind() {
        FailureKind::Stopped => failure,
        _ => failure.hint(by_hand(node)),
    })
}

/// Runs a command that fails only where the node does not answer, and says `looked` last; what it said.
pub(super) fn look(
    node: &Node,
    host: &dyn Host,
    control: &Control,
    invocation: &Invocation,
) -> Result<String, Failure> {
    let what = format!("reaching the node {}", node.name);
    let text = run(node, host, control, invocation, &what)?.stdout.text();
    if text.lines().next_back() == Some("looked") {
        return Ok(text);
    }
    let failure = Failure::verification(format!("{} did not answer to the end", node.name));
    Err(failure.hint(by_hand(node)))
}

/// The finding that a failure to reach a node amounts to, with the tool's last words.
pub(super) fn finding(failure: &Failure) -> Finding {
    let mut finding = Finding::of(failure);
    for said in failure.0.exit.iter().chain(failure.0.stderr.last()) {
        finding.message.push_str(": ");
        finding.message.push_str(said);
    }
    finding
}

/// How a person finds out why the node does not do it.
fn by_hand(node: &Node) -> String {
    let name = &node.name;
    match &node.run {
        Some(_) => format!(
            "try `{}` by hand: it must end with 0 and ask nothing; `nodes.{name}` of the site says how \
             {name} is reached",
            command(node, "true", Duration::ZERO)
        ),
        None => format!("{name} is this machine: look at what the command says"),
    }
}

/// Lists what lies at a path, so that two listings are equal if and only if the trees are: kind, mode
/// of files, name, target of links, hash.
pub(super) fn listing(path: &Path) -> String {
    let word = shell_word(&path.to_string_lossy());
    format!(
        "set -e; if [ -d {word} ]; then cd {word}; \
         find . -mindepth 1 ! -type f -printf '%y %P %l\\n' | LC_ALL=C sort; \
         find . -type f -printf 'f %P %m\\n' | LC_ALL=C sort; \
         find . -type f -print0 | LC_ALL=C sort -z | xargs -0 -r sha256sum; \
         elif [ -e {word} ]; then sha256sum <{word}; else echo absent; fi"
    )
}

/// A listing in one line: its own hash. The listing of an Oracle home has tens of thousands of lines.
pub(super) fn fingerprint(path: &Path) -> String {
    format!("({}) | sha256sum", listing(path))
}

/// The fingerprint of what is not there.
pub(super) fn absent() -> String {
    use sha2::{Digest, Sha256};
    crate::backup::hex(&Sha256::digest(b"absent\n"))
}
