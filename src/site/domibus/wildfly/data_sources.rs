//! The data sources of a WildFly: on WildFly the database's address is the server's, not Domibus'.
//!
//! Passwords are not read.

use roxmltree::Node;

use super::super::notes::{Findings, Place, Severity};
use super::super::sources::{Resolved, Sources};
use super::standalone_xml::{Reader, child, children};

/// How Domibus names the data source unless somebody changed it (BG WildFly `config/domibus.properties`).
const USUAL: &str = "jdbc/cipaeDeliveryDs";
/// The one for the scheduler, since 5.1.
const SCHEDULER: &str = "jdbc/cipaeDeliveryQuartzDs";

/// All data sources, with what their expressions see.
#[derive(Debug)]
pub(in crate::site::domibus) struct DataSources {
    all: Vec<DataSource>,
    expressions: Sources,
    file: Place,
}

/// A data source as it is written.
#[derive(Debug)]
struct DataSource {
    /// Without `java:` and slashes before it.
    jndi_name: String,
    /// None if none is written.
    url: Option<(String, Place)>,
    user: Option<(String, Place)>,
    enabled: Option<String>,
    place: Place,
}

/// The address that Domibus connects to, and as whom.
#[derive(Debug)]
pub(in crate::site::domibus) struct Connected {
    pub(in crate::site::domibus) url: Resolved,
    pub(in crate::site::domibus) user: Option<String>,
}

pub(super) fn read(reader: &Reader<'_, '_>) -> DataSources {
    let sources = reader
        .subsystem("datasources")
        .and_then(|subsystem| child(subsystem, "datasources"));
    let all = sources.into_iter().flat_map(|sources| {
        let plain = children(sources, "datasource");
        plain.chain(children(sources, "xa-datasource"))
    });
    DataSources {
        all: all.map(|node| data_source(reader, node)).collect(),
        expressions: reader.expressions.clone(),
        file: Place::new(reader.path, 0),
    }
}

fn data_source(reader: &Reader<'_, '_>, node: Node<'_, '_>) -> DataSource {
    let written = |node: Node<'_, '_>| {
        let text = node.text()?.trim().to_owned();
        Some((text, reader.place(node)))
    };
    let security = child(node, "security");
    let user_node = security.and_then(|security| child(security, "user-name"));
    let user_attribute = security.and_then(|security| {
        let name = security.attribute("user-name")?;
        Some((name.to_owned(), reader.place(security)))
    });
    DataSource {
        jndi_name: bare(node.attribute("jndi-name").unwrap_or_default()).to_owned(),
        url: child(node, "connection-url")
            .and_then(written)
            .or_else(|| distributed_url(reader, node)),
        user: user_node.and_then(written).or(user_attribute),
        enabled: node.attribute("enabled").map(ToOwned::to_owned),
        place: reader.place(node),
    }
}

/// The address of an XA data source: a property of its own, or put together from those that MySQL's and
/// MariaDB's drivers take.
fn distributed_url(reader: &Reader<'_, '_>, node: Node<'_, '_>) -> Option<(String, Place)> {
    let property = |name: &str| {
        let mut all = children(node, "xa-datasource-property");
        let found = all.find(|property| {
            let own = property.attribute("name");
            own.is_some_and(|own| own.eq_ignore_ascii_case(name))
        })?;
        Some((found.text()?.trim().to_owned(), reader.place(found)))
    };
    property("URL").or_else(|| {
        let (server, place) = property("ServerName")?;
        let (database, _) = property("DatabaseName")?;
        let port = property("PortNumber").or_else(|| property("Port"));
        let port = port.map_or(String::new(), |(port, _)| format!(":{port}"));
        Some((format!("jdbc:mysql://{server}{port}/{database}"), place))
    })
}

/// `java:/jdbc/x` and `jdbc/x` are one name.
fn bare(name: &str) -> &str {
    name.trim()
        .trim_start_matches("java:")
        .trim_start_matches('/')
}

impl DataSources {
    /// What Domibus connects to; `sources` are its own properties.
    pub(in crate::site::domibus) fn connected(
        &self,
        sources: &Sources,
        findings: &mut Findings,
    ) -> Option<Connected> {
        let said = sources.text("domibus.jdbc.datasource.jndi.name", findings);
        let (name, named_at) = match &said {
            Some(said) => (said.value.as_str(), said.place.clone()),
            None => (USUAL, None),
        };
        let Some(found) = self.find(name) else {
            findings.problem(
                named_at.or_else(|| Some(self.file.clone())),
                format!("no data source has the JNDI name java:/{}", bare(name)),
                "Domibus finds its database by that name; set `server.configuration_file` to the file that \
                 WildFly is started with, or add the data source",
            );
            return None;
        };
        let enabled = found.enabled.as_deref().map(|flag| {
            let flag = self
                .expressions
                .resolve(flag, "enabled", Some(&found.place), findings);
            flag.is_none_or(|flag| flag.trim().eq_ignore_ascii_case("true"))
        });
        if enabled == Some(false) {
            findings.note(
                Severity::Warning,
                Some(found.place.clone()),
                "the data source of Domibus is not enabled",
                "set enabled=\"true\", or name the one that Domibus uses",
            );
        }
        let connected = self.address(found, findings)?;
        self.note_scheduler(&connected, findings);
        Some(connected)
    }

    fn find(&self, name: &str) -> Option<&DataSource> {
        let name = bare(name);
        self.all.iter().find(|source| source.jndi_name == name)
    }

    fn address(&self, source: &DataSource, findings: &mut Findings) -> Option<Connected> {
        let Some((url, place)) = &source.url else {
            findings.problem(
                Some(source.place.clone()),
                "the data source of Domibus has no address",
                "write <connection-url>, or the URL of an XA data source",
            );
            return None;
        };
        let mut resolve = |raw: &str, what: &str, place: &Place| {
            self.expressions.resolve(raw, what, Some(place), findings)
        };
        let value = resolve(url, "connection-url", place)?;
        let user = match &source.user {
            Some((user, place)) => Some(resolve(user, "user-name", place)?),
            None => None,
        };
        Some(Connected {
            url: Resolved {
                value,
                place: Some(place.clone()),
            },
            user,
        })
    }

    /// The tables of the scheduler are saved with those of Domibus only if they are beside them.
    fn note_scheduler(&self, connected: &Connected, findings: &mut Findings) {
        let Some(scheduler) = self.find(SCHEDULER) else {
            return;
        };
        let other = self
            .address(scheduler, findings)
            .is_some_and(|scheduler| scheduler.url.value != connected.url.value);
        if other {
            findings.note(
                Severity::Warning,
                Some(scheduler.place.clone()),
                "the scheduler has a database address of its own",
                "back up that database too if it is another one",
            );
        }
    }
}
