//! Backup, upgrade, restore: what was there is there again, to the byte, again and again.

use super::harness::{Sandbox, wait_until};
use super::picture::Picture;

/// What the practice server itself writes whenever it starts.
const SERVERS_OWN: &[&str] = &[
    "tomcat/run",
    "tomcat/logs/catalina.out",
    "tomcat/webapps/domibus",
];

/// Directories in which something is swapped, or the server writes.
const SWAPPED_IN: &[&str] = &[
    "data",
    "data/fs_plugin",
    "tomcat",
    "tomcat/bin",
    "tomcat/conf",
    "tomcat/conf/domibus/work",
    "tomcat/logs",
    "tomcat/webapps",
];

fn picture(sandbox: &Sandbox) -> Picture {
    Picture::of(&sandbox.path("installation"), SERVERS_OWN).without_times(SWAPPED_IN)
}

fn stop_server(sandbox: &Sandbox) {
    let said = sandbox.shell("installation/tomcat/bin/shutdown.sh");
    assert_eq!(said.code(), 0, "{said}");
    wait_until("the practice server to end", || {
        !sandbox
            .path("installation/tomcat/run/catalina.pid")
            .exists()
    });
}

#[test]
fn everything_comes_back_twice() {
    let sandbox = Sandbox::new();
    _ = sandbox.done(&["backup"]);
    let before = picture(&sandbox);
    assert!(before.len() > 60, "the practice installation is small");
    for round in ["first", "second"] {
        _ = sandbox.done(&["backups", "verify"]);
        _ = sandbox.done(&["upgrade"]);
        let war = std::fs::read(sandbox.path("installation/tomcat/webapps/domibus.war")).unwrap();
        let war = String::from_utf8_lossy(&war).into_owned();
        assert!(war.contains("5.1.1"), "the upgrade changed nothing");
        assert!(picture(&sandbox) != before);
        _ = sandbox.done(&["restore"]);
        stop_server(&sandbox);
        before.assert_same(&picture(&sandbox), round);
        // What the server wrote goes into the next set, as it does at a real one.
        _ = sandbox.done(&["backup"]);
        before.assert_same(&picture(&sandbox), round);
    }
}

/// An upgrade that cannot start the new version is given up, not resumed: the restore is another run,
/// and leaves nothing of the upgrade behind.
#[test]
fn an_upgrade_that_is_given_up_leaves_nothing() {
    let sandbox = Sandbox::new();
    _ = sandbox.done(&["backup"]);
    let before = picture(&sandbox);
    let ports = "  ports: []\n";
    let broken = "  ports: []\n  start: [\"false\"]\n";
    sandbox.change("site.yaml", ports, broken);
    let said = sandbox.run(&["upgrade", "--yes"]);
    assert_eq!(said.code(), 5, "{said}");
    let kept = sandbox.shell("find installation -name '*.upgrade-kit-old-*' | grep -c .");
    assert_eq!(
        kept.code(),
        0,
        "the upgrade kept nothing of what it replaced: {kept}"
    );
    sandbox.change("site.yaml", broken, ports);
    _ = sandbox.done(&["restore"]);
    stop_server(&sandbox);
    before.assert_same(&picture(&sandbox), "after an upgrade that was given up");
}
