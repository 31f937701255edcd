//! What an installation holds: its scripts, properties and XML.

use std::collections::BTreeMap;

use upgrade_kit::site::domibus::{ServerPlace, discover};
use upgrade_kit::site::files::LocalFiles;
use upgrade_kit::site::{ServerKind, placeholders, properties, startup_args};

use super::{folder, parts, put, text};

/// A properties file in either encoding, and its placeholders.
pub(super) fn properties(input: &[u8]) {
    for parsed in [properties::parse(input), properties::parse_latin1(input)] {
        let Ok(file) = parsed else { continue };
        let lookup = |key: &str| file.get(key).map(|entry| entry.value.clone());
        for key in ["a", "b", "domibus.config.location"] {
            if let Some(value) = lookup(key) {
                _ = placeholders::resolve(&value, &lookup);
            }
        }
    }
}

/// `setenv.sh`, `standalone.conf`, `setDomainEnv.sh`.
pub(super) fn startup(input: &[u8]) {
    let Some(text) = text(input) else { return };
    let environment = BTreeMap::from([
        ("HOME".to_owned(), "/home/domibus".to_owned()),
        ("CATALINA_OPTS".to_owned(), "-Xmx1g".to_owned()),
    ]);
    _ = startup_args::read(text, &environment);
    _ = startup_args::read_weblogic(text, &environment);
}

const PROPERTIES: &[&str] = &[
    "conf/domibus/domibus.properties",
    "conf/domibus/domains/first/first-domibus.properties",
    "conf/domibus/plugins/config/fs-plugin.properties",
];

/// A Tomcat with the broker inside.
pub(super) fn tomcat(input: &[u8]) {
    let files = [
        "bin/setenv.sh",
        PROPERTIES[0],
        "conf/domibus/internal/activemq.xml",
        PROPERTIES[1],
        PROPERTIES[2],
    ];
    discovered(input, ServerKind::Tomcat, &files);
}

/// A WildFly with its `standalone-full.xml`.
pub(super) fn wildfly(input: &[u8]) {
    let files = [
        "bin/standalone.conf",
        PROPERTIES[0],
        "standalone/configuration/standalone-full.xml",
        PROPERTIES[1],
        PROPERTIES[2],
    ];
    discovered(input, ServerKind::Wildfly, &files);
}

/// A WebLogic domain with its `config.xml`, a JMS module and a data source.
pub(super) fn weblogic(input: &[u8]) {
    let files = [
        "bin/setDomainEnv.sh",
        PROPERTIES[0],
        "config/config.xml",
        "config/jms/edeliverymodule-jms.xml",
        "config/jdbc/eDeliveryDs-jdbc.xml",
        PROPERTIES[2],
    ];
    discovered(input, ServerKind::Weblogic, &files);
}

fn discovered(input: &[u8], kind: ServerKind, files: &[&str]) {
    let home = &folder();
    // Startup scripts name the folder of the configuration by its whole path.
    for (content, name) in parts(input).into_iter().zip(files) {
        let content = replaced(content, b"@HOME@", home.as_os_str().as_encoded_bytes());
        put(home, name, &content);
    }
    let mut place = ServerPlace::new(kind, home);
    if kind == ServerKind::Weblogic {
        place.base = Some(home);
    }
    _ = discover(&LocalFiles, &place, &BTreeMap::new());
}

fn replaced(content: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut result = Vec::with_capacity(content.len());
    let mut rest = content;
    while let Some(at) = rest.windows(from.len()).position(|found| found == from) {
        result.extend_from_slice(&rest[..at]);
        result.extend_from_slice(to);
        rest = &rest[at + from.len()..];
    }
    result.extend_from_slice(rest);
    result
}
