//! The laws of order. Each names two kinds of steps; every step of the second kind begins only when
//! every step of the first kind has ended, in every plan of the phase.

use super::planned::{Planned, Step};

/// A law, and which phases it rules.
struct Law {
    text: &'static str,
    phases: &'static [&'static str],
    first: fn(&Step) -> bool,
    second: fn(&Step) -> bool,
}

fn is(step: &Step, actions: &[&str]) -> bool {
    actions.contains(&step.action.as_str())
}

fn stops(step: &Step) -> bool {
    is(step, &["server.stop", "weblogic.stop-servers"])
}

fn starts(step: &Step) -> bool {
    is(step, &["server.start", "weblogic.start-servers"])
}

fn copies_a_store(step: &Step) -> bool {
    is(step, &["kahadb.backup", "artemis.backup"])
}

fn saves(step: &Step) -> bool {
    copies_a_store(step)
        || is(
            step,
            &[
                "files.backup",
                "mysql.dump",
                "postgres.dump",
                "oracle.export",
                "h2.backup",
            ],
        )
}

fn exports_from_a_server(step: &Step) -> bool {
    is(step, &["weblogic.export-jms"])
}

fn seals(step: &Step) -> bool {
    is(step, &["backupset.seal"])
}

fn verifies(step: &Step) -> bool {
    is(step, &["backupset.verify"])
}

fn restores_data(step: &Step) -> bool {
    let configuration = step.id == "restore-configuration" || step.id.starts_with("restore-folder");
    configuration
        || is(
            step,
            &[
                "mysql.restore",
                "postgres.restore",
                "oracle.restore",
                "h2.restore",
            ],
        )
}

fn restores_a_store(step: &Step) -> bool {
    is(step, &["kahadb.restore", "artemis.restore"])
}

fn replaces(step: &Step) -> bool {
    restores_data(step)
        || restores_a_store(step)
        || is(
            step,
            &[
                "files.restore",
                "files.replace",
                "files.overlay",
                "files.remove",
                "mysql.script",
                "oracle.script",
            ],
        )
}

fn marked(step: &Step, mark: &str) -> bool {
    step.marks.iter().any(|known| known == mark)
}

const EVERY: &[&str] = &["backup", "upgrade", "restore"];

const LAWS: &[Law] = &[
    Law {
        text: "a store is copied only when every server is stopped",
        phases: EVERY,
        first: stops,
        second: copies_a_store,
    },
    Law {
        text: "everything is saved only when every server is stopped",
        phases: EVERY,
        first: stops,
        second: saves,
    },
    Law {
        text: "WebLogic exports before its servers stop",
        phases: &["backup"],
        first: exports_from_a_server,
        second: stops,
    },
    Law {
        text: "WebLogic exports when the application is stopped and its destinations are paused",
        phases: EVERY,
        first: |step| is(step, &["weblogic.pause-jms"]),
        second: exports_from_a_server,
    },
    Law {
        text: "the set is sealed when everything is in it",
        phases: &["backup", "restore"],
        first: |step| saves(step) || exports_from_a_server(step) || is(step, &["artemis.export"]),
        second: seals,
    },
    Law {
        text: "one window holds the consistency set: it opens first",
        phases: &["backup"],
        first: |step| marked(step, "window-opens"),
        second: saves,
    },
    Law {
        text: "one window holds the consistency set: it closes last",
        phases: &["backup"],
        first: saves,
        second: |step| marked(step, "window-closes"),
    },
    Law {
        text: "the outage opens before the window",
        phases: &["backup"],
        first: |step| marked(step, "outage-opens"),
        second: |step| marked(step, "window-opens"),
    },
    Law {
        text: "nothing is taken from a set that was not verified",
        phases: &["upgrade", "restore"],
        first: verifies,
        second: |step| replaces(step) || stops(step) || saves(step),
    },
    Law {
        text: "nothing is replaced before the point of no return",
        phases: &["upgrade", "restore"],
        first: |step| marked(step, "point-of-no-return"),
        second: replaces,
    },
    Law {
        text: "the point of no return is passed only in quiet and when all is checked",
        phases: &["upgrade", "restore"],
        first: |step| {
            stops(step)
                || step.id == "quiet"
                || is(
                    step,
                    &[
                        "backupset.check-current",
                        "domibus.check-queues",
                        "domibus.check-separate",
                    ],
                )
        },
        second: |step| marked(step, "point-of-no-return"),
    },
    Law {
        text: "the present state is sealed before anything of it is replaced",
        phases: &["restore"],
        first: seals,
        second: replaces,
    },
    Law {
        text: "databases, folders and configuration are back before the messages",
        phases: &["restore"],
        first: restores_data,
        second: |step| restores_a_store(step) || is(step, &["weblogic.import-jms"]),
    },
    Law {
        text: "an export of stores is made of their copy",
        phases: &["backup"],
        first: copies_a_store,
        second: |step| is(step, &["artemis.export"]),
    },
    Law {
        text: "messages are imported when everything is in place",
        phases: &["upgrade"],
        first: replaces,
        second: |step| is(step, &["artemis.import"]),
    },
    Law {
        text: "messages are imported before the application takes them",
        phases: &["upgrade"],
        first: |step| is(step, &["artemis.import"]),
        second: |step| step.id == "start-server",
    },
    Law {
        text: "messages are imported into a server that runs",
        phases: &["upgrade"],
        first: |step| step.id == "start-new-broker",
        second: |step| is(step, &["artemis.import"]),
    },
    Law {
        text: "nothing is replaced once a server starts",
        phases: &["upgrade", "restore"],
        first: replaces,
        second: starts,
    },
    Law {
        text: "what was replaced is discarded only when the version works",
        phases: &["upgrade", "restore"],
        first: |step| starts(step) || marked(step, "outage-closes"),
        second: |step| is(step, &["files.discard"]),
    },
];

/// What must be in a plan of the phase.
const NEEDED: &[(&str, &[&str], fn(&Step) -> bool)] = &[
    ("a database is saved", &["backup"], |step| {
        is(step, &["mysql.dump", "oracle.export"])
    }),
    ("the messages are saved", &["backup"], |step| {
        copies_a_store(step) || exports_from_a_server(step)
    }),
    ("the messages are put back", &["restore"], |step| {
        restores_a_store(step) || is(step, &["weblogic.import-jms"])
    }),
    ("a server is stopped", EVERY, stops),
    ("a server is started", &["upgrade", "restore"], starts),
    ("the set is verified", &["upgrade", "restore"], verifies),
    ("the set is sealed", &["backup", "restore"], seals),
];

/// The laws that a plan breaks.
pub(super) fn broken(plan: &Planned) -> impl Iterator<Item = String> {
    let ruling = LAWS
        .iter()
        .filter(|law| law.phases.contains(&plan.phase.as_str()));
    let mut found = Vec::new();
    for law in ruling {
        for (first, earlier) in plan.with(law.first) {
            for (second, later) in plan.with(law.second) {
                if first != second && !plan.follows(first, second) {
                    found.push(format!("{}: {} before {}", law.text, later.id, earlier.id));
                }
            }
        }
    }
    for (text, phases, holds) in NEEDED {
        if phases.contains(&plan.phase.as_str()) && plan.with(holds).next().is_none() {
            found.push(format!("{text}: no step does"));
        }
    }
    found.into_iter()
}
