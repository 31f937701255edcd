//! The password goes through pipes and is nowhere else.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use upgrade_kit::adapter::oracle::{Export, Restore};

use super::rig::{PASSWORD, Rig};
use crate::database_stage::Stage;

/// Every argument list and environment that can be read while tools come and go.
fn sample(found: &mut Vec<String>) {
    let own = std::process::id().to_string();
    for process in std::fs::read_dir("/proc").unwrap().flatten() {
        let name = process.file_name().to_string_lossy().into_owned();
        if name == own || !name.starts_with(|c: char| c.is_ascii_digit()) {
            continue;
        }
        for file in ["cmdline", "environ"] {
            if let Ok(text) = std::fs::read(process.path().join(file))
                && String::from_utf8_lossy(&text).contains("n0where")
            {
                found.push(format!("{file} of {name}"));
            }
        }
    }
}

/// Ends the sampling, also when the work between panics.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn no_argument_environment_log_or_file_holds_the_password() {
    const SECRET: &str = "n0where&\u{e4}@x";
    let rig = Rig::new();
    let python =
        format!("b.run('UPDATE m_users SET password = ? WHERE name = ?', '{SECRET}', 'DOMIBUS')");
    rig.python(&python);
    let stage = Stage::new(SECRET);
    let done = AtomicBool::new(false);
    let (found, samples) = std::thread::scope(|scope| {
        let sampler = scope.spawn(|| {
            let (mut found, mut samples) = (Vec::new(), 0_u32);
            while !done.load(Ordering::Relaxed) {
                sample(&mut found);
                samples += 1;
            }
            (found, samples)
        });
        {
            let _end = Ends(&done);
            let set = stage.sealed("set", &[rig.transfer::<Export>("DOMIBUS", &json!({}))]);
            let restore: Restore = rig.transfer("DOMIBUS", &json!({}));
            stage.restore(&set, &restore).unwrap();
        }
        sampler.join().unwrap()
    });
    assert_eq!(found, Vec::<String>::new(), "of {samples} samples");
    assert!(samples > 10);
    assert!(stage.tools.lock().unwrap().len() > 8);
    assert!(rig.calls().iter().all(|call| !call.contains("n0where")));
    assert!(!stage.log().contains("n0where"));
    let folders = [stage.directory.path().to_owned(), rig.folder()];
    for file in folders.iter().flat_map(walkdir::WalkDir::new) {
        let file = file.unwrap();
        if file.file_type().is_file() {
            let text = std::fs::read(file.path()).unwrap();
            let text = String::from_utf8_lossy(&text);
            assert!(!text.contains("n0where"), "{}", file.path().display());
        }
    }
    let parameters = std::fs::metadata(stage.scratch().join("export.par")).unwrap();
    assert_eq!(
        std::os::unix::fs::PermissionsExt::mode(&parameters.permissions()) & 0o777,
        0o600
    );
}

/// A password that no client could be given is refused without being repeated.
#[test]
fn a_password_that_cannot_be_quoted_is_refused() {
    let rig = Rig::new();
    assert_ne!(PASSWORD, "");
    let stage = Stage::new("a\"b");
    let export: Export = rig.transfer("DOMIBUS", &json!({}));
    let failure = stage.dump_into("set", &export).unwrap_err();
    assert!(failure.0.message.contains("holds a double quote"));
    assert!(!failure.0.message.contains("a\"b"));
}
