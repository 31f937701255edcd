//! The program is killed at its calls of tools, before and after each did its work, and resumed.

use super::rig::Rig;

/// Kills the program at the call of that number. `exit` runs when the tool ends.
fn kill_at(rig: &Rig, call: usize, after: bool) {
    let when = if after {
        "trap 'kill -9 $PPID' EXIT"
    } else {
        "kill -9 $PPID; exit 9"
    };
    let script = format!("[ \"$(wc -l <\"$sim/calls\")\" -eq {call} ] && {{ {when}; }}\n:\n");
    for tool in [
        "listserver",
        "registerserver",
        "listdatabaseschema",
        "disableschema",
        "enableschema",
        "changeserver",
        "runupdate",
        "listUpdateTasks",
        "checkdatabase",
        "reloadconfiguration",
    ] {
        rig.fault(tool, &script);
    }
}

fn killed_everywhere(after: bool, step: usize) {
    let whole = Rig::new(2);
    whole.backup().expect(0);
    whole.upgrade(&[]).expect(0);
    let calls = whole.calls().len();
    let mut kills = 0;
    for call in (1..=calls).step_by(step) {
        let rig = Rig::new(2);
        rig.backup().expect(0);
        kill_at(&rig, call, after);
        let mut ended = rig.upgrade(&[]);
        if ended.code.is_none() {
            kills += 1;
            ended = rig.resume(&[]);
        }
        assert_eq!(ended.code, Some(0), "killed at call {call}: {}", ended.text);
        rig.assert_schemata(&[], &[]);
        rig.assert_nodes_done();
        assert!(rig.count("registerserver") <= 2);
        assert_eq!(rig.read("sim/servers"), "3 oxserver\n8 oxserver-new\n");
    }
    assert!(kills > calls / step / 2, "{kills} kills in {calls} calls");
}

#[test]
fn killed_before_a_tool_works() {
    killed_everywhere(false, 3);
}

#[test]
fn killed_after_a_tool_worked() {
    killed_everywhere(true, 3);
}

/// The site says that a registered server ends the upgrade; its own one does not.
#[test]
fn a_registration_that_was_cut_off_is_known_as_its_own() {
    let rig = Rig::new(1);
    rig.backup().expect(0);
    rig.fault("registerserver", "trap 'kill -9 $PPID' EXIT\n");
    assert_eq!(rig.upgrade(&[]).code, None);
    rig.resume(&[]).expect(0);
    assert_eq!(rig.count("registerserver"), 1);
    rig.assert_schemata(&[], &[]);
}

/// The update goes on in the server when everything here is gone; it is waited for, not repeated.
#[test]
fn an_update_that_outlives_its_client_is_waited_for() {
    let rig = Rig::new(2);
    rig.write("sim/schemata/oxdatabase_2/slow", "1");
    rig.backup().expect(0);
    rig.fault(
        "runupdate",
        "[ \"$name\" = oxdatabase_2 ] && [ ! -e \"$sim/killed\" ] && : >\"$sim/killed\" && \
         { (sleep 0.4; kill -9 $PPID $$) & }\n:\n",
    );
    assert_eq!(rig.upgrade(&[]).code, None);
    let ended = rig.resume(&[]).expect(0);
    assert!(
        ended
            .text
            .contains("update tasks of oxdatabase_2 run already; waiting"),
        "{}",
        ended.text
    );
    rig.assert_schemata(&[], &[]);
    assert_eq!(rig.count("runupdate -n oxdatabase_2 "), 1);
}
