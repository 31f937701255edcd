//! The password is in the pipe and nowhere else.

use super::rig::rig;
use super::stage::{dump, restore};
use crate::database_stage::Stage;
use crate::secret_sampler::seen_while;

#[test]
fn no_argument_environment_log_or_file_holds_the_password() {
    let Some(rig) = rig() else { return };
    let schema = rig.seeded();
    let stage = Stage::new(&rig.password);
    let connection = rig.connection();
    let found = seen_while(&rig.password, || {
        let set = stage.sealed("set", &[dump(&connection, &schema)]);
        stage.restore(&set, &restore(&connection, &schema)).unwrap();
    });
    assert_eq!(found, Vec::<String>::new());
    let tools = stage.tools.lock().unwrap().clone();
    assert!(tools.len() > 8);
    for tool in &tools {
        assert!(
            tool.command.contains("--defaults-file=/dev/fd/3"),
            "{}",
            tool.command
        );
        assert!(!tool.command.contains(&rig.password));
    }
    assert!(!stage.log().contains(&rig.password));
    for file in walkdir::WalkDir::new(stage.directory.path()) {
        let file = file.unwrap();
        if file.file_type().is_file() {
            let text = std::fs::read(file.path()).unwrap();
            let text = String::from_utf8_lossy(&text);
            assert!(!text.contains(&rig.password), "{}", file.path().display());
        }
    }
}

/// A file that the clients read after `--defaults-extra-file`: its password would win.
#[test]
fn the_users_own_option_file_changes_nothing() {
    let Some(rig) = rig() else { return };
    let schema = rig.seeded();
    let stage = Stage::new(&rig.password);
    let home = stage.directory.path().join("home");
    std::fs::create_dir(&home).unwrap();
    let text = "[client]\npassword=wrong\n[mysqldump]\nignore-table=domibus_a.TB_VERSION\nno-data\n\
                [mysql]\nforce\n";
    std::fs::write(home.join(".my.cnf"), text).unwrap();
    let tools = crate::fake_tools::Tools::new();
    for program in ["mysqldump", "mysql"] {
        let script = format!("#!/bin/sh\nHOME={} exec {program} \"$@\"\n", home.display());
        tools.write(program, &script);
    }
    let mut connection = rig.connection();
    connection.dump_program = Some(tools.path("mysqldump"));
    connection.client_program = Some(tools.path("mysql"));
    let before = rig.exact_dump(&schema);
    let set = stage.sealed("set", &[dump(&connection, &schema)]);
    rig.sql(&format!("DROP DATABASE `{schema}`"));
    stage.restore(&set, &restore(&connection, &schema)).unwrap();
    assert_eq!(rig.exact_dump(&schema), before);

    // One that the site names is read.
    connection.option_file = Some(stage.directory.path().join("tls options.cnf"));
    std::fs::write(
        connection.option_file.as_ref().unwrap(),
        "[mysqldump]\nno-data\n",
    )
    .unwrap();
    let failure = stage
        .dump_into("named", &dump(&connection, &schema))
        .unwrap_err();
    assert!(
        failure.0.message.contains("rows of table"),
        "{}",
        failure.0.message
    );
}
