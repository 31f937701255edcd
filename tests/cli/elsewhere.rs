//! The new version in another place: a new configuration location, a new server.

use super::harness::{Sandbox, wait_until};
use super::picture::Picture;
use crate::new_place;

/// What the practice server itself writes whenever it starts.
const SERVERS_OWN: &[&str] = &[
    "tomcat/run",
    "tomcat/logs/catalina.out",
    "tomcat/webapps/domibus",
];

fn stop(sandbox: &Sandbox, tomcat: &str) {
    let said = sandbox.shell(&format!("{tomcat}/bin/shutdown.sh"));
    assert_eq!(said.code(), 0, "{said}");
    wait_until("the practice server to end", || {
        !sandbox.path(&format!("{tomcat}/run/catalina.pid")).exists()
    });
}

fn counts(sandbox: &Sandbox, store: &str) -> String {
    let said = sandbox.shell(&format!(
        "for file in {store}/kahadb/db-1.log {store}/activemq_data/localhost/scheduler/db-1.log; \
         do sha256sum < $file; done"
    ));
    assert_eq!(said.code(), 0, "{said}");
    said.stdout.clone()
}

fn with_new_location() -> Sandbox {
    let sandbox = Sandbox::new();
    new_place::new_location(&sandbox.path(""));
    sandbox
}

const NEW: &str = "installation/tomcat/conf/domibus-5.1.1";

#[test]
fn a_new_configuration_location_gets_the_messages_and_goes_again() {
    let sandbox = with_new_location();
    _ = sandbox.done(&["backup"]);
    let picture = || {
        let swapped = [
            "data",
            "data/fs_plugin",
            "tomcat",
            "tomcat/bin",
            "tomcat/conf",
            "tomcat/conf/domibus/work",
            "tomcat/logs",
            "tomcat/webapps",
        ];
        Picture::of(&sandbox.path("installation"), SERVERS_OWN).without_times(&swapped)
    };
    let before = picture();
    let messages = counts(&sandbox, "installation/tomcat/conf/domibus/work");
    _ = sandbox.done(&["upgrade"]);
    stop(&sandbox, "installation/tomcat");
    assert_eq!(counts(&sandbox, &format!("{NEW}/work")), messages);
    assert!(
        sandbox
            .path(NEW)
            .join("plugins/lib/domibus-default-fs-plugin-5.1.1.jar")
            .exists()
    );
    assert!(
        !sandbox
            .path(NEW)
            .join("plugins/lib/domibus-default-fs-plugin-5.1.0.jar")
            .exists()
    );
    let old = "installation/tomcat/conf/domibus/plugins/lib/domibus-default-fs-plugin-5.1.0.jar";
    assert!(
        sandbox.path(old).exists(),
        "the present location was changed"
    );
    assert!(
        sandbox
            .read("installation/tomcat/bin/setenv.sh")
            .contains("domibus-5.1.1")
    );

    _ = sandbox.done(&["restore"]);
    stop(&sandbox, "installation/tomcat");
    before.assert_same(&picture(), "after the restore");
    // The state that was given up is in the safety set, with its messages.
    let said = sandbox.shell("grep -l config-new backups/quickstart/*/manifest.json");
    assert_eq!(said.code(), 0, "{said}");
    for artifact in ["config-new", "jms-new"] {
        let line = format!("grep -q '\"{artifact}' {}", said.stdout.trim());
        assert_eq!(sandbox.shell(&line).code(), 0, "no {artifact} in {said}");
    }
    // And once more, on the way that a site takes next.
    _ = sandbox.done(&["backup"]);
    _ = sandbox.done(&["upgrade"]);
    stop(&sandbox, "installation/tomcat");
    assert_eq!(counts(&sandbox, &format!("{NEW}/work")), messages);
}

#[test]
fn startup_arguments_must_lead_to_the_new_location() {
    let sandbox = with_new_location();
    _ = sandbox.done(&["backup"]);
    sandbox.change("site.yaml", "  startup_arguments: next/setenv.sh\n", "");
    let said = sandbox.run(&["upgrade"]);
    assert_eq!(said.code(), 4, "{said}");
    insta::assert_snapshot!(said, @"
    exit 4
    -- stderr
    error: the startup arguments of the new version lead to [SITE]/installation/tomcat/conf/domibus, not to `upgrade.config_location`, [SITE]/installation/tomcat/conf/domibus-5.1.1
      hint: name a file of startup arguments that sets `-Ddomibus.config.location` with `upgrade.startup_arguments`
    ");
    sandbox.change("site.yaml", "  config: next/conf\n", "");
    let said = sandbox.run(&["upgrade"]);
    assert_eq!(said.code(), 3, "{said}");
    insta::assert_snapshot!(said, @"
    exit 3
    -- stderr
    error[UK0204]: `config_location` needs `config`
      --> site.yaml:16:20
       |
    16 |   config_location: installation/tomcat/conf/domibus-5.1.1
       |                    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = help: name the folder that holds the new version's whole configuration
    ");
}

fn with_new_server() -> Sandbox {
    let sandbox = Sandbox::new();
    new_place::new_server(&sandbox.path(""));
    sandbox
}

fn new_server(sandbox: &Sandbox, phase: &str) {
    _ = sandbox.done(&[phase, "--scenario", "new-server"]);
}

#[test]
fn a_new_server_gets_everything_and_the_present_one_keeps_it() {
    let sandbox = with_new_server();
    new_server(&sandbox, "backup");
    let picture = || Picture::of(&sandbox.path("installation"), SERVERS_OWN);
    let before = picture();
    let messages = counts(&sandbox, "installation/tomcat/conf/domibus/work");
    new_server(&sandbox, "upgrade");
    stop(&sandbox, "new/tomcat");
    before.assert_same(&picture(), "the present installation after the upgrade");
    assert_eq!(counts(&sandbox, "new/tomcat/conf/domibus/work"), messages);
    for file in [
        "data/domibus.mv.db",
        "data/payloads/2023-06-12-1.payload",
        "data/fs_plugin/MAIN/OUT/metadata.xml",
    ] {
        let read = |place: &str| std::fs::read(sandbox.path(place).join(file)).unwrap();
        assert_eq!(read("installation"), read("new"), "{file}");
    }

    new_server(&sandbox, "restore");
    stop(&sandbox, "installation/tomcat");
    let swapped = [
        "tomcat",
        "tomcat/logs",
        "tomcat/webapps",
        "tomcat/conf/domibus/work",
    ];
    let before = before.without_times(&swapped);
    before.assert_same(&picture().without_times(&swapped), "after the restore");
    assert!(!sandbox.path("new/tomcat/run/catalina.pid").exists());
}

#[test]
fn a_new_server_on_the_present_data_is_refused() {
    let sandbox = with_new_server();
    new_server(&sandbox, "backup");
    let data = sandbox.shell("rmdir new/data && ln -s ../installation/data new/data");
    assert_eq!(data.code(), 0, "{data}");
    let said = sandbox.run(&["upgrade", "--scenario", "new-server", "--yes"]);
    assert_eq!(said.code(), 4, "{said}");
    insta::assert_snapshot!(said, @"
    exit 4
    -- stderr
    REFUSED  check-separate: the folder [SITE]/new/data/fs_plugin/MAIN is, or lies in or around, [SITE]/installation/data/fs_plugin/MAIN
             to do: give the new installation a place of its own, or name what is shared on purpose in `target.share`; then neither may ever run beside the other
    REFUSED  check-separate: the folder [SITE]/new/data/payloads is, or lies in or around, [SITE]/installation/data/payloads
             to do: give the new installation a place of its own, or name what is shared on purpose in `target.share`; then neither may ever run beside the other
    REFUSED  check-separate: both use the database file [SITE]/new/data/domibus.mv.db
             to do: give the new installation a place of its own, or name what is shared on purpose in `target.share`; then neither may ever run beside the other
    REFUSED  clone-database-file: [SITE]/new/data is not a directory
             to do: correct the path, or make the directory
    REFUSED  fill-folder[payloads-default]: [SITE]/new/data is not a directory
             to do: correct the path, or make the directory
    warning  check-separate: the database names payloads by their whole path: the new version reads those of [SITE]/installation/data/payloads there, not in [SITE]/new/data/payloads, until a script of `upgrade.scripts` rewrites TB_PART_INFO.FILENAME
    info     installation: nothing here tells Domibus 4.x from 5.x; read as 5.x ([SITE]/new/tomcat/conf/domibus)
    info     stop-server: the server does not run
    info     stop-new-server: the server does not run

    5 things stand in the way; 1 warning
    error: upgrade was not started: nothing was changed
      hint: mend what is refused above; `upgrade-kit check` looks again
    ");
    let site = sandbox.read("site.yaml");
    let (site, _) = site.split_once("target:").unwrap();
    sandbox.write("site.yaml", site);
    let said = sandbox.run(&["plan", "upgrade", "--scenario", "new-server"]);
    assert_eq!(said.code(), 3, "{said}");
    insta::assert_snapshot!(said, @"
    exit 3
    -- stderr
    error[UK0204]: scenario `new-server` needs `target`
     --> site.yaml:1:7
      |
    1 | site: quickstart
      |       ^^^^^^^^^^
      |
      = help: describe the new installation: `target: { server: …, database: … }`
    ");
}

#[test]
fn only_a_wildfly_imports_messages() {
    let sandbox = with_new_server();
    let site = sandbox.read("site.yaml");
    sandbox.write("site.yaml", &format!("{site}  messages: export\n"));
    let said = sandbox.run(&["plan", "upgrade", "--scenario", "new-server"]);
    assert_ne!(said.code(), 0, "{said}");
    let problem = "`target.messages: export`: only a WildFly imports them; leave it out";
    assert!(said.stderr.contains(problem), "{said}");
}
