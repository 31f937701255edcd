//! The database that Domibus connects to.

use super::data_sources::DataSources;
use super::domains::Tenancy;
use super::installation::{Database, DatabaseKind, Domain, VersionLayout};
use super::jdbc::{self, Address};
use super::notes::{Findings, Place, Severity};
use super::sources::{Resolved, Sources};

const SCHEMA: &str = "domibus.database.schema";
const USERS: [&str; 2] = [
    "domibus.datasource.user",
    "domibus.datasource.xa.property.user",
];

/// The key of a domain's schema.
pub(super) fn schema_of(
    sources: &Sources,
    tenancy: Tenancy,
    domain: &str,
    findings: &mut Findings,
) -> Option<String> {
    let found = tenancy.text(sources, domain, SCHEMA, findings);
    if found.is_none() && tenancy.multi_tenant {
        findings.note(
            Severity::Refuse,
            None,
            format!("the domain {domain} has no database schema"),
            format!("set {}", tenancy.key(domain, SCHEMA)),
        );
    }
    found.map(|found| found.value)
}

/// Where and as whom Domibus connects.
pub(super) struct Connection {
    url: Resolved,
    user: Option<String>,
}

/// On WildFly and WebLogic the address is that of a data source of the server.
pub(super) fn of_server(
    sources: &Sources,
    data_sources: &DataSources,
    findings: &mut Findings,
) -> Option<Connection> {
    let connected = data_sources.connected(sources, findings)?;
    Some(Connection {
        url: connected.url,
        user: connected.user,
    })
}

/// On Tomcat the address is a property of Domibus.
pub(super) fn address(
    sources: &Sources,
    layout: VersionLayout,
    general_schema: Option<&str>,
    findings: &mut Findings,
) -> Option<Connection> {
    let before = findings.problems.len();
    // BG has the schema commented out with several domains while the address still names it. The general
    // schema stands in for it; which schemas there are is known from elsewhere then.
    let sources = &match general_schema {
        Some(general) => sources.with_fallback(SCHEMA, general),
        None => sources.clone(),
    };
    let Some(url) = first(sources, url_keys(layout), findings) else {
        if findings.problems.len() == before {
            findings.problem(
                None,
                "no property names the database",
                "set domibus.datasource.url in domibus.properties",
            );
        }
        return None;
    };
    let user = first(sources, &USERS, findings).map(|user| user.value);
    Some(Connection { url, user })
}

/// The database; the domains get their schema if only the address names it.
pub(super) fn read(
    sources: &Sources,
    tenancy: Tenancy,
    general_schema: Option<&str>,
    Connection { url, user }: Connection,
    domains: &mut [Domain],
    findings: &mut Findings,
) -> Database {
    let address = jdbc::read(&url.value);
    note_address(&address, url.place.clone(), findings);
    if !tenancy.multi_tenant {
        let schema = single_schema(
            &address,
            domains,
            user.as_deref(),
            url.place.as_ref(),
            findings,
        );
        for domain in domains.iter_mut() {
            domain.schema.clone_from(&schema);
        }
    }
    let schemas = all_schemas(general_schema, domains, findings);
    note_second_database(sources, findings);
    Database {
        kind: address.kind,
        url: address.masked,
        host: address.host,
        port: address.port,
        service: address.service,
        user,
        schemas,
        h2_file: address.h2_file,
        password_encrypted: password_encrypted(sources, findings),
    }
}

fn all_schemas(general: Option<&str>, domains: &[Domain], findings: &mut Findings) -> Vec<String> {
    let mut schemas: Vec<String> = general.map(ToOwned::to_owned).into_iter().collect();
    for schema in domains.iter().filter_map(|domain| domain.schema.as_ref()) {
        if schemas.contains(schema) {
            findings.note(
                Severity::Refuse,
                None,
                format!("the schema {schema} is used twice"),
                "give the general schema and every domain a schema of their own",
            );
        } else {
            schemas.push(schema.clone());
        }
    }
    schemas
}

/// 4.x has a second, distributed data source; before 4.2 the Oracle spelling was `URL`.
const fn url_keys(layout: VersionLayout) -> &'static [&'static str] {
    match layout {
        VersionLayout::Domains5 => &["domibus.datasource.url"],
        VersionLayout::Flat4 => &[
            "domibus.datasource.url",
            "domibus.datasource.xa.property.url",
            "domibus.datasource.xa.property.URL",
        ],
    }
}

fn first(sources: &Sources, keys: &[&str], findings: &mut Findings) -> Option<Resolved> {
    keys.iter().find_map(|key| sources.text(key, findings))
}

/// The database of the connection is the truth on MySQL; the property only helps to spell the address. On
/// Oracle a schema is a user.
fn single_schema(
    address: &Address,
    domains: &[Domain],
    user: Option<&str>,
    place: Option<&Place>,
    findings: &mut Findings,
) -> Option<String> {
    let property = domains.first().and_then(|domain| domain.schema.clone());
    let schema = match address.kind {
        DatabaseKind::Oracle => property.or_else(|| user.map(ToOwned::to_owned)),
        DatabaseKind::Mysql => {
            if let (Some(property), Some(connected)) = (&property, &address.schema)
                && property != connected
            {
                findings.note(
                    Severity::Warning,
                    place.cloned(),
                    format!("{SCHEMA} is {property}, but the address leads to {connected}, which is used"),
                    "make them agree",
                );
            }
            address.schema.clone().or(property)
        }
        DatabaseKind::H2 | DatabaseKind::Unknown => property.or_else(|| address.schema.clone()),
    };
    if schema.is_none() {
        findings.note(
            Severity::Refuse,
            place.cloned(),
            "neither a property nor the database address names the schema",
            format!("set {SCHEMA}"),
        );
    }
    schema
}

fn note_address(address: &Address, place: Option<Place>, findings: &mut Findings) {
    let text = match (address.kind, address.indirect) {
        (DatabaseKind::Unknown, _) => {
            "the database address is of a kind that Domibus is not known to use"
        }
        (DatabaseKind::H2, _) if address.h2_file.is_none() => {
            "the H2 database is not in a file with an absolute path"
        }
        (_, true) => "the database address names several hosts, or none that can be read off",
        _ => return,
    };
    findings.note(
        Severity::Warning,
        place,
        text,
        "give host, port and schemas to the backup explicitly",
    );
}

/// BG: since 5.0.8 and 5.1 the scheduler can have a database of its own.
fn note_second_database(sources: &Sources, findings: &mut Findings) {
    let key = "domibus.quartz.datasource.url";
    if sources.files.contains_key(key) || sources.system.contains_key(key) {
        let place = sources.raw(key).and_then(|setting| setting.origin.place());
        findings.note(
            Severity::Warning,
            place,
            "the scheduler has a database address of its own",
            "back up that database too if it is another one",
        );
    }
}

fn password_encrypted(sources: &Sources, findings: &mut Findings) -> bool {
    let keys = [
        "domibus.datasource.password",
        "domibus.datasource.xa.property.password",
    ];
    let setting = keys.iter().find_map(|key| sources.raw(key));
    let Some(setting) = setting else {
        return false;
    };
    // The raw value: an encrypted password has no placeholders, and a clear one may look like it has some.
    let value = setting.value.clone().unwrap_or_default();
    let encrypted = value.trim().starts_with("ENC(") && value.trim().ends_with(')');
    if encrypted {
        findings.note(
            Severity::Warning,
            setting.origin.place(),
            "the database password is encrypted with a key that only Domibus uses",
            "give the backup a password of its own",
        );
    }
    encrypted
}
