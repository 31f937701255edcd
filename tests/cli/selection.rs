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
    assert_snapshot!(said, @"
    exit 2
    -- stderr
    error[UK0306]: --skip names `on`, which is no step of this plan
     = help: did you mean `one`?
     = help: `upgrade-kit plan` shows every step

    error[UK0306]: --start-at names `twoo`, which is no step of this plan
     = help: did you mean `two`?
     = help: `upgrade-kit plan` shows every step

    2 errors
    ");
    let said = sandbox.run(&["backup", "--skip", "three"]);
    assert_snapshot!(said, @"
    exit 2
    -- stderr
    error[UK0306]: --skip names `three`, which is no step of this plan
     = help: `upgrade-kit plan` shows every step
    ");
}

#[test]
fn an_unknown_scenario() {
    let sandbox = Sandbox::new();
    let said = sandbox.run(&["backup", "--scenario", "same-sever"]);
    assert_snapshot!(said, @"
    exit 2
    -- stderr
    error[UK0603]: product `domibus` has no scenario `same-sever`
     = help: did you mean `same-server`?
     = help: looked in [SITE], [SITE]/runbooks, the shipped runbooks
    ");
    let sandbox = Sandbox::own(STEPS);
    let said = sandbox.run(&["backup", "--scenario", "new-server"]);
    assert_snapshot!(said, @"
    exit 2
    -- stderr
    error: runbook `mine` is for scenario `same-server`, not `new-server`
      hint: run it with `--scenario same-server`
    ");
}

#[test]
fn an_unknown_command_and_option() {
    let sandbox = Sandbox::new();
    assert_snapshot!(sandbox.run(&["bakcup"]), @"
    exit 2
    -- stderr
    error: unrecognized subcommand 'bakcup'

      tip: some similar subcommands exist: 'backups', 'backup'

    Usage: upgrade-kit [OPTIONS] <COMMAND>

    For more information, try '--help'.
    ");
    assert_snapshot!(sandbox.run(&["backup", "--dryrun"]), @"
    exit 2
    -- stderr
    error: unexpected argument '--dryrun' found

      tip: a similar argument exists: '--dry-run'

    Usage: upgrade-kit backup --dry-run

    For more information, try '--help'.
    ");
    assert_snapshot!(sandbox.run(&["backup", "--jobs", "0"]), @"
    exit 2
    -- stderr
    error: invalid value '0' for '--jobs <N>': 0 is not in 1..=64

    For more information, try '--help'.
    ");
    assert_snapshot!(sandbox.run(&["plan", "bakcup"]), @"
    exit 2
    -- stderr
    error: invalid value 'bakcup' for '<PHASE>'
      [possible values: backup, upgrade, restore]

      tip: a similar value exists: 'backup'

    For more information, try '--help'.
    ");
    assert_snapshot!(sandbox.run(&["plan", "backup", "--format", "yaml"]), @"
    exit 2
    -- stderr
    error: invalid value 'yaml' for '--format <FORMAT>'
      [possible values: tree, json, mermaid, dot, markdown]

    For more information, try '--help'.
    ");
}

#[test]
fn an_unknown_action_runbook_run_and_set() {
    let sandbox = Sandbox::new();
    assert_snapshot!(sandbox.run(&["actions", "mysql.dmp"]), @"
    exit 2
    -- stderr
    error: there is no action `mysql.dmp`
      hint: did you mean `mysql.dump`?
    ");
    assert_snapshot!(sandbox.run(&["actions", "zzz"]), @"
    exit 2
    -- stderr
    error: there is no action `zzz`
      hint: `upgrade-kit actions` lists them all
    ");
    assert_snapshot!(sandbox.run(&["runbooks", "show", "domibus/same"]), @"
    exit 3
    -- stderr
    error[UK0701]: there is no runbook or part `domibus/same`
     = help: did you mean `domibus/server`?
     = help: looked in the shipped runbooks
    ");
    assert_snapshot!(sandbox.run(&["runbooks", "lint", "absent.yaml"]), @"
    exit 3
    -- stderr
    error[UK0112]: failed to read ./absent.yaml
     = help: No such file or directory (os error 2)
    ");
    assert_snapshot!(sandbox.run(&["resume"]), @"
    exit 4
    -- stderr
    error: site `quickstart` has no runs
      hint: begin one with `upgrade-kit backup`, `upgrade` or `restore`
    ");
    assert_snapshot!(sandbox.run(&["resume", "20260101T000000Z-abcd"]), @"
    exit 4
    -- stderr
    error: there is no run `[RUN]` in [SITE]/runs/quickstart
      hint: `upgrade-kit runs` lists the runs of the site
    ");
    assert_snapshot!(sandbox.run(&["resume", "../../etc"]), @"
    exit 4
    -- stderr
    error: there is no run `../../etc` in [SITE]/runs/quickstart
      hint: `upgrade-kit runs` lists the runs of the site
    ");
    assert_snapshot!(sandbox.run(&["backups", "show"]), @"
    exit 4
    -- stderr
    error: site `quickstart` has no backup set
      hint: make one: upgrade-kit backup --site site.yaml
    ");
    assert_snapshot!(sandbox.run(&["backups", "verify", "absent"]), @"
    exit 4
    -- stderr
    error: there is no sealed backup set `absent` in [SITE]/backups/quickstart
      hint: `upgrade-kit backups list` lists the sets of the site
    ");
    assert_snapshot!(sandbox.run(&["backups", "show", "../x"]), @"
    exit 4
    -- stderr
    error: `../x` cannot name a backup set: use letters, digits, `.`, `_` and `-`
      hint: `upgrade-kit backups list` lists the sets of the site
    ");
    assert_snapshot!(sandbox.run(&["restore", "--from", "absent"]), @"
    exit 4
    -- stderr
    error: there is no sealed backup set `absent` in [SITE]/backups/quickstart
      hint: `upgrade-kit backups list` lists the sets of the site
    ");
    assert_snapshot!(sandbox.run(&["upgrade"]), @"
    exit 4
    -- stderr
    error: site `quickstart` has no backup set
      hint: make one first: upgrade-kit backup --site site.yaml
    ");
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
    assert_snapshot!(sandbox.run(&["runbooks", "lint", "mine.yaml"]), @"
    exit 3
    -- stderr
    error[UK0501]: there is no action `milestne`
     --> ./mine.yaml:5:22
      |
    5 |   - { id: one, uses: milestne, after: [tow] }
      |                      ^^^^^^^^
      |
      = help: did you mean `milestone`?

    error[UK0301]: step `one` names a step `tow` that does not exist
     --> ./mine.yaml:5:40
      |
    5 |   - { id: one, uses: milestne, after: [tow] }
      |                                        ^^^ no such step
      |
      = help: did you mean `two`?

    error[UK0302]: two steps are called `b`
      --> ./mine.yaml:10:11
       |
    10 |   - { id: b, uses: milestone }
       |           ^

    3 errors
    ");
    sandbox.write(
        "mine.yaml",
        "runbook: mine\nbackup:\n  - { id: one, uses: milestone }\n",
    );
    assert_snapshot!(sandbox.run(&["runbooks", "lint", "./mine.yaml"]), @"
    exit 3
    -- stderr
    error[UK0202]: runbook `mine` does not say its product
     --> ./mine.yaml:1:1
      |
    1 | runbook: mine
      | ^^^^^^^
      |
      = help: add `product: …`, or `extends: …` if it changes another one

    error[UK0202]: runbook `mine` does not say its scenario
     --> ./mine.yaml:1:1
      |
    1 | runbook: mine
      | ^^^^^^^
      |
      = help: add `scenario: …`, or `extends: …` if it changes another one

    2 errors
    ");
}
