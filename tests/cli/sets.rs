//! Backup sets that are not what they were: nothing is touched, and the reason has a place.

use std::fs;
use std::path::PathBuf;

use super::harness::{Said, Sandbox};
use super::picture::Picture;

/// A site with one backup set.
fn with_set() -> Sandbox {
    let sandbox = Sandbox::new();
    _ = sandbox.done(&["backup"]);
    sandbox
}

fn set(sandbox: &Sandbox) -> PathBuf {
    let sets = sandbox.path("backups/quickstart");
    let mut entries = fs::read_dir(sets).unwrap();
    let set = entries.next().unwrap().unwrap().path();
    assert!(entries.next().is_none(), "more than one set");
    set
}

/// What `verify`, `restore` and `upgrade` say. The installation and the set stay as they are.
#[track_caller]
fn refused(sandbox: &Sandbox, code: i32) -> Said {
    let folder = set(sandbox);
    let picture = || {
        (
            Picture::of(&sandbox.path("installation"), &[]),
            Picture::of(&folder, &[]),
        )
    };
    let before = picture();
    let verify = sandbox.run(&["backups", "verify"]);
    assert_eq!(verify.code(), code, "verify: {verify}");
    for phase in ["restore", "upgrade"] {
        let said = sandbox.run(&[phase]);
        assert_eq!(said.code(), code, "{phase}: {said}");
        let after = picture();
        before.0.assert_same(&after.0, phase);
        before.1.assert_same(&after.1, phase);
    }
    verify
}

fn edit(sandbox: &Sandbox, file: &str, change: impl FnOnce(&mut Vec<u8>)) {
    let path = set(sandbox).join(file);
    let mut bytes = fs::read(&path).unwrap();
    change(&mut bytes);
    fs::write(path, bytes).unwrap();
}

const STORE: &str = "jms/kahadb/content/db-1.log";

#[test]
fn a_flipped_byte() {
    let sandbox = with_set();
    edit(&sandbox, STORE, |bytes| {
        let at = bytes.len() / 2;
        bytes[at] ^= 1;
    });
    _ = refused(&sandbox, 8);
    assert_ne!(sandbox.run(&["restore", "--jobs", "1"]).code(), 0);
}

#[test]
fn a_file_cut_short() {
    let sandbox = with_set();
    edit(&sandbox, STORE, |bytes| bytes.truncate(100));
    _ = refused(&sandbox, 8);
}

#[test]
fn a_file_that_is_gone() {
    let sandbox = with_set();
    fs::remove_file(set(&sandbox).join(STORE)).unwrap();
    _ = refused(&sandbox, 8);
}

#[test]
fn a_file_too_many() {
    let sandbox = with_set();
    fs::write(set(&sandbox).join("jms/kahadb/content/db-2.log"), "x").unwrap();
    _ = refused(&sandbox, 8);
}

#[test]
fn a_link_in_place_of_a_file() {
    let sandbox = with_set();
    let path = set(&sandbox).join(STORE);
    fs::rename(&path, sandbox.path("elsewhere")).unwrap();
    std::os::unix::fs::symlink(sandbox.path("elsewhere"), &path).unwrap();
    _ = refused(&sandbox, 8);
}

#[test]
fn an_edited_manifest() {
    let sandbox = with_set();
    edit(&sandbox, "manifest.json", |bytes| {
        let text = String::from_utf8(bytes.clone()).unwrap();
        assert!(text.contains("\"same-server\""));
        *bytes = text
            .replace("\"same-server\"", "\"new-server\"")
            .into_bytes();
    });
    _ = refused(&sandbox, 8);
}

#[test]
fn a_manifest_that_is_no_json_empty_or_gone() {
    let sandbox = with_set();
    edit(&sandbox, "manifest.json", |bytes| bytes.truncate(100));
    assert_eq!(sandbox.run(&["backups", "list"]).code(), 0);
    let name = set(&sandbox)
        .file_name()
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned();
    let verify = || sandbox.run(&["backups", "verify", &name]);
    assert_eq!(verify().code(), 8);
    edit(&sandbox, "manifest.json", Vec::clear);
    assert_eq!(verify().code(), 8);
    fs::remove_file(set(&sandbox).join("manifest.json")).unwrap();
    assert_eq!(verify().code(), 8);
    assert_ne!(sandbox.run(&["restore", "--from", &name]).code(), 0);
    // A damaged set is not silently passed over for an older one, or for none.
    assert_ne!(sandbox.run(&["restore"]).code(), 0);
}

#[test]
fn edited_checksums() {
    let sandbox = with_set();
    edit(&sandbox, "SHA256SUMS", |bytes| {
        let last = bytes.len() - 2;
        bytes[last] ^= 1;
    });
    _ = refused(&sandbox, 8);
}

#[test]
fn an_edited_plan() {
    let sandbox = with_set();
    edit(&sandbox, "plan.json", |bytes| {
        let text = String::from_utf8(bytes.clone()).unwrap();
        *bytes = text.replacen("5.1.0", "9.9.9", 1).into_bytes();
    });
    _ = refused(&sandbox, 8);
}

#[test]
fn a_newer_format() {
    let sandbox = with_set();
    edit(&sandbox, "manifest.json", |bytes| {
        let text = String::from_utf8(bytes.clone()).unwrap();
        *bytes = text
            .replacen("\"format\": 1", "\"format\": 2", 1)
            .into_bytes();
    });
    assert_eq!(sandbox.run(&["backups", "list"]).code(), 0);
    let name = set(&sandbox)
        .file_name()
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned();
    for arguments in [
        &["backups", "verify", &name][..],
        &["backups", "show", &name],
        &["restore", "--from", &name],
        &["upgrade", "--from", &name],
    ] {
        let said = sandbox.run(arguments);
        assert_ne!(said.code(), 0);
    }
}

#[test]
fn an_unfinished_set() {
    let sandbox = with_set();
    let set = set(&sandbox);
    let name = set.file_name().unwrap().to_str().unwrap();
    fs::rename(&set, set.with_file_name(format!("{name}.partial"))).unwrap();
    assert_eq!(sandbox.run(&["backups", "list"]).code(), 0);
    assert_ne!(sandbox.run(&["restore", "--from", name]).code(), 0);
    assert_ne!(sandbox.run(&["restore"]).code(), 0);
}

#[test]
fn a_set_of_another_site() {
    let sandbox = with_set();
    let set = set(&sandbox);
    let name = set.file_name().unwrap().to_str().unwrap();
    sandbox.change("site.yaml", "site: quickstart", "site: other");
    fs::create_dir(sandbox.path("backups/other")).unwrap();
    fs::rename(&set, sandbox.path("backups/other").join(name)).unwrap();
    let before = Picture::of(&sandbox.path("installation"), &[]);
    assert_ne!(sandbox.run(&["restore", "--from", name]).code(), 0);
    assert_ne!(sandbox.run(&["upgrade", "--from", name]).code(), 0);
    before.assert_same(
        &Picture::of(&sandbox.path("installation"), &[]),
        "another site's set",
    );
}

/// An upgrade whose backup does not hold what is installed now would lose what came since.
#[test]
fn a_set_that_is_not_current() {
    let sandbox = with_set();
    sandbox.write(
        "installation/tomcat/conf/domibus/new.properties",
        "since=then\n",
    );
    let before = Picture::of(&sandbox.path("installation"), &[]);
    assert_ne!(sandbox.run(&["upgrade", "--jobs", "1"]).code(), 0);
    before.assert_same(
        &Picture::of(&sandbox.path("installation"), &[]),
        "an old set",
    );
}
