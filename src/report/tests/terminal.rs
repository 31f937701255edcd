//! Runs on a terminal.

use indicatif::{InMemoryTerm, ProgressDrawTarget};
use insta::assert_snapshot;

use super::backups;
use super::runs::{Script, card, completed, failed, interrupted, resumed, waiting};
use crate::event::{Event, EventKind, Outcome};
use crate::report::{Look, Reporter, TerminalReporter};

/// What is on the terminal after `shown` events.
fn screen(past: &[Event], events: &[Event], look: Look) -> String {
    let term = InMemoryTerm::new(60, u16::try_from(look.width).unwrap());
    let target = ProgressDrawTarget::term_like_with_hz(Box::new(term.clone()), 255);
    let mut reporter = TerminalReporter::new(target, look, false, Some(backups()));
    for event in past {
        reporter.past(event);
    }
    for event in events {
        reporter.event(event).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    if !reporter.is_asking() {
        reporter.redraw();
    }
    let shown = term.contents();
    drop(reporter);
    shown
}

fn look(width: usize, unicode: bool) -> Look {
    Look {
        colour: false,
        unicode,
        width,
        redraws: true,
    }
}

#[test]
fn the_middle_of_a_backup_on_a_terminal() {
    let events = completed();
    let until = events
        .iter()
        .rposition(|event| matches!(event.kind, EventKind::StepProgress { .. }))
        .unwrap();
    assert_snapshot!(screen(&[], &events[..=until], look(100, true)), @r"
    – dump-database[old]       left out: skipped with --skip
    ✓ stop-server              process gone, 3 ports closed  1.2 s
    ⠚ dump-database[general]   00:00  ██████████████████░░  1.4 GiB of 1.5 GiB
    ⠉ dump-database[tenant_a]  00:00  20.0 MiB
    (2/6) backup acme · 00:00 · outage open 00:13
    ");
    assert_snapshot!(screen(&[], &events[..=until], look(56, false)), @r"
    -      dump-database[old]  left out: skipped with --skip
    ok     stop-server         process gone, 3 ports closed
        1.2 s
    - dump-database[gen~  00:00  1.4 GiB of 1.5 GiB
    | dump-database[ten~  00:00  20.0 MiB
    (2/6) backup acme - 00:00 - outage open 00:13
    ");
}

#[test]
fn completed_on_a_terminal() {
    assert_snapshot!(screen(&[], &completed(), look(100, true)), @r"
    – dump-database[old]       left out: skipped with --skip
    ✓ stop-server              process gone, 3 ports closed  1.2 s
    ✓ dump-database[general]   42 tables, 1,234,567 rows  30.0 s
    ✓ dump-database[tenant_a]  42 tables, 12 rows  5.0 s
      export-jms               counting messages\x1b[2J
    ✓ export-jms               42 messages in 4 queues  2.0 s
      export-jms               warning: 3 messages wait for redelivery
    ✓ start-server             answers on port 8080  20.0 s

    Backup of acme: done after 1 min 11 s (run 20261121-093000-7f, same-server)
      5 steps done, 1 left out
        left out  dump-database[old]  skipped with --skip

    Warnings
      ! export-jms: 3 messages wait for redelivery

    Backup set 20261121-093000  /var/backups/acme/20261121-093000
      database/general   mysql-dump   1.5 GiB  L3 contents counted
      database/tenant_a  mysql-dump  21.0 MiB  L3 contents counted

    Downtime  1 min 11 s, from 09:30:00 UTC to 09:31:10 UTC

    Next
      upgrade-kit upgrade --from 20261121-093000
    ");
}

#[test]
fn failed_on_a_terminal() {
    assert_snapshot!(screen(&[], &failed(), look(100, true)), @r"
    ✓ stop-server       1.2 s
    ✗ clean-work        failed: failed to remove /opt/tomcat/work: Permission denied; the run goes on
        0.3 s
    ↻ migrate[general]  attempt 1: mysql refused line 12 of migration.ddl; again in 5.0 s
    ✗ migrate[general]  failed: mysql refused line 12 of migration.ddl  5.9 s
        because  the table TB_USER exists
        command  mysql --defaults-extra-file=/dev/fd/3 general
        ended    exit code 1
        stderr   ERROR 1050 (42S01) at line 12: Table 'TB_USER' already exists
        to do    restore the backup set, then look at the script
    – replace-war       not run: `migrate[general]`, which it comes after, failed
    – start-server      not run: `migrate[general]` failed and ended the run

    Upgrade of acme: FAILED after 2.7 s (run 20261121-093000-7f, same-server)
      1 step done, 1 failed, 1 failed and tolerated, 2 not run
        not run  replace-war   `migrate[general]`, which it comes after, failed
        not run  start-server  `migrate[general]` failed and ended the run

    Tolerated failure: clean-work (files.remove)
      failed to remove /opt/tomcat/work: Permission denied
      the system refused

    Failed: migrate[general] (mysql.script)
      mysql refused line 12 of migration.ddl
      the tool failed
        because  the table TB_USER exists
        command  mysql --defaults-extra-file=/dev/fd/3 general
        ended    exit code 1
        stderr   ERROR 1050 (42S01) at line 12: Table 'TB_USER' already exists
        to do    restore the backup set, then look at the script

    Uses backup set 20261121-093000  /var/backups/acme/20261121-093000

    Downtime  open since 09:30:00 UTC, 2.6 s so far: the application is not available
    Point of no return  passed: only a restore leads back

    Next
      upgrade-kit resume 20261121-093000-7f
      upgrade-kit restore --from 20261121-093000
    ");
}

#[test]
fn resumed_on_a_plain_terminal() {
    assert_snapshot!(screen(&interrupted(), &resumed(), look(80, false)), @r"
    Going on with run 20261121-093000-7f
      dump-database: nothing of it is left, it starts over
    ok     dump-database  42 tables  0.7 s
    ok     seal           sealed  0.1 s

    Backup of acme: done after 1 h (run 20261121-093000-7f, same-server)
      3 steps done

    Backup set 20261121-093000  /var/backups/acme/20261121-093000
    ");
}

#[test]
fn interrupted_on_a_terminal() {
    assert_snapshot!(screen(&[], &interrupted(), look(80, true)), @r"
    ✓ copy-files     1,024 files  0.5 s
    Ctrl-C: no new steps start; once more asks the running tools to end
    Ctrl-C: the running tools are asked to end; once more kills them
    ■ dump-database  cut off: mysqldump was asked to end

    Backup of acme: interrupted after 3.0 s; it can be resumed (run
        20261121-093000-7f, same-server)
      1 step done, 2 not finished
        cut off  dump-database  resume takes it up again

    Backup set 20261121-093000 (not finished)

    Next
      upgrade-kit resume 20261121-093000-7f
    ");
}

#[test]
fn waiting_on_a_terminal() {
    assert_snapshot!(screen(&[], &waiting(), look(80, true)), @r"
    ✓ stop-server  process gone  1.0 s
    ? go-on        waits: 7 messages are in work. Go on?

    Upgrade of acme: waiting for an answer after 1.2 s; it can be resumed (run
        20261121-093000-7f, same-server)
      1 step done, 2 not finished

    Waiting: go-on
      7 messages are in work. Go on?

    Uses backup set 20261121-093000  /var/backups/acme/20261121-093000

    Downtime  open since 09:30:00 UTC, 1.1 s so far: the application is not
        available
    Point of no return  not reached: nothing needs to be restored

    Next
      upgrade-kit resume 20261121-093000-7f
    ");
}

#[test]
fn the_terminal_belongs_to_the_person_who_is_asked() {
    let mut script = Script::new(
        "upgrade",
        vec![card("dump", "mysql.dump", &[]), card("go-on", "gate", &[])],
    );
    script.begin("dump", 1).begin("go-on", 1);
    let question = "Go on?".to_owned();
    script.then(
        0,
        EventKind::GateWaiting {
            step: "go-on".to_owned(),
            question,
        },
    );
    script
        .progress(1_000, "dump", 1 << 20, None)
        .done(1_000, "dump", Outcome::default());
    assert_snapshot!(screen(&[], &script.events, look(80, true)), @"? go-on     waits: Go on?");
    script.done(
        0,
        "go-on",
        Outcome {
            summary: "yes".to_owned(),
            ..Outcome::default()
        },
    );
    assert_snapshot!(screen(&[], &script.events, look(80, true)), @r"
    ? go-on     waits: Go on?
    ✓ dump      1.0 s
    ✓ go-on     yes  0.0 s
    (2/2) upgrade acme · 00:00
    ");
}
