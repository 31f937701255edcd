//! Schemata that are dumped, and one that goes back to its dump, on a real MariaDB.

use std::os::unix::fs::PermissionsExt;

use super::rig::Rig;
use crate::mysql::rig::{Rig as Database, new_name, rig as database};

const CONTACTS: &str = "CREATE TABLE prg_contacts (cid INT PRIMARY KEY, display VARCHAR(40));
    INSERT INTO prg_contacts VALUES (1, 'one'), (2, 'two');";

/// Names the database in the site, with more keys of it, and a schema that a restore puts back.
fn with_database(rig: &Rig, database: &Database, more: &str, restored: &str) {
    rig.write("database-password", &database.password);
    let private = PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(rig.path("database-password"), private).unwrap();
    let site = rig.site("automatic")
        + &format!(
            "  database: {{ host: 127.0.0.1, port: {}, user: {}, password: {{ file: database-password }}{more} }}\n  \
             restore: {{ schemata: [{restored}] }}\n",
            database.port, database.user
        );
    rig.write("site.yaml", &site);
}

#[test]
fn a_schema_goes_back_to_its_dump() {
    let Some(database) = database() else {
        return;
    };
    let (one, two) = (&new_name(), &new_name());
    let rig = Rig::of([one.clone(), two.clone()]);
    for schema in [one, two] {
        database.create(schema, "utf8mb4", "utf8mb4_bin");
        database.load(schema, CONTACTS);
    }
    let before = database.exact_dump(two);
    with_database(&rig, database, "", two);

    let said = rig.backup().expect(0).text;
    assert!(said.contains("2 rows in 1 table"), "{said}");
    rig.assert_schemata(&[], &[one, two]);
    rig.upgrade(&[]).expect(0);
    rig.assert_schemata(&[], &[]);

    let updated = "ALTER TABLE prg_contacts ADD extra INT; CREATE TABLE added (id INT);
        DELETE FROM prg_contacts WHERE cid = 1;";
    database.load(one, updated);
    database.load(two, updated);
    let other = database.exact_dump(one);
    let restore = ["restore", "--scenario", "rolling-upgrade", "--yes"];
    rig.run(&restore).expect(0);
    assert_eq!(database.exact_dump(two), before);
    assert_eq!(database.exact_dump(one), other);
    let state = |file: &str| rig.read(&format!("sim/schemata/{two}/{file}"));
    assert_eq!(
        (state("enabled").trim(), state("server").trim()),
        ("yes", "3")
    );
}

#[test]
fn a_dump_that_fails_keeps_nobody_out() {
    let Some(database) = database() else {
        return;
    };
    let schema = &new_name();
    let rig = Rig::of([schema.clone()]);
    let program = format!(", dump_program: {}", rig.path("bin/dump").display());
    with_database(&rig, database, &program, schema);
    rig.program("bin/dump", "echo 'mysqldump: Got error: 2013' >&2; exit 2");
    database.create(schema, "utf8mb4", "utf8mb4_bin");
    let said = rig.backup().expect(0).text;
    assert!(said.contains("exit code 2"), "{said}");
    rig.assert_schemata(&[], &[schema]);
    let restore = ["restore", "--scenario", "rolling-upgrade", "--yes"];
    let refused = rig.run(&restore);
    assert_ne!(refused.code, Some(0), "{said}\n{}", refused.text);
    rig.assert_schemata(&[], &[schema]);
}
