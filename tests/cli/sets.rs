//! Backup sets that are not what they were: nothing is touched, and the reason has a place.

use std::fs;
use std::path::PathBuf;

use insta::assert_snapshot;

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
    let set = set(sandbox);
    let picture = || {
        (
            Picture::of(&sandbox.path("installation"), &[]),
            Picture::of(&set, &[]),
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
    assert_snapshot!(refused(&sandbox, 8), @"
    exit 8
    -- stdout
    DAMAGED  jms/kahadb: db-1.log is damaged at byte 32356: the checksum of the batch is wrong
    DAMAGED  jms/kahadb: queue domibus.DLQ: 2 messages, expected 3
    DAMAGED  jms/kahadb/content/db-1.log: its SHA-256 is not the recorded one

    backup set [RUN]: 3 problems (56 files, [SIZE])
    do not restore from it; take another one: upgrade-kit backups list
    ");
    let restore = sandbox.run(&["restore"]).to_string();
    let of_note = |line: &&str| !line.contains("not run ") && !line.contains("left out ");
    let lines: Vec<&str> = restore.lines().filter(of_note).collect();
    assert_snapshot!(lines.join("\n"), @"
    exit 8
    -- stdout
    [TIME]  start                                               restore of quickstart, same-server, 36 steps, run [RUN]
    [TIME]  begin     verify-set
    [TIME]  failed    verify-set                                the backup set [RUN] is damaged: 3 problems  [SPAN]
    [TIME]            verify-set                                because  jms/kahadb: db-1.log is damaged at byte 32356: the checksum of the batch is wrong
    [TIME]            verify-set                                because  jms/kahadb: queue domibus.DLQ: 2 messages, expected 3
    [TIME]            verify-set                                because  jms/kahadb/content/db-1.log: its SHA-256 is not the recorded one
    [TIME]            verify-set                                to do    use another set: see `upgrade-kit backups list`
    [TIME]  failed                                              restore of quickstart  [SPAN]

    Restore of quickstart: FAILED after [SPAN] (run [RUN], same-server)
      0 steps done, 1 failed, 35 not run
        and 15 more

    Failed: verify-set (backupset.verify)
      the backup set [RUN] is damaged: 3 problems
      the backup set is damaged or does not fit
        because  jms/kahadb: db-1.log is damaged at byte 32356: the checksum of the batch is wrong
        because  jms/kahadb: queue domibus.DLQ: 2 messages, expected 3
        because  jms/kahadb/content/db-1.log: its SHA-256 is not the recorded one
        to do    use another set: see `upgrade-kit backups list`

    Uses backup set [RUN]  [SITE]/backups/quickstart/[RUN]

    Safety set [RUN] (not finished)

    Downtime  none: the application was not stopped
    Point of no return  not reached: nothing needs to be restored

    Next
      upgrade-kit resume [RUN] --site site.yaml
    ");
}

#[test]
fn a_file_cut_short() {
    let sandbox = with_set();
    edit(&sandbox, STORE, |bytes| bytes.truncate(100));
    assert_snapshot!(refused(&sandbox, 8), @"
    exit 8
    -- stdout
    DAMAGED  jms/kahadb: db-1.log is damaged at byte 72: the file is cut off
    DAMAGED  jms/kahadb: queue domibus.DLQ: 0 messages, expected 3
    DAMAGED  jms/kahadb: queue domibus.backend.jms.inQueue: 0 messages, expected 20
    DAMAGED  jms/kahadb: queue domibus.backend.jms.outQueue: 0 messages, expected 12
    DAMAGED  jms/kahadb: queue domibus.notification.filesystem: 0 messages, expected 7
    DAMAGED  jms/kahadb/content/db-1.log: 100 bytes instead of 65536

    backup set [RUN]: 6 problems (56 files, [SIZE])
    do not restore from it; take another one: upgrade-kit backups list
    ");
}

#[test]
fn a_file_that_is_gone() {
    let sandbox = with_set();
    fs::remove_file(set(&sandbox).join(STORE)).unwrap();
    assert_snapshot!(refused(&sandbox, 8), @"
    exit 8
    -- stdout
    DAMAGED  jms/kahadb: [SITE]/backups/quickstart/[RUN]/jms/kahadb/content is not a KahaDB directory: no db-N.log in it, nor in a directory right below it
    DAMAGED  jms/kahadb/content/db-1.log: it is missing

    backup set [RUN]: 2 problems (56 files, [SIZE])
    do not restore from it; take another one: upgrade-kit backups list
    ");
}

#[test]
fn a_file_too_many() {
    let sandbox = with_set();
    fs::write(set(&sandbox).join("jms/kahadb/content/db-2.log"), "x").unwrap();
    assert_snapshot!(refused(&sandbox, 8), @"
    exit 8
    -- stdout
    DAMAGED  jms/kahadb: db-2.log is damaged at byte 0: the file is cut off
    DAMAGED  jms/kahadb/content/db-2.log: no record of the set speaks of it

    backup set [RUN]: 2 problems (56 files, [SIZE])
    do not restore from it; take another one: upgrade-kit backups list
    ");
}

#[test]
fn a_link_in_place_of_a_file() {
    let sandbox = with_set();
    let path = set(&sandbox).join(STORE);
    fs::rename(&path, sandbox.path("elsewhere")).unwrap();
    std::os::unix::fs::symlink(sandbox.path("elsewhere"), &path).unwrap();
    assert_snapshot!(refused(&sandbox, 8), @"
    exit 8
    -- stdout
    DAMAGED  jms/kahadb/content/db-1.log: it is neither a regular file nor a directory

    backup set [RUN]: 1 problem (56 files, [SIZE])
    do not restore from it; take another one: upgrade-kit backups list
    ");
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
    assert_snapshot!(refused(&sandbox, 8), @"
    exit 8
    -- stdout
    DAMAGED  manifest.json: its SHA-256 is not the recorded one

    backup set [RUN]: 1 problem (56 files, [SIZE])
    do not restore from it; take another one: upgrade-kit backups list
    ");
}

#[test]
fn a_manifest_that_is_no_json_empty_or_gone() {
    let sandbox = with_set();
    edit(&sandbox, "manifest.json", |bytes| bytes.truncate(100));
    assert_snapshot!(sandbox.run(&["backups", "list"]), @"
    exit 0
    -- stdout
    BACKUP SET             TIME                  KIND  SCENARIO  VERSIONS  PROVEN  SIZE  STATUS
    [RUN]  [TIME]  -     -         -         -          -  damaged: manifest.json cannot be read: EOF while parsing a value at line 6 column 1
    ");
    let name = set(&sandbox)
        .file_name()
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned();
    let verify = || sandbox.run(&["backups", "verify", &name]);
    assert_snapshot!(verify(), @"
    exit 8
    -- stderr
    error: the backup set [SITE]/backups/quickstart/[RUN] is damaged: manifest.json cannot be read: EOF while parsing a value at line 6 column 1
      hint: name another one with `--from`; `upgrade-kit backups list` lists them
    ");
    edit(&sandbox, "manifest.json", Vec::clear);
    assert_snapshot!(verify(), @"
    exit 8
    -- stderr
    error: the backup set [SITE]/backups/quickstart/[RUN] is damaged: manifest.json cannot be read: EOF while parsing a value at line 1 column 0
      hint: name another one with `--from`; `upgrade-kit backups list` lists them
    ");
    fs::remove_file(set(&sandbox).join("manifest.json")).unwrap();
    assert_snapshot!(verify(), @"
    exit 8
    -- stderr
    error: the backup set [SITE]/backups/quickstart/[RUN] is damaged: manifest.json is missing
      hint: name another one with `--from`; `upgrade-kit backups list` lists them
    ");
    assert_snapshot!(sandbox.run(&["restore", "--from", &name]), @"
    exit 8
    -- stderr
    error: the backup set [SITE]/backups/quickstart/[RUN] is damaged: manifest.json is missing
      hint: name another one with `--from`; `upgrade-kit backups list` lists them
    ");
    // A damaged set is not silently passed over for an older one, or for none.
    assert_snapshot!(sandbox.run(&["restore"]), @"
    exit 8
    -- stderr
    error: the backup set [SITE]/backups/quickstart/[RUN] is damaged: manifest.json is missing
      hint: name another one with `--from`; `upgrade-kit backups list` lists them
    ");
}

#[test]
fn edited_checksums() {
    let sandbox = with_set();
    edit(&sandbox, "SHA256SUMS", |bytes| {
        let last = bytes.len() - 2;
        bytes[last] ^= 1;
    });
    assert_snapshot!(refused(&sandbox, 8), @"
    exit 8
    -- stdout
    DAMAGED  server/startup-arguments/tree.jsonl: SHA256SUMS does not list it
    DAMAGED  server/startup-arguments/tree.jsonm: SHA256SUMS lists a file that the manifest does not know

    backup set [RUN]: 2 problems (56 files, [SIZE])
    do not restore from it; take another one: upgrade-kit backups list
    ");
}

#[test]
fn an_edited_plan() {
    let sandbox = with_set();
    edit(&sandbox, "plan.json", |bytes| {
        let text = String::from_utf8(bytes.clone()).unwrap();
        *bytes = text.replacen("5.1.0", "9.9.9", 1).into_bytes();
    });
    assert_snapshot!(refused(&sandbox, 8), @"
    exit 8
    -- stdout
    DAMAGED  plan.json: its SHA-256 is not the recorded one

    backup set [RUN]: 1 problem (56 files, [SIZE])
    do not restore from it; take another one: upgrade-kit backups list
    ");
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
    assert_snapshot!(sandbox.run(&["backups", "list"]), @"
    exit 0
    -- stdout
    BACKUP SET             TIME                  KIND  SCENARIO  VERSIONS  PROVEN  SIZE  STATUS
    [RUN]  [TIME]  -     -         -         -          -  of a newer program: format 2
    ");
    let name = set(&sandbox)
        .file_name()
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned();
    assert_snapshot!(sandbox.run(&["backups", "verify", &name]), @"
    exit 4
    -- stderr
    error: the backup set [SITE]/backups/quickstart/[RUN] has format 2; this program reads formats up to 1
      hint: use the version of upgrade-kit that wrote it
    ");
    assert_eq!(sandbox.run(&["backups", "show", &name]).code(), 4);
    assert_eq!(sandbox.run(&["upgrade", "--from", &name]).code(), 4);
    assert_snapshot!(sandbox.run(&["restore"]), @"
    exit 4
    -- stderr
    error: the backup set [SITE]/backups/quickstart/[RUN] has format 2; this program reads formats up to 1
      hint: use the version of upgrade-kit that wrote it
    ");
}

#[test]
fn an_unfinished_set() {
    let sandbox = with_set();
    let set = set(&sandbox);
    let name = set.file_name().unwrap().to_str().unwrap();
    fs::rename(&set, set.with_file_name(format!("{name}.partial"))).unwrap();
    assert_snapshot!(sandbox.run(&["backups", "list"]), @"
    exit 0
    -- stdout
    BACKUP SET             TIME                  KIND  SCENARIO  VERSIONS  PROVEN  SIZE  STATUS
    [RUN]  [TIME]  -     -         -         -          -  partial
    ");
    assert_snapshot!(sandbox.run(&["restore", "--from", name]), @"
    exit 4
    -- stderr
    error: there is no sealed backup set `[RUN]` in [SITE]/backups/quickstart (it was never finished)
      hint: `upgrade-kit backups list` lists the sets of the site
    ");
    assert_snapshot!(sandbox.run(&["restore"]), @"
    exit 4
    -- stderr
    error: site `quickstart` has no backup set
      hint: make one first: upgrade-kit backup --site site.yaml
    ");
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
    assert_snapshot!(sandbox.run(&["restore", "--from", name]), @"
    exit 4
    -- stderr
    error: backup set [RUN] is of site `quickstart`, not of `other`
      hint: a set is used with the site file that it was made with: see its `site.yaml`
    ");
    assert_snapshot!(sandbox.run(&["upgrade", "--from", name]), @"
    exit 4
    -- stderr
    error: backup set [RUN] is of site `quickstart`, not of `other`
      hint: a set is used with the site file that it was made with: see its `site.yaml`
    ");
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
    assert_snapshot!(sandbox.run(&["upgrade", "--jobs", "1"]), @"
    exit 4
    -- stderr
    REFUSED  check-current: config: [SITE]/installation/tomcat/conf/domibus is not as it should be: its time differs
             to do: take a new backup, and use that
    info     stop-server: the server does not run

    1 thing stands in the way
    error: upgrade was not started: nothing was changed
      hint: mend what is refused above; `upgrade-kit check` looks again
    ");
    before.assert_same(
        &Picture::of(&sandbox.path("installation"), &[]),
        "an old set",
    );
}
