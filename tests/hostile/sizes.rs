//! Indexes and records of trees that lie about how much there is, or about what was left out.

use std::fs;

use serde_json::json;

use super::forge::{file, member, sha256};
use super::trees::{CONFIG, add, change, insert, symlink};
use super::{Attack, damaged, repelled};

/// Sizes that lie.
const SIZES: &[Attack] = &[
    damaged(
        "larger",
        |forge| {
            change(forge, "logback.xml", |file| {
                file["bytes"] = 1_000_000.into()
            });
        },
        "config/content/logback.xml",
    ),
    damaged(
        "smaller",
        |forge| {
            change(forge, "logback.xml", |file| file["bytes"] = 1.into());
        },
        "config/content/logback.xml",
    ),
    damaged(
        "all there is",
        |forge| {
            change(forge, "logback.xml", |file| file["bytes"] = u64::MAX.into());
            change(forge, "domibus.properties", |file| {
                file["bytes"] = u64::MAX.into()
            });
        },
        "config/content/logback.xml",
    ),
    damaged(
        "below nothing",
        |forge| {
            change(forge, "logback.xml", |file| file["bytes"] = (-1).into());
        },
        "tree.jsonl, line",
    ),
    damaged(
        "another's hash",
        |forge| {
            change(forge, "logback.xml", |file| {
                file["sha256"] = sha256(b"").into()
            });
        },
        "config/content/logback.xml",
    ),
    damaged(
        "no hash",
        |forge| {
            change(forge, "logback.xml", |file| file["sha256"] = "".into());
        },
        "config/content/logback.xml",
    ),
    damaged(
        "ranges beyond the end",
        |forge| {
            change(forge, "logback.xml", |file| {
                file["data"] = json!([[u64::MAX, 2]])
            });
        },
        "`logback.xml`",
    ),
    damaged(
        "ranges backwards",
        |forge| {
            change(forge, "logback.xml", |file| {
                file["data"] = json!([[5, 2], [0, 2]])
            });
        },
        "`logback.xml`",
    ),
    damaged(
        "a file that nobody kept",
        |forge| add(forge, file("zz", b"x")),
        "config/content/zz",
    ),
    damaged(
        "a content that no line knows",
        |forge| {
            fs::write(forge.set().join("config/content/zz"), "x").unwrap();
            forge.reseal();
        },
        "config/content/zz",
    ),
    damaged(
        "an endless line",
        |forge| {
            let path = forge.set().join("config/tree.jsonl");
            fs::File::create(path).unwrap().set_len(1 << 30).unwrap();
            forge.artifact(CONFIG, |record| {
                record["files"][0]["bytes"] = (1_u64 << 30).into();
            });
        },
        "tree.jsonl",
    ),
    damaged(
        "many members",
        |forge| {
            let many = super::sampled(1_000_000, 20_000);
            forge.index(CONFIG, |members| {
                let folder = |at| member(&format!("zz{at:07}"), "directory", json!({}));
                members.extend((0..many).map(folder));
                members.push(file("../x", b"x"));
            });
            forge.reseal();
        },
        "`../x`",
    ),
    damaged(
        "what stays is a member too",
        |forge| {
            forge.artifact("server/logs", |record| {
                record["details"]["excluded"] = json!(["domibus.log"]);
            });
            forge.sums();
        },
        "`domibus.log`",
    ),
    Attack {
        name: "more than there is",
        does: |forge| {
            forge.artifact(CONFIG, |record| record["source_bytes"] = u64::MAX.into());
            forge.sums();
        },
        codes: (8, 4),
        says: "config",
    },
    damaged(
        "less members",
        |forge| {
            forge.artifact(CONFIG, |record| record["details"]["members"] = 1.into());
            forge.sums();
        },
        "24 members instead of 1",
    ),
    Attack {
        name: "a link where something stays",
        does: |forge| {
            let outside = forge.outside();
            insert(forge, &symlink("work", outside.to_str().unwrap()));
            forge.artifact(CONFIG, |record| record["details"]["excluded"] = json!([]));
            forge.sums();
        },
        codes: (0, 4),
        says: "work",
    },
    damaged(
        "what stays is elsewhere",
        |forge| {
            forge.artifact("server/logs", |record| {
                record["details"]["excluded"] = json!([".."]);
            });
            forge.sums();
        },
        "server/logs",
    ),
    damaged(
        "what stays is elsewhere still",
        |forge| {
            forge.artifact("server/logs", |record| {
                record["details"]["excluded"] = json!(["../../../../outside/canary"]);
            });
            forge.sums();
        },
        "server/logs",
    ),
];

#[test]
fn indexes_that_lie_about_sizes_are_refused() {
    repelled(SIZES);
}
