//! Secrets never show: not in what is printed, not in the journal, logs, plans or backup sets, plain
//! or in another form.

use super::harness::Sandbox;

const SECRET: &str = "S3cr3t-Pa55w0rd!";
/// The secret in base64, and the parts of it that stay when it stands inside a longer text.
const FORMS: &[&str] = &[
    SECRET,
    "UzNjcjN0LVBhNTV3MHJkIQ",
    "MzY3IzdC1QYTU1dzByZC",
    "TM2NyM3QtUGE1NXcwcmQh",
];

const TALKATIVE: &str = "backup:
  - id: plain
    uses: command.run
    with: { argv: [sh, -c, echo plain=$DBPW], secret_environment: { DBPW: WHERE } }
  - id: base64
    uses: command.run
    with: { argv: [sh, -c, printf %s $DBPW | base64], secret_environment: { DBPW: WHERE } }
  - id: login
    uses: command.run
    with: { argv: [sh, -c, printf %s root:$DBPW | base64], secret_environment: { DBPW: WHERE } }
  - id: split
    uses: command.run
    with: { argv: [sh, -c, printf %.8s $DBPW; sleep 0.3; echo w0rd!], secret_environment: { DBPW: WHERE } }
  - id: reads
    uses: command.run
    with: { argv: [sh, -c, echo again=$0, \"${ steps.plain.stdout }\"] }
    after: [plain]
  - id: error
    uses: command.run
    with: { argv: [sh, -c, echo $DBPW >&2; exit 1], secret_environment: { DBPW: WHERE } }
    after: [plain, base64, login, split, reads]
";

/// Everything that a run left below the sandbox, but for the one file that holds the secret.
#[track_caller]
fn nowhere(sandbox: &Sandbox, said: &str) {
    for form in FORMS {
        assert!(!said.contains(form), "printed: {form}\n{said}");
    }
    for entry in walkdir::WalkDir::new(sandbox.root()) {
        let entry = entry.unwrap();
        if !entry.file_type().is_file() || entry.file_name() == "secret.txt" {
            continue;
        }
        let bytes = std::fs::read(entry.path()).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        for form in FORMS {
            assert!(!text.contains(form), "{form} in {}", entry.path().display());
        }
    }
}

#[test]
fn what_tools_say_is_masked_everywhere() {
    for way in [
        "{ env: KIT_SECRET }",
        "{ file: secret.txt }",
        "{ command: [cat, secret.txt] }",
    ] {
        for output in ["lines", "json", "terminal"] {
            let mut sandbox = Sandbox::own(&TALKATIVE.replace("WHERE", way));
            sandbox.write("secret.txt", SECRET);
            {
                use std::os::unix::fs::PermissionsExt;
                let mode = std::fs::Permissions::from_mode(0o600);
                std::fs::set_permissions(sandbox.path("secret.txt"), mode).unwrap();
            }
            sandbox.set("KIT_SECRET", SECRET);
            let file = sandbox.path("secret.txt").display().to_string();
            sandbox.write(
                "mine.yaml",
                &sandbox.read("mine.yaml").replace("secret.txt", &file),
            );
            let plan = sandbox.done(&["plan", "backup"]);
            nowhere(&sandbox, &plan.both());
            let said = sandbox.run(&["backup", "--output", output]);
            assert_eq!(said.code(), 5, "{said}");
            nowhere(&sandbox, &said.both());
            assert!(said.both().contains("***"), "nothing was masked: {said}");
            nowhere(
                &sandbox,
                &sandbox.run(&["resume", "--output", output]).both(),
            );
        }
    }
}

/// What cannot be resolved is said by its reference, before anything runs.
#[test]
fn references_that_lead_nowhere() {
    use insta::assert_snapshot;
    let sandbox = Sandbox::own(
        "backup:
  - { id: one, uses: command.run, with: { argv: [touch, ran], secret_environment: { A: { env: KIT_ABSENT } } } }
  - { id: two, uses: command.run, with: { argv: [touch, ran], secret_environment: { A: { file: /absent/secret } } } }
  - { id: three, uses: command.run, with: { argv: [touch, ran], secret_environment: { A: { command: [sh, -c, echo no vault >&2; exit 3] } } } }
  - { id: four, uses: command.run, with: { argv: [touch, ran], secret_environment: { A: { command: [absent-vault] } } } }
",
    );
    assert_snapshot!(sandbox.run(&["check"]), @"
    exit 4
    -- stdout
    REFUSED  one: the environment variable KIT_ABSENT, which holds a secret, is not set
             to do: export KIT_ABSENT before you start upgrade-kit, or refer to a file or command
    REFUSED  two: the secret file /absent/secret does not exist
             to do: write the secret as the first line of that file, mode 0600
    REFUSED  three: the command `sh -c 'echo no vault >&2; exit 3'`, which prints a secret, failed: exit code 3: no vault
             to do: run `sh -c 'echo no vault >&2; exit 3'` by hand and look
    REFUSED  four: the program `absent-vault` was not found
    info     installation: nothing here tells Domibus 4.x from 5.x; read as 5.x ([SITE]/installation/tomcat/conf/domibus)

    4 things stand in the way
    ");
    assert_snapshot!(sandbox.run(&["backup"]), @"
    exit 4
    -- stderr
    laid out the practice installation of site quickstart
    REFUSED  one: the environment variable KIT_ABSENT, which holds a secret, is not set
             to do: export KIT_ABSENT before you start upgrade-kit, or refer to a file or command
    REFUSED  two: the secret file /absent/secret does not exist
             to do: write the secret as the first line of that file, mode 0600
    REFUSED  three: the command `sh -c 'echo no vault >&2; exit 3'`, which prints a secret, failed: exit code 3: no vault
             to do: run `sh -c 'echo no vault >&2; exit 3'` by hand and look
    REFUSED  four: the program `absent-vault` was not found
    info     installation: nothing here tells Domibus 4.x from 5.x; read as 5.x ([SITE]/installation/tomcat/conf/domibus)

    4 things stand in the way
    error: backup was not started: nothing was changed
      hint: mend what is refused above; `upgrade-kit check` looks again
    ");
    assert!(!sandbox.path("ran").exists());
}

#[test]
fn a_secret_file_that_others_can_read() {
    use insta::assert_snapshot;
    let sandbox = Sandbox::own(
        "backup:
  - { id: one, uses: command.run, with: { argv: [touch, ran], secret_environment: { A: { file: FILE } } } }
",
    );
    sandbox.write("secret.txt", SECRET);
    let file = sandbox.path("secret.txt").display().to_string();
    sandbox.change("mine.yaml", "FILE", &file);
    assert_snapshot!(sandbox.run(&["backup"]), @"
    exit 4
    -- stderr
    laid out the practice installation of site quickstart
    REFUSED  one: the secret file [SITE]/secret.txt can be read or changed by others (mode 0644, owner 0)
             to do: make it yours and yours alone: chmod 600 [SITE]/secret.txt
    info     installation: nothing here tells Domibus 4.x from 5.x; read as 5.x ([SITE]/installation/tomcat/conf/domibus)

    1 thing stands in the way
    error: backup was not started: nothing was changed
      hint: mend what is refused above; `upgrade-kit check` looks again
    ");
    assert!(!sandbox.path("ran").exists());
}
