//! Against a real Java virtual machine, where there is one.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::*;

/// A Java process that tried to lock a file as a broker does.
struct Java {
    child: Child,
    answer: String,
}

impl Java {
    /// `None` where there is no Java, which only continuous integration must have.
    #[expect(
        clippy::disallowed_methods,
        reason = "a test's counterpart, not the product's tool"
    )]
    fn lock(file: &Path) -> Option<Self> {
        let source = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/data/store_lock/Holder.java"
        );
        let spawned = (Command::new("java").arg(source).arg(file))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let mut child = match spawned {
            Ok(child) => child,
            Err(error) => {
                assert!(
                    std::env::var_os("CI").is_none(),
                    "java is needed for this test: {error}"
                );
                println!("skipped: there is no java to test the lock against ({error})");
                return None;
            }
        };
        let mut answer = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut answer)
            .unwrap();
        Some(Self {
            child,
            answer: answer.trim().to_owned(),
        })
    }

    fn pid(&self) -> Holder {
        Holder::Process(Pid::from_child(&self.child))
    }

    fn end(mut self) {
        drop(self.child.stdin.take());
        self.child.wait().unwrap();
    }
}

fn lock_file(contents: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("lock");
    fs::write(&path, contents).unwrap();
    (directory, path)
}

#[test]
fn java_s_lock_is_seen_with_its_pid_and_cannot_be_taken() {
    for contents in [&b""[..], b"8 bytes."] {
        let (_directory, path) = lock_file(contents);
        let Some(java) = Java::lock(&path) else {
            return;
        };
        assert_eq!(java.answer, "locked");
        assert_eq!(probe(&path).unwrap(), Some(java.pid()));
        assert_eq!(guard(&path).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        let flock = File::open(&path).unwrap().try_lock();
        assert!(
            flock.is_ok(),
            "flock does not see it, which is why it is not used"
        );
        java.end();
        assert_eq!(probe(&path).unwrap(), None);
        guard(&path).unwrap();
    }
}

#[test]
fn java_is_kept_out_while_the_guard_lives() {
    let (_directory, path) = lock_file(b"8 bytes.");
    let held = guard(&path).unwrap();
    assert_eq!(
        fs::read(&path).unwrap(),
        b"8 bytes.",
        "opening and closing it keeps the lock"
    );
    let Some(java) = Java::lock(&path) else {
        return;
    };
    assert_eq!(java.answer, "refused");
    java.end();
    drop(held);
    let Some(java) = Java::lock(&path) else {
        return;
    };
    assert_eq!(java.answer, "locked");
    java.end();
}

#[test]
fn a_guard_is_seen_but_not_named() {
    let (_directory, path) = lock_file(b"");
    assert_eq!(probe(&path).unwrap(), None);
    let held = guard(&path).unwrap();
    assert_eq!(probe(&path).unwrap(), Some(Holder::Unnamed));
    assert_eq!(guard(&path).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    drop(held);
    assert_eq!(probe(&path).unwrap(), None);
}

#[test]
fn a_file_that_is_not_there_is_free_and_is_not_created() {
    let (_directory, path) = lock_file(b"");
    fs::remove_file(&path).unwrap();
    assert_eq!(probe(&path).unwrap(), None);
    assert_eq!(guard(&path).unwrap_err().kind(), io::ErrorKind::NotFound);
    assert!(!path.exists());
}

/// What a process that is just being started, and has not yet reached its `exec`, does to the lock.
#[test]
fn a_copy_of_the_descriptor_does_not_keep_the_lock() {
    let (_directory, path) = lock_file(b"");
    let held = guard(&path).unwrap();
    let copy = held.locked.try_clone().unwrap();
    drop(held);
    assert_eq!(probe(&path).unwrap(), None);
    guard(&path).unwrap();
    drop(copy);
}
