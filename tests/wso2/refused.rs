//! Site files that cannot be right: whole outputs.

use insta::assert_snapshot;

use super::world::{H2, World, shown};
use crate::cli::harness::{Sandbox, redact};

/// What a plan says of a site file that is not one of a product.
fn planned(document: &str, scenario: &str) -> String {
    let sandbox = Sandbox::site(document);
    let said = sandbox.run(&["plan", "upgrade", "--scenario", scenario]);
    assert_eq!(said.code(), 3, "{said}");
    redact(&said.both(), sandbox.root())
}

#[test]
fn a_site_file_without_anything_in_it() {
    assert_snapshot!(planned("", "carbon"), @r#"
    error[UK0110]: site.yaml is empty
     --> site.yaml:1:1
      |
    1 |
      | ^
      |
      = help: a comment is not enough: the document must have keys
    "#);
    assert_snapshot!(planned("site: berlin\nproduct: wso2\n", "carbon"), @r#"
    error[UK0202]: the key `wso2` is missing
     --> site.yaml:1:1
      |
    1 | site: berlin
      | ^^^^ `wso2` belongs here
      |
      = help: add `wso2: …`
    "#);
    assert_snapshot!(planned("site: berlin\nproduct: wso2\nwso2: {}\n", "carbon"), @r#"
    error[UK0202]: the key `from` is missing in `wso2`
     --> site.yaml:3:1
      |
    3 | wso2: {}
      | ^^^^ `from` belongs here
      |
      = help: add `from: …`

    error[UK0202]: the key `to` is missing in `wso2`
     --> site.yaml:3:1
      |
    3 | wso2: {}
      | ^^^^ `to` belongs here
      |
      = help: add `to: …`

    error[UK0202]: the key `database` is missing in `wso2`
     --> site.yaml:3:1
      |
    3 | wso2: {}
      | ^^^^ `database` belongs here
      |
      = help: add `database: …`

    error[UK0202]: the key `staging` is missing in `wso2`
     --> site.yaml:3:1
      |
    3 | wso2: {}
      | ^^^^ `staging` belongs here
      |
      = help: add `staging: …`

    error[UK0202]: the key `servers` is missing in `wso2`
     --> site.yaml:3:1
      |
    3 | wso2: {}
      | ^^^^ `servers` belongs here
      |
      = help: add `servers: …`

    error[UK0202]: the key `new` is missing in `wso2`
     --> site.yaml:3:1
      |
    3 | wso2: {}
      | ^^^^ `new` belongs here
      |
      = help: add `new: …`

    6 errors
    "#);
}

#[test]
fn unknown_keys_and_values_of_another_type() {
    let document = "site: Carbon Berlin\nproduct: wso2\nwso2:\n  from: 4.4.6\n  to: 4.4.7\n  \
         databse: { kind: mysql }\n  \
         database: { kind: mariadb, host: db, name: carbon, user: u, password: hunter2 }\n  \
         staging: { kind: mysql, hots: db, port: 99999, name: [x] }\n  servers: { home: /opt/x }\n  \
         new: { home: 7, ports: \"9443\" }\n  tenants: sure\n";
    let text = planned(document, "dss");
    assert!(!text.contains("hunter2"));
    assert_snapshot!(text, @r#"
    error[UK0204]: `Carbon Berlin` cannot be the name of a site
     --> site.yaml:1:7
      |
    1 | site: Carbon Berlin
      |       ^^^^^^^^^^^^^
      |
      = help: use lower-case letters, digits, dashes and underscores

    error[UK0201]: unknown key `databse`
     --> site.yaml:6:3
      |
    6 |   databse: { kind: mysql }
      |   ^^^^^^^
      |
      = help: did you mean `database`?

    error[UK0204]: `mariadb` is not possible here
     --> site.yaml:7:21
      |
    7 |   database: { kind: mariadb, host: db, name: carbon, user: u, password: ******* }
      |                     ^^^^^^^
      |
      = help: possible here: `mysql`, `postgres`, `oracle`, `h2`

    error[UK0601]: a secret must not be written here
     --> site.yaml:7:73
      |
    7 |   database: { kind: mariadb, host: db, name: carbon, user: u, password: ******* }
      |                                                                         ^^^^^^^
      |
      = help: write where it is: `{ env: NAME }`, `{ file: PATH }` or `{ command: [PROGRAM, …] }`; and change it, since it stood in a file

    error[UK0201]: unknown key `hots`
     --> site.yaml:8:27
      |
    8 |   staging: { kind: mysql, hots: db, port: 99999, name: [x] }
      |                           ^^^^
      |
      = help: did you mean `host`?

    error[UK0204]: expected a whole number from 0 to 65535, found the number 99999
     --> site.yaml:8:43
      |
    8 |   staging: { kind: mysql, hots: db, port: 99999, name: [x] }
      |                                           ^^^^^

    error[UK0203]: expected a text, found a list
     --> site.yaml:8:56
      |
    8 |   staging: { kind: mysql, hots: db, port: 99999, name: [x] }
      |                                                        ^^^

    error[UK0203]: expected a list, found a mapping of keys and values
     --> site.yaml:9:12
      |
    9 |   servers: { home: /opt/x }
      |            ^^^^^^^^^^^^^^
      |
      = help: begin each item with `- `

    error[UK0203]: expected a list, found the text `9443`
      --> site.yaml:10:26
       |
    10 |   new: { home: 7, ports: "9443" }
       |                          ^^^^^^
       |
       = help: write it as a list: [9443]

    error[UK0203]: expected `true` or `false`, found the text `sure`
      --> site.yaml:11:12
       |
    11 |   tenants: sure
       |            ^^^^

    10 errors
    "#);
}

#[test]
fn values_that_contradict_each_other() {
    let document = "site: berlin\nproduct: wso2\nwso2:\n  from: 4.4.6\n  to: 4.4.6\n  \
         database: { kind: postgres, host: db, name: carbon, user: u, file: x.h2.db }\n  \
         staging: { kind: postgres, host: DB, port: 5432, name: carbon, user: u }\n  servers:\n  \
         - { home: /opt/a }\n  - { home: /opt/a, ports: [] }\n  - { home: /opt/new }\n  \
         new: { home: /opt/new, health: \"https://127.0.0.1:9443/carbon\", datasource: it's }\n  \
         migration: { folder: a, script: b }\n";
    assert_snapshot!(planned(document, "dss"), @r#"
    error: the site file site.yaml does not say enough
      hint: wso2.database.file: only H2 has a file
      hint: wso2.staging: is the present database; the new version works on one of its own
      hint: wso2.to: is `4.4.6`, the version that is there
      hint: wso2.servers[1].home: is that of another server
      hint: wso2.servers[1].ports: is empty; name the ports, or leave the key out for Carbon's own (9443, 9763)
      hint: wso2.new.home: is the home of a present server
      hint: wso2.new.health: only an address that begins with http:// can be asked (not https)
      hint: wso2.migration: give either `folder` or `script`
      hint: wso2.new.datasource: must be a name without an apostrophe
    "#);
    let document = "site: berlin\nproduct: wso2\nwso2:\n  from: 4.4.6\n  to: 4.4.7\n  \
         database: { kind: h2, host: db, name: carbon, file: old/CARBON.h2.db }\n  \
         staging: { kind: h2, file: new/CARBON.mv.db }\n  servers: []\n  new: { home: /opt/new }\n  \
         migration: {}\n";
    assert_snapshot!(planned(document, "dss"), @r#"
    error: the site file site.yaml does not say enough
      hint: wso2.database.user: name the account that the migration script runs as
      hint: wso2.database.jar: name the product's own H2 (`h2….jar`)
      hint: wso2.database.name: an embedded H2 has only a file
      hint: wso2.database.host: an embedded H2 has only a file
      hint: wso2.staging.user: name the account that the migration script runs as
      hint: wso2.staging.jar: name the product's own H2 (`h2….jar`)
      hint: wso2.staging.file: must end in `.h2.db`, as the present database's: it becomes a copy of that file, and H2 knows the format by the name
      hint: wso2.servers: name every server that uses the database
      hint: wso2.migration: give either `folder` or `script`
    "#);
}

#[test]
fn another_type_of_database_is_refused_with_everything_else_that_is_wrong() {
    let world = World::new(
        "  database: { kind: mysql, host: db.example, name: carbon, user: carbon }\n  \
         staging: { kind: oracle, host: db.example, name: CARBON, user: carbon }\n",
    );
    let said = world.sandbox.run(&["plan", "upgrade", "--scenario", "dss"]);
    assert_eq!(said.code(), 3);
    assert_snapshot!(shown(&world, &said.both()), @r#"
    error: the site file site.yaml does not say enough
      hint: wso2.staging.kind: the database is `mysql` and the staging database `oracle`: the type must stay the same, the migration scripts convert nothing
      hint: wso2.staging.service: name the service of the database
      hint: wso2.staging.directory: name the directory object for dumps
      hint: wso2.staging.directory_path: say where the directory object's folder is
      hint: wso2.migration: scenario `dss` runs a migration script; give its `folder` or `script`
      hint: wso2.staging.url: say the JDBC address of the data source
    "#);
}

#[test]
fn a_script_that_is_missing_or_of_another_type_is_refused() {
    let world = World::new(H2.replace(" }", ", user: sa, jar: h2.jar }").as_str());
    let site = world.sandbox.read("site.yaml");
    world.sandbox.write(
        "site.yaml",
        &format!("{site}  migration: {{ folder: scripts }}\n"),
    );
    let missing = world.sandbox.run(&["plan", "upgrade", "--scenario", "dss"]);
    assert_snapshot!(shown(&world, &missing.both()), @r#"
    error: the site file site.yaml does not say enough
      hint: wso2.migration: there is no script for `h2`: looked for [SITE]/scripts/h2-migration.sql
    "#);
    world
        .sandbox
        .write("scripts/oracle-migration.sql", "SELECT 1;");
    let other = "  migration: { script: scripts/oracle-migration.sql }\n";
    world.sandbox.write("site.yaml", &format!("{site}{other}"));
    let other = world.sandbox.run(&["plan", "upgrade", "--scenario", "dss"]);
    assert_snapshot!(shown(&world, &other.both()), @r#"
    error: the site file site.yaml does not say enough
      hint: wso2.migration: the script is for `oracle` and the database is `h2`
    "#);
}
