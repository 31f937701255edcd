//! The descriptors of JDBC and JMS system resources: `config/jdbc/*-jdbc.xml`, `config/jms/*-jms.xml`.

use std::path::Path;

use roxmltree::{Document, Node};

use super::super::data_sources::{DataSource, bare};
use super::super::notes::{Findings, Place, Severity};
use super::super::property_files::bounded;
use super::super::xml::{child, children, has_name, text};
use crate::site::files::{FileSource, MOST_BYTES};

/// What every JNDI name of Domibus' queues begins with (BG WebLogic `WeblogicSingleServer.properties`).
const QUEUES: &str = "jms/domibus.";

/// Whether a destination of the module has a JNDI name of Domibus.
pub(super) fn is_of_domibus(files: &dyn FileSource, path: &Path, findings: &mut Findings) -> bool {
    let of_domibus = |node: Node<'_, '_>| {
        has_name(node, "jndi-name")
            && (node.text()).is_some_and(|name| name.trim().starts_with(QUEUES))
    };
    with_document(files, path, findings, |document| {
        document.descendants().any(of_domibus)
    })
    .unwrap_or_default()
}

/// The data source that a descriptor describes, once for each of its JNDI names.
pub(super) fn data_sources(
    files: &dyn FileSource,
    path: &Path,
    findings: &mut Findings,
) -> Vec<DataSource> {
    with_document(files, path, findings, |document| {
        described(document.root_element(), path)
    })
    .unwrap_or_default()
}

fn described(root: Node<'_, '_>, path: &Path) -> Vec<DataSource> {
    let place = |node: Node<'_, '_>| {
        let line = node.document().text_pos_at(node.range().start).row;
        Place::new(path, line)
    };
    let driver = child(root, "jdbc-driver-params");
    let url = driver.and_then(|driver| {
        let url = text(driver, "url")?;
        Some((url.to_owned(), place(child(driver, "url")?)))
    });
    let properties = driver.and_then(|driver| child(driver, "properties"));
    let mut properties = properties
        .into_iter()
        .flat_map(|properties| children(properties, "property"));
    let user = properties.find(|property| text(*property, "name") == Some("user"));
    let user = user.and_then(|user| Some((text(user, "value")?.to_owned(), place(user))));
    let parameters = child(root, "jdbc-data-source-params");
    let names = parameters
        .into_iter()
        .flat_map(|parameters| children(parameters, "jndi-name"));
    let sources = names.filter_map(|name| {
        Some(DataSource {
            jndi_name: bare(name.text()?).to_owned(),
            url: url.clone(),
            user: user.clone(),
            enabled: None,
            place: place(root),
        })
    });
    sources.collect()
}

/// Nothing if the file is missing or broken, which is noted: another one may be the one that is wanted.
fn with_document<T>(
    files: &dyn FileSource,
    path: &Path,
    findings: &mut Findings,
    read: impl Fn(&Document<'_>) -> T,
) -> Option<T> {
    let bytes = bounded(files, path, MOST_BYTES, findings);
    let Some(bytes) = bytes else {
        findings.note(
            Severity::Warning,
            Some(Place::new(path, 0)),
            "config.xml names this file, and it cannot be read",
            "check that it holds nothing of Domibus",
        );
        return None;
    };
    let text = String::from_utf8_lossy(&bytes);
    match Document::parse(&text) {
        Ok(document) => Some(read(&document)),
        Err(error) => {
            findings.note(
                Severity::Warning,
                Some(Place::new(path, error.pos().row)),
                format!("not read: {error}"),
                "check that it holds nothing of Domibus",
            );
            None
        }
    }
}
