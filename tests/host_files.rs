//! File operations of the local host on a real file system.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use tempfile::tempdir;
use upgrade_kit::host::{Attributes, FileKind, Host, HostError, LocalHost};

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().mode() & 0o7777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn stat_tells_kinds_and_follows_nothing() {
    let folder = tempdir().unwrap();
    let odd = folder.path().join(OsStr::from_bytes(b"odd \xff\n name"));
    fs::write(&odd, "content").unwrap();
    let link = folder.path().join("link");
    LocalHost.symlink(Path::new("nowhere"), &link).unwrap();
    let found = LocalHost.stat(&odd).unwrap().unwrap();
    assert_eq!((found.kind, found.bytes), (FileKind::File, 7));
    let found = LocalHost.stat(&link).unwrap().unwrap();
    assert_eq!(found.kind, FileKind::Symlink("nowhere".into()));
    let found = LocalHost.stat(folder.path()).unwrap().unwrap();
    assert_eq!(found.kind, FileKind::Directory);
    assert_eq!(LocalHost.stat(&folder.path().join("no")).unwrap(), None);
    assert_eq!(LocalHost.stat(&odd.join("below a file")).unwrap(), None);
    let names = LocalHost.list(folder.path()).unwrap();
    assert_eq!(names, [OsStr::new("link"), odd.file_name().unwrap()]);
}

#[test]
fn open_refuses_links_and_what_is_no_file() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "content").unwrap();
    let link = folder.path().join("link");
    LocalHost.symlink(&file, &link).unwrap();
    let fifo = folder.path().join("fifo");
    let made = std::process::Command::new("mkfifo").arg(&fifo).status();
    assert!(made.unwrap().success());
    let mut content = String::new();
    let mut opened = LocalHost.open(&file).unwrap();
    opened.read_to_string(&mut content).unwrap();
    assert_eq!(content, "content");
    for path in [&link, &fifo, &folder.path().to_owned()] {
        assert!(LocalHost.open(path).is_err(), "{}", path.display());
    }
    assert_eq!(LocalHost.read(&file, 7).unwrap(), b"content");
    let error = LocalHost.read(&file, 6).unwrap_err();
    assert_eq!(error.io_kind(), Some(io::ErrorKind::FileTooLarge));
}

#[test]
fn holes_are_written_and_found_again() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("sparse");
    let mut writer = LocalHost.create_new(&path).unwrap();
    writer.skip(1 << 20).unwrap();
    writer.write_all(&[b'x'; 4096]).unwrap();
    writer.skip(5 << 20).unwrap();
    writer.write_all(b"y").unwrap();
    writer.skip(1 << 20).unwrap();
    writer.finish().unwrap();
    let found = LocalHost.stat(&path).unwrap().unwrap();
    assert_eq!(found.bytes, (7 << 20) + 4097);
    assert!(found.allocated < 1 << 20, "{found:?}");
    assert_eq!(found.mode, 0o600);
    let ranges = LocalHost.data_ranges(&path).unwrap();
    let (at, length) = ranges[0];
    assert_eq!((at, length >= 4096), (1 << 20, true));
    assert_eq!(ranges.len(), 2, "{ranges:?}");
    assert!(ranges[1].0 <= (6 << 20) + 4096 && ranges[1].0 + ranges[1].1 > (6 << 20) + 4096);
    assert!(LocalHost.create_new(&path).is_err(), "it exists");
    let empty = folder.path().join("empty");
    LocalHost.create_new(&empty).unwrap().finish().unwrap();
    assert_eq!(LocalHost.data_ranges(&empty).unwrap(), []);
}

#[test]
fn an_atomic_write_keeps_owner_and_mode_and_leaves_nothing_behind() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("file");
    LocalHost.write_atomic(&path, b"one", 0o640).unwrap();
    assert_eq!(mode(&path), 0o640);
    set_mode(&path, 0o444);
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(&path, Some(1), Some(2)).unwrap();
    }
    let before = fs::metadata(&path).unwrap();
    LocalHost.write_atomic(&path, b"two", 0o600).unwrap();
    let after = fs::metadata(&path).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"two");
    assert_eq!(after.mode(), before.mode());
    assert_eq!((after.uid(), after.gid()), (before.uid(), before.gid()));
    let link = folder.path().join("link");
    LocalHost.symlink(Path::new("file"), &link).unwrap();
    LocalHost.write_atomic(&link, b"three", 0o600).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"three");
    assert!(link.is_symlink());
    assert_eq!(LocalHost.list(folder.path()).unwrap().len(), 2);
    let nowhere = folder.path().join("no/file");
    assert!(LocalHost.write_atomic(&nowhere, b"", 0o600).is_err());
}

#[test]
fn a_rename_overwrites_nothing_and_an_exchange_swaps() {
    let folder = tempdir().unwrap();
    let [one, two, three] = ["one", "two", "three"].map(|name| folder.path().join(name));
    fs::write(&one, "1").unwrap();
    fs::create_dir(&two).unwrap();
    for target in [&two, &one] {
        let error = LocalHost.rename(&one, target).unwrap_err();
        assert_eq!(error.io_kind(), Some(io::ErrorKind::AlreadyExists));
        let text = format!("failed to rename to {}", target.display());
        assert_eq!(error.to_string(), text);
    }
    LocalHost.rename(&one, &three).unwrap();
    LocalHost.exchange(&two, &three).unwrap();
    assert!(two.is_file() && three.is_dir());
    assert!(LocalHost.exchange(&one, &two).is_err());
    let error = LocalHost
        .rename(&one, &folder.path().join("x"))
        .unwrap_err();
    assert_eq!(error.io_kind(), Some(io::ErrorKind::NotFound));
}

#[test]
fn attributes_are_set_on_files_directories_and_links_alone() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let link = folder.path().join("link");
    LocalHost.symlink(&file, &link).unwrap();
    let untouched = LocalHost.stat(&file).unwrap().unwrap();
    let root = rustix::process::geteuid().is_root();
    let owner = if root {
        (1, 2)
    } else {
        (untouched.uid, untouched.gid)
    };
    let attributes = Attributes {
        mode: Some(0o4555),
        owner: Some(owner),
        mtime: Some((-5, 123_456_789)),
    };
    LocalHost.set_attributes(&link, &attributes).unwrap();
    assert_eq!(LocalHost.stat(&file).unwrap().unwrap(), untouched);
    let found = LocalHost.stat(&link).unwrap().unwrap();
    assert_eq!((found.uid, found.gid), owner);
    assert_eq!(found.mtime, (-5, 123_456_789));
    for path in [&file, &folder.path().join("made")] {
        if path != &file {
            LocalHost.create_dir(path, 0o755).unwrap();
        }
        LocalHost.set_attributes(path, &attributes).unwrap();
        let found = LocalHost.stat(path).unwrap().unwrap();
        assert_eq!((found.mode, found.mtime), (0o4555, (-5, 123_456_789)));
        assert_eq!((found.uid, found.gid), owner);
    }
    let none = Attributes::default();
    let error = LocalHost.set_attributes(
        &folder.path().join("no"),
        &Attributes {
            mode: Some(0),
            ..none
        },
    );
    assert!(matches!(error, Err(HostError::File { .. })));
}

#[test]
fn links_are_created_beside_their_targets_only() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let link = folder.path().join("link");
    LocalHost.symlink(Path::new("file"), &link).unwrap();
    let second = folder.path().join("second");
    LocalHost.hard_link(&link, &second).unwrap();
    assert!(second.is_symlink(), "the link has two names now");
    LocalHost
        .hard_link(&file, &folder.path().join("third"))
        .unwrap();
    assert_eq!(LocalHost.stat(&file).unwrap().unwrap().links, 2);
    assert!(LocalHost.symlink(&file, &link).is_err());
    assert!(LocalHost.hard_link(&file, &link).is_err());
    LocalHost.remove_file(&link).unwrap();
    assert!(file.exists() && !link.is_symlink());
}

#[test]
fn a_tree_is_removed_whatever_its_modes_and_depth_are() {
    let folder = tempdir().unwrap();
    let victim = folder.path().join("victim");
    let kept = folder.path().join("kept");
    fs::create_dir(&kept).unwrap();
    fs::write(kept.join("file"), "").unwrap();
    let mut deep = victim.clone();
    for level in 0..200 {
        deep.push(format!("level{level}"));
    }
    fs::create_dir_all(&deep).unwrap();
    fs::write(deep.join("file"), "").unwrap();
    std::os::unix::fs::symlink(&kept, victim.join("link")).unwrap();
    fs::write(victim.join(OsStr::from_bytes(b"\xfe\xff")), "").unwrap();
    let locked = victim.join("locked/inner");
    fs::create_dir_all(&locked).unwrap();
    fs::write(locked.join("file"), "").unwrap();
    set_mode(&locked, 0o000);
    set_mode(&victim.join("locked"), 0o555);
    set_mode(&victim, 0o555);
    LocalHost.remove_tree(&victim).unwrap();
    assert!(!victim.exists());
    assert!(kept.join("file").exists());
    LocalHost.remove_tree(&victim).unwrap();
    LocalHost.remove_tree(&kept.join("file")).unwrap();
    assert!(!kept.join("file").exists());
}

#[test]
fn directories_get_their_mode_whatever_the_umask_is() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("open");
    LocalHost.create_dir(&path, 0o777).unwrap();
    assert_eq!(mode(&path), 0o777);
    let error = LocalHost.create_dir(&path, 0o700).unwrap_err();
    assert_eq!(error.io_kind(), Some(io::ErrorKind::AlreadyExists));
    LocalHost.sync(&path).unwrap();
    assert!(LocalHost.free_space(&path).unwrap() > 0);
    assert!(LocalHost.free_space(&path.join("no")).is_err());
}

#[test]
fn a_move_between_trees_that_fails_names_both_sides() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (folder.path().join("old"), folder.path().join("new"));
    for tree in [&old, &new] {
        fs::create_dir(tree).unwrap();
    }
    let moved = |from: &str, to: &str| {
        let answer = LocalHost.rename_between((&old, Path::new(from)), (&new, Path::new(to)));
        let place = format!("{}/", folder.path().display());
        answer.map_err(|error| error.to_string().replace(&place, ""))
    };
    assert_eq!(
        moved("log", "log").unwrap_err(),
        "failed to rename old/log to new/log"
    );
    for tree in [&old, &new] {
        fs::write(tree.join("log"), "lines").unwrap();
    }
    assert_eq!(
        moved("log", "log").unwrap_err(),
        "failed to rename to new/log"
    );
    fs::remove_file(new.join("log")).unwrap();
    moved("log", "log").unwrap();
    assert_eq!(fs::read_to_string(new.join("log")).unwrap(), "lines");
}
