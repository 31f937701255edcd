//! Settings in files of a node.

use super::rig::{PROPERTIES, Rig};

#[test]
fn a_backup_and_a_restore_bring_back_every_byte_of_a_nodes_files() {
    let rig = Rig::new(1);
    rig.backup().expect(0);
    rig.upgrade(&[]).expect(0);
    assert_ne!(
        rig.read("etc/n1/system.properties"),
        "SERVER_NAME=oxserver\n"
    );
    rig.change_site("  check_node:", "  restore: { nodes: [n1] }\n  check_node:");
    rig.run(&[
        "restore",
        "--scenario",
        "rolling-upgrade",
        "--yes",
        "--output",
        "lines",
    ])
    .expect(0);
    assert_eq!(rig.read("etc/n1/server.properties"), PROPERTIES);
    assert_eq!(
        rig.read("etc/n1/system.properties"),
        "SERVER_NAME=oxserver\n"
    );
    assert_eq!(rig.read("etc/n1/hazelcast.properties"), "g=old\n");
    assert_eq!(
        rig.read("etc/n2/system.properties"),
        "SERVER_NAME=oxserver-new\n"
    );
}

#[test]
fn a_setting_that_a_package_brought_back_is_found() {
    let rig = Rig::new(1);
    rig.write(
        "bin/upgrade",
        &(rig.read("bin/upgrade")
            + "echo SERVER_NAME=oxserver >\"$OX_SIM/../etc/$1/system.properties\"\n"),
    );
    rig.backup().expect(0);
    let text = rig.upgrade(&[]).expect(5).text;
    assert!(text.contains("is `oxserver`, not `oxserver-new`"), "{text}");
    rig.assert_schemata(&[], &["oxdatabase_1"]);
    assert_eq!(rig.count("balancer second add"), 0);
}
