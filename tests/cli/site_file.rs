//! Faults in the site file.

use insta::assert_snapshot;

use super::documents::invalid;
use super::harness::Sandbox;

#[test]
fn a_site_file_that_is_missing_or_a_directory() {
    let sandbox = Sandbox::new();
    assert_snapshot!(sandbox.run(&["backup", "--site", "absent.yaml"]), @"
    exit 3
    -- stderr
    error: failed to read the site file absent.yaml
      cause: No such file or directory (os error 2)
      hint: name it with `--site FILE`; `upgrade-kit schema site` describes its form
    ");
    assert_snapshot!(sandbox.run(&["backup", "--site", "template"]), @"
    exit 3
    -- stderr
    error: failed to read the site file template
      cause: Is a directory (os error 21)
      hint: name it with `--site FILE`; `upgrade-kit schema site` describes its form
    ");
    std::fs::remove_file(sandbox.path("site.yaml")).unwrap();
    assert_snapshot!(invalid(&sandbox), @"
    exit 3
    -- stderr
    error: failed to read the site file site.yaml
      cause: No such file or directory (os error 2)
      hint: name it with `--site FILE`; `upgrade-kit schema site` describes its form
    ");
}

/// The limits of documents hold before anything of it is decoded: the decoder alone takes minutes.
#[test]
fn a_site_file_that_is_nested_too_deeply() {
    let deep = format!("site: a\nproduct: domibus\nx: {}\n", "[".repeat(100_000));
    let said = Sandbox::site(&deep).run(&["plan", "backup"]);
    assert_eq!(said.code(), 3, "{said}");
    assert!(said.both().contains("UK0109"), "{said}");
}

#[test]
fn an_empty_site_file() {
    assert_snapshot!(invalid(&Sandbox::site("")), @"
    exit 3
    -- stderr
    error[UK0110]: site.yaml is empty
     --> site.yaml:1:1
      |
    1 |
      | ^
      |
      = help: a comment is not enough: the document must have keys
    ");
    assert_snapshot!(invalid(&Sandbox::site("site: a\n")), @"
    exit 3
    -- stderr
    error[UK0202]: the key `product` is missing
     --> site.yaml:1:1
      |
    1 | site: a
      | ^^^^ `product` belongs here
      |
      = help: add `product: …`

    error[UK0202]: the key `server` is missing
     --> site.yaml:1:1
      |
    1 | site: a
      | ^^^^ `server` belongs here
      |
      = help: add `server: …`

    2 errors
    ");
}

#[test]
fn names_that_do_not_fit() {
    let sandbox = Sandbox::new();
    sandbox.change("site.yaml", "site: quickstart", "site: ../Prod");
    sandbox.change("site.yaml", "product: domibus", "product: domibuss");
    assert_snapshot!(invalid(&sandbox), @"
    exit 3
    -- stderr
    error[UK0204]: `../Prod` cannot be the name of a site
     --> site.yaml:1:7
      |
    1 | site: ../Prod
      |       ^^^^^^^
      |
      = help: use lower-case letters, digits, dashes and underscores

    error[UK0204]: there is no product `domibuss`
     --> site.yaml:2:10
      |
    2 | product: domibuss
      |          ^^^^^^^^
      |
      = help: products: domibus, ox, weblogic, wso2

    2 errors
    ");
}

#[test]
fn unknown_and_duplicate_keys_and_wrong_types() {
    let sandbox = Sandbox::new();
    sandbox.change(
        "site.yaml",
        "  kind: tomcat\n",
        "  kind: tomkat\n  hoem: /a\n  kind: tomcat\n",
    );
    sandbox.change("site.yaml", "ports: []", "ports: [http, 99999]");
    sandbox.change(
        "site.yaml",
        "product: domibus\n",
        "product: domibus\nproduct: domibus\nbackup: here\n",
    );
    assert_snapshot!(invalid(&sandbox), @"
    exit 3
    -- stderr
    error[UK0106]: the key `product` is there twice
     --> site.yaml:3:1
      |
    2 | product: domibus
      | ------- first here
    3 | product: domibus
      | ^^^^^^^ again here
      |
      = help: keep one of them

    error[UK0201]: unknown key `backup`
     --> site.yaml:4:1
      |
    4 | backup: here
      | ^^^^^^
      |
      = help: did you mean `backups`?

    error[UK0204]: `tomkat` is not possible here
     --> site.yaml:9:9
      |
    9 |   kind: tomkat
      |         ^^^^^^
      |
      = help: did you mean `tomcat`?

    error[UK0201]: unknown key `hoem`
      --> site.yaml:10:3
       |
    10 |   hoem: /a
       |   ^^^^
       |
       = help: did you mean `home`?

    error[UK0106]: the key `kind` is there twice
      --> site.yaml:11:3
       |
     9 |   kind: tomkat
       |   ---- first here
    10 |   hoem: /a
    11 |   kind: tomcat
       |   ^^^^ again here
       |
       = help: keep one of them

    error[UK0203]: expected a whole number from 0 to 65535, found the text `http`
      --> site.yaml:14:11
       |
    14 |   ports: [http, 99999]
       |           ^^^^

    error[UK0204]: expected a whole number from 0 to 65535, found the number 99999
      --> site.yaml:14:17
       |
    14 |   ports: [http, 99999]
       |                 ^^^^^

    7 errors
    ");
    sandbox.change(
        "site.yaml",
        "product: domibus\nproduct: domibus\n",
        "product: domibus\n",
    );
    sandbox.change("site.yaml", "\n  kind: tomcat\n", "\n");
    assert_snapshot!(invalid(&sandbox), @"
    exit 3
    -- stderr
    error[UK0201]: unknown key `backup`
     --> site.yaml:3:1
      |
    3 | backup: here
      | ^^^^^^
      |
      = help: did you mean `backups`?

    error[UK0204]: `tomkat` is not possible here
     --> site.yaml:8:9
      |
    8 |   kind: tomkat
      |         ^^^^^^
      |
      = help: did you mean `tomcat`?

    error[UK0201]: unknown key `hoem`
     --> site.yaml:9:3
      |
    9 |   hoem: /a
      |   ^^^^
      |
      = help: did you mean `home`?

    error[UK0203]: expected a whole number from 0 to 65535, found the text `http`
      --> site.yaml:12:11
       |
    12 |   ports: [http, 99999]
       |           ^^^^

    error[UK0204]: expected a whole number from 0 to 65535, found the number 99999
      --> site.yaml:12:17
       |
    12 |   ports: [http, 99999]
       |                 ^^^^^

    5 errors
    ");
}

#[test]
fn no_tomcat_where_the_site_says() {
    let sandbox = Sandbox::new();
    sandbox.change(
        "site.yaml",
        "  home: installation/tomcat",
        "  home: installation/tomkat",
    );
    assert_snapshot!(invalid(&sandbox), @"
    exit 4
    -- stderr
    error[UK0703]: failed to read [SITE]/installation/tomkat
     --> site.yaml:8:9
      |
    8 |   home: installation/tomkat
      |         ^^^^^^^^^^^^^^^^^^^ No such file or directory (os error 2)
      |
      = help: `server.home` must be the home directory of the server that runs Domibus
    ");
}

#[test]
fn values_that_discovery_cannot_find() {
    let sandbox = Sandbox::new();
    sandbox.change(
        "site.yaml",
        "server:\n",
        "database:\n  kind: mysql\nserver:\n",
    );
    assert_snapshot!(invalid(&sandbox), @"
    exit 3
    -- stderr
    error: the site file site.yaml does not say enough
      hint: `database.user` is missing: the account that dumps and restores (it needs more rights than Domibus' own)
    ");
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
    assert_snapshot!(shown, @"
    exit 3
    -- stderr
    error[UK0601]: a secret must not be written here
     --> site.yaml:8:13
      |
    8 |   password: ************
      |             ^^^^^^^^^^^^
      |
      = help: write where it is: `{ env: NAME }`, `{ file: PATH }` or `{ command: [PROGRAM, …] }`; and change it, since it stood in a file
    ");
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
    assert_snapshot!(said, @"
    exit 3
    -- stderr
    error[UK0601]: a secret must not be written here
      --> [SITE]/mine.yaml:10:36
       |
    10 |       secret_environment: { TOKEN: ************ }
       |                                    ^^^^^^^^^^^^
       |
       = help: write where it is: `{ env: NAME }`, `{ file: PATH }` or `{ command: [PROGRAM, …] }`; and change it, since it stood in a file
       = help: `upgrade-kit actions command.run` shows its options

    error[UK0201]: unknown option `value`
      --> [SITE]/mine.yaml:16:18
       |
    16 |         TOKEN: { value: ************ }
       |                  ^^^^^
       |
       = help: possible here: `env`, `file`, `command`
       = help: `upgrade-kit actions command.run` shows its options

    error[UK0203]: expected a list, found the text `a`
      --> [SITE]/mine.yaml:19:19
       |
    19 |     with: { argv: a, secret_environment: { TOKEN: ************ } }
       |                   ^
       |
       = help: write it as a list: [a]
       = help: `upgrade-kit actions command.run` shows its options

    error[UK0601]: a secret must not be written here
      --> [SITE]/mine.yaml:22:70
       |
    22 |     with: { schema: a, artifact: a, connection: { user: a, password: ************ } }
       |                                                                      ^^^^^^^^^^^^
       |
       = help: write where it is: `{ env: NAME }`, `{ file: PATH }` or `{ command: [PROGRAM, …] }`; and change it, since it stood in a file
       = help: `upgrade-kit actions mysql.dump` shows its options

    4 errors
    ");
}

#[test]
fn a_reference_that_says_too_little_or_too_much() {
    let sandbox = Sandbox::new();
    sandbox.change(
        "site.yaml",
        "server:\n",
        "database:\n  kind: mysql\n  user: root\n  password: {}\nserver:\n",
    );
    assert_snapshot!(invalid(&sandbox), @"
    exit 3
    -- stderr
    error[UK0602]: give one of `env`, `file` or `command`
     --> site.yaml:9:13
      |
    9 |   password: {}
      |             ^^
      |
      = help: exactly one of them tells where the secret is
    ");
    sandbox.change("site.yaml", "{}", "{ env: A, file: B }");
    assert_snapshot!(invalid(&sandbox), @"
    exit 3
    -- stderr
    error[UK0602]: give only one of `env`, `file` and `command`
     --> site.yaml:9:13
      |
    9 |   password: { env: *, file: * }
      |             ^^^^^^^^^^^^^^^^^
      |
      = help: exactly one of them tells where the secret is
    ");
}
