//! Faults in what was typed.

use insta::assert_snapshot;

use super::harness::Sandbox;

const STEPS: &str = "backup:
  - { id: one, uses: milestone }
  - { id: two, uses: milestone, after: [one] }
";

#[test]
fn skip_and_start_at_name_no_step() {
    let sandbox = Sandbox::own(STEPS);
    let said = sandbox.run(&["plan", "backup", "--skip", "on", "--start-at", "twoo"]);
    assert_snapshot!(said, @"");
    let said = sandbox.run(&["backup", "--skip", "three"]);
    assert_snapshot!(said, @"");
}

#[test]
fn an_unknown_scenario() {
    let sandbox = Sandbox::new();
    let said = sandbox.run(&["backup", "--scenario", "same-sever"]);
    assert_snapshot!(said, @"");
    let sandbox = Sandbox::own(STEPS);
    let said = sandbox.run(&["backup", "--scenario", "new-server"]);
    assert_snapshot!(said, @"");
}

#[test]
fn an_unknown_command_and_option() {
    let sandbox = Sandbox::new();
    assert_snapshot!(sandbox.run(&["bakcup"]), @"");
    assert_snapshot!(sandbox.run(&["backup", "--dryrun"]), @"");
    assert_snapshot!(sandbox.run(&["backup", "--jobs", "0"]), @"");
    assert_snapshot!(sandbox.run(&["plan", "bakcup"]), @"");
    assert_snapshot!(sandbox.run(&["plan", "backup", "--format", "yaml"]), @"");
}

#[test]
fn an_unknown_action_runbook_run_and_set() {
    let sandbox = Sandbox::new();
    assert_snapshot!(sandbox.run(&["actions", "mysql.dmp"]), @"");
    assert_snapshot!(sandbox.run(&["actions", "zzz"]), @"");
    assert_snapshot!(sandbox.run(&["runbooks", "show", "domibus/same"]), @"");
    assert_snapshot!(sandbox.run(&["runbooks", "lint", "absent.yaml"]), @"");
    assert_snapshot!(sandbox.run(&["resume"]), @"");
    assert_snapshot!(sandbox.run(&["resume", "20260101T000000Z-abcd"]), @"");
    assert_snapshot!(sandbox.run(&["resume", "../../etc"]), @"");
    assert_snapshot!(sandbox.run(&["backups", "show"]), @"");
    assert_snapshot!(sandbox.run(&["backups", "verify", "absent"]), @"");
    assert_snapshot!(sandbox.run(&["backups", "show", "../x"]), @"");
    assert_snapshot!(sandbox.run(&["restore", "--from", "absent"]), @"");
    assert_snapshot!(sandbox.run(&["upgrade"]), @"");
}

#[test]
fn lint_finds_what_needs_no_site() {
    let sandbox = Sandbox::runbook(
        "runbook: mine
product: domibus
scenario: same-server
backup:
  - { id: one, uses: milestne, after: [tow] }
  - { id: two, uses: milestone }
restore:
  - { id: a, uses: milestone, after: [b] }
  - { id: b, uses: milestone, after: [a] }
  - { id: b, uses: milestone }
",
    );
    assert_snapshot!(sandbox.run(&["runbooks", "lint", "mine.yaml"]), @"");
    sandbox.write(
        "mine.yaml",
        "runbook: mine\nbackup:\n  - { id: one, uses: milestone }\n",
    );
    assert_snapshot!(sandbox.run(&["runbooks", "lint", "./mine.yaml"]), @"");
}
