//! The restrictions of a rollout (document weblogic-zdt), each with its name, judged by the site's
//! topology alone: nothing is asked and nothing is read.

use super::rules_homes::{
    archive_or_backup, domain_outside_home, plain_paths, same_home_everywhere,
};
use super::rules_services::{applications, migrations, outages, singletons};
use crate::adapter::Finding;
use crate::site::weblogic::{Platform, Topology};

/// A restriction: its name, what it says, who judges it.
pub(super) struct Rule {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    judge: fn(&Topology) -> Vec<Finding>,
}

/// Every restriction, in the order of the document.
pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "servers-in-clusters",
        about: "every Managed Server that is updated belongs to a cluster",
        judge: servers_in_clusters,
    },
    Rule {
        name: "clusters-span-nodes",
        about: "every cluster that is updated spans two or more nodes",
        judge: clusters_span_nodes,
    },
    Rule {
        name: "admin-server-apart",
        about: "an Admin Server that is not updated is on a node without servers that are",
        judge: admin_server_apart,
    },
    Rule {
        name: "same-home-everywhere",
        about: "the Oracle home is at one place on all nodes (recommended)",
        judge: same_home_everywhere,
    },
    Rule {
        name: "archive-or-backup",
        about: "a new Oracle home is rolled out from its archive, a rollback from the backup",
        judge: archive_or_backup,
    },
    Rule {
        name: "shared-homes",
        about: "clusters that share an Oracle home on a node are updated together",
        judge: shared_homes,
    },
    Rule {
        name: "domain-outside-home",
        about: "the domain directory is outside of the Oracle home",
        judge: domain_outside_home,
    },
    Rule {
        name: "wlst-outside-rollout",
        about: "Windows: WLST runs from an Oracle home that is not updated",
        judge: wlst_outside_rollout,
    },
    Rule {
        name: "open-files",
        about: "Windows: nothing holds files of the Oracle home or of an application open",
        judge: open_files,
    },
    Rule {
        name: "sessions",
        about: "sessions that the new version does not take have a time limit",
        judge: sessions,
    },
    Rule {
        name: "singleton-services",
        about: "singleton services move before their server stops",
        judge: singletons,
    },
    Rule {
        name: "singleton-outages",
        about: "singleton services are away for a moment whenever they move",
        judge: outages,
    },
    Rule {
        name: "migrations",
        about: "every entry of the migrations is one that WebLogic takes",
        judge: migrations,
    },
    Rule {
        name: "applications",
        about: "every entry of the applications is one that WebLogic takes",
        judge: applications,
    },
    Rule {
        name: "plain-paths",
        about: "no path has a blank or another sign that options cannot hold",
        judge: plain_paths,
    },
];

/// What is broken, the name of the restriction first.
pub(super) fn judge(topology: &Topology) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rule in RULES {
        for mut finding in (rule.judge)(topology) {
            finding.message = format!("{}: {}", rule.name, finding.message);
            findings.push(finding);
        }
    }
    findings
}

fn servers_in_clusters(topology: &Topology) -> Vec<Finding> {
    let alone = |server: &&crate::site::weblogic::Server| {
        server.cluster.is_none() && server.name != topology.admin_server
    };
    let refuse = |server: &crate::site::weblogic::Server| {
        Finding::refuse(format!(
            "the server {} is updated and belongs to no cluster",
            server.name
        ))
        .hint(format!(
            "put {} into a cluster, or take what targets it out of `rollout.targets`",
            server.name
        ))
    };
    topology.updated().filter(alone).map(refuse).collect()
}

/// Clusters of servers that are updated, sorted.
pub(super) fn updated_clusters(topology: &Topology) -> Vec<&str> {
    let mut names: Vec<&str> = topology
        .updated()
        .filter_map(|server| server.cluster.as_deref())
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn clusters_span_nodes(topology: &Topology) -> Vec<Finding> {
    let mut findings = Vec::new();
    for cluster in updated_clusters(topology) {
        let members = topology
            .servers
            .iter()
            .filter(|one| one.cluster.as_deref() == Some(cluster));
        let nodes: Vec<&str> = members.map(|one| one.node.as_str()).collect();
        let first = nodes.first().copied().unwrap_or_default();
        if nodes.iter().all(|node| *node == first) {
            findings.push(
                Finding::refuse(format!("all servers of {cluster} are on {first}")).hint(format!(
                    "add a server on another node to {cluster}: while {first} is updated nobody would serve"
                )),
            );
        }
    }
    findings
}

fn admin_server_apart(topology: &Topology) -> Vec<Finding> {
    let name = &topology.admin_server;
    let Some(admin) = topology.server(name) else {
        return Vec::new();
    };
    let first_release = topology.version.starts_with("12.2.1.0");
    if topology.updated().any(|one| one.name == *name) && !first_release {
        return Vec::new();
    }
    let near: Vec<&str> = topology
        .updated()
        .filter(|one| one.name != *name && one.node == admin.node)
        .map(|one| one.name.as_str())
        .collect();
    if near.is_empty() {
        return Vec::new();
    }
    let why = if first_release {
        "12.2.1.0 wants it on a node of its own"
    } else {
        "it is not updated"
    };
    vec![
        Finding::refuse(format!(
            "the Admin Server {name} is on {}, where {} is updated, and {why}",
            admin.node,
            near.join(", ")
        ))
        .hint(format!(
            "move {name} to a node of its own{}",
            if first_release {
                String::new()
            } else {
                format!(", or target the domain {}", topology.domain)
            }
        )),
    ]
}

fn shared_homes(topology: &Topology) -> Vec<Finding> {
    let mut findings = Vec::new();
    for node in &topology.nodes {
        let here = |one: &&crate::site::weblogic::Server| one.node == node.name;
        let mut updated: Vec<&str> = topology
            .updated()
            .filter(here)
            .filter_map(|one| one.cluster.as_deref())
            .collect();
        updated.dedup();
        let left = topology
            .servers
            .iter()
            .filter(here)
            .filter(|one| !topology.updated().any(|other| other.name == one.name));
        let mut left: Vec<&str> = left.filter_map(|one| one.cluster.as_deref()).collect();
        left.sort_unstable();
        left.dedup();
        for cluster in left {
            let Some(with) = updated.first() else { break };
            let what = if *with == cluster {
                format!(
                    "only some servers of {cluster} on {} are updated",
                    node.name
                )
            } else {
                format!(
                    "{cluster} shares the Oracle home {} on {} with {with}, and only {with} is updated",
                    node.oracle_home.display(),
                    node.name
                )
            };
            findings.push(Finding::refuse(what).hint(format!(
                "add {cluster} to `rollout.targets`, or take {with} out"
            )));
        }
    }
    findings
}

fn wlst_outside_rollout(topology: &Topology) -> Vec<Finding> {
    if topology.platform != Platform::Windows || topology.home.is_none() {
        return Vec::new();
    }
    let Some(name) = &topology.wlst.node else {
        return Vec::new();
    };
    let updated = topology.updated().any(|server| server.node == *name);
    let Some(node) = topology.node(name).filter(|_| updated) else {
        return Vec::new();
    };
    let other = topology
        .wlst
        .oracle_home
        .as_ref()
        .is_some_and(|home| *home != node.oracle_home);
    if other {
        return Vec::new();
    }
    vec![
        Finding::refuse(format!(
            "WLST runs from the Oracle home {} of {name}, which is updated",
            node.oracle_home.display()
        ))
        .hint(
            "run WLST on a node that is not updated, or from an Oracle home of the same version outside of the domain \
             (`connection.node`, `connection.oracle_home`)",
        ),
    ]
}

fn open_files(topology: &Topology) -> Vec<Finding> {
    if topology.platform != Platform::Windows {
        return Vec::new();
    }
    let text = "on Windows an open file locks what is to be replaced";
    vec![Finding::warning(text).hint(
        "close terminals and programs in the Oracle home, and those that read an application's source or JAR, on \
         every node that is updated",
    )]
}

fn sessions(topology: &Topology) -> Vec<Finding> {
    if topology.session_compatible || topology.shutdown_timeout.is_some() {
        return Vec::new();
    }
    let text = "sessions are not compatible and servers may take for ever to stop";
    vec![
        Finding::refuse(text)
            .hint("give `rollout.shutdown_timeout`; sessions that last longer are lost"),
    ]
}
