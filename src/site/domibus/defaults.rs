//! What Domibus assumes where no file says anything.
//!
//! Since 5.0 most settings are commented out in the shipped files and live in the jars, so a reader of the
//! files alone finds nothing. Only the defaults that discovery asks for are listed.

use super::installation::{Plugin, VersionLayout};
use crate::site::ServerKind;

type Defaults = &'static [(&'static str, &'static str)];

/// The jars of 5.x on Tomcat (BG Tomcat `config/domibus.properties`, `domibus-default.properties`).
const TOMCAT_5: Defaults = &[
    (
        "domibus.datasource.url",
        "jdbc:mysql://${domibus.database.serverName}:${domibus.database.port}/${domibus.database.schema}\
         ?useSSL=false&useLegacyDatetimeCode=false&serverTimezone=UTC",
    ),
    ("domibus.datasource.user", "edelivery"),
    ("domibus.datasource.password", "edelivery"),
];

/// The jars of 4.x on Tomcat; the data source is spelled out in the shipped file there
/// (BG42 Tomcat `config/domibus.properties`).
const TOMCAT_4: Defaults = &[
    (
        "com.atomikos.icatch.output_dir",
        "${domibus.work.location:${domibus.config.location}}/work/transactions",
    ),
    (
        "com.atomikos.icatch.log_base_dir",
        "${domibus.work.location:${domibus.config.location}}/work/transactions/log",
    ),
];

/// Since 4.0, unchanged.
const TOMCAT: Defaults = &[
    ("activeMQ.broker.host", "localhost"),
    ("activeMQ.brokerName", "localhost"),
    ("activeMQ.connectorPort", "1199"),
    (
        "activeMQ.JMXURL",
        "service:jmx:rmi:///jndi/rmi://${activeMQ.broker.host}:${activeMQ.connectorPort}/jmxrmi",
    ),
    (
        "activeMQ.transportConnector.uri",
        "tcp://${activeMQ.broker.host}:61616",
    ),
    ("activeMQ.username", "domibus"),
    ("activeMQ.password", "changeit"),
    ("activeMQ.persistent", "true"),
];

/// On every server.
const EVERYWHERE: Defaults = &[
    ("domibus.password.encryption.active", "false"),
    (
        "domibus.password.encryption.key.location",
        "${domibus.config.location}/internal/encrypt",
    ),
];

/// BG `fs-plugin-default.properties`, `config/tomcat/fs-plugin.properties`.
const FS_PLUGIN: Defaults = &[
    (
        "fsplugin.messages.location",
        "/home/domibus/fs_plugin_data/MAIN",
    ),
    ("fsplugin.send.queue", "domibus.fsplugin.send.queue"),
];

/// BG `config/tomcat/jms-plugin.properties`.
const JMS_PLUGIN: Defaults = &[
    ("jmsplugin.queue.notification", "domibus.notification.jms"),
    ("jmsplugin.queue.in", "domibus.backend.jms.inQueue"),
    ("jmsplugin.queue.out", "domibus.backend.jms.outQueue"),
    ("jmsplugin.queue.reply", "domibus.backend.jms.replyQueue"),
    (
        "jmsplugin.queue.consumer.notification.error",
        "domibus.backend.jms.errorNotifyConsumer",
    ),
    (
        "jmsplugin.queue.producer.notification.error",
        "domibus.backend.jms.errorNotifyProducer",
    ),
];

/// BG `config/tomcat/ws-plugin.properties`.
const WS_PLUGIN: Defaults = &[("wsplugin.send.queue", "domibus.wsplugin.send.queue")];

/// BG `config/wildfly/{fs,jms,ws}-plugin.properties`: queues are named as JNDI has them.
const FS_PLUGIN_JNDI: Defaults = &[
    (
        "fsplugin.messages.location",
        "/home/domibus/fs_plugin_data/MAIN",
    ),
    ("fsplugin.send.queue", "jms/domibus.fsplugin.send.queue"),
];
const JMS_PLUGIN_JNDI: Defaults = &[
    (
        "jmsplugin.queue.notification",
        "jms/domibus.notification.jms",
    ),
    ("jmsplugin.queue.in", "jms/domibus.backend.jms.inQueue"),
    ("jmsplugin.queue.out", "jms/domibus.backend.jms.outQueue"),
    (
        "jmsplugin.queue.reply",
        "jms/domibus.backend.jms.replyQueue",
    ),
    (
        "jmsplugin.queue.consumer.notification.error",
        "jms/domibus.backend.jms.errorNotifyConsumer",
    ),
    (
        "jmsplugin.queue.producer.notification.error",
        "jms/domibus.backend.jms.errorNotifyProducer",
    ),
];
const WS_PLUGIN_JNDI: Defaults = &[("wsplugin.send.queue", "jms/domibus.wsplugin.send.queue")];

/// The defaults that the property files replace. On WildFly and WebLogic the broker and the data source are the
/// server's, and Domibus has no defaults for them.
pub(super) fn of_server(
    server: ServerKind,
    layout: VersionLayout,
) -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    let (broker, own): (Defaults, Defaults) = match (server, layout) {
        (ServerKind::Tomcat, VersionLayout::Flat4) => (TOMCAT, TOMCAT_4),
        (ServerKind::Tomcat, VersionLayout::Domains5) => (TOMCAT, TOMCAT_5),
        (ServerKind::Wildfly | ServerKind::Weblogic, _) => (&[], &[]),
    };
    EVERYWHERE.iter().chain(broker).chain(own)
}

/// The defaults in a plugin's jar, which replace `domibus.properties` and are replaced by the plugin's own
/// file. In 4.x the plugins have none; their shipped files spell everything out.
pub(super) const fn of_plugin(
    server: ServerKind,
    layout: VersionLayout,
    plugin: Plugin,
) -> Defaults {
    let jndi = !matches!(server, ServerKind::Tomcat);
    match (layout, plugin, jndi) {
        (VersionLayout::Flat4, ..) => &[],
        (VersionLayout::Domains5, Plugin::Fs, false) => FS_PLUGIN,
        (VersionLayout::Domains5, Plugin::Jms, false) => JMS_PLUGIN,
        (VersionLayout::Domains5, Plugin::Ws, false) => WS_PLUGIN,
        (VersionLayout::Domains5, Plugin::Fs, true) => FS_PLUGIN_JNDI,
        (VersionLayout::Domains5, Plugin::Jms, true) => JMS_PLUGIN_JNDI,
        (VersionLayout::Domains5, Plugin::Ws, true) => WS_PLUGIN_JNDI,
    }
}
