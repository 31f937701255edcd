//! How a database is created: what belongs to the database itself and is in no dump of it.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

use super::quoting::{identifier, literal};
use super::session::{Session, copied};
use crate::adapter::Failure;
use crate::adapter::database::Row;

/// How a database is created.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Properties {
    /// Owner.
    pub owner: String,
    /// Encoding, by its name.
    pub encoding: String,
    /// `LC_COLLATE`.
    pub collate: String,
    /// `LC_CTYPE`.
    pub ctype: String,
    /// Provider of its collation: `libc` or `icu`.
    pub provider: String,
    /// Locale of the provider `icu`.
    pub icu_locale: Option<String>,
    /// Tablespace.
    pub tablespace: String,
    /// Limit of sessions; -1 for none.
    pub connection_limit: i64,
    /// Comment.
    pub comment: Option<String>,
    /// Settings: of a role or of all, name, value as it is stored.
    #[serde(default)]
    pub settings: Vec<(Option<String>, String, String)>,
    /// Rights that are not the default ones: role (`None` for everybody), right, may be handed on.
    #[serde(default)]
    pub grants: Option<Vec<(Option<String>, String, bool)>>,
}

/// Columns of newer servers are read through JSON, in which they are simply missing on older ones.
const DATABASE: &str = "SELECT 'database', pg_get_userbyid(d.datdba), \
     pg_encoding_to_char(d.encoding), d.datcollate, d.datctype, \
     CASE coalesce(to_jsonb(d)->>'datlocprovider', 'c') WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' \
     ELSE 'libc' END, \
     coalesce(to_jsonb(d)->>'daticulocale', to_jsonb(d)->>'datlocale', ''), t.spcname, \
     d.datconnlimit, coalesce(shobj_description(d.oid, 'pg_database'), ''), d.datacl IS NULL \
     FROM pg_database d JOIN pg_tablespace t ON t.oid = d.dattablespace WHERE d.datname = ";

const SETTINGS: &str = "SELECT 'setting', coalesce(r.rolname, ''), split_part(c.one, '=', 1), \
     substr(c.one, strpos(c.one, '=') + 1) FROM pg_db_role_setting s \
     JOIN pg_database d ON d.oid = s.setdatabase LEFT JOIN pg_roles r ON r.oid = s.setrole, \
     LATERAL unnest(s.setconfig) WITH ORDINALITY AS c(one, at) WHERE d.datname = ";

const GRANTS: &str = "SELECT 'grant', coalesce(r.rolname, ''), a.privilege_type, a.is_grantable \
     FROM pg_database d, LATERAL aclexplode(d.datacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee \
     WHERE d.datname = ";

impl Properties {
    /// Those of a database; `None` if there is none of that name.
    pub(super) fn look(session: &Session<'_>, database: &str) -> Result<Option<Self>, Failure> {
        let name = literal(database);
        let statements = [
            format!("{DATABASE}{name}"),
            format!("{SETTINGS}{name} ORDER BY 2, c.at"),
            format!("{GRANTS}{name} ORDER BY 2, 3"),
        ];
        let statements: String = statements.iter().map(|one| copied(one)).collect();
        let rows = session.ask(session.connection.maintenance(), &statements)?;
        Ok(Self::of_rows(&rows))
    }

    fn of_rows(rows: &[Row]) -> Option<Self> {
        let mut found = None;
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        for row in rows {
            let row: Vec<&str> = row.iter().map(String::as_str).collect();
            match (row.as_slice(), &mut found) {
                (
                    [
                        _,
                        owner,
                        encoding,
                        collate,
                        ctype,
                        provider,
                        locale,
                        space,
                        limit,
                        comment,
                        usual,
                    ],
                    _,
                ) => {
                    found = Some(Self {
                        owner: (*owner).to_owned(),
                        encoding: (*encoding).to_owned(),
                        collate: (*collate).to_owned(),
                        ctype: (*ctype).to_owned(),
                        provider: (*provider).to_owned(),
                        icu_locale: given(locale),
                        tablespace: (*space).to_owned(),
                        connection_limit: limit.parse().unwrap_or(-1),
                        comment: given(comment),
                        settings: Vec::new(),
                        grants: (*usual == "f").then(Vec::new),
                    });
                }
                (["setting", role, name, value], Some(found)) => {
                    let setting = (given(role), (*name).to_owned(), (*value).to_owned());
                    found.settings.push(setting);
                }
                (["grant", role, right, option], Some(found)) => {
                    let grant = (given(role), (*right).to_owned(), *option == "t");
                    found.grants.get_or_insert_default().push(grant);
                }
                _ => {}
            }
        }
        found
    }

    /// Statements that drop a database and create it with these properties. None of them may stand in
    /// a transaction.
    pub(super) fn recreate(&self, database: &str) -> String {
        let name = identifier(database);
        let mut text = format!("DROP DATABASE IF EXISTS {name};\n");
        let _ = write!(
            text,
            "CREATE DATABASE {name} WITH TEMPLATE template0 OWNER {} ENCODING {} LC_COLLATE {} \
             LC_CTYPE {} CONNECTION LIMIT {}",
            identifier(&self.owner),
            literal(&self.encoding),
            literal(&self.collate),
            literal(&self.ctype),
            self.connection_limit
        );
        // Naming even the usual one asks for a right to it.
        if self.tablespace != "pg_default" {
            let _ = write!(text, " TABLESPACE {}", identifier(&self.tablespace));
        }
        let locale = self
            .icu_locale
            .as_deref()
            .filter(|_| self.provider != "libc");
        if let Some(locale) = locale {
            let word = if self.provider == "icu" {
                "ICU_LOCALE"
            } else {
                "BUILTIN_LOCALE"
            };
            let _ = write!(
                text,
                " LOCALE_PROVIDER {} {word} {}",
                self.provider,
                literal(locale)
            );
        }
        text.push_str(";\n");
        if let Some(comment) = &self.comment {
            let _ = writeln!(text, "COMMENT ON DATABASE {name} IS {};", literal(comment));
        }
        for (role, setting, value) in &self.settings {
            // Lists are stored as they are written.
            let value = if is_list(setting) {
                value.clone()
            } else {
                literal(value)
            };
            let setting = identifier(setting);
            let _ = match role {
                None => writeln!(text, "ALTER DATABASE {name} SET {setting} TO {value};"),
                Some(role) => writeln!(
                    text,
                    "ALTER ROLE {} IN DATABASE {name} SET {setting} TO {value};",
                    identifier(role)
                ),
            };
        }
        if let Some(grants) = &self.grants {
            let owner = identifier(&self.owner);
            let _ = writeln!(text, "REVOKE ALL ON DATABASE {name} FROM PUBLIC, {owner};");
            for (role, right, option) in grants {
                let to = role.as_deref().map_or("PUBLIC".to_owned(), identifier);
                let option = if *option { " WITH GRANT OPTION" } else { "" };
                let _ = writeln!(text, "GRANT {right} ON DATABASE {name} TO {to}{option};");
            }
        }
        text
    }
}

/// Settings whose value is a list of names.
fn is_list(setting: &str) -> bool {
    [
        "search_path",
        "temp_tablespaces",
        "local_preload_libraries",
        "session_preload_libraries",
        "shared_preload_libraries",
        "unix_socket_directories",
    ]
    .contains(&setting.to_ascii_lowercase().as_str())
}
