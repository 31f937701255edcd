//! Runs, event by event.

use jiff::{SignedDuration, Timestamp};

use crate::event::{
    ArtifactRecord, Because, Event, EventKind, FailureKind, FailureReport, Level, Mark, Outcome,
    Progress, ProgressUnit, RunOutcome, StepCard, StopLevel,
};

/// Numbers events and moves a clock of its own.
pub(super) struct Script {
    at: Timestamp,
    seq: u64,
    pub(super) events: Vec<Event>,
}

impl Script {
    /// A run of a site's phase with those steps.
    pub(super) fn new(phase: &str, cards: Vec<StepCard>) -> Self {
        let mut script = Self {
            at: "2026-11-21T09:30:00Z".parse().unwrap(),
            seq: 0,
            events: Vec::new(),
        };
        script.then(
            0,
            EventKind::RunStarted {
                format: 1,
                run: "20261121-093000-7f".to_owned(),
                site: "acme".to_owned(),
                phase: phase.to_owned(),
                scenario: "same-server".to_owned(),
                plan: "ab".repeat(32),
                program: "0.1.0".to_owned(),
                set: (phase == "backup").then(|| "20261121-093000".to_owned()),
                uses: (phase != "backup").then(|| "20261121-093000".to_owned()),
                boot: None,
                order: 1,
                notes: Vec::new(),
                steps: cards,
            },
        );
        script
    }

    /// An event so many milliseconds after the last one.
    pub(super) fn then(&mut self, later: i64, kind: EventKind) -> &mut Self {
        self.at += SignedDuration::from_millis(later);
        self.seq += u64::from(kind.is_journaled());
        self.events.push(Event {
            seq: self.seq,
            at: self.at,
            kind,
        });
        self
    }

    pub(super) fn begin(&mut self, step: &str, attempt: u32) -> &mut Self {
        self.then(
            100,
            EventKind::StepStarted {
                step: step.to_owned(),
                attempt,
            },
        )
    }

    pub(super) fn progress(
        &mut self,
        later: i64,
        step: &str,
        done: u64,
        total: Option<u64>,
    ) -> &mut Self {
        let progress = Progress {
            done,
            total,
            unit: ProgressUnit::Bytes,
        };
        self.then(
            later,
            EventKind::StepProgress {
                step: step.to_owned(),
                progress,
            },
        )
    }

    pub(super) fn done(&mut self, later: i64, step: &str, outcome: Outcome) -> &mut Self {
        let elapsed_ms = u64::try_from(later).unwrap();
        self.then(
            later,
            EventKind::StepDone {
                step: step.to_owned(),
                outcome,
                elapsed_ms,
            },
        )
    }

    pub(super) fn finish(&mut self, outcome: RunOutcome, next: &[&str]) -> &mut Self {
        let started = self.events[0].at;
        let elapsed_ms =
            u64::try_from(self.at.as_millisecond() - started.as_millisecond()).unwrap();
        self.then(
            0,
            EventKind::RunFinished {
                outcome,
                elapsed_ms,
                next: next.iter().map(|&text| text.to_owned()).collect(),
                facts: serde_json::Value::Null,
            },
        )
    }
}

pub(super) fn card(id: &str, action: &str, marks: &[Mark]) -> StepCard {
    StepCard {
        id: id.to_owned(),
        title: format!("Do {id}"),
        action: action.to_owned(),
        after: Vec::new(),
        left_out: None,
        marks: marks.to_vec(),
        optional: false,
    }
}

fn said(summary: &str) -> Outcome {
    Outcome {
        summary: summary.to_owned(),
        ..Outcome::default()
    }
}

fn dumped(schema: &str, rows: &str, bytes: u64) -> Outcome {
    Outcome {
        artifacts: vec![ArtifactRecord {
            name: format!("database/{schema}"),
            kind: "mysql-dump".to_owned(),
            files: Vec::new(),
            source: "127.0.0.1:3306".to_owned(),
            source_bytes: bytes,
            level: Level::L3,
            details: serde_json::Value::Null,
        }],
        ..said(rows)
    }
}

/// A backup: two dumps at once, a warning, a step left out, all well.
pub(super) fn completed() -> Vec<Event> {
    let mut empty = card("dump-database[old]", "mysql.dump", &[]);
    empty.left_out = Some(Because::SkippedByOperator);
    let mut script = Script::new(
        "backup",
        vec![
            card(
                "stop-server",
                "server.stop",
                &[Mark::OutageOpens, Mark::WindowOpens],
            ),
            card("dump-database[general]", "mysql.dump", &[]),
            card("dump-database[tenant_a]", "mysql.dump", &[]),
            empty,
            card("export-jms", "kahadb.backup", &[Mark::WindowCloses]),
            card("start-server", "server.start", &[Mark::OutageCloses]),
        ],
    );
    script.begin("stop-server", 1);
    script.then(
        50,
        EventKind::ToolStarted {
            step: "stop-server".to_owned(),
            pid: 4711,
            start_time: 99,
            command: "/opt/tomcat/bin/shutdown.sh".to_owned(),
        },
    );
    script.done(1_200, "stop-server", said("process gone, 3 ports closed"));
    script
        .begin("dump-database[general]", 1)
        .begin("dump-database[tenant_a]", 1);
    script.progress(1_000, "dump-database[general]", 1 << 30, Some(3 << 29));
    script.progress(4_000, "dump-database[general]", 5 << 28, Some(3 << 29));
    script.progress(0, "dump-database[tenant_a]", 20 << 20, None);
    script.progress(7_000, "dump-database[general]", 11 << 27, Some(3 << 29));
    script.done(
        30_000,
        "dump-database[general]",
        dumped("general", "42 tables, 1,234,567 rows", 3 << 29),
    );
    script.done(
        5_000,
        "dump-database[tenant_a]",
        dumped("tenant_a", "42 tables, 12 rows", 21 << 20),
    );
    script.begin("export-jms", 1);
    script.then(
        10,
        EventKind::StepMessage {
            step: "export-jms".to_owned(),
            message: "counting messages\u{1b}[2J".to_owned(),
        },
    );
    let mut jms = said("42 messages in 4 queues");
    jms.warnings
        .push("3 messages wait for redelivery".to_owned());
    script.done(2_000, "export-jms", jms);
    script
        .begin("start-server", 1)
        .done(20_000, "start-server", said("answers on port 8080"));
    script.finish(
        RunOutcome::Done,
        &["upgrade-kit upgrade --from 20261121-093000"],
    );
    script.events
}

/// An upgrade that fails past the point of no return, after a retry, with a tolerated failure.
pub(super) fn failed() -> Vec<Event> {
    let mut script = Script::new(
        "upgrade",
        vec![
            card("stop-server", "server.stop", &[Mark::OutageOpens]),
            card("clean-work", "files.remove", &[]),
            card("migrate[general]", "mysql.script", &[Mark::PointOfNoReturn]),
            card("replace-war", "files.replace", &[]),
            card("start-server", "server.start", &[Mark::OutageCloses]),
        ],
    );
    let failure = |kind, message: &str| FailureReport {
        kind,
        message: message.to_owned(),
        causes: Vec::new(),
        command: None,
        exit: None,
        stderr: Vec::new(),
        hint: None,
    };
    script
        .begin("stop-server", 1)
        .done(1_200, "stop-server", said(""));
    script.begin("clean-work", 1);
    script.then(
        300,
        EventKind::StepFailed {
            step: "clean-work".to_owned(),
            failure: failure(
                FailureKind::System,
                "failed to remove /opt/tomcat/work: Permission denied",
            ),
            tolerated: true,
            elapsed_ms: 300,
        },
    );
    script.begin("migrate[general]", 1);
    let mut migration = failure(FailureKind::Tool, "mysql refused line 12 of migration.ddl");
    migration.causes.push("the table TB_USER exists".to_owned());
    migration.command = Some("mysql --defaults-extra-file=/dev/fd/3 general".to_owned());
    migration.exit = Some("exit code 1".to_owned());
    migration.stderr =
        vec!["ERROR 1050 (42S01) at line 12: Table 'TB_USER' already exists".to_owned()];
    migration.hint = Some("restore the backup set, then look at the script".to_owned());
    script.then(
        400,
        EventKind::StepRetrying {
            step: "migrate[general]".to_owned(),
            attempt: 1,
            failure: migration.clone(),
            delay_ms: 5_000,
        },
    );
    script.begin("migrate[general]", 2);
    script.then(
        400,
        EventKind::StepFailed {
            step: "migrate[general]".to_owned(),
            failure: migration,
            tolerated: false,
            elapsed_ms: 5_900,
        },
    );
    for (step, because) in [
        (
            "replace-war",
            Because::UpstreamFailed("migrate[general]".to_owned()),
        ),
        (
            "start-server",
            Because::RunFailed("migrate[general]".to_owned()),
        ),
    ] {
        script.then(
            0,
            EventKind::StepNotRun {
                step: step.to_owned(),
                because,
            },
        );
    }
    script.finish(
        RunOutcome::Failed,
        &[
            "upgrade-kit resume 20261121-093000-7f",
            "upgrade-kit restore --from 20261121-093000",
        ],
    );
    script.events
}

/// A backup that is stopped with two Ctrl-C, then resumed.
pub(super) fn interrupted() -> Vec<Event> {
    let mut script = Script::new(
        "backup",
        vec![
            card("copy-files", "files.backup", &[]),
            card("dump-database", "mysql.dump", &[]),
            card("seal", "backupset.seal", &[]),
        ],
    );
    script
        .begin("copy-files", 1)
        .done(500, "copy-files", said("1,024 files"));
    script
        .begin("dump-database", 1)
        .progress(100, "dump-database", 1 << 20, None);
    for level in [StopLevel::NoNewSteps, StopLevel::Ask] {
        script.then(
            1_000,
            EventKind::StopRequested {
                level,
                by: "Ctrl-C".to_owned(),
            },
        );
    }
    script.then(
        200,
        EventKind::StepInterrupted {
            step: "dump-database".to_owned(),
            message: "mysqldump was asked to end".to_owned(),
        },
    );
    script.finish(
        RunOutcome::Interrupted,
        &["upgrade-kit resume 20261121-093000-7f"],
    );
    script.events
}

/// The second stretch of [`interrupted`].
pub(super) fn resumed() -> Vec<Event> {
    let mut script = Script {
        events: interrupted(),
        seq: 0,
        at: Timestamp::UNIX_EPOCH,
    };
    let last = script.events.last().unwrap();
    (script.seq, script.at) = (last.seq, last.at);
    let first = script.events.len();
    script.then(
        3_600_000,
        EventKind::RunResumed {
            program: "0.1.0".to_owned(),
            boot: None,
            notes: vec!["dump-database: nothing of it is left, it starts over".to_owned()],
        },
    );
    script
        .begin("dump-database", 2)
        .done(700, "dump-database", said("42 tables"));
    script.begin("seal", 1).done(100, "seal", said("sealed"));
    script.finish(RunOutcome::Done, &[]);
    script.events.split_off(first)
}

/// An upgrade that waits at a gate.
pub(super) fn waiting() -> Vec<Event> {
    let mut script = Script::new(
        "upgrade",
        vec![
            card("stop-server", "server.stop", &[Mark::OutageOpens]),
            card("go-on", "gate", &[]),
            card("migrate", "mysql.script", &[Mark::PointOfNoReturn]),
        ],
    );
    script
        .begin("stop-server", 1)
        .done(1_000, "stop-server", said("process gone"));
    script.begin("go-on", 1);
    script.then(
        0,
        EventKind::GateWaiting {
            step: "go-on".to_owned(),
            question: "7 messages are in work. Go on?".to_owned(),
        },
    );
    script.finish(
        RunOutcome::Waiting,
        &["upgrade-kit resume 20261121-093000-7f"],
    );
    script.events
}
