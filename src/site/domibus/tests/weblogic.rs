//! Installations on WebLogic.

use super::*;

const HOME: &str = "/u01/oracle";
const BASE: &str = "/u01/domains/edelivery";
const SCRIPT: &str = r#"
# WARNING: This file is created by the Configuration Wizard.
WL_HOME="/u01/oracle/wlserver"
export WL_HOME
if [ -z "${JAVA_VENDOR}" ] ; then
    JAVA_HOME="/usr/java"
fi
SAMPLES_HOME="${WL_HOME}/samples"
DOMAIN_HOME="/u01/domains/edelivery"
export DOMAIN_HOME
EXTRA_JAVA_PROPERTIES="-Ddomibus.config.location=${DOMAIN_HOME}/conf/domibus ${EXTRA_JAVA_PROPERTIES}"
export EXTRA_JAVA_PROPERTIES
JAVA_PROPERTIES="-Dwls.home=${WLS_HOME} ${EXTRA_JAVA_PROPERTIES}"
JAVA_OPTIONS="${JAVA_OPTIONS} ${JAVA_PROPERTIES}"
"#;
const CONFIGURATION: &str = r#"<?xml version='1.0' encoding='UTF-8'?>
<domain xmlns="http://xmlns.oracle.com/weblogic/domain">
  <name>edelivery</name>
  <domain-version>12.2.1.4.0</domain-version>
  <server>
    <name>AdminServer</name>
    <listen-port>7101</listen-port>
    <listen-address></listen-address>
  </server>
  <server><name>ms1</name><cluster>c1</cluster><machine>m1</machine></server>
  <server><name>ms2</name><cluster>c1</cluster></server>
  <cluster><name>c1</name></cluster>
  <app-deployment>
    <name>edelivery-msh</name>
    <target>c1, AdminServer</target>
    <source-path>servers/AdminServer/upload/domibus-weblogic.war</source-path>
  </app-deployment>
  <jms-system-resource>
    <name>eDeliveryModule</name><target>c1</target>
    <descriptor-file-name>jms/edelivery-jms.xml</descriptor-file-name>
  </jms-system-resource>
  <jms-system-resource>
    <name>other</name><target>c1</target>
    <descriptor-file-name>jms/other-jms.xml</descriptor-file-name>
  </jms-system-resource>
  <admin-server-name>AdminServer</admin-server-name>
  <jdbc-system-resource>
    <name>eDeliveryDs</name><target>c1</target>
    <descriptor-file-name>jdbc/ds-jdbc.xml</descriptor-file-name>
  </jdbc-system-resource>
</domain>
"#;
const DATA_SOURCE: &str = r#"<jdbc-data-source xmlns="http://xmlns.oracle.com/weblogic/jdbc-data-source">
  <jdbc-driver-params><url>jdbc:oracle:thin:@//db.example:1522/EDEL</url>
    <properties><property><name>user</name><value>domibus</value></property></properties>
    <password-encrypted>{AES256}s3cret</password-encrypted></jdbc-driver-params>
  <jdbc-data-source-params><jndi-name>jdbc/cipaeDeliveryDs</jndi-name></jdbc-data-source-params>
</jdbc-data-source>"#;
const QUEUES: &str = "<weblogic-jms><queue name=\"DomibusDLQ\"><jndi-name>jms/domibus.DLQ</jndi-name></queue></weblogic-jms>";

impl Files {
    fn weblogic() -> Self {
        let files = Self::default()
            .domain("bin/setDomainEnv.sh", SCRIPT)
            .domain("config/config.xml", CONFIGURATION)
            .domain("config/jdbc/ds-jdbc.xml", DATA_SOURCE)
            .domain("config/jms/edelivery-jms.xml", QUEUES)
            .domain("config/jms/other-jms.xml", "<weblogic-jms/>");
        files.domain("conf/domibus/domibus.properties", "\n")
    }

    fn domain(self, path: &str, content: &str) -> Self {
        self.with(&format!("{BASE}/{path}"), content)
    }

    /// `config.xml` with a text replaced, which must be there.
    fn configured(self, from: &str, to: &str) -> Self {
        assert!(CONFIGURATION.contains(from), "{from}");
        self.domain("config/config.xml", &CONFIGURATION.replace(from, to))
    }

    fn discover_domain(&self) -> Result<DomibusInstallation, DiscoveryError> {
        let place = ServerPlace {
            base: Some(Path::new(BASE)),
            ..ServerPlace::new(ServerKind::Weblogic, Path::new(HOME))
        };
        discover(self, &place, &BTreeMap::new())
    }

    fn domain_found(&self) -> DomibusInstallation {
        self.discover_domain()
            .unwrap_or_else(|error| panic!("{error}"))
    }

    fn domain_refused(&self) -> Vec<String> {
        let error = self.discover_domain().expect_err("there are problems");
        error.problems.iter().map(ToString::to_string).collect()
    }
}

#[test]
fn a_domain_with_a_cluster() {
    let found = Files::weblogic().domain_found();
    assert_eq!(found.config_location, path(BASE).join("conf/domibus"));
    assert_eq!(found.server_base, path(BASE));
    let script = path(BASE).join("bin/setDomainEnv.sh");
    assert_eq!(found.startup_file, Some(script));
    let layout = found.weblogic.as_ref().unwrap();
    assert_eq!(
        (layout.name.as_str(), layout.admin_server.as_str()),
        ("edelivery", "AdminServer")
    );
    assert_eq!(layout.version.as_deref(), Some("12.2.1.4.0"));
    assert_eq!(layout.url, "t3://127.0.0.1:7101");
    let deployment = &layout.deployments[0];
    assert_eq!(deployment.targets, ["c1", "AdminServer"]);
    let source = path(BASE).join("servers/AdminServer/upload/domibus-weblogic.war");
    assert_eq!(deployment.source, source);
    assert_eq!(layout.servers_of("c1"), ["ms1", "ms2"]);
    assert_eq!(layout.servers_of("AdminServer"), ["AdminServer"]);
    assert_eq!(layout.servers[0].machine.as_deref(), Some("m1"));
    let of_domibus: Vec<_> = (layout.jms_modules.iter())
        .map(|module| (module.name.as_str(), module.of_domibus))
        .collect();
    assert_eq!(of_domibus, [("eDeliveryModule", true), ("other", false)]);
    let database = &found.database;
    assert_eq!(database.kind, DatabaseKind::Oracle);
    assert_eq!(
        (database.host.as_deref(), database.port),
        (Some("db.example"), Some(1522))
    );
    assert_eq!(database.service.as_deref(), Some("EDEL"));
    assert_eq!(database.schemas, ["domibus"]);
    assert!(found.broker.embedded && found.broker.persistent);
    assert_eq!(notes(&found, Severity::Warning), [""; 0]);
    assert!(!serde_json::to_string(&found).unwrap().contains("s3cret"));
}

#[test]
fn where_the_admin_server_listens() {
    for (inner, url) in [
        (
            "<listen-address>admin.example</listen-address>",
            "t3://admin.example:7001",
        ),
        (
            "<listen-address>0.0.0.0</listen-address><listen-port>7009</listen-port>",
            "t3://127.0.0.1:7009",
        ),
        (
            "<listen-port-enabled>false</listen-port-enabled><ssl><enabled>true</enabled></ssl>",
            "t3s://127.0.0.1:7002",
        ),
    ] {
        let own = "<listen-port>7101</listen-port>\n    <listen-address></listen-address>";
        let found = Files::weblogic().configured(own, inner).domain_found();
        assert_eq!(found.weblogic.unwrap().url, url);
    }
    let port =
        "<administration-port-enabled>true</administration-port-enabled><name>edelivery</name>";
    let files = Files::weblogic().configured("<name>edelivery</name>", port);
    assert_eq!(
        files.domain_found().weblogic.unwrap().url,
        "t3s://127.0.0.1:9002"
    );
}

#[test]
fn the_configuration_directory_by_precedence() {
    let overrides = |folder: &str| {
        format!(
            "EXTRA_JAVA_PROPERTIES=\"${{EXTRA_JAVA_PROPERTIES}} -Ddomibus.config.location={folder}\"\n"
        )
    };
    let files = Files::weblogic()
        .domain("bin/setUserOverrides.sh", &overrides("/srv/domibus"))
        .with("/srv/domibus/domibus.properties", "");
    let found = files.domain_found();
    assert_eq!(found.config_location, path("/srv/domibus"));
    let script = path(BASE).join("bin/setUserOverrides.sh");
    assert_eq!(found.startup_file, Some(script));
    // Start arguments of Node Manager come before what the scripts add.
    let arguments = "<name>ms2</name><server-start><arguments>-Xmx2g \
                     -Ddomibus.config.location=/srv/other</arguments></server-start>";
    let files = Files::weblogic().configured("<name>ms2</name>", arguments);
    let found = files.domain_found();
    assert_eq!(found.config_location, path(BASE).join("conf/domibus"));
    assert_one(
        &notes(&found, Severity::Warning),
        &["config.xml:", "/srv/other, and the script"],
    );
    let files = files
        .domain("bin/setDomainEnv.sh", "export DOMAIN_HOME\n")
        .with("/srv/other/domibus.properties", "");
    assert_eq!(files.domain_found().config_location, path("/srv/other"));
}

#[test]
fn a_domain_that_a_run_holds_is_seen_as_it_will_be() {
    let held = CONFIGURATION.replace("<target>c1, AdminServer</target>", "");
    let record = serde_json::json!({
        "deployment": "edelivery-msh", "before": CONFIGURATION, "held": held, "modified": [0, 0],
        "target": "<target>c1, AdminServer</target>",
    });
    let files = Files::weblogic()
        .domain("config/config.xml", &held)
        .domain("config.xml.upgrade-kit-held", &record.to_string());
    let found = files.domain_found();
    assert_eq!(
        found.weblogic.as_ref().unwrap().deployments[0]
            .targets
            .len(),
        2
    );
    assert_one(
        &notes(&found, Severity::Warning),
        &["holds edelivery-msh back"],
    );
}

#[test]
fn broken_domains_are_refused_with_their_line() {
    let broken = |files: Files, parts: &[&str]| assert_one(&files.domain_refused(), parts);
    let whole = |content: &str| Files::weblogic().domain("config/config.xml", content);
    broken(
        whole("<domain>\n</x>"),
        &["config.xml:2: not a readable domain configuration"],
    );
    broken(
        whole("<server/>"),
        &["begins with <server>", "`server.base`"],
    );
    // What else is wrong is found all the same.
    let further = whole("").domain("conf/domibus/domibus.properties", "a=\\u12");
    broken(further, &["domibus.properties:1"]);
    let mut files = Files::weblogic();
    files.0.remove(&path(BASE).join("config/config.xml"));
    broken(files, &["config.xml: there is no such file", "DOMAIN_HOME"]);
    let nameless = "<admin-server-name>AdminServer</admin-server-name>";
    broken(
        Files::weblogic().configured(nameless, ""),
        &["no <admin-server-name>"],
    );
    let other = DATA_SOURCE.replace("jdbc/cipaeDeliveryDs", "jdbc/other");
    broken(
        Files::weblogic().domain("config/jdbc/ds-jdbc.xml", &other),
        &[
            "no data source has the JNDI name jdbc/cipaeDeliveryDs",
            "JDBC system resource",
        ],
    );
    broken(
        Files::weblogic().domain("bin/setDomainEnv.sh", ""),
        &[
            "no start option -Ddomibus.config.location",
            "EXTRA_JAVA_PROPERTIES",
        ],
    );
    let start = |name: &str, folder: &str| {
        format!(
            "<name>{name}</name><server-start><arguments>-Ddomibus.config.location={folder}</arguments></server-start>"
        )
    };
    let contradicting = CONFIGURATION
        .replace("<name>ms1</name>", &start("ms1", "/a"))
        .replace("<name>ms2</name>", &start("ms2", "/b"));
    broken(
        whole(&contradicting),
        &["ms2 is started with -Ddomibus.config.location=/b, another server with /a"],
    );
    let place = ServerPlace::new(ServerKind::Weblogic, Path::new(HOME));
    let error = discover(&Files::weblogic(), &place, &BTreeMap::new()).unwrap_err();
    let texts: Vec<String> = error.problems.iter().map(ToString::to_string).collect();
    assert_one(&texts, &["`server.base` is missing"]);
}

#[test]
fn what_config_xml_does_not_say_is_said() {
    let dynamic = "<cluster><name>c1</name><dynamic-servers><dynamic-cluster-size>2</dynamic-cluster-size>\
                   </dynamic-servers></cluster>";
    let files = Files::weblogic().configured("<cluster><name>c1</name></cluster>", dynamic);
    assert_one(
        &notes(&files.domain_found(), Severity::Refuse),
        &["c1 has dynamic servers"],
    );
    let files = Files::weblogic().domain("config/jms/other-jms.xml", "<a");
    assert_one(
        &notes(&files.domain_found(), Severity::Warning),
        &["other-jms.xml:1", "not read"],
    );
}
