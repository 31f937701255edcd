//! The present database and the staging one.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::document::{DatabaseKind, Wso2DatabaseDocument};
use super::resolve::{Around, Wso2Database};
use crate::site::{SecretRef, absolute};

/// A database; `key` is where the document speaks of it.
pub(super) fn database(
    given: &Wso2DatabaseDocument,
    key: &str,
    around: &Around<'_>,
    missing: &mut Vec<String>,
) -> Wso2Database {
    let mut need = |name: &str, there: bool, what: &str| {
        if !there {
            missing.push(format!("{key}.{name}: {what}"));
        }
    };
    if given.kind == DatabaseKind::H2 {
        let fits = |file: &PathBuf| h2_path(file).is_some();
        let file = given.file.as_ref();
        need(
            "file",
            file.is_some_and(fits),
            "name the database file, `….mv.db` or `….h2.db`",
        );
        if around.scenario == "dss" {
            let scripted = given.user.is_some();
            need(
                "user",
                scripted,
                "name the account that the migration script runs as",
            );
            need(
                "jar",
                given.jar.is_some(),
                "name the product's own H2 (`h2….jar`)",
            );
        }
        for (name, there) in [
            ("name", given.name.is_some()),
            ("host", given.host.is_some()),
            ("socket", given.socket.is_some()),
        ] {
            need(name, !there, "an embedded H2 has only a file");
        }
    } else {
        need(
            "name",
            given.name.is_some(),
            "name the schema, with PostgreSQL the database",
        );
        need(
            "user",
            given.user.is_some(),
            "name the account that dumps and restores",
        );
        let server = given.host.is_some() || given.socket.is_some();
        need("host", server, "say where the server is, or give `socket`");
        need("file", given.file.is_none(), "only H2 has a file");
    }
    if given.kind == DatabaseKind::Oracle {
        need(
            "service",
            given.service.is_some(),
            "name the service of the database",
        );
        need(
            "directory",
            given.directory.is_some(),
            "name the directory object for dumps",
        );
        let path = given.directory_path.is_some();
        need(
            "directory_path",
            path,
            "say where the directory object's folder is",
        );
    }
    let path = |path: &Option<PathBuf>| path.as_ref().map(|path| absolute(around.directory, path));
    Wso2Database {
        kind: given.kind,
        name: given.name.clone().unwrap_or_default(),
        file: path(&given.file),
        connection: connection(given, around),
        directory: given.directory.clone(),
        directory_path: path(&given.directory_path),
    }
}

/// The options `connection` of the kind's actions; what is not given is left out.
fn connection(given: &Wso2DatabaseDocument, around: &Around<'_>) -> Value {
    let mut options = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        options.extend(value.map(|value| (name.to_owned(), value)));
    };
    let text = |text: &Option<String>| text.clone().map(Value::from);
    if given.kind == DatabaseKind::H2 {
        let path = |path: &Option<PathBuf>| {
            let path = path.as_ref();
            path.map(|path| json!(absolute(around.directory, path)))
        };
        put("file", path(&given.file));
        put("jar", path(&given.jar));
    }
    let oracle = given.kind == DatabaseKind::Oracle;
    put("host", text(&given.host));
    put("port", given.port.map(Value::from));
    let socket = given.socket.as_ref();
    put(
        "socket",
        socket.map(|path| json!(absolute(around.directory, path))),
    );
    put("user", text(&given.user));
    let password = secret(given.password.as_ref(), around);
    put("password", password.map(|password| json!(password)));
    put("service", text(&given.service).filter(|_| oracle));
    let dump = if oracle {
        "export_program"
    } else {
        "dump_program"
    };
    put(dump, text(&given.dump_program));
    put(
        "import_program",
        text(&given.import_program).filter(|_| oracle),
    );
    put("client_program", text(&given.client_program));
    Value::Object(options)
}

/// A reference of the document, made absolute.
pub(super) fn secret(given: Option<&SecretRef>, around: &Around<'_>) -> Option<SecretRef> {
    given.map(|secret| secret.clone().below(around.directory))
}

/// The new version must not work on the database that was not upgraded.
pub(super) fn same_place(
    database: &Wso2DatabaseDocument,
    staging: &Wso2DatabaseDocument,
    missing: &mut Vec<String>,
) {
    let place = |one: &Wso2DatabaseDocument| {
        let file = one.file.clone().filter(|_| one.kind == DatabaseKind::H2);
        let host = one.host.as_deref().map(str::to_lowercase);
        let port = one.port.or(usual_port(one.kind));
        let server = (host, port, one.socket.clone(), one.service.clone());
        (one.name.clone(), file, server)
    };
    let ends = [database, staging].map(|one| one.file.as_deref().and_then(h2_end));
    if let [Some(present), Some(other)] = ends
        && present != other
    {
        missing.push(format!(
            "wso2.staging.file: must end in `{present}`, as the present database's: it becomes a copy of \
             that file, and H2 knows the format by the name"
        ));
    }
    if place(database) == place(staging) {
        missing.push(
            "wso2.staging: is the present database; the new version works on one of its own"
                .to_owned(),
        );
    }
}

/// Where a server of that kind listens if nothing else is said.
fn usual_port(kind: DatabaseKind) -> Option<u16> {
    match kind {
        DatabaseKind::Mysql => Some(3306),
        DatabaseKind::Postgres => Some(5432),
        DatabaseKind::Oracle => Some(1521),
        DatabaseKind::H2 => None,
    }
}

/// What H2's addresses call a database: its file without the end of the name.
fn h2_path(file: &Path) -> Option<String> {
    let text = file.display().to_string();
    let path = h2_end(file).and_then(|end| text.strip_suffix(end));
    path.map(str::to_owned)
}

/// `.mv.db`, or that of H2 1.3 and older, which Carbon 4.4 brings.
fn h2_end(file: &Path) -> Option<&'static str> {
    let text = file.to_string_lossy();
    [".mv.db", ".h2.db"]
        .into_iter()
        .find(|end| text.ends_with(end))
}

/// The JDBC address that the product's guide gives.
pub(super) fn usual_url(given: &Wso2DatabaseDocument, staging: &Wso2Database) -> Option<String> {
    let host = given.host.as_deref();
    let at = || {
        Some(format!(
            "{}:{}",
            host?,
            given.port.or(usual_port(given.kind))?
        ))
    };
    let name = &staging.name;
    match given.kind {
        DatabaseKind::Mysql => Some(format!("jdbc:mysql://{}/{name}", at()?)),
        DatabaseKind::Postgres => Some(format!("jdbc:postgresql://{}/{name}", at()?)),
        DatabaseKind::Oracle => {
            let service = given.service.as_deref()?;
            Some(format!("jdbc:oracle:thin:@//{}/{service}", at()?))
        }
        DatabaseKind::H2 => {
            let path = h2_path(staging.file.as_ref()?)?;
            Some(format!(
                "jdbc:h2:{path};DB_CLOSE_ON_EXIT=FALSE;LOCK_TIMEOUT=60000"
            ))
        }
    }
}
