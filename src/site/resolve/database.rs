//! The database.

use super::super::domibus::DatabaseKind as Found;
use super::super::resolved::{Connection, Database, Oracle, OracleConnection, Schema};
use super::super::{DatabaseDocument, DatabaseKind};
use super::{Basis, Given, Surroundings};

pub(super) fn resolve(
    document: &Given<'_>,
    basis: &Basis<'_>,
    around: &Surroundings<'_>,
    missing: &mut Vec<String>,
) -> Database {
    let given = document.database.cloned().unwrap_or_default();
    let mut known = Known::of(basis);
    let kind = given.kind.or(known.kind);
    if kind == Some(DatabaseKind::Oracle) && matches!(basis, Basis::Installed(_)) {
        known.schemas = known
            .schemas
            .iter()
            .map(|name| in_dictionary(name))
            .collect();
        known.general = known.general.as_deref().map(in_dictionary);
    }
    let schemas: Vec<Schema> = given
        .schemas
        .clone()
        .unwrap_or_else(|| known.schemas.clone())
        .into_iter()
        .map(|schema| Schema {
            name: schema.clone(),
            general: known.general.as_ref() == Some(&schema),
            schema,
        })
        .collect();
    let file = around.optional(given.file.as_ref()).or(known.file.clone());
    let mut database = Database {
        kind,
        connection: None,
        oracle: None,
        schemas,
        file,
    };
    match kind {
        Some(DatabaseKind::Mysql) => {
            database.connection = Some(mysql(given, known, around, missing));
        }
        Some(DatabaseKind::Oracle) => {
            database.oracle = Some(oracle(given, known, around, missing));
        }
        Some(DatabaseKind::H2) if database.file.is_none() => missing
            .push("`database.file` is missing: the installation names no database file".to_owned()),
        Some(DatabaseKind::H2) => {}
        None => missing.push(
            "`database.kind` is missing: the installation's own database is none that the kit \
             can save"
                .to_owned(),
        ),
    }
    let by_schema = matches!(kind, Some(DatabaseKind::Mysql | DatabaseKind::Oracle));
    if by_schema && database.schemas.is_empty() {
        missing.push("`database.schemas` is missing: the installation names no schema".to_owned());
    }
    database
}

/// What is known without the document.
struct Known {
    kind: Option<DatabaseKind>,
    host: Option<String>,
    port: Option<u16>,
    service: Option<String>,
    directory: Option<String>,
    directory_path: Option<std::path::PathBuf>,
    schemas: Vec<String>,
    general: Option<String>,
    file: Option<std::path::PathBuf>,
}

impl Known {
    fn of(basis: &Basis<'_>) -> Self {
        match basis {
            Basis::Installed(found) => Self {
                kind: match found.database.kind {
                    Found::Mysql => Some(DatabaseKind::Mysql),
                    Found::Oracle => Some(DatabaseKind::Oracle),
                    Found::H2 => Some(DatabaseKind::H2),
                    Found::Unknown => None,
                },
                host: found.database.host.clone(),
                port: found.database.port,
                service: found.database.service.clone(),
                directory: None,
                directory_path: None,
                schemas: found.database.schemas.clone(),
                general: found.general_schema.clone(),
                file: found.database.h2_file.clone(),
            },
            Basis::Recorded(site) => Self::recorded(&site.database),
        }
    }

    fn recorded(database: &Database) -> Self {
        let (mysql, oracle) = (database.connection.as_ref(), database.oracle.as_ref());
        let host = mysql.and_then(|known| known.host.clone());
        let port = mysql.and_then(|known| known.port);
        let general = database.schemas.iter().find(|schema| schema.general);
        let schemas = database.schemas.iter();
        Self {
            kind: database.kind,
            host: host.or_else(|| oracle?.connection.host.clone()),
            port: port.or_else(|| oracle?.connection.port),
            service: oracle.and_then(|known| known.connection.service.clone()),
            directory: oracle.map(|known| known.directory.clone()),
            directory_path: oracle.map(|known| known.directory_path.clone()),
            schemas: schemas.map(|schema| schema.schema.clone()).collect(),
            general: general.map(|schema| schema.schema.clone()),
            file: database.file.clone(),
        }
    }
}

/// A schema is a user there, and a name without quotes is kept in upper case.
fn in_dictionary(name: &str) -> String {
    match name
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
    {
        Some(quoted) => quoted.to_owned(),
        None => name.to_uppercase(),
    }
}

fn mysql(
    given: DatabaseDocument,
    known: Known,
    around: &Surroundings<'_>,
    missing: &mut Vec<String>,
) -> Connection {
    if given.user.is_none() {
        missing.push(
            "`database.user` is missing: the account that dumps and restores (it needs more \
             rights than Domibus' own)"
                .to_owned(),
        );
    }
    let by_socket = given.socket.is_some();
    let program = |given: Option<String>, names: &[&str]| {
        given
            .or_else(|| (around.find_program)(names))
            .unwrap_or_else(|| names[0].to_owned())
    };
    Connection {
        host: given.host.or_else(|| known.host.filter(|_| !by_socket)),
        port: given.port.or_else(|| known.port.filter(|_| !by_socket)),
        socket: around.optional(given.socket.as_ref()),
        user: given.user.unwrap_or_default(),
        password: given.password.map(|secret| secret.below(around.directory)),
        dump_program: program(given.dump_program, &["mysqldump", "mariadb-dump"]),
        client_program: program(given.client_program, &["mysql", "mariadb"]),
    }
}

fn oracle(
    given: DatabaseDocument,
    known: Known,
    around: &Surroundings<'_>,
    missing: &mut Vec<String>,
) -> Oracle {
    let by_user = given.wallet.is_none() && !given.external;
    let host = given.host.or(known.host).filter(|_| by_user);
    let service = given.service.or(known.service).filter(|_| by_user);
    let directory = given.directory.or(known.directory);
    let path = around.optional(given.directory_path.as_ref());
    let directory_path = path.or(known.directory_path);
    let needed = [
        (
            by_user && given.user.is_none(),
            "user",
            "the account that exports and restores; or give `wallet` or `external`",
        ),
        (
            by_user && given.password.is_none(),
            "password",
            "where the account's password is",
        ),
        (
            by_user && host.is_none(),
            "host",
            "the installation's own address names no single host",
        ),
        (
            by_user && service.is_none(),
            "service",
            "the installation's own address names none (a SID is no service name)",
        ),
        (
            directory.is_none(),
            "directory",
            "the directory object through which the database writes dump files",
        ),
        (
            directory_path.is_none(),
            "directory_path",
            "where the folder of the directory object is seen from this machine",
        ),
    ];
    for (_, key, why) in needed.iter().filter(|(lacks, ..)| *lacks) {
        missing.push(format!("`database.{key}` is missing: {why}"));
    }
    Oracle {
        connection: OracleConnection {
            user: given.user,
            password: given.password.map(|secret| secret.below(around.directory)),
            host,
            port: given.port.or(known.port).filter(|_| by_user),
            service,
            wallet: given.wallet,
            external: given.external,
            sid: given.sid,
            tns_admin: around.optional(given.tns_admin.as_ref()),
            oracle_home: around.optional(given.oracle_home.as_ref()),
            export_program: given.dump_program,
            import_program: given.import_program,
            client_program: given.client_program,
        },
        directory: directory.unwrap_or_default(),
        directory_path: directory_path.unwrap_or_default(),
    }
}
