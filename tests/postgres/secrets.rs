//! The password is in the pipe and nowhere else.

use super::rig::{dump, restore, rig};
use crate::database_stage::Stage;
use crate::secret_sampler::seen_while;

#[test]
fn no_argument_environment_log_or_file_holds_the_password() {
    let Some(rig) = rig() else { return };
    let database = rig.seeded();
    let stage = Stage::new(&rig.password);
    let connection = rig.connection();
    let found = seen_while(&rig.password, || {
        let set = stage.sealed("set", &[dump(&connection, &database)]);
        stage
            .restore(&set, &restore(&connection, &database))
            .unwrap();
    });
    assert_eq!(found, Vec::<String>::new());
    let tools = stage.tools.lock().unwrap().clone();
    assert!(tools.len() > 8);
    for tool in &tools {
        assert!(
            tool.command.contains("PGSERVICEFILE=/dev/fd/3"),
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
