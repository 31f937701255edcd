//! Restrictions on Oracle homes and on paths.

use std::path::{Component, Path, PathBuf};

use crate::adapter::Finding;
use crate::site::weblogic::Topology;

pub(super) fn same_home_everywhere(topology: &Topology) -> Vec<Finding> {
    if topology.home.is_none() {
        return Vec::new();
    }
    let mut homes: Vec<(&Path, Vec<&str>)> = Vec::new();
    for node in &topology.nodes {
        let on_it = |server: &crate::site::weblogic::Server| server.node == node.name;
        if !topology.updated().any(on_it) {
            continue;
        }
        match homes.iter_mut().find(|(home, _)| *home == node.oracle_home) {
            Some((_, nodes)) => nodes.push(&node.name),
            None => homes.push((&node.oracle_home, vec![&node.name])),
        }
    }
    if homes.len() < 2 {
        return Vec::new();
    }
    let homes: Vec<String> = homes
        .iter()
        .map(|(home, nodes)| format!("{} on {}", home.display(), nodes.join(", ")))
        .collect();
    let text = format!(
        "the Oracle home is at different places: {}",
        homes.join("; ")
    );
    vec![Finding::warning(text).hint("Oracle recommends one place for all nodes")]
}

pub(super) fn archive_or_backup(topology: &Topology) -> Vec<Finding> {
    let Some(home) = &topology.home else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    let archive = home
        .rolled_out
        .extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("jar"));
    let shown = home.rolled_out.display();
    if !home.rollback && !archive {
        findings.push(
            Finding::refuse(format!("{shown} is no archive of an Oracle home (`.jar`)"))
                .hint("a new Oracle home is rolled out from the archive that copyBinary makes; a directory only serves a rollback"),
        );
    }
    if home.rollback && archive {
        findings.push(
            Finding::refuse(format!(
                "{shown} is an archive, and a rollback takes the backup directory"
            ))
            .hint("name the backup directory of the rollout before"),
        );
    }
    let backup = home.backup.display();
    if home.backup == home.rolled_out {
        findings.push(
            Finding::refuse(format!("{backup} is both rolled out and the backup"))
                .hint("give `rollout.oracle_home.backup` a path of its own"),
        );
    }
    for node in &topology.nodes {
        if is_within(&home.backup, &node.oracle_home) || is_within(&node.oracle_home, &home.backup)
        {
            findings.push(
                Finding::refuse(format!(
                    "the backup {backup} is, or lies in or around, the Oracle home {} of {}",
                    node.oracle_home.display(),
                    node.name
                ))
                .hint("give `rollout.oracle_home.backup` a path beside the Oracle home"),
            );
        }
    }
    findings
}

pub(super) fn domain_outside_home(topology: &Topology) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut seen: Vec<&Path> = Vec::new();
    for node in &topology.nodes {
        let home = node.oracle_home.as_path();
        if is_within(&topology.domain_home, home) && !seen.contains(&home) {
            seen.push(home);
            findings.push(
                Finding::refuse(format!(
                    "the domain {} lies in the Oracle home {} of {}",
                    topology.domain_home.display(),
                    home.display(),
                    node.name
                ))
                .hint("a rollout moves the Oracle home away: move the domain out of it first"),
            );
        }
    }
    findings
}

pub(super) fn plain_paths(topology: &Topology) -> Vec<Finding> {
    let mut paths: Vec<(&str, &Path)> = vec![("domain.home", &topology.domain_home)];
    paths.push(("java_home", &topology.present_java_home));
    paths.push(("rollout.files", &topology.files));
    for node in &topology.nodes {
        paths.push(("oracle_home", &node.oracle_home));
    }
    if let Some(home) = &topology.home {
        paths.push(("rollout.oracle_home", &home.rolled_out));
        paths.push(("rollout.oracle_home.backup", &home.backup));
    }
    if let Some(java) = &topology.java_home {
        paths.push(("rollout.java_home", java));
    }
    paths.dedup();
    let wrong = paths
        .iter()
        .filter(|(_, path)| !is_plain(&path.to_string_lossy()));
    let refuse = |(key, path): &(&str, &Path)| {
        Finding::refuse(format!(
            "{key}: the path `{}` has signs that options cannot hold",
            path.display()
        ))
        .hint(
            "letters, digits and `_-./:\\` are what copyBinary and a rollout take; blanks are not",
        )
    };
    wrong.map(refuse).collect()
}

/// Whether an option of a rollout or of copyBinary can hold it.
pub(super) fn is_plain(text: &str) -> bool {
    let sign = |c: char| c.is_ascii_alphanumeric() || "_-./:\\".contains(c);
    text.chars().all(sign)
}

/// Whether a path is `directory` or lies in it, by its words.
fn is_within(path: &Path, directory: &Path) -> bool {
    let clean = |path: &Path| -> PathBuf {
        let mut whole = PathBuf::new();
        for component in path.components() {
            match component {
                Component::CurDir => {}
                Component::ParentDir => _ = whole.pop(),
                other => whole.push(other),
            }
        }
        whole
    };
    clean(path).starts_with(clean(directory))
}
