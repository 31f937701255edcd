//! The application server.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::super::ServerKind;
use super::super::Weblogic;
use super::super::domibus::{DomibusInstallation, WildflyLayout};
use super::super::resolved::Server;
use super::weblogic::{self, Known};
use super::{Basis, Given, Surroundings};

/// What a kind of server has in a place of its own, unless the site says otherwise.
struct Usual {
    start: Vec<String>,
    stop: Vec<String>,
    /// Ports that were found, HTTP first.
    ports: Vec<u16>,
    log: PathBuf,
    configuration: PathBuf,
    logs: PathBuf,
    startup_arguments: PathBuf,
    /// Nothing if it cannot be told which one it is.
    war: Option<PathBuf>,
    /// What the server makes of the application, where that is not beside it.
    derived: Option<Vec<PathBuf>>,
}

pub(super) fn resolve(
    document: &Given<'_>,
    basis: &Basis<'_>,
    around: &Surroundings<'_>,
    missing: &mut Vec<String>,
) -> Server {
    let given = document.server;
    let home = around.path(&given.home);
    let base = base(document, basis, around, &home);
    let domain = (given.kind == ServerKind::Weblogic).then(|| {
        let places = (home.as_path(), base.as_path());
        weblogic::domain(document, &Known::of(basis), around, places, missing)
    });
    if domain.is_none() && given.weblogic.is_some() {
        missing.push("`server.weblogic` is for the kind `weblogic`: leave it out".to_owned());
    }
    let usual = match (given.kind, basis) {
        (ServerKind::Tomcat, Basis::Installed(found)) => tomcat(&home, &base, Some(found)),
        (ServerKind::Tomcat, Basis::Recorded(site)) => Usual {
            startup_arguments: site.server.startup_arguments.clone(),
            ports: site.server.ports.clone(),
            ..tomcat(&home, &base, None)
        },
        (ServerKind::Wildfly, Basis::Installed(found)) => match &found.wildfly {
            Some(layout) => wildfly(&home, found, layout),
            None => tomcat(&home, &base, None),
        },
        (ServerKind::Wildfly | ServerKind::Weblogic, Basis::Recorded(site)) => {
            recorded(&site.server)
        }
        (ServerKind::Weblogic, Basis::Installed(found)) => {
            of_domain(&base, found, document, domain.as_ref())
        }
    };
    let mut ports = given.ports.clone().unwrap_or_default();
    if given.ports.as_ref().is_none_or(|ports| !ports.is_empty()) {
        ports.extend(&usual.ports);
    }
    let mut seen = HashSet::new();
    ports.retain(|port| seen.insert(*port));
    let war = around.optional(given.war.as_ref()).or(usual.war);
    // On WebLogic it is the source of the deployment, which was asked for.
    if war.is_none() && domain.is_none() {
        missing.push(which_application(basis));
    }
    let war = war.unwrap_or_default();
    Server {
        kind: given.kind,
        start: given.start.clone().unwrap_or(usual.start),
        stop: given.stop.clone().unwrap_or(usual.stop),
        environment: given.environment.clone().into_iter().collect(),
        pid_file: around.optional(given.pid_file.as_ref()),
        ports,
        stop_grace: given.stop_grace.clone().unwrap_or_else(|| {
            // Work that completes, and sessions, may take their time.
            let usual = if domain.is_some() { "10m" } else { "2m" };
            usual.to_owned()
        }),
        start_timeout: given
            .start_timeout
            .clone()
            .unwrap_or_else(|| "10m".to_owned()),
        log: usual.log,
        configuration: usual.configuration,
        logs: usual.logs,
        startup_arguments: around
            .optional(given.startup_arguments.as_ref())
            .unwrap_or(usual.startup_arguments),
        derived: usual.derived.unwrap_or_else(|| derived(given.kind, &war)),
        war,
        health: given.health.clone(),
        weblogic: domain,
        home,
        base,
    }
}

fn base(
    document: &Given<'_>,
    basis: &Basis<'_>,
    around: &Surroundings<'_>,
    home: &Path,
) -> PathBuf {
    if let Some(base) = around.optional(document.server.base.as_ref()) {
        return base;
    }
    match (document.server.kind, basis) {
        (ServerKind::Tomcat, _) => home.to_owned(),
        (_, Basis::Installed(found)) => found.server_base.clone(),
        (_, Basis::Recorded(site)) => site.server.base.clone(),
    }
}

fn tomcat(home: &Path, base: &Path, found: Option<&DomibusInstallation>) -> Usual {
    let script = |name: &str| vec![home.join("bin").join(name).display().to_string()];
    let broker = found.map(|found| &found.broker);
    let ports = broker.filter(|broker| broker.embedded).map(|broker| {
        let ports = [broker.ports.openwire, broker.ports.jmx];
        ports.into_iter().flatten().collect()
    });
    Usual {
        start: script("startup.sh"),
        stop: script("shutdown.sh"),
        ports: ports.unwrap_or_default(),
        log: base.join("logs/catalina.out"),
        configuration: base.join("conf"),
        logs: base.join("logs"),
        startup_arguments: found
            .and_then(|found| found.startup_file.clone())
            .unwrap_or_else(|| base.join("bin/setenv.sh")),
        war: Some(base.join("webapps/domibus.war")),
        derived: None,
    }
}

fn wildfly(home: &Path, found: &DomibusInstallation, layout: &WildflyLayout) -> Usual {
    let bin = |name: &str| home.join("bin").join(name).display().to_string();
    let file = layout.configuration_file.file_name().unwrap_or_default();
    let (host, port) = match &layout.management {
        Some((host, port)) => (host.as_str(), *port),
        None => ("127.0.0.1", 9990),
    };
    Usual {
        start: vec![
            bin("standalone.sh"),
            format!("--server-config={}", file.to_string_lossy()),
        ],
        stop: vec![
            bin("jboss-cli.sh"),
            "--connect".to_owned(),
            format!("--controller={host}:{port}"),
            "--command=:shutdown".to_owned(),
        ],
        ports: layout.ports.clone(),
        log: layout.log_dir.join("server.log"),
        configuration: layout.configuration_dir.clone(),
        logs: layout.log_dir.clone(),
        startup_arguments: found
            .startup_file
            .clone()
            .unwrap_or_else(|| home.join("bin/standalone.conf")),
        war: match layout.applications.as_slice() {
            [one] => Some(one.clone()),
            _ => None,
        },
        derived: None,
    }
}

fn of_domain(
    base: &Path,
    found: &DomibusInstallation,
    document: &Given<'_>,
    domain: Option<&Weblogic>,
) -> Usual {
    let layout = found.weblogic.as_ref();
    let section = document.server.weblogic.as_ref();
    let deployment = layout.and_then(|layout| weblogic::deployment(section, layout));
    let admin = domain.map_or("", |one| one.domain.admin_server.as_str());
    let logs = base.join("servers").join(admin).join("logs");
    Usual {
        start: Vec::new(),
        stop: Vec::new(),
        ports: Vec::new(),
        log: logs.join(format!("{admin}.log")),
        configuration: base.join("config"),
        logs,
        startup_arguments: found
            .startup_file
            .clone()
            .unwrap_or_else(|| base.join("bin/setDomainEnv.sh")),
        war: deployment.map(|deployment| deployment.source.clone()),
        derived: domain.map(|domain| weblogic::derived(domain, found)),
    }
}

/// As a backup set remembers it: an upgrade may have changed the configuration that says so.
fn recorded(server: &Server) -> Usual {
    Usual {
        start: server.start.clone(),
        stop: server.stop.clone(),
        ports: server.ports.clone(),
        log: server.log.clone(),
        configuration: server.configuration.clone(),
        logs: server.logs.clone(),
        startup_arguments: server.startup_arguments.clone(),
        war: Some(server.war.clone()),
        derived: (server.kind == ServerKind::Weblogic).then(|| server.derived.clone()),
    }
}

/// What the server makes of the application: Tomcat's unpacked directory, WildFly's markers
/// (`FileSystemDeploymentService`). `.dodeploy` and `.skipdeploy` are the operator's and stay.
fn derived(kind: ServerKind, war: &Path) -> Vec<PathBuf> {
    match kind {
        ServerKind::Tomcat => vec![war.with_extension("")],
        ServerKind::Wildfly => {
            let markers = [
                "deployed",
                "failed",
                "undeployed",
                "isdeploying",
                "isundeploying",
                "pending",
            ];
            let marker = |marker: &str| {
                let mut name = war.as_os_str().to_owned();
                name.push(".");
                name.push(marker);
                PathBuf::from(name)
            };
            markers.into_iter().map(marker).collect()
        }
        ServerKind::Weblogic => Vec::new(),
    }
}

fn which_application(basis: &Basis<'_>) -> String {
    let layout = match basis {
        Basis::Installed(found) => found.wildfly.as_ref(),
        Basis::Recorded(_) => None,
    };
    let (applications, folder) = layout.map_or((Vec::new(), None), |layout| {
        let names = layout.applications.iter().filter_map(|path| {
            let name = path.file_name()?;
            Some(format!("`{}`", name.to_string_lossy()))
        });
        (names.collect(), layout.deployments_dir.as_ref())
    });
    let folder = folder.map_or_else(
        || "the server, which watches no deployments folder".to_owned(),
        |folder| folder.display().to_string(),
    );
    if applications.is_empty() {
        format!("`server.war` is missing: there is no archive domibus*.war in {folder}")
    } else {
        format!(
            "`server.war` is missing: say which one Domibus is, of {} in {folder}",
            applications.join(", ")
        )
    }
}
