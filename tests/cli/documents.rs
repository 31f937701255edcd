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
    assert_snapshot!(invalid(&sandbox), @"
    exit 3
    -- stderr
    error[UK0201]: unknown key `usess`
     --> [SITE]/mine.yaml:9:5
      |
    9 |     usess: milestone
      |     ^^^^^
      |
      = help: did you mean `uses`?

    error[UK0201]: unknown key `aftre`
      --> [SITE]/mine.yaml:10:5
       |
    10 |     aftre: [one]
       |     ^^^^^
       |
       = help: did you mean `after`?

    2 errors
    ");
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
    assert_snapshot!(invalid(&sandbox), @"
    exit 3
    -- stderr
    error[UK0301]: step `two` names a step `onne` that does not exist
      --> [SITE]/mine.yaml:10:13
       |
    10 |     after: [onne]
       |             ^^^^ no such step
       |
       = help: did you mean `one`?

    error[UK0301]: step `two` names a step `thrice` that does not exist
      --> [SITE]/mine.yaml:11:14
       |
    11 |     before: [thrice]
       |              ^^^^^^ no such step

    2 errors
    ");
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
    assert_snapshot!(invalid(&sandbox), @r#"
    exit 3
    -- stderr
    error[UK0402]: unknown name `site.sever`
     --> [SITE]/mine.yaml:8:30
      |
    8 |     with: { argv: [echo, "${ site.sever.home }", "${ nosuchvar }"] }
      |                              ^^^^^^^^^^^^^^^
      |
      = help: did you mean `site.server`?

    error[UK0402]: unknown name `nosuchvar`
     --> [SITE]/mine.yaml:8:54
      |
    8 |     with: { argv: [echo, "${ site.sever.home }", "${ nosuchvar }"] }
      |                                                      ^^^^^^^^^
      |
      = help: known here: site, scenario, phase

    error[UK0402]: unknown name `site.server.knd`
      --> [SITE]/mine.yaml:10:11
       |
    10 |     when: site.server.knd == "tomcat"
       |           ^^^^^^^^^^^^^^^
       |
       = help: did you mean `site.server.kind`?

    3 errors
    "#);
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
    assert_snapshot!(invalid(&sandbox), @"
    exit 3
    -- stderr
    error[UK0303]: these steps wait for each other: a after c after b after a
     --> [SITE]/mine.yaml:6:11
      |
    6 |   - { id: a, uses: milestone, after: [c] }
      |           ^ this step
    7 |   - { id: b, uses: milestone, after: [a] }
      |           - and this one
    8 |   - { id: c, uses: milestone, after: [b] }
      |           - and this one
      |
      = help: remove one of the `after` or `before` lines between them
    ");
}

#[test]
fn a_step_after_itself() {
    let sandbox = Sandbox::own("backup:\n  - { id: a, uses: milestone, after: [a] }\n");
    assert_snapshot!(invalid(&sandbox), @"
    exit 3
    -- stderr
    error[UK0303]: these steps wait for each other: a after a
     --> [SITE]/mine.yaml:6:11
      |
    6 |   - { id: a, uses: milestone, after: [a] }
      |           ^ this step
      |
      = help: remove one of the `after` or `before` lines between them
    ");
}

#[test]
fn a_tab() {
    let sandbox = Sandbox::own("backup:\n\t- id: one\n\t  uses: milestone\n");
    assert_snapshot!(invalid(&sandbox), @"
    exit 3
    -- stderr
    error[UK0102]: a tab stands in the indentation
     --> [SITE]/mine.yaml:6:1
      |
    6 |     - id: one
      | ^ tab
      |
      = help: YAML is indented with spaces only; set your editor to insert spaces
    ");
}

#[test]
fn a_line_indented_wrongly() {
    let sandbox = Sandbox::own("backup:\n  - id: one\n   uses: milestone\n");
    assert_snapshot!(invalid(&sandbox), @"
    exit 3
    -- stderr
    error[UK0103]: this line is indented like none of its neighbours
     --> [SITE]/mine.yaml:7:4
      |
    6 |   - id: one
      |   --------- 2 spaces
    7 |    uses: milestone
      |    ^^^^^^^^^^^^^^^ 3 spaces
      |
      = help: indent it by 4 spaces if it belongs to the list item above, by 2 and with `- ` if it is an item of its own
    ");
}

#[test]
fn a_quote_and_a_bracket_never_closed() {
    let sandbox = Sandbox::own("backup:\n  - id: \"one\n    uses: milestone\n");
    assert_snapshot!(invalid(&sandbox), @r#"
    exit 3
    -- stderr
    error[UK0104]: this quote is never closed
     --> [SITE]/mine.yaml:6:9
      |
    6 |   - id: "one
      |         ^^^^ opened here
      |
      = help: close it at the end of the text it belongs to
    "#);
    let sandbox = Sandbox::own("backup:\n  - id: one\n    uses: milestone\n    after: [two\n");
    assert_snapshot!(invalid(&sandbox), @"
    exit 3
    -- stderr
    error[UK0104]: this `[` is never closed
     --> [SITE]/mine.yaml:8:12
      |
    8 |     after: [two
      |            ^   - still inside it here
      |            |
      |            opened here
      |
      = help: close it with `]`, and put a comma between two entries
    ");
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
    assert_snapshot!(invalid(&sandbox), @"
    exit 3
    -- stderr
    error[UK0203]: expected a whole number (0 or more), found the text `lots`
     --> [SITE]/mine.yaml:8:24
      |
    8 |     retry: { attempts: lots, delay: 5s }
      |                        ^^^^
    ");
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
    assert_snapshot!(invalid(&sandbox), @"
    exit 3
    -- stderr
    error[UK0302]: two steps are called `one`
     --> [SITE]/mine.yaml:8:11
      |
    6 |   - { id: one, uses: milestone }
      |           --- the first one is here
    7 |   - { id: two, uses: milestone }
    8 |   - { id: one, uses: milestone }
      |           ^^^
    ");
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
    assert_snapshot!(invalid(&sandbox), @"
    exit 3
    -- stderr
    error[UK0203]: expected a list, found the number 5
     --> [SITE]/mine.yaml:8:12
      |
    8 |     after: 5
      |            ^

    error[UK0203]: expected `true` or `false`, found the text `maybe`
     --> [SITE]/mine.yaml:9:15
      |
    9 |     optional: maybe
      |               ^^^^^
      |
      = help: write `true` or `false`

    error[UK0203]: expected a whole number (0 or more), found the number -1
      --> [SITE]/mine.yaml:10:19
       |
    10 |     max_parallel: -1
       |                   ^^

    error[UK0203]: expected a text, found a list
      --> [SITE]/mine.yaml:11:9
       |
    11 |   - id: [two]
       |         ^^^^^

    4 errors
    ");
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
    assert_snapshot!(invalid(&sandbox), @"
    exit 3
    -- stderr
    error[UK0106]: the key `uses` is there twice
     --> [SITE]/mine.yaml:8:5
      |
    7 |     uses: command.run
      |     ---- first here
    8 |     uses: milestone
      |     ^^^^ again here
      |
      = help: keep one of them

    error[UK0106]: the key `argv` is there twice
     --> [SITE]/mine.yaml:9:24
      |
    9 |     with: { argv: [a], argv: [b] }
      |             ----       ^^^^ again here
      |             |
      |             first here
      |
      = help: keep one of them

    2 errors
    ");
}

#[test]
fn an_unknown_action() {
    let sandbox = Sandbox::own(
        "backup:
  - { id: one, uses: mysql.dmp }
  - { id: two, uses: files.backup, with: { sorce: /a, artifact: a } }
",
    );
    assert_snapshot!(invalid(&sandbox), @"
    exit 3
    -- stderr
    error[UK0501]: there is no action `mysql.dmp`
     --> [SITE]/mine.yaml:6:22
      |
    6 |   - { id: one, uses: mysql.dmp }
      |                      ^^^^^^^^^
      |
      = help: did you mean `mysql.dump`?
      = help: `upgrade-kit actions` lists them all

    error[UK0201]: unknown option `sorce`
     --> [SITE]/mine.yaml:7:44
      |
    7 |   - { id: two, uses: files.backup, with: { sorce: /a, artifact: a } }
      |                                            ^^^^^
      |
      = help: did you mean `source`?
      = help: `upgrade-kit actions files.backup` shows its options

    2 errors
    ");
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
    assert_snapshot!(invalid(&sandbox), @"
    exit 3
    -- stderr
    error[UK0202]: the option `argv` is missing
     --> [SITE]/mine.yaml:6:7
      |
    6 |   - { id: one, uses: command.run }
      |       ^^^^^^^
      |
      = help: `upgrade-kit actions command.run` shows its options

    error[UK0502]: argv: name a program
     --> [SITE]/mine.yaml:7:49
      |
    7 |   - { id: two, uses: command.run, with: { argv: [] } }
      |                                                 ^^

    error[UK0203]: expected a list, found the text `none`
     --> [SITE]/mine.yaml:8:71
      |
    8 |   - { id: three, uses: command.run, with: { argv: [a], success_codes: none } }
      |                                                                       ^^^^
      |
      = help: write it as a list: [none]
      = help: `upgrade-kit actions command.run` shows its options

    error[UK0203]: expected a text, found the number 5
     --> [SITE]/mine.yaml:9:48
      |
    9 |   - { id: four, uses: http.check, with: { url: 5, wait: soon } }
      |                                                ^
      |
      = help: put it in quotes
      = help: `upgrade-kit actions http.check` shows its options

    error[UK0201]: unknown option `colour`
      --> [SITE]/mine.yaml:10:42
       |
    10 |   - { id: five, uses: milestone, with: { colour: red } }
       |                                          ^^^^^^
       |
       = help: `upgrade-kit actions milestone` shows its options

    5 errors
    ");
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
    assert_snapshot!(invalid(&sandbox), @"
    exit 3
    -- stderr
    error[UK0204]: `shrug` is not possible here
     --> [SITE]/mine.yaml:9:46
      |
    9 |   - { id: four, uses: milestone, on_failure: shrug }
      |                                              ^^^^^
      |
      = help: possible here: `stop`, `continue`
    ");
    sandbox.change(
        "mine.yaml",
        "  - { id: four, uses: milestone, on_failure: shrug }\n",
        "",
    );
    assert_snapshot!(invalid(&sandbox), @"
    exit 3
    -- stderr
    error[UK0204]: `One Two` is not a step id
     --> [SITE]/mine.yaml:6:11
      |
    6 |   - { id: One Two, uses: milestone, timeout: soon }
      |           ^^^^^^^
      |
      = help: use lower-case letters, digits and dashes

    error[UK0204]: `soon` is not a length of time; write it like `90s`, `5m` or `1h 30m`
     --> [SITE]/mine.yaml:6:46
      |
    6 |   - { id: One Two, uses: milestone, timeout: soon }
      |                                              ^^^^

    error[UK0204]: `attempts` must be from 2 to 20
     --> [SITE]/mine.yaml:7:52
      |
    7 |   - { id: two, uses: milestone, retry: { attempts: 1, backoff: 100 } }
      |                                                    ^

    error[UK0204]: `backoff` must be from 1 to 10
     --> [SITE]/mine.yaml:7:64
      |
    7 |   - { id: two, uses: milestone, retry: { attempts: 1, backoff: 100 } }
      |                                                                ^^^

    error[UK0204]: `max_parallel` must be at least 1
     --> [SITE]/mine.yaml:8:49
      |
    8 |   - { id: three, uses: milestone, max_parallel: 0, for_each: site.name }
      |                                                 ^

    error[UK0404]: `for_each` needs a list
     --> [SITE]/mine.yaml:8:62
      |
    8 |   - { id: three, uses: milestone, max_parallel: 0, for_each: site.name }
      |                                                              ^^^^^^^^^

    6 errors
    ");
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
    assert_snapshot!(invalid(&sandbox), @r#"
    exit 3
    -- stderr
    error[UK0304]: step `one` does not come before this one
      --> [SITE]/mine.yaml:10:20
       |
    10 |     with: { argv: ["${ steps.one.stdout }", "${ steps.two.x }", "${ steps.on.stdout }"] }
       |                    ^^^^^^^^^^^^^^^^^^^^^^^
       |
       = help: add `after: [one]`

    error[UK0305]: step `two` has no output `x`
      --> [SITE]/mine.yaml:10:45
       |
    10 |     with: { argv: ["${ steps.one.stdout }", "${ steps.two.x }", "${ steps.on.stdout }"] }
       |                                             ^^^^^^^^^^^^^^^^^^
       |
       = help: `milestone` has no outputs

    error[UK0301]: there is no step `on` to read an output of
      --> [SITE]/mine.yaml:10:65
       |
    10 |     with: { argv: ["${ steps.one.stdout }", "${ steps.two.x }", "${ steps.on.stdout }"] }
       |                                                                 ^^^^^^^^^^^^^^^^^^^^^^
       |
       = help: did you mean `one`?

    3 errors
    "#);
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
    assert_snapshot!(invalid(&sandbox), @r#"
    exit 3
    -- stderr
    error[UK0401]: this is not an expression: unexpected end of input, expected expression
     --> [SITE]/mine.yaml:6:49
      |
    6 |   - { id: one, uses: milestone, when: site.name ==  }
      |                                                 ^^

    error[UK0403]: a condition must be true or false, this is a text
     --> [SITE]/mine.yaml:7:39
      |
    7 |   - { id: two, uses: milestone, when: site.name }
      |                                       ^^^^^^^^^
      |
      = help: compare it: `… == "…"`, `… != none`

    error[UK0401]: `${` without its `}`
     --> [SITE]/mine.yaml:8:53
      |
    8 |   - { id: three, uses: command.run, with: { argv: ["${ site.name"] } }
      |                                                     ^^^^^^^^^^^^
      |
      = help: close it, or write `$${` for the plain characters

    3 errors
    "#);
}

#[test]
fn not_yaml_at_all() {
    assert_snapshot!(invalid(&Sandbox::runbook("")), @"
    exit 3
    -- stderr
    error[UK0110]: [SITE]/mine.yaml is empty
     --> [SITE]/mine.yaml:1:1
      |
    1 |
      | ^
      |
      = help: a comment is not enough: the document must have keys
    ");
    assert_snapshot!(invalid(&Sandbox::runbook("just words\n")), @"
    exit 3
    -- stderr
    error[UK0203]: expected a mapping of keys and values, found the text `just words`
     --> [SITE]/mine.yaml:1:1
      |
    1 | just words
      | ^^^^^^^^^^
    ");
    assert_snapshot!(invalid(&Sandbox::runbook("a: 1\n---\nb: 2\n")), @"
    exit 3
    -- stderr
    error[UK0111]: a second document begins here
     --> [SITE]/mine.yaml:2:1
      |
    2 | ---
      | ^^^
      |
      = help: one file holds one document: remove the `---` or split the file
    ");
    assert_snapshot!(invalid(&Sandbox::runbook("runbook: &x mine\ntitle: *x\n")), @"
    exit 3
    -- stderr
    error[UK0107]: `*x` is not possible here
     --> [SITE]/mine.yaml:2:8
      |
    2 | title: *x
      |        ^^
      |
      = help: aliases are not part of the language; write the value out, or put text that starts with `*` in quotes
    ");
}

#[test]
fn bytes_that_are_no_text() {
    let sandbox = Sandbox::own("");
    std::fs::write(sandbox.path("mine.yaml"), b"runbook: \xff\xfe\n").unwrap();
    assert_snapshot!(invalid(&sandbox), @"
    exit 3
    -- stderr
    error[UK0112]: failed to read [SITE]/mine.yaml
     --> site.yaml:3:10
      |
    3 | runbook: ./mine.yaml
      |          ^^^^^^^^^^^
      |
      = help: it is no text: save it as UTF-8
    ");
    std::fs::write(sandbox.path("site.yaml"), b"site: \xff\xfe\n").unwrap();
    assert_snapshot!(invalid(&sandbox), @"
    exit 3
    -- stderr
    error: failed to read the site file site.yaml
      cause: stream did not contain valid UTF-8
      hint: save it as UTF-8 text
    ");
}

#[test]
fn a_document_too_large_or_too_deep() {
    let sandbox = Sandbox::own("");
    let enlarge = |name: &str| {
        let file = std::fs::File::options()
            .write(true)
            .open(sandbox.path(name))
            .unwrap();
        file.set_len(33 * 1024 * 1024).unwrap();
    };
    enlarge("mine.yaml");
    assert_snapshot!(invalid(&sandbox), @"
    exit 3
    -- stderr
    error[UK0112]: failed to read [SITE]/mine.yaml
     --> site.yaml:3:10
      |
    3 | runbook: ./mine.yaml
      |          ^^^^^^^^^^^
      |
      = help: it is larger than 32 MiB
    ");
    enlarge("site.yaml");
    assert_snapshot!(invalid(&sandbox), @"
    exit 3
    -- stderr
    error: failed to read the site file site.yaml
      cause: it is larger than 4 MiB
      hint: name it with `--site FILE`; `upgrade-kit schema site` describes its form
    ");
    let deep = format!("backup: {}{}\n", "[".repeat(2000), "]".repeat(2000));
    assert_snapshot!(invalid(&Sandbox::own(&deep)), @"
    exit 3
    -- stderr
    error[UK0109]: the document is nested more than 64 levels deep
     --> [SITE]/mine.yaml:5:264
      |
    5 | ...[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[...
      |                                             ^ this level is one too many
    ");
}

#[test]
fn a_runbook_without_the_phase() {
    let sandbox = Sandbox::own("restore:\n  - { id: one, uses: milestone }\n");
    assert_snapshot!(invalid(&sandbox), @"
    exit 2
    -- stderr
    error[UK0306]: runbook `mine` has no steps for phase backup
     = help: it has steps for: restore
    ");
}

#[test]
fn a_runbook_without_product_and_scenario() {
    let sandbox = Sandbox::runbook("runbook: mine\nbackup:\n  - { id: one, uses: milestone }\n");
    assert_snapshot!(invalid(&sandbox), @"
    exit 3
    -- stderr
    error[UK0202]: runbook `mine` does not say its product
     --> [SITE]/mine.yaml:1:1
      |
    1 | runbook: mine
      | ^^^^^^^
      |
      = help: add `product: …`, or `extends: …` if it changes another one

    error[UK0202]: runbook `mine` does not say its scenario
     --> [SITE]/mine.yaml:1:1
      |
    1 | runbook: mine
      | ^^^^^^^
      |
      = help: add `scenario: …`, or `extends: …` if it changes another one

    2 errors
    ");
}

#[test]
fn an_unknown_part_and_runbook() {
    let sandbox = Sandbox::own("parts: [domibus/server-tomkat, ./nearby.yaml]\n");
    assert_snapshot!(invalid(&sandbox), @"
    exit 3
    -- stderr
    error[UK0701]: there is no runbook or part `domibus/server-tomkat`
     --> [SITE]/mine.yaml:5:9
      |
    5 | parts: [domibus/server-tomkat, ./nearby.yaml]
      |         ^^^^^^^^^^^^^^^^^^^^^
      |
      = help: did you mean `domibus/server-process`?
      = help: looked in [SITE], [SITE]/runbooks, the shipped runbooks

    error[UK0112]: failed to read [SITE]/nearby.yaml
     --> [SITE]/mine.yaml:5:32
      |
    5 | parts: [domibus/server-tomkat, ./nearby.yaml]
      |                                ^^^^^^^^^^^^^
      |
      = help: No such file or directory (os error 2)

    2 errors
    ");
    let sandbox = Sandbox::runbook("runbook: mine\nextends: domibus/same-sever\n");
    assert_snapshot!(invalid(&sandbox), @"
    exit 3
    -- stderr
    error[UK0701]: there is no runbook or part `domibus/same-sever`
     --> [SITE]/mine.yaml:2:10
      |
    2 | extends: domibus/same-sever
      |          ^^^^^^^^^^^^^^^^^^
      |
      = help: did you mean `domibus/same-server`?
      = help: looked in [SITE], [SITE]/runbooks, the shipped runbooks
    ");
    sandbox.change("site.yaml", "./mine.yaml", "./absent.yaml");
    assert_snapshot!(invalid(&sandbox), @"
    exit 3
    -- stderr
    error[UK0112]: failed to read [SITE]/absent.yaml
     --> site.yaml:3:10
      |
    3 | runbook: ./absent.yaml
      |          ^^^^^^^^^^^^^
      |
      = help: No such file or directory (os error 2)
    ");
}

#[test]
fn a_part_with_a_fault_names_the_part() {
    let sandbox = Sandbox::own("parts: [./part.yaml]\n");
    sandbox.write(
        "part.yaml",
        "part: p\nbackup:\n  - id: one\n    use: milestone\n",
    );
    assert_snapshot!(invalid(&sandbox), @"
    exit 3
    -- stderr
    error[UK0201]: unknown key `use`
     --> [SITE]/part.yaml:4:5
      |
    4 |     use: milestone
      |     ^^^
      |
      = help: did you mean `uses`?
    ");
}

#[test]
fn overlays_that_stand_on_each_other() {
    let sandbox = Sandbox::runbook("runbook: mine\nextends: ./other.yaml\n");
    sandbox.write("other.yaml", "runbook: other\nextends: ./mine.yaml\n");
    assert_snapshot!(invalid(&sandbox), @"
    exit 3
    -- stderr
    error[UK0702]: overlays stand on overlays too deep or in a circle
     --> [SITE]/mine.yaml:2:10
      |
    2 | extends: ./other.yaml
      |          ^^^^^^^^^^^^
    ");
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
    assert_snapshot!(invalid(&sandbox), @"
    exit 3
    -- stderr
    error[UK0201]: unknown key `wiht`
     --> [SITE]/mine.yaml:7:12
      |
    7 |     two: { wiht: {} }
      |            ^^^^
      |
      = help: did you mean `with`?
    ");
    sandbox.change("mine.yaml", "    two: { wiht: {} }\n", "");
    assert_snapshot!(invalid(&sandbox), @"
    exit 3
    -- stderr
    error[UK0702]: there is no step `onn` in phase backup to change
     --> [SITE]/mine.yaml:5:5
      |
    5 |     onn: { timeout: 5m }
      |     ^^^
      |
      = help: did you mean `one`?
    ");
    sandbox.change("mine.yaml", "    onn: { timeout: 5m }\n", "");
    assert_snapshot!(invalid(&sandbox), @"
    exit 3
    -- stderr
    error[UK0201]: unknown option `colour`
     --> [SITE]/mine.yaml:5:31
      |
    5 |     one: { with: { argv: [a], colour: red } }
      |                               ^^^^^^
      |
      = help: possible here: `argv`, `directory`, `environment`, `secret_environment`, `stdin`, `success_codes`, `probe_argv`, `repeatable`
      = help: `upgrade-kit actions command.run` shows its options
    ");
}

#[test]
fn an_unknown_host() {
    let sandbox = Sandbox::own("backup:\n  - { id: one, uses: milestone, on: moon }\n");
    assert_snapshot!(invalid(&sandbox), @"
    exit 3
    -- stderr
    error[UK0604]: there is no host `moon`
     --> [SITE]/mine.yaml:6:37
      |
    6 |   - { id: one, uses: milestone, on: moon }
      |                                     ^^^^
      |
      = help: steps act on `local`; leave `on` out
    ");
}
