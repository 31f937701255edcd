//! Whole outputs for bad input.

use super::rig::Rig;

/// The output without what differs from run to run.
fn told(rig: &Rig, text: &str) -> String {
    let folder = rig.path("");
    let folder = folder.display().to_string();
    text.replace(folder.trim_end_matches('/'), "[folder]")
}

#[test]
fn a_site_without_nodes_and_everything_else_that_is_wrong_with_it() {
    let rig = Rig::new(1);
    rig.write(
        "site.yaml",
        "site: cluster\nproduct: ox\nox:\n  version: 7.8.4\n  server_name: new\n  old_server_name: new\n  \
         migration_url: ''\n  schemata: [a, b, a]\n  leave_alone: [b]\n  main_balancer: { add: [] }\n  \
         hazelcast: { old: x, new: x }\n  restore: { nodes: [n9], schemata: [c] }\n",
    );
    let ended = rig
        .run(&["plan", "upgrade", "--scenario", "rolling-upgrade"])
        .expect(3);
    insta::assert_snapshot!(told(&rig, &ended.text), @r#"
    error: the site file site.yaml does not say enough
      hint: `ox.version` is 7.8.4: only 7.10.0 and newer can be upgraded without downtime (older ones do not know the redirect)
      hint: `ox.migration_url` is empty
      hint: `ox.old_server_name` is `ox.server_name`: old and new nodes need different names
      hint: `ox.hazelcast`: `old` and `new` are the same, so both versions would form one cluster
      hint: `ox.main_balancer.add` names no program
      hint: `ox.nodes` names none: a rolling upgrade needs at least two nodes, one that is upgraded and one that goes on
      hint: `ox.schemata` names `a` twice
      hint: schema `b` is in `ox.schemata` and in `ox.leave_alone`
      hint: `ox.restore.nodes`: there is no node `n9`
      hint: `ox.restore.schemata`: there is no schema `c`
      hint: `ox.database` is missing: a restore of schemata needs it, where the dumps go back to
    "#);
}

#[test]
fn an_unknown_key_and_a_password_in_the_file() {
    let rig = Rig::new(1);
    rig.change_site("{ password: { file: password } }", "{ password: hunter2 }");
    rig.change_site("tools: sbin", "tols: sbin");
    let ended = rig
        .run(&["plan", "upgrade", "--scenario", "rolling-upgrade"])
        .expect(3);
    insta::assert_snapshot!(told(&rig, &ended.text), @r#"
    error[UK0601]: a secret must not be written here
      --> site.yaml:10:22
       |
    10 |   admin: { password: ******* }
       |                      ^^^^^^^
       |
       = help: write where it is: `{ env: NAME }`, `{ file: PATH }` or `{ command: [PROGRAM, …] }`; and change it, since it stood in a file

    error[UK0201]: unknown key `tols`
      --> site.yaml:11:3
       |
    11 |   tols: sbin
       |   ^^^^
       |
       = help: did you mean `tools`?

    2 errors
    "#);
}

#[test]
fn a_missing_tool_is_found_before_anything_changes() {
    let rig = Rig::new(1);
    rig.backup().expect(0);
    rig.remove("sbin/changeserver");
    rig.remove("sbin/runupdate");
    let ended = rig.upgrade(&[]).expect(4);
    insta::assert_snapshot!(told(&rig, &ended.text), @r#"
    REFUSED  change-server[oxdatabase_1]: the program `[folder]/sbin/changeserver` was not found
             to do: install it, or name its path in the site file
    REFUSED  run-update[oxdatabase_1]: the program `[folder]/sbin/runupdate` was not found
             to do: install it, or name its path in the site file

    2 things stand in the way
    error: upgrade was not started: nothing was changed
      hint: mend what is refused above; `upgrade-kit check` looks again
    "#);
    assert!(rig.calls().is_empty());
}

#[test]
fn schemata_that_do_not_exist_or_are_forgotten() {
    let rig = Rig::new(3);
    rig.change_site("oxdatabase_2, oxdatabase_3", "oxdatabase_4");
    rig.backup().expect(0);
    let text = rig.upgrade(&[]).expect(5).text;
    let expected =
        "there is no schema oxdatabase_4; the site does not name oxdatabase_2, oxdatabase_3";
    assert!(text.contains(expected), "{text}");
    assert_eq!(rig.calls().len(), 1);
}

#[test]
fn a_selection_that_names_no_schema() {
    let rig = Rig::new(2);
    rig.backup().expect(0);
    let ended = rig.upgrade(&["--skip", "schema[oxdatabase_3]"]).expect(2);
    insta::assert_snapshot!(told(&rig, &ended.text), @r#"
    error[UK0306]: --skip names `schema[oxdatabase_3]`, which is no step of this plan
     = help: did you mean `schema[oxdatabase_1]`?
     = help: `upgrade-kit plan` shows every step
    "#);
}

#[test]
fn output_that_is_no_list_is_not_taken_for_an_empty_one() {
    for (tool, script, expected) in [
        (
            "listUpdateTasks",
            "echo 'Connection reset'; exit 0",
            "something else than a list of update tasks",
        ),
        (
            "listUpdateTasks",
            "exit 0",
            "printed nothing where a list of update tasks was expected",
        ),
        (
            "listserver",
            "echo 'id,name'; echo '\"8\",\"oxserver-n'; exit 0",
            "something else than a list of servers",
        ),
        (
            "listserver",
            "printf 'id,name\\n\"x\",\"oxserver-new\"\\n'; exit 0",
            "something else than a server's id",
        ),
        (
            "listserver",
            "printf 'id,name\\n\"8\",\"oxserver-new\"\\n\"9\",\"oxserver-new\"\\n'; exit 0",
            "2 servers are called `oxserver-new`: 8, 9",
        ),
        (
            "listdatabaseschema",
            "echo Hello; exit 0",
            "something else than a list of schemata",
        ),
        (
            "registerserver",
            "echo 'server 9 registered'; exit 0",
            "registerserver told id 9, listserver has no id",
        ),
    ] {
        let rig = Rig::new(1);
        rig.backup().expect(0);
        rig.fault(tool, script);
        let text = rig.upgrade(&[]).expect(5).text;
        assert!(text.contains(expected), "{tool}: {text}");
        assert_eq!(rig.count("enableschema"), 0);
    }
}

/// It exits 0 and does nothing: on an old node, for a schema that others update, or out of spite.
#[test]
fn a_runupdate_that_does_nothing_is_a_failed_step() {
    let rig = Rig::new(1);
    rig.backup().expect(0);
    rig.fault("runupdate", "exit 0");
    let text = rig.upgrade(&[]).expect(5).text;
    let expected = "schema oxdatabase_1 is not updated; pending: AddColumnTask, FillColumnTask";
    assert!(text.contains(expected), "{text}");
    rig.assert_schemata(&["oxdatabase_1"], &[]);
}

#[test]
fn wrong_credentials_are_told_with_what_to_do() {
    let rig = Rig::new(1);
    rig.backup().expect(0);
    rig.write("password", "wrong\n");
    let text = rig.upgrade(&[]).expect(5).text;
    assert!(
        text.contains("listdatabaseschema failed") && text.contains("look at `ox.admin`"),
        "{text}"
    );
}
