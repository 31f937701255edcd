//! The master administrator's password.

use super::rig::{PASSWORD, Rig};

#[test]
fn the_password_is_in_no_argument_and_in_nothing_that_is_kept() {
    let rig = Rig::new(2);
    rig.backup().expect(0);
    rig.breaks("oxdatabase_2", &["FillColumnTask"]);
    let text = rig.upgrade(&[]).expect(5).text;
    assert!(!text.contains(PASSWORD));
    assert!(
        rig.calls()
            .iter()
            .all(|call| !call.contains(PASSWORD) && !call.contains(" -P"))
    );
    for kept in ["runs", "backups"] {
        for entry in walkdir::WalkDir::new(rig.path(kept)) {
            let entry = entry.unwrap();
            if entry.file_type().is_file() {
                let bytes = std::fs::read(entry.path()).unwrap();
                let secret = PASSWORD.as_bytes();
                let found = bytes.windows(secret.len()).any(|window| window == secret);
                assert!(!found, "{}", entry.path().display());
            }
        }
    }
}

#[test]
fn an_update_tool_that_wants_a_password_is_not_given_one() {
    let rig = Rig::new(1);
    rig.write("sim/update-tools-ask", "");
    rig.backup().expect(0);
    let text = rig.upgrade(&[]).expect(5).text;
    assert!(
        text.contains("takes a password only as an argument") && text.contains("ADMIN_PASSWORD"),
        "{text}"
    );
    rig.assert_schemata(&[], &["oxdatabase_1"]);
    // A program of the site's own in its place, which knows another way.
    for tool in ["reloadconfiguration", "runupdate", "listUpdateTasks"] {
        let path = rig.path(&format!("sbin/{tool}"));
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(
            &path,
            text.replace("\"$@\"", "\"$@\" -P \"$ADMIN_PASSWORD\""),
        )
        .unwrap();
    }
    rig.resume(&[]).expect(0);
    rig.assert_schemata(&[], &[]);
}
