//! Indexes of trees whose hashes all agree and that lead astray.

use std::fs;

use serde_json::{Value, json};

use super::forge::{Forge, file, member};
use super::{Attack, damaged, repelled};

pub(super) const CONFIG: &str = "config";

/// Adds a line at the end of the configuration's index.
pub(super) fn add(forge: &Forge, line: Value) {
    forge.index(CONFIG, |members| members.push(line));
    forge.reseal();
}

/// Adds a line where its path belongs.
pub(super) fn insert(forge: &Forge, line: &Value) {
    forge.index(CONFIG, |members| {
        members.push(line.clone());
        members.sort_by_key(|member| {
            let path = member["path"].as_str().unwrap();
            let parts = path.split('/').filter(|part| *part != ".");
            parts.map(str::to_owned).collect::<Vec<_>>()
        });
    });
    forge.reseal();
}

pub(super) fn change(forge: &Forge, path: &str, change: impl Fn(&mut Value)) {
    forge.index(CONFIG, |members| {
        change(
            members
                .iter_mut()
                .find(|member| member["path"] == path)
                .unwrap(),
        );
    });
    forge.reseal();
}

pub(super) fn symlink(path: &str, target: &str) -> Value {
    member(path, "symlink", json!({ "target": target }))
}

/// With the attributes that a planted file has.
fn hard_link(path: &str, target: &str) -> Value {
    member(
        path,
        "hard-link",
        json!({ "target": target, "mode": 0o644 }),
    )
}

/// A member that would be written to a path that is not below the tree.
const LEADING_OUT: &[Attack] = &[
    damaged("..", |forge| add(forge, file("../x", b"x")), "`../x`"),
    damaged(
        "absolute",
        |forge| add(forge, file("/etc/x", b"x")),
        "`/etc/x`",
    ),
    damaged(
        "in the middle",
        |forge| add(forge, file("a/../../x", b"x")),
        "`a/../../x`",
    ),
    damaged(
        "folder ..",
        |forge| add(forge, member("..", "directory", json!({}))),
        "`..`",
    ),
    damaged(
        "link to ..",
        |forge| add(forge, symlink("../x", "/etc")),
        "`../x`",
    ),
    damaged(
        "no name",
        |forge| add(forge, file("", b"x")),
        "an empty component",
    ),
    damaged(
        "empty part",
        |forge| add(forge, file("internal//x", b"x")),
        "an empty component",
    ),
    damaged(
        "slash at the end",
        |forge| add(forge, file("x/", b"x")),
        "an empty component",
    ),
    damaged(
        "dot",
        |forge| add(forge, file("internal/./x", b"x")),
        "`.` component",
    ),
    damaged("NUL", |forge| add(forge, file("x\0y", b"x")), "a NUL byte"),
    damaged(
        "escaped",
        |forge| add(forge, file("\\x2e\\x2e/x", b"x")),
        "one allowed way",
    ),
    damaged(
        "long",
        |forge| add(forge, file(&"x".repeat(256), b"x")),
        "longer than 255 bytes",
    ),
    damaged(
        "second top",
        |forge| add(forge, symlink(".", "/etc")),
        "tree.jsonl, line 25",
    ),
    damaged(
        "top is a link",
        |forge| {
            let outside = forge.outside();
            change(forge, ".", |top| {
                *top = symlink(".", outside.to_str().unwrap())
            });
        },
        "tree.jsonl, line",
    ),
    damaged(
        "no top",
        |forge| {
            forge.index(CONFIG, |members| _ = members.remove(0));
            forge.reseal();
        },
        "tree.jsonl, line 1",
    ),
    damaged(
        "through a link",
        |forge| {
            let outside = forge.outside();
            forge.index(CONFIG, |members| {
                members.push(symlink("zlink", outside.to_str().unwrap()));
            });
            forge.plant(CONFIG, "zlink/x", b"x");
            forge.reseal();
        },
        "zlink/x",
    ),
    damaged(
        "a link in place of a folder",
        |forge| {
            let outside = forge.outside();
            change(forge, "plugins", |folder| {
                *folder = symlink("plugins", outside.to_str().unwrap());
            });
        },
        "plugins/config",
    ),
    damaged(
        "a file in place of a folder",
        |forge| {
            change(forge, "plugins", |folder| *folder = file("plugins", b"x"));
        },
        "plugins",
    ),
    damaged(
        "folder and link of one name",
        |forge| {
            let outside = forge.outside();
            insert(forge, &symlink("plugins", outside.to_str().unwrap()));
        },
        "plugins",
    ),
    damaged(
        "hard link to outside",
        |forge| add(forge, hard_link("zz", "/etc/passwd")),
        "`zz`",
    ),
    damaged(
        "hard link to ..",
        |forge| add(forge, hard_link("zz", "../canary")),
        "`zz`",
    ),
    damaged(
        "hard link to a folder",
        |forge| add(forge, hard_link("zz", "plugins")),
        "`zz`",
    ),
    damaged(
        "hard link to itself",
        |forge| add(forge, hard_link("zz", "zz")),
        "`zz`",
    ),
    damaged(
        "hard link to a link",
        |forge| {
            forge.index(CONFIG, |members| members.push(symlink("zy", "/etc/passwd")));
            add(forge, hard_link("zz", "zy"));
        },
        "`zz`",
    ),
    damaged(
        "empty target",
        |forge| add(forge, symlink("zz", "")),
        "`zz`",
    ),
    damaged(
        "target with NUL",
        |forge| add(forge, symlink("zz", "a\0b")),
        "`zz`",
    ),
    damaged(
        "target as nobody writes it",
        |forge| add(forge, symlink("zz", "a\\q")),
        "`zz`",
    ),
    damaged(
        "target too long",
        |forge| add(forge, symlink("zz", &"x".repeat(5000))),
        "`zz`",
    ),
];

/// Members that cannot be, or cannot be twice.
const IMPOSSIBLE: &[Attack] = &[
    damaged(
        "device",
        |forge| add(forge, member("zz", "device", json!({}))),
        "line 25",
    ),
    damaged(
        "character device",
        |forge| add(forge, member("zz", "char", json!({}))),
        "line 25",
    ),
    damaged(
        "fifo",
        |forge| add(forge, member("zz", "fifo", json!({}))),
        "line 25",
    ),
    damaged(
        "socket",
        |forge| add(forge, member("zz", "socket", json!({}))),
        "line 25",
    ),
    damaged(
        "no kind",
        |forge| add(forge, json!({ "path": "zz" })),
        "line 25",
    ),
    damaged(
        "mode of a device",
        |forge| {
            change(forge, "logback.xml", |file| file["mode"] = 0o020_666.into());
        },
        "`logback.xml`",
    ),
    damaged(
        "mode below nothing",
        |forge| {
            change(forge, "logback.xml", |file| file["mode"] = (-1).into());
        },
        "tree.jsonl, line",
    ),
    damaged(
        "owner too large",
        |forge| {
            change(forge, "logback.xml", |file| {
                file["uid"] = (1_u64 << 32).into()
            });
        },
        "tree.jsonl, line",
    ),
    damaged(
        "owner -1",
        |forge| {
            change(forge, "logback.xml", |file| file["uid"] = u32::MAX.into());
        },
        "`logback.xml`",
    ),
    damaged(
        "nanoseconds",
        |forge| {
            change(forge, "logback.xml", |file| {
                file["mtime"] = json!([0, 1_000_000_000])
            });
        },
        "`logback.xml`",
    ),
    damaged(
        "folder twice",
        |forge| {
            insert(forge, &member("plugins", "directory", json!({})));
        },
        "plugins",
    ),
    damaged(
        "file twice",
        |forge| {
            insert(forge, &file("logback.xml", b"x"));
        },
        "logback.xml",
    ),
    damaged(
        "link twice",
        |forge| {
            forge.index(CONFIG, |members| members.push(symlink("zz", "/a")));
            add(forge, symlink("zz", "/b"));
        },
        "`zz`",
    ),
    damaged(
        "out of order",
        |forge| add(forge, symlink("aaa", "/a")),
        "`aaa`",
    ),
    damaged(
        "backwards",
        |forge| {
            forge.index(CONFIG, |members| members[1..].reverse());
            forge.reseal();
        },
        "tree.jsonl, line",
    ),
    damaged(
        "hard link of another time",
        |forge| {
            forge.plant(CONFIG, "zy", b"x");
            let other = json!({ "target": "zy", "mode": 0o644, "mtime": [5, 5] });
            add(forge, member("zz", "hard-link", other));
        },
        "`zz`",
    ),
    damaged(
        "hard link that lends its owner",
        |forge| {
            forge.plant(CONFIG, "zy", b"x");
            add(
                forge,
                member("zz", "hard-link", json!({ "target": "zy", "mode": 0o4755 })),
            );
        },
        "`zz`",
    ),
    damaged(
        "no json",
        |forge| {
            let path = forge.set().join("config/tree.jsonl");
            fs::write(path, b"{\xff\n").unwrap();
            forge.reseal();
        },
        "tree.jsonl, line 1",
    ),
    damaged(
        "deep json",
        |forge| {
            let path = forge.set().join("config/tree.jsonl");
            fs::write(path, "[".repeat(100_000)).unwrap();
            forge.reseal();
        },
        "tree.jsonl, line 1",
    ),
    damaged(
        "a key twice",
        |forge| {
            let path = forge.set().join("config/tree.jsonl");
            let text = fs::read_to_string(&path).unwrap();
            fs::write(path, text.replacen("{\"", "{\"path\":\"..\",\"", 1)).unwrap();
            forge.reseal();
        },
        "tree.jsonl, line 1",
    ),
    damaged(
        "another index",
        |forge| {
            forge.artifact(CONFIG, |record| {
                record["details"]["index"] = "server/logs/tree.jsonl".into();
            });
            forge.sums();
        },
        "config",
    ),
    damaged(
        "no index",
        |forge| {
            forge.artifact(CONFIG, |record| {
                record["details"].as_object_mut().unwrap().remove("index");
            });
            forge.sums();
        },
        "config",
    ),
];

/// Whatever a tree's index says, nothing is written where the tree is not.
#[test]
fn indexes_that_lead_out_are_refused() {
    repelled(LEADING_OUT);
}

#[test]
fn indexes_of_impossible_members_are_refused() {
    repelled(IMPOSSIBLE);
}

/// What may stand in a tree comes back as it is recorded, inside of the tree and nowhere else: whoever
/// may write a set may choose its content, not its place.
#[test]
fn odd_members_stay_inside_of_the_tree() {
    use std::os::unix::fs::MetadataExt;
    let forge = Forge::new();
    let outside = forge.outside();
    let outside = outside.to_str().unwrap();
    for (path, content) in [
        ("-rf", b"1".as_slice()),
        ("LOGBACK.XML", b"2"),
        ("new\nline", b"3"),
        ("z $(touch pwned)", b"4"),
        ("zset", b"5"),
        ("~root", b"6"),
    ] {
        forge.plant(CONFIG, path, content);
    }
    forge.index(CONFIG, |members| {
        members.push(symlink("zlink", outside));
        members.push(symlink("zup", "../../../../../../../../etc/passwd"));
        members.push(hard_link("zzhard", "zset"));
        for name in members.iter_mut() {
            if name["path"] == "zset" || name["path"] == "zzhard" {
                name["mode"] = 0o6755.into();
                name["uid"] = 12_345.into();
                name["mtime"] = json!([-5, 5]);
            }
        }
    });
    insert(
        &forge,
        &member("zfolder", "directory", json!({ "mode": 0 })),
    );
    let verified = forge.run("backups verify");
    assert_eq!(verified.code(), 0, "{verified}");
    let restored = forge.run(&format!("restore --yes --from {}", forge.id()));
    assert_eq!(restored.code(), 0, "{restored}");
    assert_eq!(forge.escaped(), None);
    let tree = forge.sandbox.path("installation/tomcat/conf/domibus");
    assert_eq!(fs::read(tree.join("-rf")).unwrap(), b"1");
    assert_eq!(fs::read(tree.join("new\nline")).unwrap(), b"3");
    assert_eq!(
        fs::read_link(tree.join("zlink")).unwrap(),
        std::path::Path::new(outside)
    );
    let of_set = fs::metadata(tree.join("zset")).unwrap();
    assert_eq!((of_set.nlink(), of_set.mtime()), (2, -5));
    // The bits that lend an owner come only with that owner.
    if of_set.uid() == 12_345 {
        assert_eq!(of_set.mode() & 0o7777, 0o6755);
    } else {
        assert_eq!(of_set.mode() & 0o7777, 0o755);
    }
    fs::set_permissions(
        tree.join("zfolder"),
        std::os::unix::fs::PermissionsExt::from_mode(0o700),
    )
    .unwrap();
}

/// A set as the first programs sealed it, without what came to be recorded since.
#[test]
fn a_set_of_an_older_program_is_restored() {
    let forge = Forge::new();
    forge.manifest(|manifest| {
        let fields = manifest.as_object_mut().unwrap();
        for later in [
            "phase",
            "versions",
            "tools",
            "window_opened",
            "window_closed",
        ] {
            assert!(fields.remove(later).is_some(), "{later}");
        }
    });
    forge.sums();
    let verified = forge.run("backups verify");
    assert_eq!(verified.code(), 0, "{verified}");
    let restored = forge.run("restore --yes");
    assert_eq!(restored.code(), 0, "{restored}");
    assert_eq!(forge.escaped(), None);
}
