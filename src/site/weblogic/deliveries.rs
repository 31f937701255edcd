//! What goes to which node before a rollout.

use std::path::{Path, PathBuf};

use super::resolved::{Deliveries, Delivery, Rollout};
use super::services::Staging;
use super::topology::{Node, Topology};

/// What goes where. A node without `run` is this machine, which has everything already.
pub(super) fn deliveries(topology: &Topology, rollout: &Rollout, here: bool) -> Deliveries {
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
