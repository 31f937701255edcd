//! Whole installations, built in memory from what real ones contain.

mod parts;
mod precedence;
mod samples;
mod tenancy;
mod weblogic;
mod wildfly;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use super::*;
use crate::site::ServerKind;
use crate::site::files::{DirEntryInfo, EntryKind, FileSource};

const CONF: &str = "/opt/tomcat/conf/domibus";
const SETENV: &str =
    "JAVA_OPTS=\"$JAVA_OPTS -Xms4096m -Ddomibus.config.location=$CATALINA_HOME/conf/domibus\"\n";
const MAIN: &str = "domibus.database.serverName=db.example
domibus.database.port=3306
domibus.database.schema=domibus
activeMQ.embedded.configurationFile=file:///${domibus.config.location}/internal/activemq.xml
";
const BROKER: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<spring:beans xmlns:spring="http://www.springframework.org/schema/beans"
  xmlns:context="http://www.springframework.org/schema/context" xmlns="http://activemq.apache.org/schema/core">
  <context:property-placeholder system-properties-mode="ENVIRONMENT" ignore-unresolvable="false"/>
  <broker useJmx="true" brokerName="${activeMQ.brokerName}" persistent="${activeMQ.persistent}" schedulerSupport="true"
    dataDirectory="${domibus.work.location:${domibus.config.location}}/work/activemq_data"
    tmpDataDirectory="${domibus.work.location:${domibus.config.location}}/temp">
    <managementContext>
      <managementContext createConnector="true" connectorPort="${activeMQ.connectorPort}"/>
    </managementContext>
    <transportConnectors>
      <transportConnector uri="${activeMQ.transportConnector.uri}" disableAsyncDispatch="true"/>
    </transportConnectors>
    <persistenceAdapter>
      <kahaDB directory="${domibus.work.location:${domibus.config.location}}/work/kahadb"/>
    </persistenceAdapter>
  </broker>
</spring:beans>
"#;

fn tomcat(home: &str) -> ServerPlace<'_> {
    ServerPlace::new(ServerKind::Tomcat, Path::new(home))
}

/// Files in memory.
#[derive(Debug, Clone, Default)]
struct Files(BTreeMap<PathBuf, Vec<u8>>);

impl Files {
    /// A plain single-tenant installation of 5.x.
    fn plain() -> Self {
        Self::default()
            .with("/opt/tomcat/bin/setenv.sh", SETENV)
            .conf("domibus.properties", MAIN)
            .conf("internal/activemq.xml", BROKER)
            .conf("domains/default/keystores/x.jks", "")
    }

    fn with(mut self, path: &str, content: &str) -> Self {
        self.0
            .insert(PathBuf::from(path), content.as_bytes().to_vec());
        self
    }

    fn conf(self, path: &str, content: &str) -> Self {
        self.with(&format!("{CONF}/{path}"), content)
    }

    /// `domibus.properties` with more lines at its end.
    fn main(self, more: &str) -> Self {
        self.conf("domibus.properties", &format!("{MAIN}{more}"))
    }

    fn setenv(self, more: &str) -> Self {
        self.with("/opt/tomcat/bin/setenv.sh", &format!("{SETENV}{more}"))
    }

    fn jar(self, name: &str) -> Self {
        self.conf(&format!("plugins/lib/domibus-default-{name}-5.1.jar"), "")
    }

    fn discover(&self) -> Result<DomibusInstallation, DiscoveryError> {
        discover(self, &tomcat("/opt/tomcat"), &BTreeMap::new())
    }

    fn found(&self) -> DomibusInstallation {
        self.discover().unwrap_or_else(|error| panic!("{error}"))
    }

    fn refused(&self) -> Vec<String> {
        let error = self.discover().expect_err("there are problems");
        error.problems.iter().map(ToString::to_string).collect()
    }
}

impl FileSource for Files {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let found = self.0.get(path).cloned();
        found.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<DirEntryInfo>> {
        let mut entries = BTreeMap::new();
        for path in self.0.keys() {
            let Ok(rest) = path.strip_prefix(folder) else {
                continue;
            };
            let mut parts = rest.iter();
            if let Some(name) = parts.next() {
                let kind = match parts.next() {
                    Some(_) => EntryKind::Folder,
                    None => EntryKind::File,
                };
                entries.insert(name.to_owned(), kind);
            }
        }
        if entries.is_empty() {
            return Err(io::Error::from(io::ErrorKind::NotFound));
        }
        let entries = entries
            .into_iter()
            .map(|(name, kind)| DirEntryInfo { name, kind });
        Ok(entries.collect())
    }
}

/// The notes of at least this severity as `place: text`.
fn notes(installation: &DomibusInstallation, at_least: Severity) -> Vec<String> {
    let notes = installation
        .notes
        .iter()
        .filter(|note| note.severity >= at_least);
    let texts = notes.map(|note| match &note.place {
        Some(place) => format!("{place}: {}", note.text),
        None => note.text.clone(),
    });
    texts.collect()
}

#[track_caller]
fn assert_one(texts: &[String], parts: &[&str]) {
    let found = texts
        .iter()
        .filter(|text| parts.iter().all(|part| text.contains(part)));
    assert_eq!(found.count(), 1, "{parts:?} in {texts:#?}");
}

fn path(text: &str) -> PathBuf {
    PathBuf::from(text)
}

#[test]
fn a_plain_installation() {
    let found = Files::plain().jar("jms-plugin").jar("ws-plugin").found();
    assert_eq!(found.config_location, path(CONF));
    assert_eq!(found.work_location, path(CONF));
    assert_eq!(found.startup_file, Some(path("/opt/tomcat/bin/setenv.sh")));
    assert_eq!(found.version_layout, VersionLayout::Domains5);
    assert!(!found.multi_tenant);
    assert_eq!(found.domains.len(), 1);
    assert_eq!(found.domains[0].code, "default");
    assert_eq!(found.domains[0].schema.as_deref(), Some("domibus"));
    let broker = &found.broker;
    assert!(broker.embedded && broker.persistent);
    assert_eq!(broker.broker_name.as_deref(), Some("localhost"));
    assert_eq!(broker.kahadb_dir, Some(path(CONF).join("work/kahadb")));
    assert_eq!(broker.data_dir, Some(path(CONF).join("work/activemq_data")));
    let scheduler = path(CONF).join("work/activemq_data/localhost/scheduler");
    assert_eq!(broker.scheduler_dir, Some(scheduler));
    assert_eq!(broker.transactions_dir, None);
    let ports = BrokerPorts {
        openwire: Some(61616),
        jmx: Some(1199),
    };
    assert_eq!(broker.ports, ports);
    let database = &found.database;
    assert_eq!(database.kind, DatabaseKind::Mysql);
    assert!(
        database
            .url
            .starts_with("jdbc:mysql://db.example:3306/domibus?")
    );
    assert_eq!(database.host.as_deref(), Some("db.example"));
    assert_eq!(
        (database.port, database.user.as_deref()),
        (Some(3306), Some("edelivery"))
    );
    assert_eq!(database.schemas, ["domibus"]);
    let queues: Vec<_> = found
        .queues
        .iter()
        .map(|queue| queue.name.as_str())
        .collect();
    assert_eq!(
        queues,
        [
            "domibus.notification.jms",
            "domibus.backend.jms.inQueue",
            "domibus.wsplugin.send.queue",
            "domibus.backend.jms.outQueue",
            "domibus.backend.jms.replyQueue",
            "domibus.backend.jms.errorNotifyConsumer",
            "domibus.backend.jms.errorNotifyProducer",
        ]
    );
    let excluded = [path(CONF).join("temp"), path(CONF).join("work")];
    assert_eq!(found.exclude_from_config, excluded);
    assert_eq!(found.encryption_key_dirs, []);
    assert_eq!(found.notes, []);
}

#[test]
fn no_password_leaves_discovery() {
    let files = Files::plain()
        .jar("fs-plugin")
        .setenv("JAVA_OPTS=\"$JAVA_OPTS -Ddomibus.datasource.password=s3cret1\"\n")
        .main(
            "domibus.datasource.password=s3cret2\n\
             domibus.datasource.url=jdbc:mysql://root:s3cret3@db/domibus?password=s3cret4\n\
             fsplugin.messages.password=s3cret5\n",
        )
        .conf(
            "plugins/config/fs-plugin.properties",
            "fsplugin.messages.location=sftp://u:s3cret6@host/x\n",
        );
    let found = files.found();
    let json = serde_json::to_string(&found).unwrap();
    assert!(!json.contains("s3cret"), "{json}");
    assert_eq!(
        found.database.url,
        "jdbc:mysql://root:***@db/domibus?password=***"
    );
    let broken = files.main("a=${b:s3cret}\nb=${a}\ndomibus.work.location=${a:s3cret}\n");
    let problems = broken.refused();
    assert!(!problems.concat().contains("s3cret"), "{problems:?}");
}
