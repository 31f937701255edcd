//! Installations on WildFly.

mod refused;

use super::*;
use crate::site::startup_args;

const HOME: &str = "/opt/wildfly";
const XML: &str = "/opt/wildfly/standalone/configuration/standalone-full.xml";
const RUN_CONF: &str = r#"
if [ "x$JBOSS_MODULES_SYSTEM_PKGS" = "x" ]; then
   JBOSS_MODULES_SYSTEM_PKGS="org.jboss.byteman"
fi
if [ "x$JBOSS_JAVA_SIZING" = "x" ]; then
   JBOSS_JAVA_SIZING="-Xms64m -Xmx512m -XX:MetaspaceSize=96M"
fi
if [ "x$JAVA_OPTS" = "x" ]; then
   JAVA_OPTS="$JBOSS_JAVA_SIZING -Djava.net.preferIPv4Stack=true"
   JAVA_OPTS="$JAVA_OPTS -Djboss.modules.system.pkgs=$JBOSS_MODULES_SYSTEM_PKGS -Djava.awt.headless=true"
else
   echo "JAVA_OPTS already set in environment; overriding default settings with values: $JAVA_OPTS"
fi
JAVA_OPTS="$JAVA_OPTS -Ddomibus.config.location=$JBOSS_HOME/conf/domibus"
"#;
const CONFIGURATION: &str = r#"<?xml version="1.0" ?>
<server xmlns="urn:jboss:domain:19.0">
  <management><management-interfaces><http-interface>
    <socket-binding http="management-http"/>
  </http-interface></management-interfaces></management>
  <profile>
    <subsystem xmlns="urn:jboss:domain:datasources:7.0">
      <datasources>
        <datasource jndi-name="java:jboss/datasources/ExampleDS" pool-name="ExampleDS">
          <connection-url>jdbc:h2:mem:${not.set}</connection-url>
        </datasource>
        <datasource jndi-name="java:/jdbc/cipaeDeliveryDs" pool-name="eDeliveryMysqlDS" enabled="true">
          <connection-url>jdbc:mysql://${env.DB_HOST:db.example}:3307/domibus?useSSL=false</connection-url>
          <driver>mysql</driver>
          <security><user-name>edelivery</user-name><password>s3cret</password></security>
        </datasource>
      </datasources>
    </subsystem>
    <subsystem xmlns="urn:jboss:domain:deployment-scanner:2.0">
      <deployment-scanner path="deployments" relative-to="jboss.server.base.dir" scan-interval="5000"/>
    </subsystem>
    <subsystem xmlns="urn:jboss:domain:messaging-activemq:13.1">
      <server name="default">
        <http-acceptor name="http-acceptor" http-listener="default"/>
        <jms-queue name="DomibusDLQ" entries="java:/jms/domibus.DLQ"/>
      </server>
    </subsystem>
    <subsystem xmlns="urn:jboss:domain:transactions:6.0">
      <object-store path="tx-object-store" relative-to="jboss.server.data.dir"/>
    </subsystem>
    <subsystem xmlns="urn:jboss:domain:undertow:12.0">
      <server name="default-server">
        <https-listener name="https" socket-binding="https"/>
        <http-listener name="default" socket-binding="http"/>
      </server>
    </subsystem>
  </profile>
  <interfaces>
    <interface name="management"><inet-address value="${jboss.bind.address.management:127.0.0.1}"/></interface>
  </interfaces>
  <socket-binding-group name="standard-sockets" port-offset="${jboss.socket.binding.port-offset:0}">
    <socket-binding name="http" port="${jboss.http.port:8080}"/>
    <socket-binding name="https" port="${jboss.https.port:8443}"/>
    <socket-binding name="management-http" port="${jboss.management.http.port:9990}"/>
  </socket-binding-group>
</server>
"#;

impl Files {
    fn wildfly() -> Self {
        Self::default()
            .with("/opt/wildfly/bin/standalone.conf", RUN_CONF)
            .with(XML, CONFIGURATION)
            .with(
                "/opt/wildfly/standalone/deployments/domibus-wildfly.war",
                "",
            )
            .with(
                "/opt/wildfly/standalone/deployments/domibus-wildfly.war.deployed",
                "",
            )
            .with(
                "/opt/wildfly/conf/domibus/domibus.properties",
                "domibus.x=1\n",
            )
            .with("/opt/wildfly/conf/domibus/domains/default/x", "")
    }

    /// With a piece of the configuration replaced.
    #[track_caller]
    fn xml(self, from: &str, to: &str) -> Self {
        assert!(CONFIGURATION.contains(from), "{from}");
        self.with(XML, &CONFIGURATION.replacen(from, to, 1))
    }

    fn on_wildfly(&self) -> Result<DomibusInstallation, DiscoveryError> {
        let place = ServerPlace::new(ServerKind::Wildfly, Path::new(HOME));
        discover(self, &place, &BTreeMap::new())
    }

    #[track_caller]
    fn wildfly_found(&self) -> DomibusInstallation {
        self.on_wildfly().unwrap_or_else(|error| panic!("{error}"))
    }

    #[track_caller]
    fn wildfly_refused(&self) -> Vec<String> {
        let error = self.on_wildfly().expect_err("there are problems");
        error.problems.iter().map(ToString::to_string).collect()
    }
}

fn stores(data: &str) -> ArtemisStores {
    let below = |name: &str| path(data).join("activemq").join(name);
    ArtemisStores {
        journal: below("journal"),
        bindings: below("bindings"),
        paging: below("paging"),
        large_messages: below("largemessages"),
    }
}

#[test]
fn a_plain_wildfly() {
    let jms = "/opt/wildfly/conf/domibus/plugins/lib/domibus-default-jms-plugin-5.1.jar";
    let found = Files::wildfly().with(jms, "").wildfly_found();
    assert_eq!(found.server_home, path(HOME));
    assert_eq!(found.server_base, path("/opt/wildfly/standalone"));
    assert_eq!(
        found.startup_file,
        Some(path("/opt/wildfly/bin/standalone.conf"))
    );
    assert_eq!(found.config_location, path("/opt/wildfly/conf/domibus"));
    let layout = found.wildfly.clone().unwrap();
    assert_eq!(layout.configuration_file, path(XML));
    assert_eq!(layout.log_dir, path("/opt/wildfly/standalone/log"));
    let deployments = path("/opt/wildfly/standalone/deployments");
    assert_eq!(
        layout.applications,
        [deployments.join("domibus-wildfly.war")]
    );
    assert_eq!(layout.deployments_dir, Some(deployments));
    assert_eq!(layout.ports, [8080, 8443, 9990]);
    assert_eq!(layout.management, Some(("127.0.0.1".to_owned(), 9990)));
    assert!(found.broker.embedded && found.broker.persistent);
    assert_eq!(
        found.broker.artemis,
        Some(stores("/opt/wildfly/standalone/data"))
    );
    let transactions = path("/opt/wildfly/standalone/data/tx-object-store");
    assert_eq!(found.broker.transactions_dir, Some(transactions));
    assert_eq!(found.broker.kahadb_dir, None);
    let database = &found.database;
    assert_eq!(database.kind, DatabaseKind::Mysql);
    assert_eq!(database.host.as_deref(), Some("db.example"));
    assert_eq!(database.port, Some(3307));
    assert_eq!(database.user.as_deref(), Some("edelivery"));
    assert_eq!(database.schemas, ["domibus"]);
    let names: Vec<_> = found
        .queues
        .iter()
        .map(|queue| queue.name.as_str())
        .collect();
    assert!(
        names.contains(&"jms/domibus.backend.jms.inQueue"),
        "{names:?}"
    );
    assert_eq!(found.exclude_from_config, Vec::<PathBuf>::new());
    assert_eq!(found.notes, []);
    assert!(!serde_json::to_string(&found).unwrap().contains("s3cret"));
}

#[test]
fn everything_may_be_moved() {
    let conf = format!(
        "{RUN_CONF}JAVA_OPTS=\"$JAVA_OPTS -Djboss.server.data.dir=/data/wf -Djboss.socket.binding.port-offset=100\"\n"
    );
    let files = Files::wildfly()
        .with("/opt/wildfly/bin/standalone.conf", &conf)
        .xml(
            "<http-acceptor",
            "<journal-directory path=\"j\" relative-to=\"fast\"/>\n<paging-directory path=\"/pages\"/>\n<http-acceptor",
        );
    let xml = String::from_utf8(files.0[Path::new(XML)].clone()).unwrap();
    let files = files.with(
        XML,
        &xml.replace(
            "  <management>",
            "  <system-properties><property name=\"jboss.http.port\" value=\"8180\"/></system-properties>\n\
             <paths><path name=\"fast\" path=\"ssd\" relative-to=\"jboss.server.base.dir\"/></paths>\n<management>",
        ),
    );
    let found = files.wildfly_found();
    let expected = ArtemisStores {
        journal: path("/opt/wildfly/standalone/ssd/j"),
        paging: path("/pages"),
        ..stores("/data/wf")
    };
    assert_eq!(found.broker.artemis, Some(expected));
    assert_eq!(found.wildfly.unwrap().ports, [8280, 8543, 10090]);

    let moved = Files(
        (Files::wildfly().0.into_iter())
            .map(|(path, content)| {
                let path = path.display().to_string();
                (
                    PathBuf::from(path.replace("/opt/wildfly/standalone", "/srv/node1")),
                    content,
                )
            })
            .collect(),
    );
    let arguments = [
        "-Djboss.http.port=81".to_owned(),
        "-c".to_owned(),
        "standalone-full.xml".to_owned(),
    ];
    let place = ServerPlace {
        base: Some(Path::new("/srv/node1")),
        arguments: &arguments,
        ..ServerPlace::new(ServerKind::Wildfly, Path::new(HOME))
    };
    let found = discover(&moved, &place, &BTreeMap::new()).unwrap();
    assert_eq!(found.server_base, path("/srv/node1"));
    assert_eq!(found.broker.artemis, Some(stores("/srv/node1/data")));
    assert_eq!(found.wildfly.unwrap().ports[0], 81);
    let place = ServerPlace {
        base: None,
        arguments: &[],
        ..place
    };
    let environment = BTreeMap::from([("JBOSS_BASE_DIR".to_owned(), "/srv/node1".to_owned())]);
    let found = discover(&moved, &place, &environment).unwrap();
    assert_eq!(found.server_base, path("/srv/node1"));
}

#[test]
fn options_inside_the_shipped_condition_are_seen() {
    let inside = RUN_CONF
        .replace(
            "-Djava.awt.headless=true",
            "-Ddomibus.config.location=/inside",
        )
        .replace("-Ddomibus.config.location=$JBOSS_HOME/conf/domibus", "");
    let files = Files::wildfly()
        .with("/opt/wildfly/bin/standalone.conf", &inside)
        .with("/inside/domibus.properties", "domibus.x=1\n");
    assert_eq!(files.wildfly_found().config_location, path("/inside"));
    // Set from outside, the branch is not taken.
    let environment = BTreeMap::from([
        ("JAVA_OPTS".to_owned(), "-Da=1".to_owned()),
        ("JBOSS_HOME".to_owned(), HOME.to_owned()),
    ]);
    let read = startup_args::read(&inside, &environment);
    assert!(
        !read.options.contains_key("domibus.config.location"),
        "{:?}",
        read.options
    );
    // What it compares with is not known: then neither branch is.
    let unknown = inside.replace("\"x$JAVA_OPTS\" = \"x\"", "\"$(id -u)\" = \"0\"");
    let read = startup_args::read(&unknown, &environment);
    assert_eq!(read.options["domibus.config.location"].value, None);
}

#[test]
fn data_sources_of_every_shape() {
    let with = |from: &str, to: &str| Files::wildfly().xml(from, to).wildfly_found().database;
    let distributed = "<xa-datasource jndi-name=\"java:/jdbc/cipaeDeliveryDs\">\
        <xa-datasource-property name=\"ServerName\">h</xa-datasource-property>\
        <xa-datasource-property name=\"PortNumber\">33</xa-datasource-property>\
        <xa-datasource-property name=\"DatabaseName\">d</xa-datasource-property>\
        <security user-name=\"u\" password=\"p\"/></xa-datasource>";
    let plain = "<datasource jndi-name=\"java:/jdbc/cipaeDeliveryDs\"";
    let database = with(
        plain,
        &format!("{distributed}<datasource jndi-name=\"java:/x\""),
    );
    assert_eq!(database.host.as_deref(), Some("h"));
    assert_eq!(
        (database.port, database.user.as_deref()),
        (Some(33), Some("u"))
    );
    assert_eq!(database.schemas, ["d"]);
    let files = Files::wildfly()
        .with(
            "/opt/wildfly/conf/domibus/domibus.properties",
            "domibus.jdbc.datasource.jndi.name=jdbc/mine\n",
        )
        .xml("java:/jdbc/cipaeDeliveryDs", "java:/jdbc/mine");
    assert_eq!(files.wildfly_found().database.schemas, ["domibus"]);
    let missing = Files::wildfly().with(
        "/opt/wildfly/conf/domibus/domibus.properties",
        "\ndomibus.jdbc.datasource.jndi.name=jdbc/mine\n",
    );
    assert_one(
        &missing.wildfly_refused(),
        &["domibus.properties:2: no data source", "java:/jdbc/mine"],
    );
    let scheduler = "<datasource jndi-name=\"java:/jdbc/cipaeDeliveryQuartzDs\">\
        <connection-url>jdbc:mysql://q/quartz</connection-url></datasource>";
    let found = Files::wildfly()
        .xml(plain, &format!("{scheduler}{plain}"))
        .wildfly_found();
    assert_one(
        &notes(&found, Severity::Warning),
        &["standalone-full.xml:12", "the scheduler has a database"],
    );
}

#[test]
fn several_tenants_and_several_applications() {
    let files = Files::wildfly()
        .with(
            "/opt/wildfly/conf/domibus/domibus.properties",
            "domibus.database.general.schema=general\n",
        )
        .with(
            "/opt/wildfly/conf/domibus/domains/default/default-domibus.properties",
            "default.domibus.database.schema=d_default\n",
        )
        .with("/opt/wildfly/standalone/deployments/Domibus-other.war", "")
        .with(
            "/opt/wildfly/standalone/deployments/domibus-open.war/WEB-INF/web.xml",
            "",
        )
        .with("/opt/wildfly/standalone/deployments/console.war", "");
    let found = files.wildfly_found();
    assert_eq!(found.database.schemas, ["general", "d_default"]);
    assert_eq!(found.wildfly.as_ref().unwrap().applications.len(), 2);
    assert_one(
        &notes(&found, Severity::Warning),
        &["domibus-open.war", "unpacked application"],
    );
}
