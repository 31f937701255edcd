//! The parts of a JDBC address, and the address with its passwords masked.

use std::path::{Path, PathBuf};

use super::installation::DatabaseKind;
use crate::site::files::normalized;

const MASK: &str = "***";

/// What an address says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) kind: DatabaseKind,
    pub(super) host: Option<String>,
    pub(super) port: Option<u16>,
    /// Oracle only: the service name. A SID is none, and no program can log on by it from afar.
    pub(super) service: Option<String>,
    /// The database named in the address.
    pub(super) schema: Option<String>,
    pub(super) h2_file: Option<PathBuf>,
    /// The address, its passwords masked.
    pub(super) masked: String,
    /// Whether it names more than one host, or none that can be read off.
    pub(super) indirect: bool,
}

/// Reads an address.
pub(super) fn read(url: &str) -> Address {
    let lower = url.to_ascii_lowercase();
    let after = |prefixes: &[&str]| {
        let prefix = prefixes.iter().find(|prefix| lower.starts_with(**prefix))?;
        url.get(prefix.len()..)
    };
    let mut address = Address {
        kind: DatabaseKind::Unknown,
        host: None,
        port: None,
        service: None,
        schema: None,
        h2_file: None,
        masked: masked(url),
        indirect: false,
    };
    if let Some(rest) = after(&["jdbc:mysql:", "jdbc:mysql+srv:", "jdbc:mariadb:"]) {
        address.kind = DatabaseKind::Mysql;
        mysql(rest, &mut address);
    } else if let Some(rest) = after(&["jdbc:oracle:"]) {
        address.kind = DatabaseKind::Oracle;
        oracle(rest, &mut address);
    } else if let Some(rest) = after(&["jdbc:h2:"]) {
        address.kind = DatabaseKind::H2;
        h2(rest, &mut address);
    } else {
        address.indirect = true;
    }
    address
}

/// `[mode:]//[user[:password]@]host[:port][,host…]/database?…`
fn mysql(rest: &str, address: &mut Address) {
    let Some((_, rest)) = rest.split_once("//") else {
        address.indirect = true;
        return;
    };
    let (authority, rest) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let path = rest.strip_prefix('/').unwrap_or_default();
    let database = &path[..path.find(['?', '#']).unwrap_or(path.len())];
    address.schema = Some(database.to_owned()).filter(|name| !name.is_empty());
    let hosts = authority
        .rsplit_once('@')
        .map_or(authority, |(_, hosts)| hosts);
    if hosts.contains(['(', '=']) {
        address.indirect = true;
        return;
    }
    let mut hosts = hosts.split(',');
    let (host, port) = host_and_port(hosts.next().unwrap_or_default());
    address.indirect = hosts.next().is_some();
    address.host = Some(if host.is_empty() { "localhost" } else { host }.to_owned());
    address.port = port.or(Some(3306));
}

/// `thin:[user/password]@host:port:sid`, `@[//]host[:port]/service` or a connect descriptor.
fn oracle(rest: &str, address: &mut Address) {
    let Some((_, target)) = rest.rsplit_once('@') else {
        address.indirect = true;
        return;
    };
    let upper = target.to_ascii_uppercase();
    if target.trim_start().starts_with('(') {
        let value = |name: &str| {
            let start = upper.find(&format!("{name}="))? + name.len() + 1;
            let rest = target.get(start..)?;
            Some(
                rest[..rest.find(')').unwrap_or(rest.len())]
                    .trim()
                    .to_owned(),
            )
        };
        address.indirect = upper.matches("HOST=").count() != 1;
        address.host = value("HOST");
        address.port = value("PORT").and_then(|port| port.parse().ok());
        address.service = value("SERVICE_NAME");
        return;
    }
    let target = target.split_once("//").map_or(target, |(_, target)| target);
    let server = &target[..target.find(['/', '?']).unwrap_or(target.len())];
    if !target.contains(['/', ':']) {
        // An alias of tnsnames.ora.
        address.indirect = true;
        return;
    }
    let service = target.split_once('/').map_or("", |(_, service)| {
        &service[..service.find(['?', ':', '/']).unwrap_or(service.len())]
    });
    address.service = Some(service.to_owned()).filter(|service| !service.is_empty());
    let mut parts = server.split(':');
    address.host = parts
        .next()
        .filter(|host| !host.is_empty())
        .map(ToOwned::to_owned);
    address.port = parts.next().map_or(Some(1521), |port| port.parse().ok());
}

/// `[file:]path`, `mem:name`, `tcp://host/path`; settings follow after `;`.
fn h2(rest: &str, address: &mut Address) {
    let (target, settings) = rest.split_once(';').unwrap_or((rest, ""));
    let mut settings = settings
        .split(';')
        .filter_map(|setting| setting.split_once('='));
    let schema = settings.find(|(name, _)| name.eq_ignore_ascii_case("schema"));
    address.schema = Some(schema.map_or("PUBLIC", |(_, schema)| schema).to_owned());
    let path = target.strip_prefix("file:").unwrap_or(target);
    if path.starts_with('/') {
        address.h2_file = Some(normalized(Path::new(&format!("{path}.mv.db"))));
    } else if !target.starts_with("mem:") {
        address.indirect = true;
    }
}

fn host_and_port(text: &str) -> (&str, Option<u16>) {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => rest.split_once(']').unwrap_or((rest, "")),
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    (
        host,
        port.strip_prefix(':').and_then(|port| port.parse().ok()),
    )
}

/// The address without anything that can be a password: one before an `@`, and every setting whose name
/// says so.
pub(super) fn masked(url: &str) -> String {
    without_login(&without_settings(url))
}

/// `user:password@` or `user/password@` becomes `user:***@`.
fn without_login(url: &str) -> String {
    let (start, separator) = if let Some(at) = url.find("thin:").or_else(|| url.find("oci:")) {
        (at + url[at..].find(':').unwrap_or(0) + 1, '/')
    } else if let Some(at) = url.find("//") {
        (at + 2, ':')
    } else {
        return url.to_owned();
    };
    let rest = &url[start..];
    // A slash does not end the login: an unescaped one in a password must not bring it to light.
    let end = if separator == ':' {
        rest.find(['?', '#']).unwrap_or(rest.len())
    } else {
        rest.len()
    };
    let Some(at) = rest[..end].rfind('@') else {
        return url.to_owned();
    };
    match rest[..at].find(separator) {
        Some(secret) => format!(
            "{}{}{separator}{MASK}{}",
            &url[..start],
            &rest[..secret],
            &rest[at..]
        ),
        None => url.to_owned(),
    }
}

fn without_settings(url: &str) -> String {
    let is_end = |letter: char| matches!(letter, '?' | '&' | ';' | ',' | '(' | ')');
    let mut result = String::with_capacity(url.len());
    for piece in url.split_inclusive(is_end) {
        let (body, end) = match piece.char_indices().next_back() {
            Some((at, letter)) if is_end(letter) => piece.split_at(at),
            _ => (piece, ""),
        };
        match body.split_once('=') {
            Some((name, value)) if is_secret(name) && !value.is_empty() => {
                result.push_str(name);
                result.push('=');
                result.push_str(MASK);
            }
            _ => result.push_str(body),
        }
        result.push_str(end);
    }
    result
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["pass", "pwd", "secret", "token"]
        .iter()
        .any(|part| name.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parts(url: &str) -> (Option<String>, Option<u16>, Option<String>, bool) {
        let address = read(url);
        (address.host, address.port, address.schema, address.indirect)
    }

    fn direct(
        host: &str,
        port: u16,
        schema: Option<&str>,
    ) -> (Option<String>, Option<u16>, Option<String>, bool) {
        (
            Some(host.to_owned()),
            Some(port),
            schema.map(ToOwned::to_owned),
            false,
        )
    }

    #[test]
    fn mysql_addresses() {
        assert_eq!(
            parts("jdbc:mysql://db:3307/domibus?useSSL=false"),
            direct("db", 3307, Some("domibus"))
        );
        assert_eq!(
            parts("jdbc:mariadb://db/domibus"),
            direct("db", 3306, Some("domibus"))
        );
        assert_eq!(
            parts("jdbc:mysql://u:p/w@db/x"),
            direct("u", 3306, Some("w@db/x"))
        );
        assert_eq!(parts("jdbc:mysql://u:p@db:1?a=/b"), direct("db", 1, None));
        assert_eq!(
            parts("jdbc:mysql://[::1]:3308/x"),
            direct("::1", 3308, Some("x"))
        );
        assert_eq!(
            parts("jdbc:mysql:///x"),
            direct("localhost", 3306, Some("x"))
        );
        assert!(read("jdbc:mysql:loadbalance://a,b:1/x").indirect);
        assert!(read("jdbc:mysql://address=(host=a)(port=1)/x").indirect);
    }

    #[test]
    fn oracle_addresses() {
        for url in [
            "jdbc:oracle:thin:@db:1522:XE",
            "jdbc:oracle:thin:@db:1522/XE",
            "jdbc:oracle:thin:@//db:1522/svc.example",
            "jdbc:oracle:thin:u/p@db:1522:XE",
            "jdbc:oracle:thin:@tcp://db:1522/x",
            "jdbc:oracle:thin:@(DESCRIPTION=(ADDRESS=(PROTOCOL=TCP)(HOST=db)(PORT=1522))(CONNECT_DATA=(SID=XE)))",
        ] {
            assert_eq!(parts(url), direct("db", 1522, None), "{url}");
        }
        assert!(read("jdbc:oracle:thin:@ALIAS").indirect);
    }

    #[test]
    fn oracle_services() {
        for (url, service) in [
            ("jdbc:oracle:thin:@db:1522:XE", None),
            ("jdbc:oracle:thin:@db:1522/svc", Some("svc")),
            (
                "jdbc:oracle:thin:@//db/svc.example:dedicated",
                Some("svc.example"),
            ),
            ("jdbc:oracle:thin:@tcp://db:1522/x?a=b", Some("x")),
            (
                "jdbc:oracle:thin:@(DESCRIPTION=(ADDRESS=(HOST=db)(PORT=1))(CONNECT_DATA=(SERVICE_NAME=s.x)))",
                Some("s.x"),
            ),
        ] {
            assert_eq!(read(url).service.as_deref(), service, "{url}");
        }
    }

    #[test]
    fn h2_addresses() {
        let file = |url: &str| read(url).h2_file;
        assert_eq!(
            file("jdbc:h2:file:/data/db;MODE=MySQL").as_deref(),
            Some("/data/db.mv.db".as_ref())
        );
        assert_eq!(
            file("jdbc:h2:/data/db").as_deref(),
            Some("/data/db.mv.db".as_ref())
        );
        assert_eq!(file("jdbc:h2:mem:x"), None);
        assert!(read("jdbc:h2:./x").indirect);
        assert!(read("jdbc:h2:tcp://h/x").indirect);
        assert_eq!(
            read("jdbc:h2:/x;SCHEMA=domibus").schema.as_deref(),
            Some("domibus")
        );
        assert_eq!(read("jdbc:postgresql://h/x").kind, DatabaseKind::Unknown);
    }

    #[test]
    fn passwords_are_masked_wherever_they_stand() {
        for (url, expected) in [
            ("jdbc:mysql://u:s3cret@db/x", "jdbc:mysql://u:***@db/x"),
            (
                "jdbc:mysql://db/x?user=u&password=s3cret&a=1",
                "jdbc:mysql://db/x?user=u&password=***&a=1",
            ),
            (
                "jdbc:mysql://db/x?trustCertificateKeyStorePassword=s3cret",
                "jdbc:mysql://db/x?trustCertificateKeyStorePassword=***",
            ),
            (
                "jdbc:mysql://(host=db,password=s3cret)/x",
                "jdbc:mysql://(host=db,password=***)/x",
            ),
            (
                "jdbc:oracle:thin:u/s3cret@db:1:XE",
                "jdbc:oracle:thin:u/***@db:1:XE",
            ),
            (
                "jdbc:oracle:thin:u/s3@cret@//db/x",
                "jdbc:oracle:thin:u/***@//db/x",
            ),
            (
                "jdbc:h2:/x;PASSWORD=s3cret;A=1",
                "jdbc:h2:/x;PASSWORD=***;A=1",
            ),
            ("jdbc:mysql://u:s3c/ret@db/x", "jdbc:mysql://u:***@db/x"),
            (
                "jdbc:mysql://db/x?useSSL=false",
                "jdbc:mysql://db/x?useSSL=false",
            ),
        ] {
            assert_eq!(masked(url), expected);
        }
    }

    proptest! {
        #[test]
        fn never_panics(rest in "[a-z:/@?&=;,()é\\[\\]#.0-9]{0,40}", start in "jdbc:(mysql|oracle|oracle:thin|h2|x)?:?(//)?") {
            read(&format!("{start}{rest}"));
        }
    }
}
