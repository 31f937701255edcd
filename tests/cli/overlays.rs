//! A site's changes to a shipped runbook, without a copy of it.

use insta::assert_snapshot;

use super::harness::Sandbox;

const OVERLAY: &str = "runbook: mine
extends: domibus/same-server
change:
  backup:
    stop-server:
      with: { grace: 7s, environment: { JAVA_OPTS: -Dx } }
      timeout: 3m
      retry: { attempts: 2, delay: 1s }
    save-logs:
      disable: logs go to a log server
backup:
  - id: tell
    title: Tell the monitoring
    uses: command.run
    with: { argv: [sh, -c, echo tell >> log] }
    before: [stop-server]
  - id: told
    title: Tell the monitoring again
    uses: command.run
    with: { argv: [sh, -c, echo told >> log] }
    after: [seal]
";

#[test]
fn steps_are_changed_disabled_and_placed_around_others() {
    let sandbox = Sandbox::runbook(OVERLAY);
    let plan = sandbox.done(&["plan", "backup"]).to_string();
    // Only what was changed: the shipped runbook may change without this test.
    let blocks: Vec<&str> = plan.split("\n\n").collect();
    let shown: Vec<&str> = [
        " tell  ",
        " stop-server  ",
        " told  ",
        "left out
",
    ]
    .into_iter()
    .filter_map(|name| {
        blocks
            .iter()
            .find(|block| format!("{block} ").contains(name))
            .copied()
    })
    .collect();
    assert_snapshot!(shown.join("\n"), @r#"
       1 tell                              command.run
           Tell the monitoring
           runs    sh -c 'echo tell >> log'
    ==== the outage opens
       2 stop-server                       server.stop
           Stop the server and wait until it is truly gone
           source  domibus/2.1.1/2, domibus/3.1.1/1, domibus/4.1.1/1, domibus/5.1/1, domibus/5.1/2, domibus/3.2.1/1, domibus/4.2.1/1, domibus/7.1/1
           after   tell
           runs    CATALINA_BASE=[SITE]/installation/tomcat CATALINA_HOME=[SITE]/installation/tomcat JAVA_OPTS=-Dx [SITE]/installation/tomcat/bin/shutdown.sh
           checks  no process of the server in [SITE]/installation/tomcat is left
           checks  [SITE]/installation/tomcat/conf/domibus/work/kahadb/lock is not locked
           checks  [SITE]/installation/tomcat/conf/domibus/work/activemq_data/localhost/scheduler/lock is not locked
           note    after 7s its process is asked by SIGTERM, 1m 7s in all
           with    limit 3 min, up to 2 attempts
      15 told                              command.run
           Tell the monitoring again
           after   seal
           runs    sh -c 'echo told >> log'
    left out
      domibus/server-weblogic  `site.server.kind == "weblogic"` is not so
      domibus/broker-weblogic  `site.server.kind == "weblogic"` is not so
      save-logs                disabled: logs go to a log server
      dump-database            `site.database.kind == "mysql"` is not so
      export-schema            `site.database.kind == "oracle"` is not so
      domibus/broker-artemis   `site.server.kind == "wildfly" and site.broker.embedded and site.broker.persistent` is not so
    "#);
    assert_eq!(sandbox.run(&["backup"]).code(), 0);
    assert_eq!(sandbox.read("log"), "tell\ntold\n");
}

/// `--runbooks` comes before the site's directory, which comes before what is shipped.
#[test]
fn where_runbooks_are_looked_for() {
    let own = |title: &str| {
        format!(
            "runbook: domibus/same-server
title: {title}
product: domibus
scenario: same-server
backup:
  - {{ id: only, title: {title}, uses: milestone }}
"
        )
    };
    let sandbox = Sandbox::new();
    let title = |arguments: &[&str]| {
        let said = sandbox.done(&[&["plan", "backup", "--format", "json"], arguments].concat());
        let plan: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
        let step = &plan["steps"][0];
        step["title"]
            .as_str()
            .unwrap_or_else(|| panic!("{plan}"))
            .to_owned()
    };
    assert_eq!(
        title(&[]),
        "Stop the server and wait until it is truly gone"
    );
    sandbox.write("runbooks/domibus/same-server.yaml", &own("runbooks"));
    assert_eq!(title(&[]), "runbooks");
    sandbox.write("domibus/same-server.yaml", &own("beside"));
    assert_eq!(title(&[]), "beside");
    sandbox.write("given/domibus/same-server.yaml", &own("given"));
    assert_eq!(title(&["--runbooks", "given"]), "given");
}
