//! A plan is a promise: looking changes nothing and starts nothing, and what is shown is what runs.

use std::collections::BTreeMap;

use serde_json::Value;

use super::harness::Sandbox;
use super::picture::Picture;

/// Programs that a look could be tempted to start; each leaves a mark if it is.
const TEMPTING: &[&str] = &[
    "sh",
    "bash",
    "env",
    "echo",
    "cat",
    "ps",
    "id",
    "hostname",
    "uname",
    "sleep",
    "java",
    "mysql",
    "mariadb",
    "mysqldump",
    "mariadb-dump",
    "mysqladmin",
    "zstd",
    "tar",
    "sha256sum",
    "pass",
    "systemctl",
    "lsof",
    "fuser",
];

/// A runbook that starts something with everything that can start something.
const TEMPTATION: &str = "backup:
  - id: runs
    uses: command.run
    with:
      argv: [sh, -c, touch ran]
      probe_argv: [sh, -c, touch ran]
      environment: { X: $(touch ran), Y: \"`touch ran`\" }
      secret_environment: { PASSWORD: { command: [sh, -c, touch ran] } }
      directory: ${ site.server.home }
      stdin: $(touch ran)
  - { id: checks, uses: command.check, with: { argv: [sh, -c, touch ran] } }
  - { id: asks, uses: http.check, with: { url: \"http://127.0.0.1:1/\", wait: 1m } }
  - { id: gate, uses: gate, with: { question: $(touch ran) } }
  - id: dumps
    uses: mysql.dump
    with:
      schema: a
      artifact: database/a
      connection:
        host: 127.0.0.1
        user: root
        password: { command: [sh, -c, touch ran] }
        dump_program: mysqldump
        client_program: mysql
";

/// Replaces PATH by marker scripts. Nothing that they leave may ever be there.
fn tempt(sandbox: &mut Sandbox) {
    let mark = sandbox.path("ran");
    for name in TEMPTING {
        sandbox.script(
            &format!("bin/{name}"),
            &format!("echo {name} >> {}", mark.display()),
        );
    }
    let path = sandbox.path("bin").display().to_string();
    sandbox.set("PATH", &path);
}

#[track_caller]
fn looks(sandbox: &Sandbox, arguments: &[&str]) -> String {
    let before = Picture::of(sandbox.root(), &[]);
    let said = sandbox.done(arguments);
    before.assert_same(
        &Picture::of(sandbox.root(), &[]),
        "a look changed something",
    );
    assert_eq!(said.stderr, "");
    said.stdout
}

#[test]
fn a_dry_run_is_the_plan_and_starts_nothing() {
    let mut sandbox = Sandbox::new();
    _ = sandbox.done(&["backup"]);
    tempt(&mut sandbox);
    for phase in ["backup", "upgrade", "restore"] {
        let dry = looks(&sandbox, &[phase, "--dry-run"]);
        assert_eq!(dry, looks(&sandbox, &["plan", phase]), "{phase}");
        assert!(dry.contains("steps to run"), "{dry}");
        for format in ["json", "mermaid", "dot", "markdown"] {
            assert!(!looks(&sandbox, &["plan", phase, "--format", format]).is_empty());
        }
    }
    assert!(!sandbox.path("ran").exists());
}

#[test]
fn before_anything_is_laid_out_too() {
    let mut sandbox = Sandbox::new();
    tempt(&mut sandbox);
    for phase in ["backup", "upgrade", "restore"] {
        assert_eq!(
            looks(&sandbox, &[phase, "--dry-run"]),
            looks(&sandbox, &["plan", phase])
        );
    }
    assert!(!sandbox.path("installation").exists());
}

#[test]
fn no_expression_option_or_secret_is_executed() {
    let mut sandbox = Sandbox::own(TEMPTATION);
    tempt(&mut sandbox);
    let dry = looks(&sandbox, &["backup", "--dry-run"]);
    assert_eq!(dry, looks(&sandbox, &["plan", "backup"]));
    looks(&sandbox, &["runbooks", "lint", "mine.yaml"]);
    assert!(!sandbox.path("ran").exists());
}

/// The commands that a plan shows, and those that the journal says ran, by step.
fn commands(sandbox: &Sandbox, phase: &str, more: &[&str]) -> [BTreeMap<String, Vec<String>>; 2] {
    let said = sandbox.done(&[&["plan", phase, "--format", "json"], more].concat());
    let plan: Value = serde_json::from_str(&said.stdout).unwrap();
    let mut shown: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for step in plan["steps"].as_array().unwrap() {
        for line in step["preview"].as_array().unwrap() {
            if let Some(command) = line["command"].as_str() {
                let of_step = shown
                    .entry(step["id"].as_str().unwrap().to_owned())
                    .or_default();
                of_step.push(command.to_owned());
            }
        }
    }
    let said = sandbox.done(&[&[phase, "--output", "json", "--yes"], more].concat());
    let mut ran: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in said.stdout.lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        if event["event"] == "tool-started" {
            let of_step = ran
                .entry(event["step"].as_str().unwrap().to_owned())
                .or_default();
            of_step.push(event["command"].as_str().unwrap().to_owned());
        }
    }
    [shown, ran]
}

#[test]
fn what_is_shown_is_what_runs_to_the_argument() {
    let mut sandbox = Sandbox::own(
        "backup:
  - id: odd
    uses: command.run
    with:
      argv: [sh, -c, 'exit 0', \"a b\", \"it's\", '\"', '$HOME', '', 'é*?', \"${ site.name }\", \"new\\nline\"]
      environment: { SPACED: \"a b\", EMPTY: '' }
      secret_environment: { PASSWORD: { env: KIT_TEST_PASSWORD } }
      stdin: text
  - id: each
    for_each: site.folders
    uses: command.check
    with: { argv: [test, -n, \"${ item.path }\"], directory: / }
    after: [odd]
",
    );
    sandbox.set("KIT_TEST_PASSWORD", "correct horse");
    let [shown, ran] = commands(&sandbox, "backup", &[]);
    assert_eq!(shown.len(), 3);
    assert_eq!(shown, ran);
}

/// Every command of the practice installation was shown. One that is shown may be left out: a server
/// that does not run is not stopped.
#[test]
fn the_practice_installation_runs_what_was_shown() {
    let sandbox = Sandbox::new();
    _ = sandbox.done(&["backup"]);
    for phase in ["upgrade", "backup", "restore", "restore"] {
        let [shown, ran] = commands(&sandbox, phase, &[]);
        assert!(!ran.is_empty(), "{phase} ran nothing");
        for (step, commands) in &ran {
            for command in commands {
                assert!(
                    shown[step].contains(command),
                    "{phase} {step}: {command}\n{shown:?}"
                );
            }
        }
        if phase == "backup" {
            // The next phase needs the backup set of the earlier version.
            let sets = sandbox.done(&["backups", "list", "--format", "json"]);
            assert_eq!(
                serde_json::from_str::<Value>(&sets.stdout).unwrap()["sets"]
                    .as_array()
                    .unwrap()
                    .len(),
                2
            );
        }
    }
}
