//! The message broker: inside Domibus or outside of it, and where its configuration is.

use std::path::{Path, PathBuf};

use roxmltree::Document;

use super::activemq_xml::Reader;
use super::folders::decoded;
use super::installation::{Broker, VersionLayout};
use super::notes::{Findings, Place, Severity};
use super::property_files::bounded;
use super::sources::{Resolved, Sources};
use crate::site::files::{FileSource, MOST_BYTES, normalized};

const CONFIGURATION_FILE: &str = "activeMQ.embedded.configurationFile";

/// The broker; nothing if its configuration cannot be read.
pub(super) fn read(
    files: &dyn FileSource,
    sources: &Sources,
    layout: VersionLayout,
    findings: &mut Findings,
) -> Option<Broker> {
    let transactions_dir = match layout {
        VersionLayout::Flat4 => transactions(sources, findings),
        VersionLayout::Domains5 => None,
    };
    let before = findings.problems.len();
    // BG EmbeddedActiveMQBrokerCondition: embedded exactly if this is not empty.
    let location = sources
        .get(CONFIGURATION_FILE, findings)
        .filter(|found| !found.value.is_empty());
    let Some(location) = location else {
        if findings.problems.len() > before {
            return None;
        }
        return Some(external(sources, transactions_dir, findings));
    };
    let path = configuration_path(&location, findings)?;
    let Some(bytes) = bounded(files, &path, MOST_BYTES, findings) else {
        findings.problem(
            location.place,
            format!(
                "{CONFIGURATION_FILE} leads to {}, which cannot be read",
                path.display()
            ),
            "Domibus cannot start its broker without this file",
        );
        return None;
    };
    embedded(&path, &bytes, sources, transactions_dir, findings)
}

/// The JMS of the domain: its stores can be in files or in a database, and are never copied. Messages are
/// exported from the servers that hold them.
pub(super) fn of_weblogic() -> Broker {
    Broker {
        embedded: true,
        persistent: true,
        ..Broker::default()
    }
}

fn embedded(
    path: &Path,
    bytes: &[u8],
    sources: &Sources,
    transactions_dir: Option<PathBuf>,
    findings: &mut Findings,
) -> Option<Broker> {
    let text = String::from_utf8_lossy(bytes);
    let document = match Document::parse(&text) {
        Ok(document) => document,
        Err(error) => {
            findings.problem(
                Some(Place::new(path, error.pos().row)),
                format!("not a readable broker configuration: {error}"),
                "it must be XML without a document type",
            );
            return None;
        }
    };
    let mut reader = Reader {
        document: &document,
        path,
        sources,
        findings,
    };
    reader.broker(transactions_dir)
}

fn external(
    sources: &Sources,
    transactions_dir: Option<PathBuf>,
    findings: &mut Findings,
) -> Broker {
    let place = sources
        .raw(CONFIGURATION_FILE)
        .and_then(|setting| setting.origin.place());
    findings.note(
        Severity::Refuse,
        place,
        format!("{CONFIGURATION_FILE} is not set: the broker runs outside of Domibus"),
        "upgrade-kit saves the messages of an embedded broker only: without them neither backup nor \
         restore would be whole; back up, upgrade and restore this installation together with that \
         broker by its own means",
    );
    Broker {
        transactions_dir,
        ..Broker::default()
    }
}

/// Spring takes it as a resource; only `file:` leads to a file outside of the application.
fn configuration_path(location: &Resolved, findings: &mut Findings) -> Option<PathBuf> {
    let path = location.value.trim().strip_prefix("file:");
    let path = path.and_then(|path| decoded(path.trim_start_matches('/')));
    if path.is_none() {
        findings.problem(
            location.place.clone(),
            format!(
                "{CONFIGURATION_FILE} is no file: address, so it leads into the application itself"
            ),
            "write file:/// and the whole path",
        );
    }
    path.map(|path| normalized(&Path::new("/").join(path)))
}

/// The logs of distributed transactions (BG42 TomcatTransactionConfiguration.java). The folder for Atomikos'
/// own output usually holds the logs; if not, the logs are what counts.
fn transactions(sources: &Sources, findings: &mut Findings) -> Option<PathBuf> {
    let mut folder = |key: &str| {
        let found = sources.text(key, findings)?;
        Some(normalized(Path::new(&found.value)))
    };
    let output = folder("com.atomikos.icatch.output_dir");
    let logs = folder("com.atomikos.icatch.log_base_dir");
    match (output, logs) {
        (Some(output), Some(logs)) if logs.starts_with(&output) => Some(output),
        (output, logs) => logs.or(output),
    }
}
