//! The database's password is nowhere but where it was put.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use super::real::Real;

/// Looks at the arguments and the environment of every process all the time.
pub(super) struct Watch {
    is_over: Arc<AtomicBool>,
    watcher: JoinHandle<(usize, Vec<String>)>,
}

impl Watch {
    pub(super) fn new(password: &str) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let (over, secret) = (Arc::clone(&is_over), password.as_bytes().to_vec());
        let watcher = std::thread::spawn(move || {
            let (mut looks, mut hits) = (0, Vec::new());
            while !over.load(Ordering::Relaxed) {
                looks += look(&secret, &mut hits);
                std::thread::sleep(Duration::from_millis(4));
            }
            (looks, hits)
        });
        Self { is_over, watcher }
    }

    /// Fails if the password was seen; how many processes were looked at.
    pub(super) fn end(self) -> usize {
        self.is_over.store(true, Ordering::Relaxed);
        let (looks, hits) = self.watcher.join().unwrap();
        assert!(hits.is_empty(), "{hits:#?}");
        assert!(looks > 100, "only {looks} processes were looked at");
        looks
    }
}

fn look(secret: &[u8], hits: &mut Vec<String>) -> usize {
    let mut looks = 0;
    for name in super::kit::names(Path::new("/proc")) {
        if !name.bytes().all(|byte| byte.is_ascii_digit()) {
            continue;
        }
        for file in ["cmdline", "environ"] {
            let path = format!("/proc/{name}/{file}");
            let Ok(bytes) = std::fs::read(&path) else {
                continue;
            };
            looks += 1;
            if holds(&bytes, secret) {
                let command = std::fs::read(format!("/proc/{name}/cmdline")).unwrap_or_default();
                hits.push(format!("{path}: {}", String::from_utf8_lossy(&command)));
            }
        }
    }
    looks
}

fn holds(bytes: &[u8], secret: &[u8]) -> bool {
    memchr::memmem::find(bytes, secret).is_some()
}

/// Plans, journals, logs, manifests, output: everything that the program wrote, apart from the
/// artifacts that are copies of the installation's own files.
pub(super) fn nowhere(real: &Real) {
    let escaped = serde_json::to_string(&real.password).unwrap();
    let forms = [real.password.as_str(), escaped.trim_matches('"')];
    let folders = [
        real.kit.runs.clone(),
        real.kit.sets.clone(),
        real.kit.output.clone(),
    ];
    let mut files = 0;
    for entry in folders.iter().flat_map(walkdir::WalkDir::new) {
        let entry = entry.unwrap();
        let is_copy = is_copy(&real.kit.sets, entry.path());
        if !entry.file_type().is_file() || is_copy {
            continue;
        }
        let bytes = std::fs::read(entry.path()).unwrap();
        files += 1;
        for form in forms {
            assert!(
                !holds(&bytes, form.as_bytes()),
                "{} holds the password",
                entry.path().display()
            );
        }
    }
    assert!(files > 30, "only {files} files were read");
}

/// Folders of a set other than its top hold artifacts, `domibus.properties` with its password among them.
fn is_copy(sets: &Path, path: &Path) -> bool {
    path.strip_prefix(sets)
        .is_ok_and(|below| below.components().count() > 2)
}
