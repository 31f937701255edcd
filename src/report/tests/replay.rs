//! Runs as lines and as JSON.

use insta::assert_snapshot;

use super::runs::{completed, failed, interrupted, resumed, waiting};
use super::{Kept, backups};
use crate::event::Event;
use crate::report::{JsonReporter, LinesReporter, Look, Reporter, Story, summary};

fn lines(past: &[Event], events: &[Event]) -> String {
    let kept = Kept::default();
    let mut reporter = LinesReporter::new(kept.clone(), Some(backups()));
    for event in past {
        reporter.past(event);
    }
    for event in events {
        reporter.event(event).unwrap();
    }
    kept.text()
}

#[test]
fn completed_in_lines() {
    assert_snapshot!(lines(&[], &completed()), @r"
    2026-11-21T09:30:00Z  start                              backup of acme, same-server, 6 steps, run 20261121-093000-7f
    2026-11-21T09:30:00Z  left out  dump-database[old]       skipped with --skip
    2026-11-21T09:30:00Z  begin     stop-server
    2026-11-21T09:30:00Z  runs      stop-server              /opt/tomcat/bin/shutdown.sh
    2026-11-21T09:30:01Z  done      stop-server              process gone, 3 ports closed  1.2 s
    2026-11-21T09:30:01Z  begin     dump-database[general]
    2026-11-21T09:30:01Z  begin     dump-database[tenant_a]
    2026-11-21T09:30:02Z  progress  dump-database[general]   1.0 GiB of 1.5 GiB
    2026-11-21T09:30:06Z  progress  dump-database[tenant_a]  20.0 MiB
    2026-11-21T09:30:13Z  progress  dump-database[general]   1.4 GiB of 1.5 GiB
    2026-11-21T09:30:43Z  done      dump-database[general]   42 tables, 1,234,567 rows  30.0 s
    2026-11-21T09:30:48Z  done      dump-database[tenant_a]  42 tables, 12 rows  5.0 s
    2026-11-21T09:30:48Z  begin     export-jms
    2026-11-21T09:30:48Z  says      export-jms               counting messages\x1b[2J
    2026-11-21T09:30:50Z  done      export-jms               42 messages in 4 queues  2.0 s
    2026-11-21T09:30:50Z  warning   export-jms               3 messages wait for redelivery
    2026-11-21T09:30:50Z  begin     start-server
    2026-11-21T09:31:10Z  done      start-server             answers on port 8080  20.0 s
    2026-11-21T09:31:10Z  done                               backup of acme  1 min 11 s

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
fn failed_in_lines() {
    assert_snapshot!(lines(&[], &failed()), @r"
    2026-11-21T09:30:00Z  start                       upgrade of acme, same-server, 5 steps, run 20261121-093000-7f
    2026-11-21T09:30:00Z  begin     stop-server
    2026-11-21T09:30:01Z  done      stop-server       1.2 s
    2026-11-21T09:30:01Z  begin     clean-work
    2026-11-21T09:30:01Z  failed    clean-work        failed to remove /opt/tomcat/work: Permission denied; the run goes on  0.3 s
    2026-11-21T09:30:01Z  begin     migrate[general]
    2026-11-21T09:30:02Z  retry     migrate[general]  mysql refused line 12 of migration.ddl; attempt 1, again in 5.0 s
    2026-11-21T09:30:02Z            migrate[general]  because  the table TB_USER exists
    2026-11-21T09:30:02Z            migrate[general]  command  mysql --defaults-extra-file=/dev/fd/3 general
    2026-11-21T09:30:02Z            migrate[general]  ended    exit code 1
    2026-11-21T09:30:02Z            migrate[general]  stderr   ERROR 1050 (42S01) at line 12: Table 'TB_USER' already exists
    2026-11-21T09:30:02Z            migrate[general]  to do    restore the backup set, then look at the script
    2026-11-21T09:30:02Z  begin     migrate[general]  attempt 2
    2026-11-21T09:30:02Z  failed    migrate[general]  mysql refused line 12 of migration.ddl  5.9 s
    2026-11-21T09:30:02Z            migrate[general]  because  the table TB_USER exists
    2026-11-21T09:30:02Z            migrate[general]  command  mysql --defaults-extra-file=/dev/fd/3 general
    2026-11-21T09:30:02Z            migrate[general]  ended    exit code 1
    2026-11-21T09:30:02Z            migrate[general]  stderr   ERROR 1050 (42S01) at line 12: Table 'TB_USER' already exists
    2026-11-21T09:30:02Z            migrate[general]  to do    restore the backup set, then look at the script
    2026-11-21T09:30:02Z  not run   replace-war       `migrate[general]`, which it comes after, failed
    2026-11-21T09:30:02Z  not run   start-server      `migrate[general]` failed and ended the run
    2026-11-21T09:30:02Z  failed                      upgrade of acme  2.7 s

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
fn interrupted_in_lines() {
    assert_snapshot!(lines(&[], &interrupted()), @r"
    2026-11-21T09:30:00Z  start                    backup of acme, same-server, 3 steps, run 20261121-093000-7f
    2026-11-21T09:30:00Z  begin     copy-files
    2026-11-21T09:30:00Z  done      copy-files     1,024 files  0.5 s
    2026-11-21T09:30:00Z  begin     dump-database
    2026-11-21T09:30:00Z  progress  dump-database  1.0 MiB
    2026-11-21T09:30:01Z  stop                     no new steps start; once more asks the running tools to end (Ctrl-C)
    2026-11-21T09:30:02Z  stop                     the running tools are asked to end; once more kills them (Ctrl-C)
    2026-11-21T09:30:03Z  cut off   dump-database  mysqldump was asked to end
    2026-11-21T09:30:03Z  stopped                  backup of acme  3.0 s

    Backup of acme: interrupted after 3.0 s; it can be resumed (run 20261121-093000-7f, same-server)
      1 step done, 2 not finished
        cut off  dump-database  resume takes it up again

    Backup set 20261121-093000 (not finished)

    Next
      upgrade-kit resume 20261121-093000-7f
    ");
}

#[test]
fn resumed_in_lines() {
    assert_snapshot!(lines(&interrupted(), &resumed()), @r"
    2026-11-21T10:30:03Z  resume                   run 20261121-093000-7f: 1 of 3 steps are behind it
    2026-11-21T10:30:03Z                           dump-database: nothing of it is left, it starts over
    2026-11-21T10:30:03Z  begin     dump-database  attempt 2
    2026-11-21T10:30:03Z  done      dump-database  42 tables  0.7 s
    2026-11-21T10:30:03Z  begin     seal
    2026-11-21T10:30:04Z  done      seal           sealed  0.1 s
    2026-11-21T10:30:04Z  done                     backup of acme  1 h

    Backup of acme: done after 1 h (run 20261121-093000-7f, same-server)
      3 steps done

    Backup set 20261121-093000  /var/backups/acme/20261121-093000
    ");
}

#[test]
fn waiting_in_lines() {
    assert_snapshot!(lines(&[], &waiting()), @r"
    2026-11-21T09:30:00Z  start                  upgrade of acme, same-server, 3 steps, run 20261121-093000-7f
    2026-11-21T09:30:00Z  begin     stop-server
    2026-11-21T09:30:01Z  done      stop-server  process gone  1.0 s
    2026-11-21T09:30:01Z  begin     go-on
    2026-11-21T09:30:01Z  waits     go-on        7 messages are in work. Go on?
    2026-11-21T09:30:01Z  waiting                upgrade of acme  1.2 s

    Upgrade of acme: waiting for an answer after 1.2 s; it can be resumed (run 20261121-093000-7f, same-server)
      1 step done, 2 not finished

    Waiting: go-on
      7 messages are in work. Go on?

    Uses backup set 20261121-093000  /var/backups/acme/20261121-093000

    Downtime  open since 09:30:00 UTC, 1.1 s so far: the application is not available
    Point of no return  not reached: nothing needs to be restored

    Next
      upgrade-kit resume 20261121-093000-7f
    ");
}

#[test]
fn json_is_the_events_and_nothing_else() {
    for events in [completed(), failed(), interrupted(), waiting()] {
        let kept = Kept::default();
        let mut reporter = JsonReporter::new(kept.clone());
        for event in &events {
            reporter.event(event).unwrap();
        }
        let text = kept.text();
        let read: Vec<Event> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(read, events);
        assert!(text.starts_with(
            "{\"seq\":1,\"at\":\"2026-11-21T09:30:00Z\",\"event\":\"run-started\",\"format\":1,"
        ));
    }
}

#[test]
fn a_run_that_was_cut_off_has_a_summary_too() {
    let events = completed();
    let story = Story::of(&events[..4]);
    let mut text = Vec::new();
    summary::write(&story, None, Look::plain(), &mut text).unwrap();
    assert_snapshot!(String::from_utf8(text).unwrap(), @r"
    Backup of acme: not finished: it is at work or was cut off (run 20261121-093000-7f, same-server)
      1 step done, 1 left out, 4 not finished
        left out  dump-database[old]  skipped with --skip

    Backup set 20261121-093000 (not finished)

    Downtime  open since 09:30:00 UTC: the application is not available
    ");
}

#[test]
fn without_colour_nothing_but_colour_is_missing() {
    let story = Story::of(&failed());
    let told = |colour| {
        let mut text = Vec::new();
        let look = Look {
            colour,
            ..Look::plain()
        };
        summary::write(&story, None, look, &mut text).unwrap();
        String::from_utf8(text).unwrap()
    };
    assert!(told(true).contains("\u{1b}["));
    assert_eq!(anstream_strip(&told(true)), told(false));
}

fn anstream_strip(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}
