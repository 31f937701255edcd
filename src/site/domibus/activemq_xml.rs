//! The embedded broker's own configuration, `internal/activemq.xml`.
//!
//! Only attributes are read. Entities and document types are refused by the XML reader, not expanded.

use std::path::{Path, PathBuf};

use roxmltree::{Document, Node};

use super::installation::{Broker, BrokerPorts};
use super::notes::{Findings, Place, Severity};
use super::sources::Sources;
use crate::site::files::normalized;

/// What Java's RMI registry and ActiveMQ's `ManagementContext` assume.
const USUAL_JMX_PORT: u16 = 1099;

/// One configuration file being read.
pub(super) struct Reader<'all, 'text> {
    pub(super) document: &'all Document<'text>,
    pub(super) path: &'all Path,
    pub(super) sources: &'all Sources,
    pub(super) findings: &'all mut Findings,
}

impl<'all, 'text> Reader<'all, 'text> {
    pub(super) fn broker(&mut self, transactions_dir: Option<PathBuf>) -> Option<Broker> {
        let node = self.broker_node()?;
        self.note_surprises(node);
        let persistent = self.flag(node, "persistent", true);
        let name = self
            .attribute(node, "brokerName")
            .unwrap_or_else(|| "localhost".to_owned());
        let data_dir = self.folder(node, "dataDirectory");
        // BrokerService.getBrokerDataDirectory
        let own_data = data_dir
            .as_ref()
            .map(|folder| folder.join(safe_name(&name)));
        let scheduler = self.flag(node, "schedulerSupport", false) && persistent;
        let scheduler_dir = self
            .folder(node, "schedulerDirectory")
            .or_else(|| own_data.as_ref().map(|folder| folder.join("scheduler")));
        let kahadb_dir = self.kahadb(node, persistent, own_data.as_deref());
        if !persistent {
            let place = self.place(node);
            self.findings.note(
                Severity::Warning,
                Some(place),
                "the broker keeps no messages on disk; whatever is queued is lost at every stop",
                "drain the queues before stopping Domibus",
            );
        }
        Some(Broker {
            embedded: true,
            persistent,
            configuration_file: Some(self.path.to_owned()),
            kahadb_dir,
            scheduler_dir: scheduler_dir.filter(|_| scheduler),
            temp_dir: self.folder(node, "tmpDataDirectory"),
            data_dir,
            transactions_dir,
            artemis: None,
            ports: BrokerPorts {
                openwire: self.openwire(node),
                jmx: self.jmx(node),
            },
            broker_name: Some(name),
        })
    }

    fn broker_node(&mut self) -> Option<Node<'all, 'text>> {
        let mut brokers = self
            .document
            .descendants()
            .filter(|node| node.has_tag_name_local("broker"));
        let first = brokers.next();
        if first.is_none() || brokers.next().is_some() {
            self.findings.problem(
                Some(Place::new(self.path, 0)),
                "there is not exactly one <broker> here",
                "Domibus ships this file with one; describe the broker that way",
            );
            return None;
        }
        first
    }

    fn kahadb(
        &mut self,
        broker: Node<'all, 'text>,
        persistent: bool,
        own_data: Option<&Path>,
    ) -> Option<PathBuf> {
        let stores = child(broker, "persistenceAdapter");
        let Some(stores) = stores else {
            // BrokerService.createPersistenceAdapter
            return own_data
                .filter(|_| persistent)
                .map(|folder| folder.join("KahaDB"));
        };
        let store = stores.children().find(Node::is_element);
        let place = self.place(store.unwrap_or(stores));
        let found = store
            .filter(|store| store.has_tag_name_local("kahaDB"))
            .and_then(|store| self.folder(store, "directory"));
        if found.is_none() && persistent {
            self.findings.note(
                Severity::Refuse,
                Some(place),
                "the messages are not in one KahaDB with a folder of its own",
                "only <kahaDB directory=\"…\"> can be backed up",
            );
        }
        found
    }

    fn note_surprises(&mut self, broker: Node<'all, 'text>) {
        let placeholders = self.document.descendants().find(|node| {
            node.has_tag_name_local("property-placeholder")
                && ["location", "properties-ref"]
                    .iter()
                    .any(|name| node.attribute(*name).is_some())
        });
        let scheduler = child(broker, "jobSchedulerStore");
        for (node, text) in [
            (
                placeholders,
                "the placeholders here take values from another file, which is not read",
            ),
            (
                scheduler,
                "scheduled messages have a store of their own, which is not read",
            ),
        ] {
            if let Some(node) = node {
                let place = self.place(node);
                self.findings.note(
                    Severity::Refuse,
                    Some(place),
                    text,
                    "name the broker's folders explicitly",
                );
            }
        }
    }

    /// The first transport connector's port. Others are possible, but Domibus uses one.
    fn openwire(&mut self, broker: Node<'all, 'text>) -> Option<u16> {
        let connectors = child(broker, "transportConnectors")?;
        let connector = child(connectors, "transportConnector")?;
        let uri = self.attribute(connector, "uri")?;
        let port = port_of(&uri);
        if port.is_none() {
            let place = self.place(connector);
            self.findings.note(
                Severity::Warning,
                Some(place),
                "the broker's address names no port",
                "whether the broker has stopped cannot be seen from its port",
            );
        }
        port
    }

    fn jmx(&mut self, broker: Node<'all, 'text>) -> Option<u16> {
        if !self.flag(broker, "useJmx", true) {
            return None;
        }
        let context = child(broker, "managementContext")
            .map(|context| child(context, "managementContext").unwrap_or(context));
        let Some(context) = context else {
            return Some(USUAL_JMX_PORT);
        };
        if !self.flag(context, "createConnector", true) {
            return None;
        }
        match self.attribute(context, "connectorPort") {
            Some(port) => self.number(context, &port),
            None => Some(USUAL_JMX_PORT),
        }
    }

    fn number(&mut self, node: Node<'all, 'text>, text: &str) -> Option<u16> {
        let number = text.trim().parse().ok();
        if number.is_none() {
            let place = self.place(node);
            self.findings.problem(
                Some(place),
                format!("{text:?} is no port"),
                "write a number below 65536",
            );
        }
        number
    }

    fn attribute(&mut self, node: Node<'all, 'text>, name: &str) -> Option<String> {
        let raw = node.attribute(name)?;
        let place = self.place(node);
        self.sources.resolve(raw, name, Some(&place), self.findings)
    }

    fn flag(&mut self, node: Node<'all, 'text>, name: &str, otherwise: bool) -> bool {
        self.attribute(node, name)
            .map_or(otherwise, |value| value.trim().eq_ignore_ascii_case("true"))
    }

    fn folder(&mut self, node: Node<'all, 'text>, name: &str) -> Option<PathBuf> {
        let value = self.attribute(node, name)?;
        let path = normalized(Path::new(value.trim()));
        if path.is_absolute() {
            return Some(path);
        }
        let place = self.place(node);
        self.findings.note(
            Severity::Refuse,
            Some(place),
            format!("{name} is {value:?}, which is not an absolute path"),
            "it depends on the folder that Tomcat was started in; write the whole path",
        );
        None
    }

    fn place(&self, node: Node<'all, 'text>) -> Place {
        let line = self.document.text_pos_at(node.range().start).row;
        Place::new(self.path, line)
    }
}

trait Local {
    /// Prefixes of namespaces differ between installations.
    fn has_tag_name_local(&self, name: &str) -> bool;
}

impl Local for Node<'_, '_> {
    fn has_tag_name_local(&self, name: &str) -> bool {
        self.is_element() && self.tag_name().name() == name
    }
}

fn child<'all, 'text>(node: Node<'all, 'text>, name: &str) -> Option<Node<'all, 'text>> {
    node.children().find(|child| child.has_tag_name_local(name))
}

/// `tcp://host:61616?x=y`, `failover:(tcp://a:1,tcp://b:2)`: the first port.
fn port_of(uri: &str) -> Option<u16> {
    let (_, rest) = uri.split_once("//")?;
    let authority = &rest[..rest.find(['/', '?', ',', ')']).unwrap_or(rest.len())];
    authority.rsplit_once(':')?.1.parse().ok()
}

/// ActiveMQ `IOHelper.toFileSystemSafeName`.
fn safe_name(name: &str) -> String {
    let mut safe = String::with_capacity(name.len());
    for letter in name.chars() {
        if letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.' | '#') {
            safe.push(letter);
        } else {
            let code = format!("#{:x}", u32::from(letter));
            safe.push_str(&code);
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_of_addresses() {
        for (uri, port) in [
            ("tcp://localhost:61616", Some(61616)),
            ("tcp://0.0.0.0:61617?maximumConnections=1000", Some(61617)),
            ("failover:(ssl://a:1,tcp://b:2)?x=y", Some(1)),
            ("nio://[::1]:61618/", Some(61618)),
            ("tcp://localhost", None),
            ("vm:localhost", None),
        ] {
            assert_eq!(port_of(uri), port, "{uri}");
        }
    }

    #[test]
    fn names_become_folders_as_in_activemq() {
        assert_eq!(safe_name("node-1.a_B"), "node-1.a_B");
        assert_eq!(safe_name("a b/c:d"), "a#20b#2fc#3ad");
    }

    #[test]
    fn deep_xml_does_not_end_the_program() {
        let text = "<a>".repeat(200_000) + &"</a>".repeat(200_000);
        drop(Document::parse(&text));
        assert!(Document::parse("<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>").is_err());
    }
}
