//! From the site document of a WebLogic domain to its resolved site.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::document::{ConnectionDocument, HomeDocument, WeblogicSection, WeblogicSiteDocument};
use super::json_files;
use super::resolved::{
    Deliveries, Delivery, Domain, Options, OracleHome, Rollout, Weblogic, WeblogicSite, connection,
};
use super::services::{Application, Staging};
use super::topology::{Cluster, Home, Node, Platform, Server, Topology, Wlst};
use crate::diagnostic::{Code, Problem, Problems, SourceFile, did_you_mean};
use crate::site::absolute;
use crate::site::files::{FileSource, MOST_BYTES};

/// What a document is read with.
pub struct Reading<'a> {
    /// The text of the document, for the places of problems.
    pub source: &'a SourceFile,
    /// Its directory, absolute.
    pub directory: &'a Path,
    /// Where hand-written JSON files are read from.
    pub files: &'a dyn FileSource,
}

/// The resolved site, or everything that is wrong with the document.
pub fn resolve(
    document: &WeblogicSiteDocument,
    reading: &Reading<'_>,
) -> Result<WeblogicSite, Problems> {
    let section = &document.weblogic;
    let mut problems = Problems::new();
    names(section, reading.source, &mut problems);
    let mut given = section.clone();
    local_paths(&mut given, reading.directory);
    let rollout = &mut given.rollout;
    read_files(rollout, reading, &mut problems);
    node_paths(&given, reading.source, &mut problems);
    let timeout = seconds(&given, reading.source, &mut problems);
    if problems.has_errors() {
        return Err(problems);
    }
    Ok(WeblogicSite {
        name: document.site.clone(),
        product: document.product.clone(),
        weblogic: resolved(&given, timeout),
        values: Value::Object(document.values.clone()),
    })
}

/// Names that stand for something else in the document.
fn names(section: &WeblogicSection, source: &SourceFile, problems: &mut Problems) {
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

/// Clusters that a server belongs to, and those that are only described.
fn clusters(section: &WeblogicSection) -> Vec<Cluster> {
    let mut clusters: Vec<Cluster> = Vec::new();
    let described = section.clusters.keys();
    let named = section
        .servers
        .values()
        .filter_map(|one| one.cluster.as_ref());
    for name in described.chain(named) {
        if clusters.iter().any(|cluster| cluster.name == *name) {
            continue;
        }
        let singletons = section
            .clusters
            .get(name)
            .and_then(|one| one.singletons.clone());
        clusters.push(Cluster {
            name: name.clone(),
            singletons,
        });
    }
    clusters
}

/// Paths of this machine, made absolute.
fn local_paths(section: &mut WeblogicSection, directory: &Path) {
    let below = |path: &mut PathBuf| *path = absolute(directory, path);
    let connection = &mut section.connection;
    connection.password = connection.password.take().map(|one| one.below(directory));
    let rollout = &mut section.rollout;
    let optional = [
        &mut connection.wlst,
        &mut connection.user_config_file,
        &mut connection.user_key_file,
        &mut rollout.applications_file,
        &mut rollout.migrations_file,
    ];
    optional.into_iter().flatten().for_each(below);
    let build = rollout
        .oracle_home
        .as_mut()
        .and_then(|home| home.build.as_mut());
    if let Some(build) = build {
        build.patches.iter_mut().for_each(below);
        below(&mut build.second_home);
        below(&mut build.base_archive);
    }
}

/// Takes the entries of hand-written files over.
fn read_files(
    rollout: &mut super::document::RolloutDocument,
    reading: &Reading<'_>,
    problems: &mut Problems,
) {
    let source = reading.source;
    if let Some(file) = read_file(
        rollout.migrations_file.as_deref(),
        "migrations",
        reading,
        problems,
    ) {
        twice(
            !rollout.migrations.is_empty(),
            "migrations",
            source,
            problems,
        );
        match json_files::migrations(&file) {
            Ok(entries) => rollout.migrations = entries,
            Err(found) => found.into_iter().for_each(|problem| problems.push(problem)),
        }
    }
    let file = rollout.applications_file.as_deref();
    if let Some(file) = read_file(file, "applications", reading, problems) {
        twice(
            !rollout.applications.is_empty(),
            "applications",
            source,
            problems,
        );
        match json_files::applications(&file) {
            Ok(entries) => rollout.applications = entries,
            Err(found) => found.into_iter().for_each(|problem| problems.push(problem)),
        }
    }
}

fn twice(both: bool, key: &str, source: &SourceFile, problems: &mut Problems) {
    if both {
        let message = format!("give `{key}` or `{key}_file`, not both");
        let place = source.value_at(&["weblogic", "rollout", key]);
        problems.push(Problem::error(Code::WRONG_VALUE, message).at(place, ""));
    }
}

fn read_file(
    path: Option<&Path>,
    key: &str,
    reading: &Reading<'_>,
    problems: &mut Problems,
) -> Option<SourceFile> {
    let path = path?;
    let mut failed = |why: String| {
        let message = format!("failed to read {}: {why}", path.display());
        let key = format!("{key}_file");
        let place = reading.source.value_at(&["weblogic", "rollout", &key]);
        problems.push(Problem::error(Code::WRONG_VALUE, message).at(place, ""));
    };
    match reading.files.read(path) {
        Err(error) => failed(error.to_string()),
        Ok(content) if content.len() as u64 > MOST_BYTES => failed("it is too large".to_owned()),
        Ok(content) => match String::from_utf8(content) {
            Err(_) => failed("it is not UTF-8 text".to_owned()),
            Ok(text) => return Some(SourceFile::new(path.display().to_string(), text)),
        },
    }
    None
}

/// Paths on nodes are absolute: there is nothing that they could be relative to.
fn node_paths(section: &WeblogicSection, source: &SourceFile, problems: &mut Problems) {
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
fn seconds(section: &WeblogicSection, source: &SourceFile, problems: &mut Problems) -> Option<u64> {
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

fn resolved(section: &WeblogicSection, shutdown_timeout: Option<u64>) -> Weblogic {
    let rollout = &section.rollout;
    let nodes = nodes(section);
    let files = rollout
        .files
        .clone()
        .unwrap_or_else(|| section.domain.home.join("upgrade-kit"));
    let wlst = wlst(&section.connection, &section.oracle_home);
    let topology = Topology {
        version: section.version.clone(),
        platform: section.platform,
        domain: section.domain.name.clone(),
        domain_home: section.domain.home.clone(),
        admin_server: section.domain.admin_server.clone(),
        nodes,
        servers: section
            .servers
            .iter()
            .map(|(name, server)| Server {
                name: name.clone(),
                node: server.node.clone(),
                cluster: server.cluster.clone(),
            })
            .collect(),
        clusters: clusters(section),
        targets: rollout.targets.clone(),
        wlst: Wlst {
            oracle_home: wlst_home(&section.connection, &wlst),
            node: section.connection.node.clone(),
        },
        home: rollout.oracle_home.as_ref().map(|home| Home {
            rolled_out: home.archive.clone(),
            backup: home.backup.clone(),
            rollback: false,
        }),
        java_home: rollout.java_home.clone(),
        present_java_home: section.java_home.clone(),
        applications: rollout.applications.clone(),
        migrations: rollout.migrations.clone(),
        session_compatible: rollout.session_compatible,
        shutdown_timeout,
        files,
    };
    let here = topology
        .server(&topology.admin_server)
        .and_then(|server| topology.node(&server.node))
        .is_some_and(|node| node.run.is_none() && section.platform == Platform::Unix);
    let home = rollout.oracle_home.as_ref().map(oracle_home);
    Weblogic {
        version: section.version.clone(),
        connection: connection(&section.connection, wlst),
        domain: Domain {
            name: section.domain.name.clone(),
            configuration: section.domain.home.join("config"),
            home: section.domain.home.clone(),
            admin_server: section.domain.admin_server.clone(),
            here,
        },
        windows: section.platform == Platform::Windows,
        oracle_home: section.oracle_home.clone(),
        java_home: section.java_home.clone(),
        rollback: rollback(&topology, home.as_ref()),
        rollout: rolled_out(section, &topology, home, here),
        topology,
    }
}

fn nodes(section: &WeblogicSection) -> Vec<Node> {
    let node = |(name, node): (&String, &super::document::NodeDocument)| Node {
        name: name.clone(),
        oracle_home: node
            .oracle_home
            .clone()
            .unwrap_or_else(|| section.oracle_home.clone()),
        run: node.run.clone(),
        copy: node.copy.clone(),
    };
    section.nodes.iter().map(node).collect()
}

fn wlst(connection: &ConnectionDocument, oracle_home: &Path) -> PathBuf {
    connection
        .wlst
        .clone()
        .unwrap_or_else(|| oracle_home.join("oracle_common/common/bin/wlst.sh"))
}

/// `HOME/oracle_common/common/bin/wlst.sh` says which home it is of.
fn wlst_home(connection: &ConnectionDocument, wlst: &Path) -> Option<PathBuf> {
    let found = wlst
        .ancestors()
        .find(|path| path.ends_with("oracle_common"));
    connection
        .oracle_home
        .clone()
        .or_else(|| found.and_then(Path::parent).map(Path::to_owned))
}

fn oracle_home(home: &HomeDocument) -> OracleHome {
    let mut patched = home.backup.clone().into_os_string();
    patched.push(".patched");
    OracleHome {
        archive: home.archive.clone(),
        backup: home.backup.clone(),
        patched_backup: home
            .patched_backup
            .clone()
            .unwrap_or_else(|| patched.into()),
        build: home.build.clone(),
        patch_ids: home.patch_ids.clone(),
        other_products: home.other_products.clone(),
    }
}

/// The way back: the backup home, the present Java, the present applications. What a rollback replaces
/// goes to places of its own.
fn rollback(topology: &Topology, home: Option<&OracleHome>) -> Topology {
    let application = |one: &Application| Application {
        patched_location: one.backup_location.clone(),
        backup_location: format!("{}.patched", one.backup_location),
        ..one.clone()
    };
    Topology {
        home: home.map(|home| Home {
            rolled_out: home.backup.clone(),
            backup: home.patched_backup.clone(),
            rollback: true,
        }),
        java_home: topology
            .java_home
            .as_ref()
            .map(|_| topology.present_java_home.clone()),
        present_java_home: topology.java_home.clone().unwrap_or_default(),
        applications: topology.applications.iter().map(application).collect(),
        ..topology.clone()
    }
}

fn rolled_out(
    section: &WeblogicSection,
    topology: &Topology,
    home: Option<OracleHome>,
    here: bool,
) -> Rollout {
    let given = &section.rollout;
    let file = |wanted: bool, name: &str| wanted.then(|| topology.files.join(name));
    let has_applications = !topology.applications.is_empty();
    let mut rollout = Rollout {
        java_home: given.java_home.clone(),
        applications_file: file(has_applications, "applications.json"),
        rollback_applications_file: file(has_applications, "applications-rollback.json"),
        migrations_file: file(!topology.migrations.is_empty(), "migrations.json"),
        options: Options {
            session_compatible: given.session_compatible,
            shutdown_timeout: given.shutdown_timeout.clone(),
            delay_between_nodes: given.delay_between_nodes.clone(),
        },
        on_failure: given.on_failure,
        timeout: given.timeout.clone(),
        servers: topology
            .updated()
            .map(|server| server.name.clone())
            .collect(),
        rolls_back: home.is_some() || given.java_home.is_some(),
        nodes: Vec::new(),
        deliveries: Deliveries::default(),
        oracle_home: home,
    };
    if topology.platform == Platform::Windows {
        return rollout;
    }
    let updated = |node: &&Node| topology.updated().any(|server| server.node == node.name);
    rollout.nodes = topology.nodes.iter().filter(updated).cloned().collect();
    rollout.deliveries = deliveries(topology, &rollout, here);
    rollout
}

/// What goes where. A node without `run` is this machine, which has everything already.
fn deliveries(topology: &Topology, rollout: &Rollout, here: bool) -> Deliveries {
    let remote: Vec<&Node> = rollout
        .nodes
        .iter()
        .filter(|node| node.run.is_some())
        .collect();
    let to_all = |path: &Path| -> Vec<Delivery> {
        let delivery = |node: &&Node| Delivery {
            name: node.name.clone(),
            path: path.to_owned(),
            node: (*node).clone(),
        };
        remote.iter().map(delivery).collect()
    };
    let admin = topology.server(&topology.admin_server);
    let admin = admin
        .and_then(|server| topology.node(&server.node))
        .filter(|_| !here);
    let mut found = Deliveries::default();
    if let Some(home) = &rollout.oracle_home {
        found.archive = to_all(&home.archive);
    }
    if let Some(java) = &rollout.java_home {
        found.java = to_all(java);
    }
    for application in &topology.applications {
        let staged = application.staging.unwrap_or(Staging::Stage) == Staging::Stage;
        let nodes: Vec<&Node> = if staged {
            admin.into_iter().collect()
        } else {
            remote.clone()
        };
        found
            .applications
            .extend(nodes.into_iter().map(|node| Delivery {
                name: format!("{}-{}", application.application_name, node.name),
                path: application.patched_location.clone().into(),
                node: node.clone(),
            }));
    }
    if let Some(node) = admin {
        let to_admin = |path: &PathBuf| Delivery {
            name: path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
            path: path.clone(),
            node: node.clone(),
        };
        let files = rollout
            .migrations_file
            .iter()
            .chain(&rollout.applications_file);
        found.files = files.map(to_admin).collect();
        let files = rollout
            .migrations_file
            .iter()
            .chain(&rollout.rollback_applications_file);
        found.rollback_files = files.map(to_admin).collect();
    }
    found
}
