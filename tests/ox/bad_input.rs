//! Whole outputs for bad input.

use super::rig::Rig;

/// The output without what differs from run to run.
pub(super) fn told(rig: &Rig, text: &str) -> String {
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
fn a_site_file_without_anything_in_it() {
    let rig = Rig::new(1);
    let plan = ["plan", "upgrade", "--scenario", "rolling-upgrade"];
    rig.write("site.yaml", "");
    let ended = rig.run(&plan).expect(3);
    insta::assert_snapshot!(told(&rig, &ended.text), @r#"
    error[UK0110]: site.yaml is empty
     --> site.yaml:1:1
      |
    1 |
      | ^
      |
      = help: a comment is not enough: the document must have keys
    "#);
    rig.write("site.yaml", "site: cluster\nproduct: ox\nox: {}\n");
    let ended = rig.run(&plan).expect(3);
    insta::assert_snapshot!(told(&rig, &ended.text), @r#"
    error[UK0202]: the key `version` is missing in `ox`
     --> site.yaml:3:1
      |
    3 | ox: {}
      | ^^ `version` belongs here
      |
      = help: add `version: …`

    error[UK0202]: the key `server_name` is missing in `ox`
     --> site.yaml:3:1
      |
    3 | ox: {}
      | ^^ `server_name` belongs here
      |
      = help: add `server_name: …`

    error[UK0202]: the key `migration_url` is missing in `ox`
     --> site.yaml:3:1
      |
    3 | ox: {}
      | ^^ `migration_url` belongs here
      |
      = help: add `migration_url: …`

    3 errors
    "#);
}

#[test]
fn values_of_another_type() {
    let rig = Rig::new(1);
    rig.change_site("site: cluster", "site: My Cluster");
    rig.change_site("schemata: [oxdatabase_1]", "schemata: oxdatabase_1");
    rig.change_site("procedure: automatic", "procedure: magic");
    rig.change_site("{ key: g, old: old, new: new }", "[g]");
    rig.change_site("already_registered: abort", "already_registered: yes");
    let ended = rig
        .run(&["plan", "upgrade", "--scenario", "rolling-upgrade"])
        .expect(3);
    insta::assert_snapshot!(told(&rig, &ended.text), @r#"
    error[UK0204]: `My Cluster` cannot be the name of a site
     --> site.yaml:1:7
      |
    1 | site: My Cluster
      |       ^^^^^^^^^^
      |
      = help: use lower-case letters, digits, dashes and underscores

    error[UK0204]: `magic` is not possible here
     --> site.yaml:5:14
      |
    5 |   procedure: magic
      |              ^^^^^
      |
      = help: possible here: `manual`, `automatic`

    error[UK0204]: `yes` is not possible here
     --> site.yaml:8:23
      |
    8 |   already_registered: yes
      |                       ^^^
      |
      = help: possible here: `ask`, `abort`, `continue`

    error[UK0203]: expected a mapping of keys and values, found a list
      --> site.yaml:28:14
       |
    28 |   hazelcast: [g]
       |              ^^^

    error[UK0203]: expected a list, found the text `oxdatabase_1`
      --> site.yaml:29:13
       |
    29 |   schemata: oxdatabase_1
       |             ^^^^^^^^^^^^
       |
       = help: write it as a list: [oxdatabase_1]

    5 errors
    "#);
}

#[test]
fn schemata_with_odd_names() {
    let rig = Rig::new(1);
    let odd = "['', '-n', 'a b', 'x;reboot', '../x', \"two\\nlines\", 7]";
    rig.change_site("[oxdatabase_1]", odd);
    let ended = rig
        .run(&["plan", "upgrade", "--scenario", "rolling-upgrade"])
        .expect(3);
    insta::assert_snapshot!(told(&rig, &ended.text), @r#"
    error: the site file site.yaml does not say enough
      hint: `ox.schemata`: `` is no name of a schema: letters, digits, `_`, `-`, `.` and `$`, and no `-` first
      hint: `ox.schemata`: `-n` is no name of a schema: letters, digits, `_`, `-`, `.` and `$`, and no `-` first
      hint: `ox.schemata`: `a b` is no name of a schema: letters, digits, `_`, `-`, `.` and `$`, and no `-` first
      hint: `ox.schemata`: `x;reboot` is no name of a schema: letters, digits, `_`, `-`, `.` and `$`, and no `-` first
      hint: `ox.schemata`: `../x` is no name of a schema: letters, digits, `_`, `-`, `.` and `$`, and no `-` first
      hint: `ox.schemata`: `two\nlines` is no name of a schema: letters, digits, `_`, `-`, `.` and `$`, and no `-` first
    "#);
}

#[test]
fn files_of_a_node_that_are_not_there() {
    let rig = Rig::new(1);
    rig.remove("etc/n1/server.properties");
    rig.remove("etc/n2/system.properties");
    let ended = rig
        .run(&["check", "upgrade", "--scenario", "rolling-upgrade"])
        .expect(4);
    insta::assert_snapshot!(told(&rig, &ended.text), @r#"
    REFUSED  set-redirect[n1]: [folder]/etc/n1/server.properties does not exist
             to do: name the node's own file in the site file, as it is seen from here
    REFUSED  remove-redirect[n1]: [folder]/etc/n1/server.properties does not exist
             to do: name the node's own file in the site file, as it is seen from here
    REFUSED  set-server-name[n2]: [folder]/etc/n2/system.properties does not exist
             to do: name the node's own file in the site file, as it is seen from here
    REFUSED  check-server-name[n2]: [folder]/etc/n2/system.properties does not exist
             to do: name the node's own file in the site file, as it is seen from here

    4 things stand in the way
    "#);
}
