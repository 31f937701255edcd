//! The data sources of a WildFly, from its configuration file.

use roxmltree::Node;

use super::super::data_sources::{DataSource, DataSources, bare};
use super::super::notes::Place;
use super::super::xml::{child, children};
use super::standalone_xml::Reader;

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
        prefix: "java:/",
        help: "Domibus finds its database by that name; set `server.configuration_file` to the file that \
               WildFly is started with, or add the data source",
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
