//! Faults in the site file.

use insta::assert_snapshot;

use super::documents::invalid;
use super::harness::Sandbox;

#[test]
fn a_site_file_that_is_missing_or_a_directory() {
    let sandbox = Sandbox::new();
    assert_snapshot!(sandbox.run(&["backup", "--site", "absent.yaml"]), @"");
    assert_snapshot!(sandbox.run(&["backup", "--site", "template"]), @"");
    std::fs::remove_file(sandbox.path("site.yaml")).unwrap();
    assert_snapshot!(invalid(&sandbox), @"");
}

#[test]
fn an_empty_site_file() {
    assert_snapshot!(invalid(&Sandbox::site("")), @"");
    assert_snapshot!(invalid(&Sandbox::site("site: a\n")), @"");
}

#[test]
fn names_that_do_not_fit() {
    let sandbox = Sandbox::new();
    sandbox.change("site.yaml", "site: quickstart", "site: ../Prod");
    sandbox.change("site.yaml", "product: domibus", "product: domibuss");
    assert_snapshot!(invalid(&sandbox), @"");
}

#[test]
fn unknown_and_duplicate_keys_and_wrong_types() {
    let sandbox = Sandbox::new();
    sandbox.change(
        "site.yaml",
        "  kind: tomcat\n",
        "  kind: tomkat\n  hoem: /a\n  ports: [http, 99999]\n  kind: tomcat\n",
    );
    sandbox.change(
        "site.yaml",
        "product: domibus\n",
        "product: domibus\nproduct: domibus\nbackup: here\n",
    );
    assert_snapshot!(invalid(&sandbox), @"");
    sandbox.change(
        "site.yaml",
        "product: domibus\nproduct: domibus\n",
        "product: domibus\n",
    );
    sandbox.change("site.yaml", "\n  kind: tomcat\n", "\n");
    assert_snapshot!(invalid(&sandbox), @"");
}

#[test]
fn no_tomcat_where_the_site_says() {
    let sandbox = Sandbox::new();
    sandbox.change(
        "site.yaml",
        "  home: installation/tomcat",
        "  home: installation/tomkat",
    );
    assert_snapshot!(invalid(&sandbox), @"");
}

#[test]
fn values_that_discovery_cannot_find() {
    let sandbox = Sandbox::new();
    sandbox.change(
        "site.yaml",
        "server:\n",
        "database:\n  kind: mysql\nserver:\n",
    );
    assert_snapshot!(invalid(&sandbox), @"");
}

/// A password that stands where a reference belongs is refused, and shown nowhere: not in the
/// message, not in the source line beneath it, in no form and by no command.
#[test]
fn a_literal_password() {
    const SECRET: &str = "hunter2-Pa55";
    let ways = [
        "password: hunter2-Pa55",
        "password: \"hunter2-Pa55\"",
        "password: { env: DB_PASSWORD, value: hunter2-Pa55 }",
        "password: { plain: hunter2-Pa55 }",
        "password: { hunter2-Pa55 }",
        "password: [hunter2-Pa55]",
        "password: |\n    hunter2-Pa55",
        "password: >-\n    hunter2-Pa55",
        "password:\n    hunter2-Pa55",
        "passwort: hunter2-Pa55",
        "password: {{ hunter2-Pa55 }}",
        "password: 'hunter2-Pa55",
        "password: hunter2-Pa55: x",
        "password: &x hunter2-Pa55",
        "password: { env: hunter2-Pa55, env: hunter2-Pa55 }",
        "password: hunter2-Pa55\n  password: hunter2-Pa55",
        "password: { env: [hunter2-Pa55] }",
        "user: { x: 1 }\n  password: hunter2-Pa55",
        "password: hunter2-Pa55\n  uzer: a",
        "uzer: a\n  password: hunter2-Pa55",
        "password: hunter2-Pa55\n  port: none",
        "port: none\n  password: hunter2-Pa55",
        "uzer: { password: hunter2-Pa55, port: [] }",
    ];
    let mut shown = String::new();
    for way in ways {
        let sandbox = Sandbox::new();
        let database = format!("database:\n  kind: mysql\n  {way}\nserver:\n");
        sandbox.change("site.yaml", "server:\n", &database);
        for arguments in [&["plan", "backup"][..], &["backup"], &["check"], &["runs"]] {
            let said = sandbox.run(arguments);
            assert!(!said.both().contains(SECRET), "{way}\n{said}");
            assert!(!said.both().contains("hunter2"), "{way}\n{said}");
            assert_eq!(said.code(), 3, "{way}\n{said}");
        }
        if shown.is_empty() {
            shown = invalid(&sandbox).to_string();
        }
    }
    assert_snapshot!(shown, @"");
}

/// The same for options of steps that hold references.
#[test]
fn a_literal_password_in_a_runbook() {
    let sandbox = Sandbox::own(
        "backup:
  - id: one
    uses: command.run
    with:
      argv: [a]
      secret_environment: { TOKEN: hunter2-Pa55 }
  - id: two
    uses: command.run
    with:
      argv: [a]
      secret_environment:
        TOKEN: { value: hunter2-Pa55 }
  - id: three
    uses: command.run
    with: { argv: a, secret_environment: { TOKEN: hunter2-Pa55 } }
  - id: four
    uses: mysql.dump
    with: { schema: a, artifact: a, connection: { user: a, password: hunter2-Pa55 } }
",
    );
    let said = invalid(&sandbox);
    assert!(!said.both().contains("hunter2"), "{said}");
    assert_snapshot!(said, @"");
}
