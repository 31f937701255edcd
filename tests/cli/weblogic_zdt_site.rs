//! What a site file of a WebLogic domain may not say: restrictions of rollouts, names that nothing has.

use insta::assert_snapshot;

use super::harness::Sandbox;

/// A site on paper: nothing of it is there.
const SITE: &str = "site: shop
product: weblogic
weblogic:
  version: 12.2.1.4.0
  connection:
    wlst: ./wlst.sh
    url: t3://admin:7001
    user: weblogic
    password: { env: WEBLOGIC_PASSWORD }
  domain: { name: shop, home: /u01/domains/shop }
  oracle_home: /u01/oracle/home
  java_home: /u01/java/jdk8
  nodes:
    node0: {}
    node1: { run: [ssh, node1], copy: [scp, -rp, \"{from}\", \"node1:{to}\"] }
    node2: { run: [ssh, node2], copy: [scp, -rp, \"{from}\", \"node2:{to}\"] }
  clusters:
    front: {}
  servers:
    AdminServer: { node: node0 }
    ms1: { node: node1, cluster: front }
    ms2: { node: node2, cluster: front }
  rollout:
    targets: [front]
    java_home: /u01/java/jdk11
";

/// The site with changes, each text exactly once.
pub(super) fn changed(changes: &[(&str, &str)]) -> Sandbox {
    let mut site = SITE.to_owned();
    for (from, to) in changes {
        assert_eq!(site.matches(from).count(), 1, "{from}");
        site = site.replacen(from, to, 1);
    }
    Sandbox::site(&site)
}

/// What the restrictions say of a site.
fn restrictions(changes: &[(&str, &str)]) -> String {
    let sandbox = changed(changes);
    let arguments = [
        "check",
        "backup",
        "--scenario",
        "zdt-patching",
        "--format",
        "json",
    ];
    let said = sandbox.run(&arguments);
    let found: serde_json::Value =
        serde_json::from_str(&said.stdout).unwrap_or_else(|_| panic!("{said}"));
    let text = |finding: &serde_json::Value| {
        let get = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
        format!(
            "{} {}\n  = {}",
            get("severity"),
            get("message"),
            get("hint")
        )
    };
    let findings = found["findings"].as_array().unwrap().iter();
    let ours = findings.filter(|finding| finding["step"] == "check-restrictions");
    ours.map(text).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_restriction_says_which_fact_broke_it() {
    assert_eq!(restrictions(&[]), "");
    assert_snapshot!(restrictions(&[("ms2: { node: node2, cluster: front }", "ms2: { node: node2 }"), ("[front]", "[front, ms2]")]), @r"
    refuse servers-in-clusters: the server ms2 is updated and belongs to no cluster
      = put ms2 into a cluster, or take what targets it out of `rollout.targets`
    refuse clusters-span-nodes: all servers of front are on node1
      = add a server on another node to front: while node1 is updated nobody would serve
    ");
    assert_snapshot!(restrictions(&[("AdminServer: { node: node0 }", "AdminServer: { node: node1 }")]), @r"
    refuse admin-server-apart: the Admin Server AdminServer is on node1, where ms1 is updated, and it is not updated
      = move AdminServer to a node of its own, or target the domain shop
    ");
    assert_snapshot!(restrictions(&[
        ("ms2: { node: node2, cluster: front }", "ms2: { node: node2, cluster: front }\n    ms3: { node: node1, cluster: back }\n    ms4: { node: node2, cluster: back }"),
    ]), @r"
    refuse shared-homes: back shares the Oracle home /u01/oracle/home on node1 with front, and only front is updated
      = add back to `rollout.targets`, or take front out
    refuse shared-homes: back shares the Oracle home /u01/oracle/home on node2 with front, and only front is updated
      = add back to `rollout.targets`, or take front out
    ");
    // A server alone is a target too.
    assert_eq!(restrictions(&[("[front]", "[ms1]")]), "");
    assert_snapshot!(restrictions(&[
        ("home: /u01/domains/shop", "home: /u01/oracle/home/../home/domains/shop"),
        ("java_home: /u01/java/jdk11", "oracle_home: { archive: /u01/oracle/new, backup: /u01/oracle/home/old }"),
        ("node1: { run", "node1: { oracle_home: /u02/oracle/home, run"),
    ]), @r"
    refuse archive-or-backup: /u01/oracle/new is no archive of an Oracle home (`.jar`)
      = a new Oracle home is rolled out from the archive that copyBinary makes; a directory only serves a rollback
    refuse archive-or-backup: the backup /u01/oracle/home/old is, or lies in or around, the Oracle home /u01/oracle/home of node0
      = give `rollout.oracle_home.backup` a path beside the Oracle home
    refuse archive-or-backup: the backup /u01/oracle/home/old is, or lies in or around, the Oracle home /u01/oracle/home of node2
      = give `rollout.oracle_home.backup` a path beside the Oracle home
    refuse domain-outside-home: the domain /u01/oracle/home/domains/shop lies in the Oracle home /u01/oracle/home of node0
      = a rollout moves the Oracle home away: move the domain out of it first
    warning same-home-everywhere: the Oracle home is at different places: /u02/oracle/home on node1; /u01/oracle/home on node2
      = Oracle recommends one place for all nodes
    ");
    assert_snapshot!(restrictions(&[
        ("java_home: /u01/java/jdk11", "oracle_home: { archive: /u01/my oracle.jar, backup: /u01/old }\n    java_home: /opt/jdk 11\n    session_compatible: false"),
    ]), @r"
    refuse sessions: sessions are not compatible and servers may take for ever to stop
      = give `rollout.shutdown_timeout`; sessions that last longer are lost
    refuse plain-paths: rollout.oracle_home: the path `/u01/my oracle.jar` has signs that options cannot hold
      = letters, digits and `_-./:\` are what copyBinary and a rollout take; blanks are not
    refuse plain-paths: rollout.java_home: the path `/opt/jdk 11` has signs that options cannot hold
      = letters, digits and `_-./:\` are what copyBinary and a rollout take; blanks are not
    ");
}

#[test]
fn windows_has_restrictions_of_its_own() {
    let windows = [
        (
            "version: 12.2.1.4.0",
            "version: 12.2.1.4.0\n  platform: windows",
        ),
        (
            "password: { env: WEBLOGIC_PASSWORD }",
            "password: { env: WEBLOGIC_PASSWORD }\n    node: node1",
        ),
        (
            "java_home: /u01/java/jdk11",
            "oracle_home: { archive: 'D:\\oracle\\new.jar', backup: 'D:\\oracle\\old' }",
        ),
    ];
    assert_snapshot!(restrictions(&windows), @r"
    refuse wlst-outside-rollout: WLST runs from the Oracle home /u01/oracle/home of node1, which is updated
      = run WLST on a node that is not updated, or from an Oracle home of the same version outside of the domain (`connection.node`, `connection.oracle_home`)
    warning open-files: on Windows an open file locks what is to be replaced
      = close terminals and programs in the Oracle home, and those that read an application's source or JAR, on every node that is updated
    ");
    let mut outside = windows.to_vec();
    outside[1].1 =
        "password: { env: WEBLOGIC_PASSWORD }\n    node: node1\n    oracle_home: 'D:\\wlst'";
    assert_snapshot!(restrictions(&outside), @r"
    warning open-files: on Windows an open file locks what is to be replaced
      = close terminals and programs in the Oracle home, and those that read an application's source or JAR, on every node that is updated
    ");
}

#[test]
fn singleton_services_have_restrictions_of_their_own() {
    assert_snapshot!(restrictions(&[
        ("front: {}", "front: { singletons: { policy: manual, shared_store: false } }"),
    ]), @"
    refuse singleton-services: the JMS store of front is not shared by its servers
      = put it where every server of the cluster reaches it, or messages are lost
    refuse singleton-services: front has no ServiceActivationRequestResponseTimeout
      = set it to how long a migration takes, and write it into `clusters.front.singletons.activation_timeout`
    refuse singleton-services: services of ms1 do not move by themselves (manual), and no migration names it
      = add an entry with `source: ms1` to `rollout.migrations`; `migrationType: none` if they may stop
    refuse singleton-services: services of ms2 do not move by themselves (manual), and no migration names it
      = add an entry with `source: ms2` to `rollout.migrations`; `migrationType: none` if they may stop
    warning singleton-outages: JMS and JTA services of front are away for a moment when they leave a server, and again when they come back
      = tell who uses them: lookups of queues and connection factories fail meanwhile, for as long as machines, network, the size of the cluster, the start of a server and waiting messages make it
    ");
    assert_snapshot!(restrictions(&[
        ("front: {}", "front: { singletons: { policy: on-failure, shared_store: true } }"),
        ("java_home: /u01/java/jdk11", "migrations: [{ source: ms1, migrationType: none }]"),
    ]), @"
    refuse singleton-services: restart in place of front is not switched off
      = switch it off, and write `clusters.front.singletons.restart_in_place: false`
    refuse singleton-services: services of ms2 do not move by themselves (on-failure), and no migration names it
      = add an entry with `source: ms2` to `rollout.migrations`; `migrationType: none` if they may stop
    warning singleton-outages: JMS and JTA services of front are away for a moment when they leave a server, and again when they come back
      = tell who uses them: lookups of queues and connection factories fail meanwhile, for as long as machines, network, the size of the cluster, the start of a server and waiting messages make it
    ");
    assert_snapshot!(restrictions(&[
        ("java_home: /u01/java/jdk11", "migrations:
      - { source: ms1, migrationType: jms }
      - { source: ms1, destination: ms1, migrationType: jta, failback: true }
      - { source: ms2, destination: node2, migrationType: server }
      - { source: ms9, migrationType: none, destination: ms1 }
      - { source: AdminServer, destination: node1, migrationType: all }"),
    ]), @r"
    refuse migrations: entry 1: `jms` has no destination
      = add `destination`
    refuse migrations: entry 2: `jta` has `failback`
      = leave `failback` out: JTA fails back by itself
    refuse migrations: entry 2: ms1 and ms1 are both on node1
      = name a server on another node: all servers of one node stop together
    refuse migrations: entry 3: ms2 is on node2 already
      = name another node: all servers of one node stop together
    refuse migrations: entry 4: `none` has a destination
      = leave `destination` out, or say what is migrated
    refuse migrations: entry 4: there is no server ms9
      = name a server of the site as `source`
    refuse migrations: entry 5: AdminServer is not updated, so nothing of it is migrated
      = take the entry out, or target the server
    refuse migrations: entry 5: there is no server node1
      = the destination is a server of the site; a node only for `server`
    ");
}

#[test]
fn applications_have_restrictions_of_their_own() {
    assert_snapshot!(restrictions(&[
        ("version: 12.2.1.4.0", "version: 12.2.1.0.0"),
        ("java_home: /u01/java/jdk11", "applications:
      - { applicationName: Shop, patchedLocation: 'C:\\a\\shop.war', backupLocation: /a/old.war }
      - { applicationName: Shop, patchedLocation: /a/x.gar, backupLocation: /a/x.gar, partition: p, resourceGroupTemplate: r }
      - { applicationName: '', patchedLocation: a.war, backupLocation: /a/old2.war }"),
    ]), @r"
    refuse applications: entry 1: `patchedLocation` of Shop has a backslash
      = write `/`, on Windows too: Java may take a backslash for the beginning of another sign
    refuse applications: entry 2: Shop is updated by an earlier entry already
      = one entry for each application
    refuse applications: entry 2: Shop has one path as `patchedLocation` and `backupLocation`
      = give the backup a path of its own
    refuse applications: entry 2: Shop is a Coherence archive (`.gar`)
      = 12.2.1.0 cannot roll those out: leave it out
    refuse applications: entry 2: Shop has `partition` and `resourceGroupTemplate`
      = give one of them
    refuse applications: entry 3: `applicationName` is empty
      = name the application
    refuse applications: entry 3: `patchedLocation` of  is not absolute
      = give the whole path
    ");
}

/// What the program says of a site that cannot be right.
pub(super) fn documents(sandbox: &Sandbox) -> String {
    let said = sandbox.run(&["plan", "upgrade", "--scenario", "zdt-patching"]);
    let checked = sandbox.run(&["check", "upgrade", "--scenario", "zdt-patching"]);
    assert_eq!(said.to_string(), checked.to_string());
    said.to_string()
}

#[test]
fn names_that_nothing_has_are_underlined() {
    let sandbox = changed(&[
        (
            "ms2: { node: node2, cluster: front }",
            "ms2: { node: nod2, cluster: front }",
        ),
        (
            "targets: [front]",
            "targets: [frnt]\n    shutdown_timeout: soon",
        ),
        ("oracle_home: /u01/oracle/home", "oracle_home: oracle/home"),
        (
            "node1: { run: [ssh, node1], copy: [scp, -rp, \"{from}\", \"node1:{to}\"] }",
            "node1: { run: [ssh, node1] }",
        ),
    ]);
    assert_snapshot!(documents(&sandbox), @r"
    exit 3
    -- stderr
    error[UK0204]: a path on nodes must be absolute
      --> site.yaml:11:16
       |
    11 |   oracle_home: oracle/home
       |                ^^^^^^^^^^^

    error[UK0204]: give `run` and `copy`, or neither
      --> site.yaml:15:12
       |
    15 |     node1: { run: [ssh, node1] }
       |            ^^^^^^^^^^^^^^^^^^^
       |
       = help: a node without both is this machine

    error[UK0204]: there is no node `nod2`
      --> site.yaml:22:18
       |
    22 |     ms2: { node: nod2, cluster: front }
       |                  ^^^^
       |
       = help: did you mean `node2`?
       = help: known here: node0, node1, node2

    error[UK0204]: there is no domain, cluster or server `frnt`
      --> site.yaml:24:15
       |
    24 |     targets: [frnt]
       |               ^^^^
       |
       = help: did you mean `front`?
       = help: known here: shop, front, AdminServer, ms1, ms2

    error[UK0204]: `soon` is no length of time
      --> site.yaml:25:23
       |
    25 |     shutdown_timeout: soon
       |                       ^^^^
       |
       = help: write it like `90s`, `5m` or `1h 30m`

    5 errors
    ");
}
