//! Tools that do not do what they should: what an operator reads then, whole.

use super::bad_input::told;
use super::rig::Rig;
use crate::cli::harness::redact;

/// What the program says of a run at its end.
fn summary(rig: &Rig, text: &str) -> String {
    let begin = text.find("\nUpgrade of").unwrap_or(0);
    let summary = redact(&told(rig, &text[begin..]), &rig.path(""));
    summary.trim_start().to_owned()
}

/// The failed step alone.
fn failure(rig: &Rig, text: &str) -> String {
    let summary = summary(rig, text);
    let begin = summary.find("Failed: ").unwrap();
    let end = summary[begin..].find("\n\n").unwrap();
    summary[begin..begin + end].to_owned()
}

#[test]
fn schemata_that_do_not_exist_or_are_forgotten() {
    let rig = Rig::new(3);
    rig.change_site("oxdatabase_2, oxdatabase_3", "oxdatabase_4");
    rig.backup().expect(0);
    let text = rig.upgrade(&[]).expect(5).text;
    insta::assert_snapshot!(summary(&rig, &text), @r#"
    Upgrade of cluster: FAILED after [SPAN] (run [RUN], rolling-upgrade)
      1 step done, 1 failed, 62 not run
        not run  second-balancer-ready   `check-schemata`, which it comes after, failed
        not run  ready                   `check-schemata`, which it comes after, failed
        not run  set-redirect[n1]        `check-schemata`, which it comes after, failed
        not run  set-redirect[n2]        `check-schemata`, which it comes after, failed
        not run  set-redirect[n3]        `check-schemata`, which it comes after, failed
        not run  reload-redirect[n1]     `check-schemata`, which it comes after, failed
        not run  reload-redirect[n2]     `check-schemata`, which it comes after, failed
        not run  reload-redirect[n3]     `check-schemata`, which it comes after, failed
        not run  redirected              `check-schemata`, which it comes after, failed
        not run  leave-main[n1]          `check-schemata`, which it comes after, failed
        not run  separate-hazelcast[n1]  `check-schemata`, which it comes after, failed
        not run  set-server-name[n1]     `check-schemata`, which it comes after, failed
        not run  upgrade-node[n1]        `check-schemata`, which it comes after, failed
        not run  check-server-name[n1]   `check-schemata`, which it comes after, failed
        not run  check-hazelcast[n1]     `check-schemata`, which it comes after, failed
        not run  check-node[n1]          `check-schemata`, which it comes after, failed
        not run  node-upgraded[n1]       `check-schemata`, which it comes after, failed
        not run  remove-redirect[n1]     `check-schemata`, which it comes after, failed
        not run  reload-upgraded[n1]     `check-schemata`, which it comes after, failed
        not run  join-second[n1]         `check-schemata`, which it comes after, failed
        and 42 more

    Failed: check-schemata (ox.check-schemata)
      there is no schema oxdatabase_4; the site does not name oxdatabase_2, oxdatabase_3
      refused before anything was changed by it
        to do    correct `ox.schemata` in the site file (or `ox.leave_alone`); `listdatabaseschema --csv` shows those that there are

    Uses backup set [RUN]  [folder]/backups/cluster/[RUN]

    Next
      upgrade-kit resume [RUN] --site site.yaml
      upgrade-kit restore --scenario rolling-upgrade --from [RUN] --site site.yaml
    "#);
    assert_eq!(rig.calls().len(), 1);
}

#[test]
fn output_that_is_no_list_is_not_taken_for_an_empty_one() {
    let mut all = String::new();
    for (tool, script) in [
        ("listUpdateTasks", "echo 'Connection reset'; exit 0"),
        ("listUpdateTasks", "exit 0"),
        (
            "listserver",
            "echo 'id,name'; echo '\"8\",\"oxserver-n'; exit 0",
        ),
        (
            "listserver",
            "printf 'id,name\\n\"x\",\"oxserver-new\"\\n'; exit 0",
        ),
        (
            "listserver",
            "printf 'id,name\\n\"8\",\"oxserver-new\"\\n\"9\",\"oxserver-new\"\\n'; exit 0",
        ),
        (
            "listserver",
            "printf 'nr,title\\n\"8\",\"oxserver\"\\n'; exit 0",
        ),
        ("listdatabaseschema", "echo Hello; exit 0"),
        ("registerserver", "echo 'server 9 registered'; exit 0"),
    ] {
        let rig = Rig::new(1);
        rig.backup().expect(0);
        rig.fault(tool, script);
        let text = rig.upgrade(&[]).expect(5).text;
        all += &format!("{script}\n{}\n\n", failure(&rig, &text));
        assert_eq!(rig.count("enableschema"), 0);
    }
    insta::assert_snapshot!(all, @r#"
    echo 'Connection reset'; exit 0
    Failed: run-update[oxdatabase_1] (ox.run-update)
      the tool printed something else than a list of update tasks
      the result does not stand up to verification
        command  RMI_HOSTNAME=n1 ADMIN_PASSWORD=*** [folder]/sbin/listUpdateTasks -g -n oxdatabase_1
        stderr   Connection reset
        to do    run it by hand; nothing was changed on the ground of its answer

    exit 0
    Failed: run-update[oxdatabase_1] (ox.run-update)
      the tool printed nothing where a list of update tasks was expected
      the result does not stand up to verification
        command  RMI_HOSTNAME=n1 ADMIN_PASSWORD=*** [folder]/sbin/listUpdateTasks -g -n oxdatabase_1
        to do    run it by hand; nothing was changed on the ground of its answer

    echo 'id,name'; echo '"8","oxserver-n'; exit 0
    Failed: register-server (ox.register-server)
      the tool printed something else than a list of servers
      the result does not stand up to verification
        command  RMI_HOSTNAME=n3 ADMIN_PASSWORD=*** [folder]/sbin/listserver -A oxadminmaster --csv -s oxserver-new
        stderr   id,name
        stderr   "8","oxserver-n
        to do    run it by hand; nothing was changed on the ground of its answer

    printf 'id,name\n"x","oxserver-new"\n'; exit 0
    Failed: register-server (ox.register-server)
      the tool printed something else than a server's id
      the result does not stand up to verification
        command  RMI_HOSTNAME=n3 ADMIN_PASSWORD=*** [folder]/sbin/listserver -A oxadminmaster --csv -s oxserver-new
        stderr   id,name
        stderr   "x","oxserver-new"
        to do    run it by hand; nothing was changed on the ground of its answer

    printf 'id,name\n"8","oxserver-new"\n"9","oxserver-new"\n'; exit 0
    Failed: register-server (ox.register-server)
      2 servers are called `oxserver-new`: 8, 9
      the result does not stand up to verification
        to do    rename all but one; the contexts of a schema can point to one server only

    printf 'nr,title\n"8","oxserver"\n'; exit 0
    Failed: register-server (ox.register-server)
      the tool printed something else than a list of servers
      the result does not stand up to verification
        command  RMI_HOSTNAME=n3 ADMIN_PASSWORD=*** [folder]/sbin/listserver -A oxadminmaster --csv -s oxserver-new
        stderr   nr,title
        stderr   "8","oxserver"
        to do    run it by hand; nothing was changed on the ground of its answer

    echo Hello; exit 0
    Failed: check-schemata (ox.check-schemata)
      the tool printed something else than a list of schemata
      the result does not stand up to verification
        command  RMI_HOSTNAME=n3 ADMIN_PASSWORD=*** [folder]/sbin/listdatabaseschema -A oxadminmaster --csv
        stderr   Hello
        to do    run it by hand; nothing was changed on the ground of its answer

    echo 'server 9 registered'; exit 0
    Failed: register-server (ox.register-server)
      registerserver told id 9, listserver has no id for `oxserver-new`
      the result does not stand up to verification
        stderr   server 9 registered
        to do    look at the output of `listserver`; no context was pointed anywhere
    "#);
}

/// It exits 0 and does nothing: on an old node, for a schema that others update, or out of spite.
#[test]
fn a_runupdate_that_does_nothing_is_a_failed_step() {
    let rig = Rig::new(1);
    rig.backup().expect(0);
    rig.fault("runupdate", "exit 0");
    let text = rig.upgrade(&[]).expect(5).text;
    insta::assert_snapshot!(failure(&rig, &text), @r#"
    Failed: run-update[oxdatabase_1] (ox.run-update)
      schema oxdatabase_1 is not updated; pending: AddColumnTask, FillColumnTask
      the result does not stand up to verification
        to do    oxdatabase_1 stays disabled, so that nobody works on a half-updated schema: mend the cause that the log of the new node tells (`forceupdatetask` runs a failed task again), then resume
    "#);
    rig.assert_schemata(&["oxdatabase_1"], &[]);
}

#[test]
fn wrong_credentials_are_told_with_what_to_do() {
    let rig = Rig::new(1);
    rig.backup().expect(0);
    rig.write("password", "wrong\n");
    let text = rig.upgrade(&[]).expect(5).text;
    insta::assert_snapshot!(failure(&rig, &text), @r#"
    Failed: check-schemata (ox.check-schemata)
      listdatabaseschema failed
      the tool failed
        command  RMI_HOSTNAME=n3 ADMIN_PASSWORD=*** [folder]/sbin/listdatabaseschema -A oxadminmaster --csv
        ended    exit code 101
        stderr   Authentication failed for user oxadminmaster
        to do    the node refuses the account; look at `ox.admin` in the site file
    "#);
}

/// No node is touched that still gets requests.
#[test]
fn a_balancer_that_does_not_obey() {
    let rig = Rig::new(1);
    rig.backup().expect(0);
    rig.program("bin/balancer", "echo 'no such backend' >&2; exit 7");
    let text = rig.upgrade(&[]).expect(5).text;
    insta::assert_snapshot!(failure(&rig, &text), @r#"
    Failed: leave-main[n1] (command.run)
      the command failed
      the tool failed
        command  [folder]/bin/balancer main remove n1
        ended    exit code 7
        stderr   no such backend
        to do    look into the step's log for all that the tool said, mend the cause, then resume the run
    "#);
    assert_eq!(rig.count("upgrade"), 0);
    rig.assert_schemata(&[], &["oxdatabase_1"]);
}
