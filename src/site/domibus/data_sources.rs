//! The data sources of a WildFly or a WebLogic: there the database's address is the server's, not Domibus'.
//!
//! Passwords are not read.

use super::notes::{Findings, Place, Severity};
use super::sources::{Resolved, Sources};

/// How Domibus names the data source unless somebody changed it (BG WildFly and WebLogic
/// `config/domibus.properties`).
const USUAL: &str = "jdbc/cipaeDeliveryDs";
/// The one for the scheduler, since 5.1.
const SCHEDULER: &str = "jdbc/cipaeDeliveryQuartzDs";

/// All data sources, with what their expressions see.
#[derive(Debug)]
pub(super) struct DataSources {
    pub(super) all: Vec<DataSource>,
    pub(super) expressions: Sources,
    pub(super) file: Place,
    /// What the server shows before a JNDI name.
    pub(super) prefix: &'static str,
    /// What to do when the one that Domibus uses is not there.
    pub(super) help: &'static str,
}

/// A data source as it is written.
#[derive(Debug)]
pub(super) struct DataSource {
    /// As [`bare`] gives it.
    pub(super) jndi_name: String,
    /// None if none is written.
    pub(super) url: Option<(String, Place)>,
    pub(super) user: Option<(String, Place)>,
    pub(super) enabled: Option<String>,
    pub(super) place: Place,
}

/// The address that Domibus connects to, and as whom.
#[derive(Debug)]
pub(super) struct Connected {
    pub(super) url: Resolved,
    pub(super) user: Option<String>,
}

/// `java:/jdbc/x` and `jdbc/x` are one name: without `java:` and slashes before it.
pub(super) fn bare(name: &str) -> &str {
    name.trim()
        .trim_start_matches("java:")
        .trim_start_matches('/')
}

impl DataSources {
    /// What Domibus connects to; `sources` are its own properties.
    pub(super) fn connected(
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
                format!(
                    "no data source has the JNDI name {}{}",
                    self.prefix,
                    bare(name)
                ),
                self.help,
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
                "write its address, or that of an XA data source",
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
