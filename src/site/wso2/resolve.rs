//! From the document to the values that runbooks see. Pure; everything that is missing or contradicts
//! itself is told at once.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::{Value, json};

use super::databases::{database, same_place, secret, usual_url};
use super::document::{DatabaseKind, Wso2Document, Wso2ServerDocument, Wso2SiteDocument};
use super::migration::migration;
use crate::site::absolute;

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
    let [database, staging] = [
        ("wso2.database", &wso2.database),
        ("wso2.staging", &wso2.staging),
    ]
    .map(|(key, given)| database(given, key, around, &mut missing));
    same_place(&wso2.database, &wso2.staging, &mut missing);
    if wso2.from == wso2.to {
        missing.push(format!(
            "wso2.to: is `{}`, the version that is there",
            wso2.from
        ));
    }
    let mut servers: Vec<Wso2Server> = Vec::new();
    for (number, server) in wso2.servers.iter().enumerate() {
        let mut resolved = self::server(server, around);
        if servers.iter().any(|other| other.home == resolved.home) {
            missing.push(format!(
                "wso2.servers[{number}].home: is that of another server"
            ));
        }
        listens(&resolved, &format!("wso2.servers[{number}]"), &mut missing);
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
    listens(&new, "wso2.new", &mut missing);
    if new
        .health
        .as_ref()
        .is_some_and(|url| !url.starts_with("http://"))
    {
        missing.push(
            "wso2.new.health: only an address that begins with http:// can be asked (not https)"
                .to_owned(),
        );
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

/// A server without a port could not be shown to be stopped.
fn listens(server: &Wso2Server, key: &str, missing: &mut Vec<String>) {
    if server.ports.is_empty() {
        missing.push(format!(
            "{key}.ports: is empty; name the ports, or leave the key out for Carbon's own (9443, 9763)"
        ));
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
    if name.is_empty() || name.contains('\'') {
        missing.push("wso2.new.datasource: must be a name without an apostrophe".to_owned());
    }
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
