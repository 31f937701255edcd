//! What a server says of itself and of the account, and whether that is enough.

use std::collections::BTreeSet;

use super::properties::Properties;
use super::quoting::identifier;
use super::record::DumpRecord;
use super::session::{Session, copied};
use crate::adapter::{Failure, Finding};

/// What a server says of itself and of the account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Server {
    /// `server_version`, complete.
    pub(super) version: String,
    /// `server_version_num`.
    pub(super) number: u32,
    account: String,
    superuser: bool,
    creates_databases: bool,
    /// A standby: nothing can be changed.
    pub(super) standby: bool,
    /// Roles that there are.
    roles: BTreeSet<String>,
    /// Roles that the account may act as.
    own_roles: BTreeSet<String>,
    /// Extensions that could be installed.
    extensions: BTreeSet<String>,
}

impl Server {
    /// Asks the server.
    pub(super) fn look(session: &Session<'_>) -> Result<Self, Failure> {
        let statements = [
            "SELECT 'server', pg_catalog.current_setting('server_version'), \
             pg_catalog.current_setting('server_version_num'), pg_catalog.pg_is_in_recovery(), \
             r.rolname, r.rolsuper, r.rolcreatedb FROM pg_catalog.pg_roles r \
             WHERE r.rolname = CURRENT_USER",
            "SELECT 'role', rolname, pg_catalog.pg_has_role(CURRENT_USER, oid, 'MEMBER') \
             FROM pg_catalog.pg_roles",
            "SELECT 'extension', name FROM pg_catalog.pg_available_extensions",
        ];
        let statements: String = statements.iter().map(|one| copied(one)).collect();
        let rows = session.ask(session.connection.maintenance(), &statements)?;
        let mut server = Self::default();
        for row in &rows {
            let row: Vec<&str> = row.iter().map(String::as_str).collect();
            match row.as_slice() {
                [
                    "server",
                    version,
                    number,
                    standby,
                    account,
                    superuser,
                    creates,
                ] => {
                    (*version).clone_into(&mut server.version);
                    (*account).clone_into(&mut server.account);
                    server.number = number.parse().unwrap_or_default();
                    server.standby = *standby == "t";
                    server.superuser = *superuser == "t";
                    server.creates_databases = *creates == "t";
                }
                ["role", name, own] => {
                    server.roles.insert((*name).to_owned());
                    if *own == "t" {
                        server.own_roles.insert((*name).to_owned());
                    }
                }
                ["extension", name] => {
                    server.extensions.insert((*name).to_owned());
                }
                _ => {}
            }
        }
        Ok(server)
    }

    /// What a restore needs of the server and the account. `present` is the database that is replaced.
    pub(super) fn restore_findings(
        &self,
        target: &str,
        present: Option<&Properties>,
        record: &DumpRecord,
    ) -> Vec<Finding> {
        let mut findings = Vec::new();
        if self.standby {
            findings.push(
                Finding::refuse("the server is a standby: nothing can be changed on it")
                    .hint("name the primary server in the site"),
            );
        }
        if self.number / 10_000 < record.server_number / 10_000 {
            findings.push(
                Finding::refuse(format!(
                    "the dump was taken from version {}, the server is the older {}",
                    record.server_version, self.version
                ))
                .hint("restore into a server of the same or a newer version"),
            );
        } else if self.number != record.server_number {
            findings.push(Finding::warning(format!(
                "the dump was taken from version {}, the server is {}: differences in the wording \
                 of definitions will be warnings",
                record.server_version, self.version
            )));
        }
        findings.extend(self.rights(target, present, record));
        let missing = |wanted: &BTreeSet<String>, there: &BTreeSet<String>| -> Vec<String> {
            wanted.difference(there).cloned().collect()
        };
        let extensions = missing(&record.extensions, &self.extensions);
        if !extensions.is_empty() {
            let names = extensions.join(", ");
            findings.push(
                Finding::refuse(format!(
                    "the server has not the extensions of the dump: {names}"
                ))
                .hint("install them on the server"),
            );
        }
        let roles = missing(&Self::owners(record), &self.roles);
        if !roles.is_empty() {
            let create: Vec<String> = roles
                .iter()
                .map(|role| format!("CREATE ROLE {};", identifier(role)))
                .collect();
            let names = roles.join(", ");
            findings.push(
                Finding::refuse(format!("the server has not the roles of the dump: {names}"))
                    .hint(create.join(" ")),
            );
        }
        findings
    }

    fn owners(record: &DumpRecord) -> BTreeSet<String> {
        let mut owners = record.owners.clone();
        owners.insert(record.properties.owner.clone());
        owners
    }

    fn rights(
        &self,
        target: &str,
        present: Option<&Properties>,
        record: &DumpRecord,
    ) -> Vec<Finding> {
        if self.superuser {
            return Vec::new();
        }
        let account = identifier(&self.account);
        let mut findings = Vec::new();
        if !self.creates_databases {
            findings.push(
                Finding::refuse(format!(
                    "the account {} may not create databases, and a restore drops and creates \
                     `{target}`",
                    self.account
                ))
                .hint(format!("ALTER ROLE {account} CREATEDB;")),
            );
        }
        let mut owners = Self::owners(record);
        owners.extend(present.map(|present| present.owner.clone()));
        // The owner of `public` since version 15; whoever owns the database is a member.
        owners.remove("pg_database_owner");
        owners.retain(|owner| self.roles.contains(owner) && !self.own_roles.contains(owner));
        if !owners.is_empty() {
            let names: Vec<String> = owners.into_iter().collect();
            let grants: Vec<String> = names
                .iter()
                .map(|owner| format!("GRANT {} TO {account};", identifier(owner)))
                .collect();
            findings.push(
                Finding::refuse(format!(
                    "the account {} is no member of {}, in whose name `{target}` or objects in it \
                     are made",
                    self.account,
                    names.join(", ")
                ))
                .hint(grants.join(" ")),
            );
        }
        findings
    }
}
