//! Faults in documents: each is said at its place with what to do, exit code 3, and nothing happens.

use insta::assert_snapshot;

use super::harness::{Said, Sandbox};
use super::picture::Picture;

/// What `plan` says of a document that cannot be right. `backup` must say the same, and neither may
/// leave anything behind.
#[track_caller]
pub(super) fn invalid(sandbox: &Sandbox) -> Said {
    let before = Picture::of(&sandbox.path(""), &[]);
    let plan = sandbox.run(&["plan", "backup"]);
    let backup = sandbox.run(&["backup"]);
    assert_eq!(
        plan.to_string(),
        backup.to_string(),
        "plan and backup differ"
    );
    let after = Picture::of(&sandbox.path(""), &[]);
    before.assert_same(&after, "an invalid document left traces");
    plan
}

#[test]
fn a_typo_in_a_key() {
    let sandbox = Sandbox::own(
        "backup:
  - id: one
    uses: milestone
  - id: two
    usess: milestone
    aftre: [one]
",
    );
    assert_snapshot!(invalid(&sandbox), @"");
}

#[test]
fn a_step_that_does_not_exist() {
    let sandbox = Sandbox::own(
        "backup:
  - id: one
    uses: milestone
  - id: two
    uses: milestone
    after: [onne]
    before: [thrice]
",
    );
    assert_snapshot!(invalid(&sandbox), @"");
}

#[test]
fn a_variable_that_does_not_exist() {
    let sandbox = Sandbox::own(
        "backup:
  - id: one
    uses: command.run
    with: { argv: [echo, \"${ site.sever.home }\", \"${ nosuchvar }\"] }
  - id: two
    when: site.server.knd == \"tomcat\"
    uses: milestone
",
    );
    assert_snapshot!(invalid(&sandbox), @"");
}

#[test]
fn steps_in_a_circle() {
    let sandbox = Sandbox::own(
        "backup:
  - { id: a, uses: milestone, after: [c] }
  - { id: b, uses: milestone, after: [a] }
  - { id: c, uses: milestone, after: [b] }
  - { id: d, uses: milestone, before: [a] }
",
    );
    assert_snapshot!(invalid(&sandbox), @"");
}

#[test]
fn a_step_after_itself() {
    let sandbox = Sandbox::own("backup:\n  - { id: a, uses: milestone, after: [a] }\n");
    assert_snapshot!(invalid(&sandbox), @"");
}

#[test]
fn a_tab() {
    let sandbox = Sandbox::own("backup:\n\t- id: one\n\t  uses: milestone\n");
    assert_snapshot!(invalid(&sandbox), @"");
}

#[test]
fn a_line_indented_wrongly() {
    let sandbox = Sandbox::own("backup:\n  - id: one\n   uses: milestone\n");
    assert_snapshot!(invalid(&sandbox), @"");
}

#[test]
fn a_quote_and_a_bracket_never_closed() {
    let sandbox = Sandbox::own("backup:\n  - id: \"one\n    uses: milestone\n");
    assert_snapshot!(invalid(&sandbox), @"");
    let sandbox = Sandbox::own("backup:\n  - id: one\n    uses: milestone\n    after: [two\n");
    assert_snapshot!(invalid(&sandbox), @"");
}

#[test]
fn a_wrong_type_and_a_duplicate_name() {
    let sandbox = Sandbox::own(
        "backup:
  - id: one
    uses: milestone
    retry: { attempts: lots, delay: 5s }
  - id: one
    uses: milestone
",
    );
    assert_snapshot!(invalid(&sandbox), @"");
}

#[test]
fn two_steps_of_one_name() {
    let sandbox = Sandbox::own(
        "backup:
  - { id: one, uses: milestone }
  - { id: two, uses: milestone }
  - { id: one, uses: milestone }
",
    );
    assert_snapshot!(invalid(&sandbox), @"");
}

#[test]
fn wrong_types_all_at_once() {
    let sandbox = Sandbox::own(
        "backup:
  - id: one
    uses: milestone
    after: 5
    optional: maybe
    max_parallel: -1
  - id: [two]
    uses: milestone
    when: true
",
    );
    assert_snapshot!(invalid(&sandbox), @"");
}

#[test]
fn keys_written_twice() {
    let sandbox = Sandbox::own(
        "backup:
  - id: one
    uses: command.run
    uses: milestone
    with: { argv: [a], argv: [b] }
",
    );
    assert_snapshot!(invalid(&sandbox), @"");
}

#[test]
fn an_unknown_action() {
    let sandbox = Sandbox::own(
        "backup:
  - { id: one, uses: mysql.dmp }
  - { id: two, uses: files.backup, with: { sorce: /a, artifact: a } }
",
    );
    assert_snapshot!(invalid(&sandbox), @"");
}

#[test]
fn options_that_do_not_fit() {
    let sandbox = Sandbox::own(
        "backup:
  - { id: one, uses: command.run }
  - { id: two, uses: command.run, with: { argv: [] } }
  - { id: three, uses: command.run, with: { argv: [a], success_codes: none } }
  - { id: four, uses: http.check, with: { url: 5, wait: soon } }
  - { id: five, uses: milestone, with: { colour: red } }
",
    );
    assert_snapshot!(invalid(&sandbox), @"");
}

#[test]
fn values_that_are_not_allowed() {
    let sandbox = Sandbox::own(
        "backup:
  - { id: One Two, uses: milestone, timeout: soon }
  - { id: two, uses: milestone, retry: { attempts: 1, backoff: 100 } }
  - { id: three, uses: milestone, max_parallel: 0, for_each: site.name }
  - { id: four, uses: milestone, on_failure: shrug }
",
    );
    assert_snapshot!(invalid(&sandbox), @"");
    sandbox.change(
        "mine.yaml",
        "  - { id: four, uses: milestone, on_failure: shrug }\n",
        "",
    );
    assert_snapshot!(invalid(&sandbox), @"");
}

#[test]
fn outputs_read_wrongly() {
    let sandbox = Sandbox::own(
        "backup:
  - { id: one, uses: command.run, with: { argv: [a] } }
  - { id: two, uses: milestone }
  - id: three
    uses: command.run
    with: { argv: [\"${ steps.one.stdout }\", \"${ steps.two.x }\", \"${ steps.on.stdout }\"] }
  - id: four
    uses: command.run
    with: { argv: [\"${ steps.one.stdout }\"] }
    after: [one]
",
    );
    assert_snapshot!(invalid(&sandbox), @"");
}

#[test]
fn expressions_that_cannot_be_read() {
    let sandbox = Sandbox::own(
        "backup:
  - { id: one, uses: milestone, when: site.name ==  }
  - { id: two, uses: milestone, when: site.name }
  - { id: three, uses: command.run, with: { argv: [\"${ site.name\"] } }
",
    );
    assert_snapshot!(invalid(&sandbox), @"");
}

#[test]
fn not_yaml_at_all() {
    assert_snapshot!(invalid(&Sandbox::runbook("")), @"");
    assert_snapshot!(invalid(&Sandbox::runbook("just words\n")), @"");
    assert_snapshot!(invalid(&Sandbox::runbook("a: 1\n---\nb: 2\n")), @"");
    assert_snapshot!(invalid(&Sandbox::runbook("runbook: &x mine\ntitle: *x\n")), @"");
}

#[test]
fn bytes_that_are_no_text() {
    let sandbox = Sandbox::own("");
    std::fs::write(sandbox.path("mine.yaml"), b"runbook: \xff\xfe\n").unwrap();
    assert_snapshot!(invalid(&sandbox), @"");
    std::fs::write(sandbox.path("site.yaml"), b"site: \xff\xfe\n").unwrap();
    assert_snapshot!(invalid(&sandbox), @"");
}

#[test]
fn a_document_too_large_or_too_deep() {
    let sandbox = Sandbox::own(&format!("# {}\n", "x".repeat(5 * 1024 * 1024)));
    assert_snapshot!(invalid(&sandbox), @"");
    let deep = format!("backup: {}{}\n", "[".repeat(2000), "]".repeat(2000));
    assert_snapshot!(invalid(&Sandbox::own(&deep)), @"");
}

#[test]
fn a_runbook_without_the_phase() {
    let sandbox = Sandbox::own("restore:\n  - { id: one, uses: milestone }\n");
    assert_snapshot!(invalid(&sandbox), @"");
}

#[test]
fn a_runbook_without_product_and_scenario() {
    let sandbox = Sandbox::runbook("runbook: mine\nbackup:\n  - { id: one, uses: milestone }\n");
    assert_snapshot!(invalid(&sandbox), @"");
}

#[test]
fn an_unknown_part_and_runbook() {
    let sandbox = Sandbox::own("parts: [domibus/server-tomkat, ./nearby.yaml]\n");
    assert_snapshot!(invalid(&sandbox), @"");
    let sandbox = Sandbox::runbook("runbook: mine\nextends: domibus/same-sever\n");
    assert_snapshot!(invalid(&sandbox), @"");
    sandbox.change("site.yaml", "./mine.yaml", "./absent.yaml");
    assert_snapshot!(invalid(&sandbox), @"");
}

#[test]
fn a_part_with_a_fault_names_the_part() {
    let sandbox = Sandbox::own("parts: [./part.yaml]\n");
    sandbox.write(
        "part.yaml",
        "part: p\nbackup:\n  - id: one\n    use: milestone\n",
    );
    assert_snapshot!(invalid(&sandbox), @"");
}

#[test]
fn overlays_that_stand_on_each_other() {
    let sandbox = Sandbox::runbook("runbook: mine\nextends: ./other.yaml\n");
    sandbox.write("other.yaml", "runbook: other\nextends: ./mine.yaml\n");
    assert_snapshot!(invalid(&sandbox), @"");
}

#[test]
fn an_overlay_that_changes_what_is_not_there() {
    let sandbox = Sandbox::runbook(
        "runbook: mine
extends: ./base.yaml
change:
  backup:
    onn: { timeout: 5m }
    one: { with: { argv: [a], colour: red } }
    two: { wiht: {} }
",
    );
    sandbox.write(
        "base.yaml",
        "runbook: base
product: domibus
scenario: same-server
backup:
  - { id: one, uses: command.run, with: { argv: [b] } }
  - { id: two, uses: milestone }
",
    );
    assert_snapshot!(invalid(&sandbox), @"");
    sandbox.change("mine.yaml", "    two: { wiht: {} }\n", "");
    assert_snapshot!(invalid(&sandbox), @"");
    sandbox.change("mine.yaml", "    onn: { timeout: 5m }\n", "");
    assert_snapshot!(invalid(&sandbox), @"");
}

#[test]
fn an_unknown_host() {
    let sandbox = Sandbox::own("backup:\n  - { id: one, uses: milestone, on: moon }\n");
    assert_snapshot!(invalid(&sandbox), @"");
}
