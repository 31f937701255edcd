//! The application server.

use std::collections::HashSet;
use std::path::PathBuf;

use super::super::resolved::Server;
use super::{Basis, Given, Surroundings};

pub(super) fn resolve(
    document: &Given<'_>,
    basis: &Basis<'_>,
    around: &Surroundings<'_>,
    home: PathBuf,
    base: PathBuf,
) -> Server {
    let given = document.server;
    let script = |name: &str| vec![home.join("bin").join(name).display().to_string()];
    let war = around
        .optional(given.war.as_ref())
        .unwrap_or_else(|| base.join("webapps/domibus.war"));
    let mut ports = given.ports.clone().unwrap_or_default();
    if given.ports.as_ref().is_none_or(|ports| !ports.is_empty()) {
        match basis {
            Basis::Installed(found) if found.broker.embedded => {
                ports.extend(found.broker.ports.openwire);
                ports.extend(found.broker.ports.jmx);
            }
            Basis::Installed(_) => {}
            Basis::Recorded(site) => ports.extend(&site.server.ports),
        }
    }
    let mut seen = HashSet::new();
    ports.retain(|port| seen.insert(*port));
    let startup_arguments = match basis {
        Basis::Installed(found) => found.startup_file.clone(),
        Basis::Recorded(site) => Some(site.server.startup_arguments.clone()),
    };
    Server {
        kind: given.kind,
        start: given.start.clone().unwrap_or_else(|| script("startup.sh")),
        stop: given.stop.clone().unwrap_or_else(|| script("shutdown.sh")),
        environment: given.environment.clone().into_iter().collect(),
        pid_file: around.optional(given.pid_file.as_ref()),
        ports,
        stop_grace: given.stop_grace.clone().unwrap_or_else(|| "2m".to_owned()),
        start_timeout: given
            .start_timeout
            .clone()
            .unwrap_or_else(|| "10m".to_owned()),
        log: base.join("logs/catalina.out"),
        configuration: base.join("conf"),
        logs: base.join("logs"),
        startup_arguments: around
            .optional(given.startup_arguments.as_ref())
            .or(startup_arguments)
            .unwrap_or_else(|| base.join("bin/setenv.sh")),
        derived: vec![war.with_extension("")],
        war,
        health: given.health.clone(),
        home,
        base,
    }
}
