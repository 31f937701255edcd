//! The domain of a WebLogic.

use std::path::{Path, PathBuf};

use super::super::domibus::{DomibusInstallation, WeblogicDeployment, WeblogicLayout};
use super::super::resolved::Site;
use super::super::{Weblogic, WeblogicConnection, WeblogicDocument, WeblogicDomain, WeblogicJms};
use super::{Basis, Given, Surroundings};

/// What the installation, or the backup set, says of the domain.
pub(super) enum Known<'a> {
    Configured(&'a WeblogicLayout),
    Recorded(&'a Site),
    /// Its configuration could not be read, which was reported.
    Nothing,
}

impl<'a> Known<'a> {
    pub(super) fn of(basis: &'a Basis<'a>) -> Self {
        match basis {
            Basis::Installed(found) => match &found.weblogic {
                Some(layout) => Self::Configured(layout),
                None => Self::Nothing,
            },
            Basis::Recorded(site) => Self::Recorded(site),
        }
    }
}

/// A value that the document has, or that is known; `missing` gets why there is none.
struct Chosen<'a> {
    section: WeblogicDocument,
    known: &'a Known<'a>,
}

/// The domain; `missing` gets every value that the document has to say.
pub(super) fn domain(
    given: &Given<'_>,
    known: &Known<'_>,
    around: &Surroundings<'_>,
    (home, base): (&Path, &Path),
    missing: &mut Vec<String>,
) -> Weblogic {
    let chosen = Chosen {
        section: given.server.weblogic.clone().unwrap_or_default(),
        known,
    };
    refuse_other_keys(given, missing);
    let deployment = chosen.deployment(missing);
    Weblogic {
        targets: chosen.targets(&deployment, missing),
        connection: chosen.connection(given, around, home, missing),
        domain: chosen.servers(base, missing),
        scripts: base.join("bin"),
        deployment,
    }
}

/// What holds the messages of Domibus.
pub(super) fn jms(
    given: &Given<'_>,
    known: &Known<'_>,
    base: &Path,
    missing: &mut Vec<String>,
) -> WeblogicJms {
    let chosen = Chosen {
        section: given.server.weblogic.clone().unwrap_or_default(),
        known,
    };
    let module = chosen.module(missing);
    WeblogicJms {
        domain: base.to_owned(),
        targets: chosen.jms_targets(&module, missing),
        module,
    }
}

/// The deployment that is Domibus, if the configuration leaves no doubt.
pub(super) fn deployment<'a>(
    section: Option<&WeblogicDocument>,
    layout: &'a WeblogicLayout,
) -> Option<&'a WeblogicDeployment> {
    let said = section.and_then(|section| section.deployment.as_deref());
    if let Some(name) = said {
        return layout.deployments.iter().find(|one| one.name == name);
    }
    let mut all = layout.deployments.iter().filter(|one| is_domibus(one));
    all.next().filter(|_| all.next().is_none())
}

/// Archives get renamed in the field, but not beyond recognition.
fn is_domibus(deployment: &WeblogicDeployment) -> bool {
    let begins = |name: &str| name.to_ascii_lowercase().starts_with("domibus");
    let file = deployment.source.file_name().unwrap_or_default();
    begins(&deployment.name) || begins(&file.to_string_lossy())
}

/// What the servers make of the application and would go on using: staged copies, unpacked ones.
pub(super) fn derived(weblogic: &Weblogic, found: &DomibusInstallation) -> Vec<PathBuf> {
    let layout = found.weblogic.as_ref();
    let servers = weblogic.targets.iter().flat_map(|target| {
        layout.map_or_else(|| vec![target.clone()], |layout| layout.servers_of(target))
    });
    let domain = weblogic.domain.home.join("servers");
    servers
        .flat_map(|server| {
            ["stage", "tmp/_WL_user"]
                .map(|folder| domain.join(&server).join(folder).join(&weblogic.deployment))
        })
        .collect()
}

/// A domain is started and stopped through WLST and its own scripts.
fn refuse_other_keys(given: &Given<'_>, missing: &mut Vec<String>) {
    let server = given.server;
    for (key, is_given) in [
        ("start", server.start.is_some()),
        ("stop", server.stop.is_some()),
        ("pid_file", server.pid_file.is_some()),
        ("ports", server.ports.is_some()),
        ("configuration_file", server.configuration_file.is_some()),
    ] {
        if is_given {
            missing.push(format!(
                "`server.{key}` is not for WebLogic, whose servers are started and stopped through WLST: \
                 leave it out"
            ));
        }
    }
}

fn listed(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

impl Chosen<'_> {
    fn recorded(&self) -> Option<&Weblogic> {
        match self.known {
            Known::Recorded(site) => site.server.weblogic.as_ref(),
            _ => None,
        }
    }

    fn layout(&self) -> Option<&WeblogicLayout> {
        match self.known {
            Known::Configured(layout) => Some(layout),
            _ => None,
        }
    }

    fn deployment(&self, missing: &mut Vec<String>) -> String {
        if let Some(recorded) = self.recorded() {
            let said = self.section.deployment.as_ref();
            return said.unwrap_or(&recorded.deployment).clone();
        }
        let Some(layout) = self.layout() else {
            return String::new();
        };
        if let Some(found) = deployment(Some(&self.section), layout) {
            return found.name.clone();
        }
        let names: Vec<&str> = layout
            .deployments
            .iter()
            .map(|one| one.name.as_str())
            .collect();
        let has = match names.as_slice() {
            [] => "the domain has none".to_owned(),
            names => format!("the domain has {}", listed(names)),
        };
        missing.push(match &self.section.deployment {
            Some(name) => format!("`server.weblogic.deployment` is `{name}`, and {has}"),
            None => format!(
                "`server.weblogic.deployment` is missing: say which deployment is Domibus; {has}"
            ),
        });
        String::new()
    }

    fn targets(&self, name: &str, missing: &mut Vec<String>) -> Vec<String> {
        let configured = self.layout().and_then(|layout| {
            let mut all = layout.deployments.iter();
            all.find(|one| one.name == name)
                .map(|one| one.targets.clone())
        });
        let recorded = self.recorded().map(|recorded| recorded.targets.clone());
        let key = "targets";
        let known = configured.or(recorded);
        self.known_targets(key, self.section.targets.as_ref(), known, missing)
    }

    fn module(&self, missing: &mut Vec<String>) -> String {
        if let Known::Recorded(site) = self.known
            && let Some(recorded) = &site.broker.weblogic
        {
            let said = self.section.jms_module.as_ref();
            return said.unwrap_or(&recorded.module).clone();
        }
        let Some(layout) = self.layout() else {
            return String::new();
        };
        let names: Vec<&str> = (layout.jms_modules.iter())
            .map(|one| one.name.as_str())
            .collect();
        let mut of_domibus = layout.jms_modules.iter().filter(|one| one.of_domibus);
        let only = of_domibus.next().filter(|_| of_domibus.next().is_none());
        match (&self.section.jms_module, only) {
            (Some(name), _) if names.contains(&name.as_str()) => return name.clone(),
            (None, Some(only)) => return only.name.clone(),
            (Some(name), _) => missing.push(format!(
                "`server.weblogic.jms_module` is `{name}`, and the domain has {}",
                listed(&names)
            )),
            (None, None) => missing.push(format!(
                "`server.weblogic.jms_module` is missing: say which JMS module holds Domibus' queues; the \
                 domain has {}",
                if names.is_empty() { "none".to_owned() } else { listed(&names) }
            )),
        }
        String::new()
    }

    fn jms_targets(&self, name: &str, missing: &mut Vec<String>) -> Vec<String> {
        let recorded = match self.known {
            Known::Recorded(site) => site.broker.weblogic.as_ref(),
            _ => None,
        };
        let configured = self.layout().and_then(|layout| {
            let mut all = layout.jms_modules.iter();
            all.find(|one| one.name == name)
                .map(|one| one.targets.clone())
        });
        let known = configured.or_else(|| recorded.map(|known| known.targets.clone()));
        let said = self.section.jms_targets.as_ref();
        self.known_targets("jms_targets", said, known, missing)
    }

    /// Those that are said, which must be there, or those that are configured.
    fn known_targets(
        &self,
        key: &str,
        said: Option<&Vec<String>>,
        known: Option<Vec<String>>,
        missing: &mut Vec<String>,
    ) -> Vec<String> {
        if let Some(said) = said {
            let strange = said.iter().filter(|name| !self.has_target(name));
            for name in strange {
                missing.push(format!(
                    "`server.weblogic.{key}` names `{name}`, and the domain has no such server or cluster"
                ));
            }
            return said.clone();
        }
        // Where nothing was found, why has been said.
        if known.as_ref().is_some_and(Vec::is_empty) {
            missing.push(format!(
                "`server.weblogic.{key}` is missing: the configuration of the domain names no target"
            ));
        }
        known.unwrap_or_default()
    }

    fn has_target(&self, name: &str) -> bool {
        self.layout().is_none_or(|layout| {
            layout.admin_server == name
                || layout
                    .servers
                    .iter()
                    .any(|server| server.name == name || server.cluster.as_deref() == Some(name))
        })
    }

    fn servers(&self, base: &Path, missing: &mut Vec<String>) -> WeblogicDomain {
        let said = self.section.managed_servers.clone();
        let node_manager = self.section.node_manager.clone();
        if let Some(recorded) = self.recorded() {
            let known = &recorded.domain;
            return WeblogicDomain {
                home: base.to_owned(),
                managed_servers: said.unwrap_or_else(|| known.managed_servers.clone()),
                node_manager,
                ..known.clone()
            };
        }
        let layout = self.layout();
        for name in said.iter().flatten() {
            let is_there =
                |layout: &WeblogicLayout| layout.servers.iter().any(|server| server.name == *name);
            if layout.is_some_and(|layout| !is_there(layout)) {
                missing.push(format!(
                    "`server.weblogic.managed_servers` names `{name}`, and the domain has no such server \
                     besides the Admin Server"
                ));
            }
        }
        let configured = layout.map_or_else(Vec::new, |layout| {
            let names = layout.servers.iter().map(|server| server.name.clone());
            names.collect()
        });
        let managed_servers = said.unwrap_or(configured);
        if let Some(layout) = layout.filter(|_| node_manager.is_none()) {
            let machines = machines(layout, &managed_servers);
            if machines.len() > 1 {
                missing.push(format!(
                    "`server.weblogic.node_manager` is missing: the servers are on the machines {}, and \
                     scripts start them on this one only",
                    listed(&machines)
                ));
            }
        }
        WeblogicDomain {
            home: base.to_owned(),
            name: layout.map_or_else(String::new, |layout| layout.name.clone()),
            admin_server: layout.map_or_else(String::new, |layout| layout.admin_server.clone()),
            managed_servers,
            node_manager,
        }
    }

    fn connection(
        &self,
        given: &Given<'_>,
        around: &Surroundings<'_>,
        home: &Path,
        missing: &mut Vec<String>,
    ) -> WeblogicConnection {
        let section = &self.section;
        let by_files = [
            section.user_config_file.is_some(),
            section.user_key_file.is_some(),
        ];
        let by_password = [section.user.is_some(), section.password.is_some()];
        match (by_files, by_password) {
            ([true, true], [false, false]) | ([false, false], [true, true]) => {}
            ([false, false], [false, false]) => missing.push(
                "`server.weblogic.user_config_file` and `user_key_file` are missing: the account that WLST's \
                 `storeUserConfig` wrote down; or give `user` and `password`"
                    .to_owned(),
            ),
            _ => missing.push(
                "`server.weblogic` names half an account, or two: give `user_config_file` with \
                 `user_key_file`, or `user` with `password`"
                    .to_owned(),
            ),
        }
        let usual = || home.join("oracle_common/common/bin/wlst.sh");
        let wlst = around.optional(section.wlst.as_ref()).unwrap_or_else(usual);
        let known = self.layout().map(|layout| layout.url.clone());
        let recorded = self.recorded().map(|known| known.connection.url.clone());
        let url = section.url.clone().or(known).or(recorded);
        let secret = section.password.clone();
        WeblogicConnection {
            wlst: wlst.display().to_string(),
            url: url.unwrap_or_default(),
            user_config_file: around.optional(section.user_config_file.as_ref()),
            user_key_file: around.optional(section.user_key_file.as_ref()),
            user: section.user.clone(),
            password: secret.map(|secret| secret.below(around.directory)),
            environment: given.server.environment.clone().into_iter().collect(),
        }
    }
}

/// The machines of those servers, each once.
fn machines<'a>(layout: &'a WeblogicLayout, names: &[String]) -> Vec<&'a str> {
    let servers = layout.servers.iter();
    let mut machines: Vec<&str> = servers
        .filter(|server| names.contains(&server.name))
        .filter_map(|server| server.machine.as_deref())
        .collect();
    machines.sort_unstable();
    machines.dedup();
    machines
}
