//! What a server says of itself and of the account.

use super::connection::Family;
use super::grants::Grants;
use super::session::Session;
use crate::adapter::Failure;
use crate::adapter::database::Row;

/// What a server says of itself and of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Server {
    /// `VERSION()`, complete.
    pub(super) version: String,
    pub(super) family: Family,
    /// The account as the server identified it, `user@host`.
    pub(super) account: String,
    /// What the account may do, roles included.
    pub(super) grants: Grants,
    pub(super) log_bin: bool,
    pub(super) trusts_function_creators: bool,
    pub(super) read_only: bool,
    /// Largest statement that it takes, in bytes.
    pub(super) max_allowed_packet: u64,
}

impl Server {
    /// Asks the server. Refuses one of another family than the site says.
    pub(super) fn look(session: &Session<'_>) -> Result<Self, Failure> {
        let mut server = Self::of_rows(&session.ask(
            "SELECT 'version', VERSION();\n\
             SELECT 'account', CURRENT_USER();\n\
             SHOW GLOBAL VARIABLES WHERE Variable_name IN ('log_bin', \
             'log_bin_trust_function_creators', 'max_allowed_packet', 'read_only', \
             'super_read_only');\n\
             SHOW GRANTS;\n",
        )?);
        if let Some(family) = session.connection.family
            && family != server.family
        {
            return Err(Failure::refused(format!(
                "the server at {} is {} {}, and the site says {family}",
                session.connection.address(),
                server.family,
                server.version
            ))
            .hint("correct `family` or the address in the site's database connection"));
        }
        server.add_roles(session)?;
        Ok(server)
    }

    /// From the rows of the questions in [`Server::look`].
    pub(super) fn of_rows(rows: &[Row]) -> Self {
        let mut server = Self {
            version: String::new(),
            family: Family::Mysql,
            account: String::new(),
            grants: Grants::default(),
            log_bin: false,
            trusts_function_creators: false,
            read_only: false,
            max_allowed_packet: 0,
        };
        for row in rows {
            match row.as_slice() {
                [name, value] => server.take(name, value),
                [line] => server.grants.add_line(line),
                _ => {}
            }
        }
        server
    }

    fn take(&mut self, name: &str, value: &str) {
        let on = matches!(value, "ON" | "1");
        match name {
            "version" => {
                self.family = Family::of_version(value);
                value.clone_into(&mut self.version);
            }
            "account" => value.clone_into(&mut self.account),
            "log_bin" => self.log_bin = on,
            "log_bin_trust_function_creators" => self.trusts_function_creators = on,
            "read_only" | "super_read_only" => self.read_only |= on,
            "max_allowed_packet" => self.max_allowed_packet = value.parse().unwrap_or_default(),
            _ => {}
        }
    }

    /// MySQL's `SHOW GRANTS` names the roles of an account and not what they grant; MariaDB's shows
    /// both.
    fn add_roles(&mut self, session: &Session<'_>) -> Result<(), Failure> {
        if self.family == Family::Mariadb || !self.grants.has_roles() {
            return Ok(());
        }
        let active = session.ask("SELECT CURRENT_ROLE();\n")?;
        let roles = active.concat().concat();
        if roles.is_empty() || roles == "NONE" {
            return Ok(());
        }
        for line in session.ask(&format!("SHOW GRANTS FOR CURRENT_USER() USING {roles};\n"))? {
            self.grants.add_line(&line.concat());
        }
        Ok(())
    }

    /// Major, minor and patch number.
    pub(super) fn number(&self) -> (u32, u32, u32) {
        let mut parts = self
            .version
            .split(|c: char| !c.is_ascii_digit())
            .map(|part| part.parse().unwrap_or_default());
        let mut next = || parts.next().unwrap_or_default();
        (next(), next(), next())
    }

    /// The grant statement that makes other people's routines visible, or `None` if they are.
    /// Without it a dump leaves them out and still ends well.
    pub(super) fn missing_routine_sight(&self, schema: &str) -> Option<String> {
        let grants = &self.grants;
        let number = self.number();
        let (visible, privilege) = match self.family {
            Family::Mariadb if number >= (11, 3, 0) => (
                grants.on_schema(schema, "SHOW CREATE ROUTINE"),
                "SHOW CREATE ROUTINE ON *.*",
            ),
            Family::Mysql if number >= (8, 0, 20) => {
                (grants.globally("SHOW_ROUTINE"), "SHOW_ROUTINE ON *.*")
            }
            Family::Mysql if number >= (8, 0, 0) => (false, "SELECT ON *.*"),
            _ => (false, "SELECT ON mysql.proc"),
        };
        let by_table = grants.on_table("mysql", "proc", "SELECT")
            && (self.family == Family::Mariadb || number < (8, 0, 0));
        let seen = visible || by_table || grants.globally("SELECT");
        (!seen).then(|| privilege.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(version: &str, grants: &[&str]) -> Server {
        let mut rows = vec![vec!["version".to_owned(), version.to_owned()]];
        rows.extend(grants.iter().map(|line| vec![(*line).to_owned()]));
        Server::of_rows(&rows)
    }

    #[test]
    fn routines_are_seen_by_the_right_of_the_version() {
        let on_schema = "GRANT ALL PRIVILEGES ON `dom`.* TO `u`@`%`";
        let cases = [
            (
                "10.11.19-MariaDB-0+deb12u1",
                on_schema,
                Some("SELECT ON mysql.proc"),
            ),
            (
                "10.11.19-MariaDB",
                "GRANT SELECT ON `mysql`.`proc` TO `u`@`%`",
                None,
            ),
            ("11.4.2-MariaDB", on_schema, None),
            ("5.7.42-log", on_schema, Some("SELECT ON mysql.proc")),
            ("8.0.19", on_schema, Some("SELECT ON *.*")),
            ("8.0.46", on_schema, Some("SHOW_ROUTINE ON *.*")),
            ("8.4.10", "GRANT SHOW_ROUTINE ON *.* TO `u`@`%`", None),
            ("9.7.4", "GRANT SELECT, PROCESS ON *.* TO `u`@`%`", None),
            (
                "8.0.46",
                "GRANT SELECT ON `mysql`.`proc` TO `u`@`%`",
                Some("SHOW_ROUTINE ON *.*"),
            ),
        ];
        for (version, grant, expected) in cases {
            let missing = server(version, &[grant]).missing_routine_sight("dom");
            assert_eq!(missing.as_deref(), expected, "{version} {grant}");
        }
    }

    #[test]
    fn the_variables_are_read() {
        let rows = [
            ["version", "8.0.46"],
            ["account", "u@10.0.0.%"],
            ["log_bin", "ON"],
            ["log_bin_trust_function_creators", "OFF"],
            ["max_allowed_packet", "67108864"],
            ["super_read_only", "ON"],
        ];
        let rows: Vec<Row> = rows
            .iter()
            .map(|row| row.map(str::to_owned).to_vec())
            .collect();
        let server = Server::of_rows(&rows);
        assert_eq!(server.family, Family::Mysql);
        assert_eq!(server.number(), (8, 0, 46));
        assert_eq!(server.account, "u@10.0.0.%");
        assert!(server.log_bin && !server.trusts_function_creators && server.read_only);
        assert_eq!(server.max_allowed_packet, 67_108_864);
    }
}
