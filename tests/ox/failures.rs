//! Update tasks that fail, and the operator's choices about them.

use super::rig::Rig;

#[test]
fn the_first_failed_schema_ends_the_run_and_stays_disabled() {
    let rig = Rig::new(4);
    rig.backup().expect(0);
    rig.breaks("oxdatabase_2", &["FillColumnTask"]);
    let ended = rig.upgrade(&[]).expect(5);
    assert!(
        ended
            .text
            .contains("schema oxdatabase_2 is not updated; failed: FillColumnTask"),
        "{}",
        ended.text
    );
    assert!(
        ended.text.contains("oxdatabase_2 stays disabled"),
        "{}",
        ended.text
    );
    rig.assert_schemata(&["oxdatabase_2"], &["oxdatabase_3", "oxdatabase_4"]);
    // The last old node goes on serving what is not updated.
    assert_eq!(rig.count("balancer main remove n3"), 0);
}

/// A task that failed is not pending any more for some versions, so a second run would find nothing to do.
#[test]
fn a_failed_task_is_not_forgotten_by_a_resume() {
    let rig = Rig::new(3);
    rig.backup().expect(0);
    rig.breaks("oxdatabase_2", &["FillColumnTask"]);
    rig.upgrade(&[]).expect(5);
    let ended = rig.resume(&[]).expect(5);
    assert!(
        ended.text.contains("failed: FillColumnTask"),
        "{}",
        ended.text
    );
    rig.assert_schemata(&["oxdatabase_2"], &["oxdatabase_3"]);
    // `forceupdatetask`.
    rig.remove("sim/schemata/oxdatabase_2/failed");
    rig.write(
        "sim/schemata/oxdatabase_2/executed",
        "AddColumnTask\nFillColumnTask\n",
    );
    rig.resume(&[]).expect(0);
    rig.assert_schemata(&[], &[]);
    rig.assert_nodes_done();
}

/// Newer versions list it as pending: there a resume runs it again.
#[test]
fn a_resume_runs_a_failed_task_again() {
    let rig = Rig::new(3);
    rig.write("sim/failed-are-pending", "");
    rig.backup().expect(0);
    rig.breaks("oxdatabase_2", &["FillColumnTask"]);
    rig.upgrade(&[]).expect(5);
    rig.resume(&[]).expect(0);
    rig.assert_schemata(&[], &[]);
    rig.assert_nodes_done();
    assert_eq!(rig.count("runupdate -n oxdatabase_1 "), 1);
    assert_eq!(rig.count("registerserver"), 1);
}

#[test]
fn keep_going_updates_all_it_can() {
    let rig = Rig::new(6);
    rig.write("sim/failed-are-pending", "");
    rig.backup().expect(0);
    rig.breaks("oxdatabase_1", &["AddColumnTask"]);
    rig.breaks("oxdatabase_4", &["FillColumnTask"]);
    let ended = rig.upgrade(&["--keep-going"]).expect(5);
    for schema in ["oxdatabase_1", "oxdatabase_4"] {
        let line = format!("schema {schema} is not updated");
        assert!(ended.text.contains(&line), "{}", ended.text);
    }
    rig.assert_schemata(&["oxdatabase_1", "oxdatabase_4"], &[]);
    assert_eq!(rig.count("balancer main remove n3"), 0);
    rig.resume(&["--keep-going"]).expect(0);
    rig.assert_schemata(&[], &[]);
    rig.assert_nodes_done();
}

#[test]
fn skip_leaves_schemata_out_and_their_old_node_in() {
    let rig = Rig::new(5);
    rig.backup().expect(0);
    let ended = rig
        .upgrade(&[
            "--skip",
            "schema[oxdatabase_2]",
            "--skip",
            "schema[oxdatabase_5]",
        ])
        .expect(5);
    assert!(
        ended.text.contains(
            "2 schemata are not updated: oxdatabase_2 (Needs update), oxdatabase_5 (Needs update)"
        ),
        "{}",
        ended.text
    );
    rig.assert_schemata(&[], &["oxdatabase_2", "oxdatabase_5"]);
    assert_eq!(rig.count("balancer main remove n3"), 0);
}

#[test]
fn start_at_skip_and_keep_going_combine() {
    let rig = Rig::new(6);
    rig.backup().expect(0);
    rig.breaks("oxdatabase_1", &["AddColumnTask"]);
    rig.upgrade(&[]).expect(5);
    rig.breaks("oxdatabase_3", &["AddColumnTask"]);
    let ended = rig
        .upgrade(&[
            "--keep-going",
            "--start-at",
            "schema[oxdatabase_2]",
            "--skip",
            "schema[oxdatabase_5]",
        ])
        .expect(5);
    assert!(
        ended.text.contains("schema oxdatabase_3 is not updated"),
        "{}",
        ended.text
    );
    rig.assert_schemata(&["oxdatabase_1", "oxdatabase_3"], &["oxdatabase_5"]);
    assert_eq!(rig.count("registerserver"), 1);
}

#[test]
fn enabling_without_an_update_is_refused() {
    let rig = Rig::new(2);
    rig.backup().expect(0);
    let ended = rig
        .upgrade(&["--skip", "run-update[oxdatabase_1]"])
        .expect(5);
    let expected = "schema oxdatabase_1 is not updated; pending: AddColumnTask, FillColumnTask";
    assert!(ended.text.contains(expected), "{}", ended.text);
    rig.assert_schemata(&["oxdatabase_1"], &["oxdatabase_2"]);
}

#[test]
fn a_registered_server_is_asked_about_unless_the_site_knows() {
    for (answer, yes, code) in [
        ("abort", true, 5),
        ("continue", true, 0),
        ("ask", true, 0),
        ("ask", false, 6),
    ] {
        let rig = Rig::new(2);
        rig.change_site(
            "already_registered: abort",
            &format!("already_registered: {answer}"),
        );
        rig.write(
            "sim/servers",
            "3 oxserver\n8 oxserver-new\n9 oxserver-new-er\n",
        );
        rig.backup().expect(0);
        let ended = if yes {
            rig.upgrade(&[])
        } else {
            rig.run(&[
                "upgrade",
                "--scenario",
                "rolling-upgrade",
                "--output",
                "lines",
                "--skip",
                "second-balancer-ready",
            ])
        };
        assert_eq!(ended.code, Some(code), "{answer}: {}", ended.text);
        assert_eq!(rig.count("registerserver"), 0);
        if code == 0 {
            rig.assert_schemata(&[], &[]);
        } else {
            rig.assert_schemata(&[], &["oxdatabase_1", "oxdatabase_2"]);
        }
        if code == 6 {
            let question = "The server oxserver-new is already registered with id 8. Go on?";
            assert!(ended.text.contains(question), "{}", ended.text);
            rig.resume(&[]).expect(0);
            rig.assert_schemata(&[], &[]);
        }
        if answer == "abort" {
            let text = rig.resume(&[]).expect(5).text;
            assert!(
                text.contains("server `oxserver-new` is registered already, with id 8"),
                "{text}"
            );
        }
    }
}

/// Many schemata, some of which fail, with every way on.
#[test]
fn two_hundred_schemata_with_failures() {
    let rig = Rig::new(200);
    rig.write("sim/failed-are-pending", "");
    rig.backup().expect(0);
    let broken: Vec<String> = (1..=200)
        .step_by(29)
        .map(|at| format!("oxdatabase_{at}"))
        .collect();
    for schema in &broken {
        rig.breaks(schema, &["FillColumnTask"]);
    }
    let ended = rig.upgrade(&["--keep-going"]).expect(5);
    for schema in &broken {
        let line = format!("schema {schema} is not updated; failed: FillColumnTask");
        assert!(ended.text.contains(&line), "{}", ended.text);
    }
    let names: Vec<&str> = broken.iter().map(String::as_str).collect();
    rig.assert_schemata(&names, &[]);
    rig.resume(&[]).expect(0);
    rig.assert_schemata(&[], &[]);
    rig.assert_nodes_done();
    assert_eq!(rig.count("disableschema"), 200);
    assert_eq!(rig.count("enableschema"), 200);
    assert_eq!(rig.count("runupdate"), 200 + broken.len());
    assert_eq!(rig.count("registerserver"), 1);
}
