//! The database.

use super::super::DatabaseKind;
use super::super::domibus::DatabaseKind as Found;
use super::super::resolved::{Connection, Database, Schema};
use super::{Basis, Given, Surroundings};

pub(super) fn resolve(
    document: &Given<'_>,
    basis: &Basis<'_>,
    around: &Surroundings<'_>,
    missing: &mut Vec<String>,
) -> Database {
    let given = document.database.cloned().unwrap_or_default();
    let (kind, host, port, schemas, file, general) = match basis {
        Basis::Installed(found) => (
            match found.database.kind {
                Found::Mysql => Some(DatabaseKind::Mysql),
                Found::H2 => Some(DatabaseKind::H2),
                Found::Oracle | Found::Unknown => None,
            },
            found.database.host.clone(),
            found.database.port,
            found.database.schemas.clone(),
            found.database.h2_file.clone(),
            found.general_schema.clone(),
        ),
        Basis::Recorded(site) => {
            let connection = site.database.connection.as_ref();
            (
                site.database.kind,
                connection.and_then(|known| known.host.clone()),
                connection.and_then(|known| known.port),
                site.database
                    .schemas
                    .iter()
                    .map(|schema| schema.schema.clone())
                    .collect(),
                site.database.file.clone(),
                site.database
                    .schemas
                    .iter()
                    .find(|schema| schema.general)
                    .map(|schema| schema.schema.clone()),
            )
        }
    };
    let kind = given.kind.or(kind);
    let schemas: Vec<Schema> = given
        .schemas
        .unwrap_or(schemas)
        .into_iter()
        .map(|schema| Schema {
            name: schema.clone(),
            general: general.as_ref() == Some(&schema),
            schema,
        })
        .collect();
    let file = around.optional(given.file.as_ref()).or(file);
    let connection = (kind == Some(DatabaseKind::Mysql)).then(|| {
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
            host: if by_socket {
                given.host
            } else {
                given.host.or(host)
            },
            port: if by_socket {
                given.port
            } else {
                given.port.or(port)
            },
            socket: around.optional(given.socket.as_ref()),
            user: given.user.unwrap_or_default(),
            password: given.password.map(|secret| secret.below(around.directory)),
            dump_program: program(given.dump_program, &["mysqldump", "mariadb-dump"]),
            client_program: program(given.client_program, &["mysql", "mariadb"]),
        }
    });
    if kind == Some(DatabaseKind::Mysql) && schemas.is_empty() {
        missing.push("`database.schemas` is missing: the installation names no schema".to_owned());
    }
    if kind == Some(DatabaseKind::H2) && file.is_none() {
        missing
            .push("`database.file` is missing: the installation names no database file".to_owned());
    }
    if kind.is_none() {
        missing.push(
            "`database.kind` is missing: the installation's own database is none that the kit \
             can save"
                .to_owned(),
        );
    }
    Database {
        kind,
        connection,
        schemas,
        file,
    }
}
