//! The order of the document, in both procedures.

use super::rig::{NEW, Rig};

#[test]
fn automatic_updates_every_schema_in_one_go() {
    let rig = Rig::new(4);
    rig.backup().expect(0);
    rig.upgrade(&[]).expect(0);
    rig.assert_schemata(&[], &[]);
    rig.assert_nodes_done();
    order_of_every_procedure(&rig);
    // Nobody is redirected to a balancer without nodes.
    assert!(
        rig.at("balancer second add n1")
            < rig.at("disableschema -A oxadminmaster -m oxdatabase_1 ")
    );
    assert_eq!(rig.count("upgradeschemata"), 0);
}

#[test]
fn manual_updates_the_first_schema_before_the_first_node_joins() {
    let rig = Rig::new(3);
    rig.change_site("procedure: automatic", "procedure: manual");
    rig.backup().expect(0);
    rig.upgrade(&[]).expect(0);
    rig.assert_schemata(&[], &[]);
    rig.assert_nodes_done();
    order_of_every_procedure(&rig);
    let joined = rig.at("balancer second add n1");
    assert!(rig.at("enableschema -A oxadminmaster -m oxdatabase_1 ") < joined);
    assert!(joined < rig.at("disableschema -A oxadminmaster -m oxdatabase_2 "));
    assert!(joined < rig.at("balancer main remove n2"));
}

fn order_of_every_procedure(rig: &Rig) {
    let calls = rig.calls();
    for node in ["n1", "n2", "n3"] {
        let out = rig.at(&format!("balancer main remove {node}"));
        let upgraded = rig.at(&format!("upgrade {node}"));
        let second = rig.at(&format!("balancer second add {node}"));
        let main = rig.at(&format!("balancer main add {node}"));
        assert!(
            out < upgraded && upgraded < second && second < main,
            "{calls:#?}"
        );
        // Redirects are set everywhere before any node leaves, and gone before it joins again.
        let reloads: Vec<usize> = (0..calls.len())
            .filter(|&at| calls[at] == format!("reloadconfiguration  @{node}"))
            .collect();
        assert!(matches!(reloads[..], [set, gone]
            if set < rig.at("balancer main remove n1") && upgraded < gone && gone < second));
    }
    // One node at a time, and the last one only when every schema is updated.
    assert!(rig.at("balancer second add n1") < rig.at("balancer main remove n2"));
    assert!(rig.at("balancer second add n2") < rig.at("balancer main remove n3"));
    let last = calls
        .iter()
        .rposition(|call| call.starts_with("enableschema"))
        .unwrap();
    assert!(last < rig.at("balancer main remove n3"));
    assert_eq!(rig.at("balancer second retire"), calls.len() - 1);
    // One schema at a time: disable, point to the new server, update on the new node, enable.
    let schemata: Vec<String> = calls
        .iter()
        .filter(|call| {
            ["disableschema", "changeserver", "runupdate", "enableschema"]
                .iter()
                .any(|tool| call.starts_with(tool))
        })
        .cloned()
        .collect();
    for (at, four) in schemata.chunks(4).enumerate() {
        let schema = format!("oxdatabase_{}", at + 1);
        assert_eq!(
            four,
            [
                format!("disableschema -A oxadminmaster -m {schema} @n3"),
                format!("changeserver -A oxadminmaster -s {NEW} -m {schema} @n3"),
                format!("runupdate -n {schema} @n1"),
                format!("enableschema -A oxadminmaster -m {schema} @n3"),
            ]
        );
    }
}

#[test]
fn a_plan_is_what_runs() {
    let rig = Rig::new(2);
    rig.backup().expect(0);
    let plan = rig
        .run(&["plan", "upgrade", "--scenario", "rolling-upgrade"])
        .expect(0)
        .text;
    rig.upgrade(&[]).expect(0);
    let sbin = rig.path("sbin");
    for call in rig.calls() {
        let Some((call, node)) = call.rsplit_once(" @") else {
            continue;
        };
        let shown = format!(
            "RMI_HOSTNAME={node} ADMIN_PASSWORD=*** {}/{}",
            sbin.display(),
            call.trim_end()
        );
        let shown = shown.replace(&format!("-s {NEW} "), "-s '<id of oxserver-new>' ");
        assert!(plan.contains(&shown), "{shown}\n{plan}");
    }
}

#[test]
fn the_vendors_own_tool_is_not_used_for_what_it_does() {
    let rig = Rig::new(2);
    rig.breaks("oxdatabase_1", &["FillColumnTask"]);
    let tool = |arguments: &[&str], input: &str| {
        use std::io::Write;
        let mut child = std::process::Command::new(rig.path("sbin/upgradeschemata"))
            .args([
                "-A",
                "oxadminmaster",
                "-P",
                super::rig::PASSWORD,
                "-n",
                "oxserver-new",
            ])
            .args(arguments)
            .env("PATH", "/usr/bin:/bin")
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let written = child.stdin.take().unwrap().write_all(input.as_bytes());
        assert!(written.is_ok() || input.is_empty());
        child.wait().unwrap().code()
    };
    // Half updated, enabled, exit code 0; then an abort, exit code 0.
    assert_eq!(tool(&["-f"], ""), Some(0));
    assert_eq!(rig.read("sim/schemata/oxdatabase_1/enabled"), "yes\n");
    assert_eq!(
        rig.read("sim/schemata/oxdatabase_1/failed"),
        "FillColumnTask\n"
    );
    assert_eq!(tool(&[], "abort\n"), Some(0));
}
