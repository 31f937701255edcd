//! What a database says of itself and of the account.

use std::collections::BTreeSet;

use super::connection::Program;
use super::quoting::{literal, name};
use super::session::Session;
use crate::adapter::{Failure, Finding, Severity};

/// What a database says of itself and of the account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Server {
    pub(super) version: String,
    /// The account as the database knows it.
    pub(super) account: String,
    pub(super) privileges: BTreeSet<String>,
    pub(super) roles: BTreeSet<String>,
    /// Path of the directory object on the database host, if the account sees it.
    pub(super) directory: Option<String>,
    /// READ and WRITE, as far as granted.
    rights: BTreeSet<String>,
    users: BTreeSet<String>,
}

impl Server {
    /// Asks the database. Refuses if there is no schema of that name.
    pub(super) fn look(session: &Session<'_>, schema: &str) -> Result<Self, Failure> {
        let directory = literal(&session.directory.to_uppercase());
        let lines = session.ask(&format!(
            "SELECT 'account|' || USER FROM dual;\n\
             SELECT 'version|' || version FROM product_component_version WHERE product LIKE 'Oracle%';\n\
             SELECT 'privilege|' || privilege FROM session_privs;\n\
             SELECT 'role|' || role FROM session_roles;\n\
             SELECT 'directory|' || directory_path FROM all_directories WHERE directory_name = {directory};\n\
             SELECT 'right|' || privilege FROM all_tab_privs WHERE table_name = {directory};\n\
             SELECT 'user|' || username FROM all_users WHERE username IN ({}, {});",
            literal(schema),
            literal(&schema.to_uppercase())
        ))?;
        let server = Self::of_lines(&lines);
        if server.users.contains(schema) {
            return Ok(server);
        }
        let failure = Failure::refused(format!(
            "no schema `{schema}` in the database at {}",
            session.connection.address()
        ));
        Err(match server.users.first() {
            Some(near) => failure.hint(format!(
                "the database has `{near}`: names are upper case unless they were created in quotes"
            )),
            None => failure.hint("check the schema's name in the site"),
        })
    }

    fn of_lines(lines: &[String]) -> Self {
        let mut server = Self::default();
        for line in lines {
            let Some((what, value)) = line.split_once('|') else {
                continue;
            };
            let value = value.to_owned();
            match what {
                "account" => server.account = value,
                "version" => server.version = value,
                "directory" => server.directory = Some(value),
                "privilege" => drop(server.privileges.insert(value)),
                "role" => drop(server.roles.insert(value)),
                "right" => drop(server.rights.insert(value)),
                "user" => drop(server.users.insert(value)),
                _ => {}
            }
        }
        server
    }

    /// `all` for the account's own schema; `dba` for another's, of which `all` might show a part.
    pub(super) fn views(&self, schema: &str) -> &'static str {
        if self.account == schema { "all" } else { "dba" }
    }

    /// What the job needs of the account.
    pub(super) fn findings(&self, program: Program, schema: &str, directory: &str) -> Vec<Finding> {
        let mut findings = Vec::new();
        let account = name(&self.account);
        let lacks: Vec<&str> = ["READ", "WRITE"]
            .into_iter()
            .filter(|right| !self.rights.contains(*right))
            .collect();
        if self.directory.is_none() || !lacks.is_empty() {
            let message = match &self.directory {
                None => format!(
                    "there is no directory object {directory}, or {} may not use it",
                    self.account
                ),
                Some(_) => format!(
                    "{} lacks {} on the directory object {directory}",
                    self.account,
                    lacks.join(" and ")
                ),
            };
            findings.push(Finding::refuse(message).hint(format!(
                "as a DBA: GRANT READ, WRITE ON DIRECTORY {directory} TO {account};"
            )));
        }
        let can_create = ["CREATE TABLE", "CREATE ANY TABLE"];
        if !can_create
            .iter()
            .any(|right| self.privileges.contains(*right))
        {
            let message = format!(
                "{} lacks CREATE TABLE, which a Data Pump job needs for its master table",
                self.account
            );
            let hint = format!("as a DBA: GRANT CREATE TABLE TO {account};");
            findings.push(Finding::refuse(message).hint(hint));
        }
        let role = role(program);
        if self.account != schema && !self.has_role(program) {
            let message = format!("{} may not work on the schema `{schema}`", self.account);
            let hint =
                format!("as a DBA: GRANT {role} TO {account}; or log on as the schema itself");
            findings.push(Finding::refuse(message).hint(hint));
        }
        findings
    }

    /// A remap needs the role, whatever the schema is.
    pub(super) fn remap_right(&self) -> Option<Finding> {
        if self.has_role(Program::Import) {
            return None;
        }
        let message = format!("{} may not import another schema's dump", self.account);
        let hint = format!(
            "as a DBA: GRANT {} TO {};",
            role(Program::Import),
            name(&self.account)
        );
        Some(Finding::refuse(message).hint(hint))
    }

    fn has_role(&self, program: Program) -> bool {
        let role = role(program);
        let older = role.trim_start_matches("DATAPUMP_");
        self.roles.contains(role) || self.roles.contains(older)
    }
}

fn role(program: Program) -> &'static str {
    match program {
        Program::Export => "DATAPUMP_EXP_FULL_DATABASE",
        Program::Import | Program::Client => "DATAPUMP_IMP_FULL_DATABASE",
    }
}

/// Warnings; the first refusal is a failure.
pub(super) fn refuse_or_warn(findings: Vec<Finding>) -> Result<Vec<String>, Failure> {
    let mut warnings = Vec::new();
    for finding in findings {
        match finding.severity {
            Severity::Refuse => {
                let failure = Failure::refused(finding.message);
                return Err(match finding.hint {
                    Some(hint) => failure.hint(hint),
                    None => failure,
                });
            }
            Severity::Warning => warnings.push(finding.message),
            Severity::Info => {}
        }
    }
    Ok(warnings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_missing_right_names_its_grant() {
        let lines = ["account|KIT", "directory|/u01/dump", "right|READ"].map(str::to_owned);
        let server = Server::of_lines(&lines);
        let findings = server.findings(Program::Export, "DOMIBUS", "UPK_DIR");
        let hints: Vec<String> = findings.into_iter().filter_map(|one| one.hint).collect();
        assert_eq!(hints.len(), 3);
        assert!(hints[0].contains("GRANT READ, WRITE ON DIRECTORY UPK_DIR TO \"KIT\";"));
        assert!(hints[1].contains("GRANT CREATE TABLE TO \"KIT\";"));
        assert!(hints[2].contains("GRANT DATAPUMP_EXP_FULL_DATABASE TO \"KIT\";"));
    }
}
