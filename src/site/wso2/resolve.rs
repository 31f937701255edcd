//! From the document to the values that runbooks see. Pure; everything that is missing or contradicts
//! itself is told at once.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::document::{
    DatabaseKind, Wso2DatabaseDocument, Wso2Document, Wso2MigrationDocument, Wso2ServerDocument,
    Wso2SiteDocument,
};
use crate::site::{SecretRef, absolute};

/// What stands around a document.
pub struct Around<'a> {
    /// Its directory.
    pub directory: &'a Path,
    /// The scenario that is planned.
    pub scenario: &'a str,
    /// Whether there is a file of that name.
    pub is_file: &'a dyn Fn(&Path) -> bool,
}

/// A product on WSO2 Carbon, before and after.
#[derive(Debug, Clone, Serialize)]
pub struct Wso2 {
    /// The version that is there.
    pub from: String,
    /// The version to go to.
    pub to: String,
    /// The database that the servers use now.
    pub database: Wso2Database,
    /// The staging database.
    pub staging: Wso2Database,
    /// Every server that uses the database now.
    pub servers: Vec<Wso2Server>,
    /// The new version.
    pub new: Wso2Server,
    /// What is changed in the new version's configuration files.
    pub configuration: Value,
    /// The migration script; none where the scenario has none.
    pub migration: Option<PathBuf>,
    /// Whether there are tenants.
    pub tenants: bool,
    /// Tables that the migration must have made.
    pub tables: [&'static str; 4],
}

/// A database.
#[derive(Debug, Clone, Serialize)]
pub struct Wso2Database {
    /// Kind.
    pub kind: DatabaseKind,
    /// The schema or database; empty for H2.
    pub name: String,
    /// The file of H2.
    pub file: Option<PathBuf>,
    /// The `connection` of the actions of its kind.
    pub connection: Value,
    /// Oracle's directory object.
    pub directory: Option<String>,
    /// Where its folder is.
    pub directory_path: Option<PathBuf>,
}

/// A Carbon server.
#[derive(Debug, Clone, Serialize)]
pub struct Wso2Server {
    /// Name of its home's folder, with a number if there are several of it.
    pub name: String,
    /// Its home.
    pub home: PathBuf,
    /// Ports.
    pub ports: Vec<u16>,
    /// Environment of its script.
    pub environment: BTreeMap<String, String>,
    /// An address that answers when it works.
    pub health: Option<String>,
}

/// Resolves the document.
pub fn resolve(document: &Wso2SiteDocument, around: &Around<'_>) -> Result<Value, Vec<String>> {
    let mut missing = Vec::new();
    let wso2 = &document.wso2;
    if wso2.database.kind != wso2.staging.kind {
        missing.push(format!(
            "wso2.staging.kind: the database is `{}` and the staging database `{}`: the type must stay \
             the same, the migration scripts convert nothing",
            wso2.database.kind, wso2.staging.kind
        ));
    }
    let database = database(&wso2.database, "wso2.database", around, &mut missing);
    let staging = self::database(&wso2.staging, "wso2.staging", around, &mut missing);
    same_place(&wso2.database, &wso2.staging, &mut missing);
    let mut servers: Vec<Wso2Server> = Vec::new();
    for server in &wso2.servers {
        let mut resolved = self::server(server, around);
        if servers.iter().any(|other| other.name == resolved.name) {
            resolved.name = format!("{}-{}", resolved.name, servers.len() + 1);
        }
        servers.push(resolved);
    }
    if servers.is_empty() {
        missing.push("wso2.servers: name every server that uses the database".to_owned());
    }
    let new = new_server(wso2, around);
    if servers.iter().any(|server| server.home == new.home) {
        missing.push("wso2.new.home: is the home of a present server".to_owned());
    }
    let migration = migration(wso2, around, &mut missing);
    let configuration = configuration(wso2, &staging, around, &mut missing);
    if !missing.is_empty() {
        return Err(missing);
    }
    let resolved = Wso2 {
        from: wso2.from.clone(),
        to: wso2.to.clone(),
        database,
        staging,
        servers,
        new,
        configuration,
        migration,
        tenants: wso2.tenants,
        tables: [
            "UM_DOMAIN",
            "UM_SYSTEM_USER",
            "UM_SYSTEM_ROLE",
            "UM_SYSTEM_USER_ROLE",
        ],
    };
    Ok(json!({
        "name": document.site,
        "product": document.product,
        "values": document.values,
        "wso2": resolved,
    }))
}

fn database(
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
        let fits = |file: &PathBuf| file.to_string_lossy().ends_with(".mv.db");
        let file = given.file.as_ref();
        need(
            "file",
            file.is_some_and(fits),
            "name the database file, `….mv.db`",
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

fn secret(given: Option<&SecretRef>, around: &Around<'_>) -> Option<SecretRef> {
    given.map(|secret| secret.clone().below(around.directory))
}

/// The new version must not work on the database that was not upgraded.
fn same_place(
    database: &Wso2DatabaseDocument,
    staging: &Wso2DatabaseDocument,
    missing: &mut Vec<String>,
) {
    let place = |one: &Wso2DatabaseDocument| {
        let host = one.host.as_deref().map(str::to_lowercase);
        (
            one.name.clone(),
            one.file.clone(),
            host,
            one.port,
            one.socket.clone(),
            one.service.clone(),
        )
    };
    if place(database) == place(staging) {
        missing.push(
            "wso2.staging: is the present database; the new version works on one of its own"
                .to_owned(),
        );
    }
}

fn server(given: &Wso2ServerDocument, around: &Around<'_>) -> Wso2Server {
    let home = absolute(around.directory, &given.home);
    let name = home.file_name().unwrap_or_default();
    let java = given.java_home.as_ref();
    let java = java.map(|path| absolute(around.directory, path).display().to_string());
    Wso2Server {
        name: name.to_string_lossy().into_owned(),
        home,
        ports: given.ports.clone().unwrap_or_else(|| vec![9443, 9763]),
        environment: java
            .map(|path| ("JAVA_HOME".to_owned(), path))
            .into_iter()
            .collect(),
        health: None,
    }
}

fn new_server(wso2: &Wso2Document, around: &Around<'_>) -> Wso2Server {
    let new = &wso2.new;
    let given = Wso2ServerDocument {
        home: new.home.clone(),
        ports: new.ports.clone(),
        java_home: new.java_home.clone(),
    };
    Wso2Server {
        health: new.health.clone(),
        ..server(&given, around)
    }
}

/// The script of the scenario `dss`, picked by the kind of the database.
fn migration(
    wso2: &Wso2Document,
    around: &Around<'_>,
    missing: &mut Vec<String>,
) -> Option<PathBuf> {
    if around.scenario != "dss" {
        return None;
    }
    let kind = wso2.database.kind;
    // `migration-identity.sql` and `migration-service-provider.sql` are the Identity Server's.
    let names: &[&str] = match kind {
        DatabaseKind::Mysql => &["mysql-migration.sql"],
        DatabaseKind::Postgres => &["postgresql-migration.sql", "postgres-migration.sql"],
        DatabaseKind::Oracle => &["oracle-migration.sql"],
        DatabaseKind::H2 => &["h2-migration.sql"],
    };
    let given = wso2.migration.as_ref().map(|given| {
        let Wso2MigrationDocument { folder, script } = given;
        (folder.as_ref(), script.as_ref())
    });
    let candidates: Vec<PathBuf> = match given {
        Some((Some(folder), None)) => {
            let folder = absolute(around.directory, folder);
            names.iter().map(|name| folder.join(name)).collect()
        }
        Some((None, Some(script))) => vec![absolute(around.directory, script)],
        Some(_) => {
            missing.push("wso2.migration: give either `folder` or `script`".to_owned());
            return None;
        }
        None => {
            missing.push(
                "wso2.migration: scenario `dss` runs a migration script; give its `folder` or `script`"
                    .to_owned(),
            );
            return None;
        }
    };
    let found = candidates
        .iter()
        .find(|path| (around.is_file)(path))
        .cloned();
    if found.is_none() {
        let looked: Vec<String> = candidates
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        missing.push(format!(
            "wso2.migration: there is no script for `{kind}`: looked for {}",
            looked.join(", ")
        ));
    }
    let of_another = found.as_ref().and_then(|path| of_another_kind(path, kind));
    if let Some(other) = of_another {
        missing.push(format!(
            "wso2.migration: the script is for `{other}` and the database is `{kind}`"
        ));
    }
    found
}

/// The kind that a script's name speaks of, if it is another one.
fn of_another_kind(script: &Path, kind: DatabaseKind) -> Option<DatabaseKind> {
    let name = script.file_name()?.to_string_lossy().to_lowercase();
    let all = [
        ("mysql", DatabaseKind::Mysql),
        ("postgres", DatabaseKind::Postgres),
        ("oracle", DatabaseKind::Oracle),
        ("h2", DatabaseKind::H2),
    ];
    let spoken = all.into_iter().find(|(word, _)| name.starts_with(word));
    spoken
        .map(|(_, other)| other)
        .filter(|other| *other != kind)
}

/// What the new version's configuration files must say.
fn configuration(
    wso2: &Wso2Document,
    staging: &Wso2Database,
    around: &Around<'_>,
    missing: &mut Vec<String>,
) -> Value {
    let given = &wso2.staging;
    let url = given.url.clone().or_else(|| usual_url(given, staging));
    if url.is_none() {
        missing.push("wso2.staging.url: say the JDBC address of the data source".to_owned());
    }
    let driver = given.driver.as_deref().unwrap_or(match given.kind {
        DatabaseKind::Mysql => "com.mysql.jdbc.Driver",
        DatabaseKind::Postgres => "org.postgresql.Driver",
        DatabaseKind::Oracle => "oracle.jdbc.OracleDriver",
        DatabaseKind::H2 => "org.h2.Driver",
    });
    let user = given.application_user.as_ref().or(given.user.as_ref());
    let password = given
        .application_password
        .as_ref()
        .or(given.password.as_ref());
    let name = wso2.new.datasource.as_deref().unwrap_or("WSO2_CARBON_DB");
    let jndi = wso2.new.jndi.as_deref().unwrap_or("jdbc/WSO2CarbonDB");
    let source = format!("datasources-configuration/datasources/datasource[name='{name}']");
    let definition = format!("{source}/definition/configuration");
    let mut edits = vec![
        json!({ "at": format!("{source}/jndiConfig/name"), "to": jndi }),
        json!({ "at": format!("{definition}/url"), "to": url }),
        json!({ "at": format!("{definition}/driverClassName"), "to": driver }),
    ];
    edits.extend(user.map(|user| json!({ "at": format!("{definition}/username"), "to": user })));
    edits.extend(
        secret(password, around)
            .map(|password| json!({ "at": format!("{definition}/password"), "secret": password })),
    );
    let conf = absolute(around.directory, &wso2.new.home).join("repository/conf");
    json!({
        "folder": conf,
        "datasources": { "file": conf.join("datasources/master-datasources.xml"), "set": edits },
        "user_mgt": { "file": conf.join("user-mgt.xml"), "set": [
            { "at": "UserManager/Realm/Configuration/Property[@name='dataSource']", "to": jndi },
        ] },
        "registry": { "file": conf.join("registry.xml"), "set": [
            { "at": "wso2registry/dbConfig[@name='wso2registry']/dataSource", "to": jndi },
        ] },
    })
}

fn usual_url(given: &Wso2DatabaseDocument, staging: &Wso2Database) -> Option<String> {
    let host = given.host.as_deref();
    let at = |port: u16| Some(format!("{}:{}", host?, given.port.unwrap_or(port)));
    let name = &staging.name;
    match given.kind {
        DatabaseKind::Mysql => Some(format!("jdbc:mysql://{}/{name}", at(3306)?)),
        DatabaseKind::Postgres => Some(format!("jdbc:postgresql://{}/{name}", at(5432)?)),
        DatabaseKind::Oracle => {
            let service = given.service.as_deref()?;
            Some(format!("jdbc:oracle:thin:@//{}/{service}", at(1521)?))
        }
        DatabaseKind::H2 => {
            let file = staging.file.as_ref()?.display().to_string();
            let path = file.strip_suffix(".mv.db")?;
            Some(format!(
                "jdbc:h2:{path};DB_CLOSE_ON_EXIT=FALSE;LOCK_TIMEOUT=60000"
            ))
        }
    }
}
