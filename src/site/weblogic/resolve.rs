//! From the site document of a WebLogic domain to its resolved site.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::check::{names, node_paths, seconds};
use super::deliveries::deliveries;
use super::document::{
    ConnectionDocument, HomeDocument, NodeDocument, WeblogicSection, WeblogicSiteDocument,
};
use super::read_files::{local_paths, read_files};
use super::resolved::{
    Deliveries, Domain, Options, OracleHome, Rollout, Weblogic, WeblogicSite, connection,
};
use super::services::Application;
use super::topology::{Cluster, Home, Node, Platform, Server, Topology, Wlst};
use crate::diagnostic::{Problems, SourceFile};
use crate::site::files::FileSource;

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
    let node = |(name, node): (&String, &NodeDocument)| Node {
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

/// Clusters that a server belongs to, and those that are only described.
pub(super) fn clusters(section: &WeblogicSection) -> Vec<Cluster> {
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
