//! The Artemis inside WildFly: subsystem `messaging-activemq`, server `default`.

use roxmltree::Node;

use super::super::installation::{ArtemisStores, Broker};
use super::super::notes::{Place, Severity};
use super::super::xml::{child, children};
use super::standalone_xml::Reader;

/// The server that Domibus' own scripts configure (BG WildFly `01-messaging.cli`).
const SERVER: &str = "default";

/// The broker; nothing if its configuration is broken.
pub(super) fn read(reader: &mut Reader<'_, '_>) -> Option<Broker> {
    let transactions_dir = transactions(reader);
    let subsystem = reader.subsystem("messaging-activemq");
    let Some(subsystem) = subsystem else {
        let place = Place::new(reader.path, 0);
        return Some(outside(
            reader,
            place,
            "the configuration has no subsystem messaging-activemq",
        ));
    };
    let found = children(subsystem, "server").find(|node| node.attribute("name") == Some(SERVER));
    let Some(server) = found else {
        let place = reader.place(subsystem);
        return Some(outside(
            reader,
            place,
            "the subsystem messaging-activemq has no server named default",
        ));
    };
    note_others(reader, subsystem);
    let persistent = reader.flag(server, "persistence-enabled", true);
    let mut directory =
        |name: &str, otherwise: &str| reader.directory(child(server, name), otherwise);
    // WildFly `PathDefinition`; asked for one after the other, so that every problem is found.
    let bindings = directory("bindings-directory", "activemq/bindings");
    let journal = directory("journal-directory", "activemq/journal");
    let large_messages = directory("large-messages-directory", "activemq/largemessages");
    let paging = directory("paging-directory", "activemq/paging");
    let stores = ArtemisStores {
        journal: journal?,
        bindings: bindings?,
        paging: paging?,
        large_messages: large_messages?,
    };
    note_database(reader, server);
    if !persistent {
        let place = reader.place(server);
        reader.findings.note(
            Severity::Warning,
            Some(place),
            "the broker keeps no messages on disk; whatever is queued is lost at every stop",
            "drain the queues before stopping Domibus",
        );
    }
    Some(Broker {
        embedded: true,
        persistent,
        configuration_file: Some(reader.path.to_owned()),
        broker_name: Some(SERVER.to_owned()),
        artemis: Some(stores),
        transactions_dir,
        ..Broker::default()
    })
}

fn outside(reader: &mut Reader<'_, '_>, place: Place, text: &str) -> Broker {
    reader.findings.note(
        Severity::Refuse,
        Some(place),
        format!("{text}: Domibus' messages are not in this server"),
        "set `server.configuration_file` to the file that WildFly is started with, usually \
         standalone-full.xml; a broker outside of the server is not saved: back up, upgrade and restore such \
         an installation together with that broker by its own means",
    );
    Broker::default()
}

fn note_others(reader: &mut Reader<'_, '_>, subsystem: Node<'_, '_>) {
    let others =
        children(subsystem, "server").filter(|node| node.attribute("name") != Some(SERVER));
    for other in others {
        let name = other.attribute("name").unwrap_or_default();
        let place = reader.place(other);
        reader.findings.note(
            Severity::Warning,
            Some(place),
            format!("the messages of the further messaging server {name:?} are not saved"),
            "Domibus uses the server named default; save the other one by its own means",
        );
    }
}

/// A journal in a database is no journal in files.
fn note_database(reader: &mut Reader<'_, '_>, server: Node<'_, '_>) {
    let Some(journal) = child(server, "journal").filter(|node| node.has_attribute("datasource"))
    else {
        return;
    };
    let place = reader.place(journal);
    reader.findings.note(
        Severity::Refuse,
        Some(place),
        "the broker keeps its messages in a database (<journal datasource=…>)",
        "only a journal in files is saved: remove the attribute and move the messages, or save that \
         database together with this installation by its own means",
    );
}

/// The log of the server's distributed transactions.
fn transactions(reader: &mut Reader<'_, '_>) -> Option<std::path::PathBuf> {
    let subsystem = reader.subsystem("transactions");
    if let Some(store) = subsystem.and_then(|subsystem| child(subsystem, "jdbc-store")) {
        let place = reader.place(store);
        reader.findings.note(
            Severity::Warning,
            Some(place),
            "the server keeps its log of distributed transactions in a database, which is not saved",
            "see to it that no transaction is in doubt when the server is stopped",
        );
        return None;
    }
    let store = subsystem.and_then(|subsystem| child(subsystem, "object-store"));
    reader.directory(store, "tx-object-store")
}
