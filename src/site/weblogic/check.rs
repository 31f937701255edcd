//! What is wrong with the document: names that nothing has, paths and times that are none.

use std::path::Path;

use super::document::WeblogicSection;
use super::resolve::clusters;
use super::topology::Platform;
use crate::diagnostic::{Code, Problem, Problems, SourceFile, did_you_mean};

/// Names that stand for something else in the document.
pub(super) fn names(section: &WeblogicSection, source: &SourceFile, problems: &mut Problems) {
    let mut wrong = |path: &[&str], what: &str, name: &str, known: Vec<&str>| {
        let problem = Problem::error(Code::WRONG_VALUE, format!("there is no {what} `{name}`"))
            .at(source.value_at(path), "")
            .maybe_help(did_you_mean(name, known.iter().copied()))
            .help(format!("known here: {}", known.join(", ")));
        problems.push(problem);
    };
    let nodes = || section.nodes.keys().map(String::as_str).collect::<Vec<_>>();
    for (name, server) in &section.servers {
        if !section.nodes.contains_key(&server.node) {
            let path = ["weblogic", "servers", name, "node"];
            wrong(&path, "node", &server.node, nodes());
        }
    }
    if let Some(node) = &section.connection.node
        && !section.nodes.contains_key(node)
    {
        wrong(&["weblogic", "connection", "node"], "node", node, nodes());
    }
    let admin = &section.domain.admin_server;
    if !section.servers.contains_key(admin) {
        let known = section.servers.keys().map(String::as_str).collect();
        wrong(&["weblogic", "servers"], "server", admin, known);
    }
    let clusters = clusters(section);
    let mut targets = vec![section.domain.name.as_str()];
    targets.extend(clusters.iter().map(|cluster| cluster.name.as_str()));
    targets.extend(section.servers.keys().map(String::as_str));
    for (at, target) in section.rollout.targets.iter().enumerate() {
        if !targets.contains(&target.as_str()) {
            let path = ["weblogic", "rollout", "targets", &at.to_string()];
            wrong(&path, "domain, cluster or server", target, targets.clone());
        }
    }
    if section.rollout.targets.is_empty() {
        let problem = Problem::error(Code::WRONG_VALUE, "a rollout has a target")
            .at(source.value_at(&["weblogic", "rollout", "targets"]), "")
            .help("name the domain, clusters or servers");
        problems.push(problem);
    }
}

/// Paths on nodes are absolute: there is nothing that they could be relative to.
pub(super) fn node_paths(section: &WeblogicSection, source: &SourceFile, problems: &mut Problems) {
    let windows = section.platform == Platform::Windows;
    let mut check = |keys: &[&str], path: &Path| {
        let text = path.to_string_lossy();
        let drive = text.as_bytes().get(1) == Some(&b':');
        if path.is_absolute() || (windows && drive) {
            return;
        }
        let path = [&["weblogic"], keys].concat();
        let problem = Problem::error(Code::WRONG_VALUE, "a path on nodes must be absolute")
            .at(source.value_at(&path), "");
        problems.push(problem);
    };
    check(&["domain", "home"], &section.domain.home);
    check(&["oracle_home"], &section.oracle_home);
    check(&["java_home"], &section.java_home);
    for (name, node) in &section.nodes {
        if let Some(home) = &node.oracle_home {
            check(&["nodes", name, "oracle_home"], home);
        }
    }
    if let Some(home) = &section.rollout.oracle_home {
        check(&["rollout", "oracle_home", "archive"], &home.archive);
        check(&["rollout", "oracle_home", "backup"], &home.backup);
    }
    if let Some(java) = &section.rollout.java_home {
        check(&["rollout", "java_home"], java);
    }
    if let Some(files) = &section.rollout.files {
        check(&["rollout", "files"], files);
    }
    for (name, node) in &section.nodes {
        if node.run.is_some() != node.copy.is_some() {
            let problem = Problem::error(Code::WRONG_VALUE, "give `run` and `copy`, or neither")
                .at(source.value_at(&["weblogic", "nodes", name]), "")
                .help("a node without both is this machine");
            problems.push(problem);
        }
    }
}

/// The time that a server may take to stop.
pub(super) fn seconds(
    section: &WeblogicSection,
    source: &SourceFile,
    problems: &mut Problems,
) -> Option<u64> {
    let text = section.rollout.shutdown_timeout.as_ref()?;
    match text
        .trim()
        .parse::<jiff::SignedDuration>()
        .map(|one| one.as_secs())
    {
        Ok(seconds) if seconds >= 0 => Some(seconds.unsigned_abs()),
        _ => {
            let place = source.value_at(&["weblogic", "rollout", "shutdown_timeout"]);
            let problem =
                Problem::error(Code::WRONG_VALUE, format!("`{text}` is no length of time"))
                    .at(place, "")
                    .help("write it like `90s`, `5m` or `1h 30m`");
            problems.push(problem);
            None
        }
    }
}
