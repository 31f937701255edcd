//! A site on WebLogic that cannot be planned: everything that is wrong is said at once.

use insta::assert_snapshot;

use super::harness::{Said, Sandbox};

const CONFIGURATION: &str = include_str!("../plans/config.xml");
const DATA_SOURCE: &str = "<jdbc-data-source><jdbc-driver-params><url>jdbc:mysql://db.example:3306/domibus</url>
</jdbc-driver-params><jdbc-data-source-params><jndi-name>jdbc/cipaeDeliveryDs</jndi-name></jdbc-data-source-params>
</jdbc-data-source>";
const QUEUES: &str = "<weblogic-jms><queue name=\"DomibusDLQ\"><jndi-name>jms/domibus.DLQ</jndi-name></queue></weblogic-jms>";
const ACCOUNT: &str = "  weblogic: { user: weblogic, password: { env: WEBLOGIC_PASSWORD } }\n";

/// A domain of which nothing runs.
fn domain(server: &str) -> Sandbox {
    let sandbox = Sandbox::site(&format!(
        "site: acme\nproduct: domibus\nserver:\n  kind: weblogic\n  home: oracle\n{server}\
         database: {{ user: backup, password: {{ env: DB_PASSWORD }} }}\n"
    ));
    sandbox.write("oracle/oracle_common/common/bin/wlst.sh", "");
    sandbox.write("domain/config/config.xml", CONFIGURATION);
    sandbox.write("domain/config/jdbc/eDeliveryDs-jdbc.xml", DATA_SOURCE);
    sandbox.write("domain/config/jms/edeliverymodule-jms.xml", QUEUES);
    sandbox.write("domain/deploy/domibus-weblogic.war", "");
    sandbox.write("domain/conf/domibus/domibus.properties", "");
    let configuration = sandbox.path("domain/conf/domibus");
    sandbox.write(
        "domain/bin/setUserOverrides.sh",
        &format!(
            "EXTRA_JAVA_PROPERTIES=\"-Ddomibus.config.location={}\"\n",
            configuration.display()
        ),
    );
    sandbox
}

fn plan(sandbox: &Sandbox) -> Said {
    sandbox.run(&["plan", "backup"])
}

#[test]
fn no_domain() {
    assert_snapshot!(plan(&domain(ACCOUNT)), @"
    exit 4
    -- stderr
    error: failed to read the Domibus installation in [SITE]/oracle
      cause: `server.base` is missing
      hint: it is the directory of the domain, DOMAIN_HOME, which has no usual place
      hint: `server.home` must be the home directory of the server that runs Domibus
    ");
    let sandbox = domain(&format!("  base: domain\n{ACCOUNT}"));
    std::fs::remove_file(sandbox.path("domain/config/config.xml")).unwrap();
    std::fs::remove_file(sandbox.path("domain/bin/setUserOverrides.sh")).unwrap();
    assert_snapshot!(plan(&sandbox), @"
    exit 4
    -- stderr
    error: failed to read the Domibus installation in [SITE]/oracle
      cause: [SITE]/domain/config/config.xml: there is no such file
      cause: no start option -Ddomibus.config.location was found
      hint: `server.base` must be the directory of the domain, DOMAIN_HOME
      hint: put it into EXTRA_JAVA_PROPERTIES in bin/setUserOverrides.sh or bin/setDomainEnv.sh of the domain, or into the start arguments of the server
      hint: `server.home` must be the home directory of the server that runs Domibus
    ");
}

#[test]
fn a_broken_configuration_of_the_domain() {
    let sandbox = domain(&format!("  base: domain\n{ACCOUNT}"));
    sandbox.write("domain/config/config.xml", "<domain>\n  <name>x</nam>\n");
    assert_snapshot!(plan(&sandbox), @"
    exit 4
    -- stderr
    error: failed to read the Domibus installation in [SITE]/oracle
      cause: [SITE]/domain/config/config.xml:2: not a readable domain configuration: expected 'name' tag, not 'nam' at 2:10
      hint: WebLogic cannot start with it either; `servers/domain_bak` and `configArchive` may hold an earlier one
      hint: `server.home` must be the home directory of the server that runs Domibus
    ");
}

#[test]
fn names_that_the_domain_does_not_have() {
    let sandbox = domain(
        "  base: domain\n  pid_file: domain/pid\n  ports: [7001]\n  weblogic:\n    user: weblogic\n    \
         deployment: domibuss\n    targets: [cluster2]\n    jms_module: module\n    \
         managed_servers: [ms1, ms9]\n",
    );
    assert_snapshot!(plan(&sandbox), @"
    exit 3
    -- stderr
    error: the site file site.yaml does not say enough
      hint: `server.pid_file` is not for WebLogic, whose servers are started and stopped through WLST: leave it out
      hint: `server.ports` is not for WebLogic, whose servers are started and stopped through WLST: leave it out
      hint: `server.weblogic.deployment` is `domibuss`, and the domain has `domibus`
      hint: `server.weblogic.targets` names `cluster2`, and the domain has no such server or cluster
      hint: `server.weblogic` names half an account, or two: give `user_config_file` with `user_key_file`, or `user` with `password`
      hint: `server.weblogic.managed_servers` names `ms9`, and the domain has no such server besides the Admin Server
      hint: `server.weblogic.jms_module` is `module`, and the domain has `eDeliveryModule`
    ");
}

#[test]
fn what_the_configuration_leaves_open() {
    let sandbox = domain("  base: domain\n");
    let text = CONFIGURATION
        .replace(
            "<name>domibus</name>\n    <target>",
            "<name>msh</name>\n    <target>",
        )
        .replace("deploy/domibus-weblogic.war", "deploy/msh.war")
        .replace("<name>ms1</name>", "<name>ms1</name><machine>m1</machine>")
        .replace("<name>ms2</name>", "<name>ms2</name><machine>m2</machine>");
    sandbox.write("domain/config/config.xml", &text);
    sandbox.write(
        "domain/config/jms/edeliverymodule-jms.xml",
        "<weblogic-jms/>",
    );
    assert_snapshot!(plan(&sandbox), @"
    exit 3
    -- stderr
    error: the site file site.yaml does not say enough
      hint: `server.weblogic.deployment` is missing: say which deployment is Domibus; the domain has `msh`
      hint: `server.weblogic.user_config_file` and `user_key_file` are missing: the account that WLST's `storeUserConfig` wrote down; or give `user` and `password`
      hint: `server.weblogic.node_manager` is missing: the servers are on the machines `m1`, `m2`, and scripts start them on this one only
      hint: `server.weblogic.jms_module` is missing: say which JMS module holds Domibus' queues; the domain has `eDeliveryModule`
    ");
}

#[test]
fn a_literal_password_and_another_kind_of_server() {
    let sandbox = domain("  base: domain\n  weblogic: { user: weblogic, password: welcome1 }\n");
    let said = plan(&sandbox);
    assert!(!said.to_string().contains("welcome1"), "{said}");
    assert_snapshot!(said, @"
    exit 3
    -- stderr
    error[UK0601]: a secret must not be written here
     --> site.yaml:7:41
      |
    7 |   weblogic: { user: weblogic, password: ******** }
      |                                         ^^^^^^^^
      |
      = help: write where it is: `{ env: NAME }`, `{ file: PATH }` or `{ command: [PROGRAM, …] }`; and change it, since it stood in a file
    ");
    let sandbox = domain(&format!("  base: domain\n{ACCOUNT}"));
    sandbox.change("site.yaml", "kind: weblogic", "kind: tomcat");
    sandbox.write(
        "domain/conf/domibus/domibus.properties",
        "domibus.datasource.url=jdbc:mysql://db.example:3306/domibus\n",
    );
    sandbox.write(
        "oracle/bin/setenv.sh",
        &sandbox
            .read("domain/bin/setUserOverrides.sh")
            .replace("EXTRA_JAVA_PROPERTIES", "JAVA_OPTS"),
    );
    assert_snapshot!(plan(&sandbox), @"
    exit 3
    -- stderr
    error: the site file site.yaml does not say enough
      hint: `server.weblogic` is for the kind `weblogic`: leave it out
    ");
}
