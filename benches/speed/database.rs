//! Dump and restore of database schemas through the actions, against the plain pipelines with the very
//! same commands (taken from the actions' own previews).
//!
//! Ours does more in its time: inventory, grants, row counts and checksums before and after, and before
//! a restore one pass over the whole dump.

mod server;

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use serde_json::{Value, json};
use upgrade_kit::adapter::{PreviewLine, registry};
use upgrade_kit::backup::{PartialSet, SealFacts, SealedSet, seal as seal_set};
use upgrade_kit::event::Outcome;

use super::measure::{Rounds, Sample, shell, side, watched};
use super::step::{Sets, perform};
use super::{Scale, data, report};
use server::Server;

/// Prints the rows.
pub(crate) fn rows(scale: Scale, dump: bool, restore: bool) {
    let server = match Server::start(scale) {
        Ok(server) => server,
        Err(reason) => {
            report::skipped("database dump and restore", &reason);
            return;
        }
    };
    let bench = Bench {
        place: data().join("sets"),
        server: &server,
        scale,
    };
    clear(&bench.place);
    if dump {
        bench.dump_rows();
    }
    if restore {
        bench.restore_rows();
    }
    _ = fs::remove_dir_all(&bench.place);
}

struct Bench<'a> {
    server: &'a Server,
    place: PathBuf,
    scale: Scale,
}

impl Bench<'_> {
    /// A side of ours over these schemas.
    fn side(&self, work: &str, schemas: &str, at_once: &str) -> Sample {
        let place = self.place.display().to_string();
        side(&[work, self.server.directory(), &place, schemas, at_once])
    }

    fn baseline(&self, script: &str) -> Sample {
        shell(script, Some(&self.server.process()))
    }

    fn dump_rows(&self) {
        let one = server::SCHEMAS[0];
        let both = server::SCHEMAS.join(",");
        let plain = |schema: &str| {
            let command = command(&self.server.options(schema), "mysql.dump", "dump");
            let file = self.place.join(schema).with_extension("zst");
            format!("{command} | zstd -q -3 -T2 -f -o {}", file.display())
        };
        let baseline = |script: &str| {
            let sample = self.baseline(script);
            clear(&self.place);
            sample
        };
        let megabytes = self.server.megabytes(one);
        let ours = |schemas: &str, at_once: &str| {
            let sample = self.side("dump", schemas, at_once);
            clear(&self.place);
            sample
        };
        let rounds = Rounds::interleaved(
            self.scale.of(7, 3),
            || ours(one, "1"),
            || baseline(&plain(one)),
        );
        let name = format!("dump of one schema ({megabytes} MB) + zstd + SHA-256, and its proof");
        report::row(&name, "mysqldump | zstd -3 -T2", 1.1, &rounds);
        let one_by_one = server::SCHEMAS.map(plain).join("; ");
        let rounds = Rounds::interleaved(
            self.scale.of(5, 3),
            || ours(&both, "2"),
            || baseline(&one_by_one),
        );
        let name = "dump of two schemas at a time";
        report::row(name, "mysqldump | zstd -3 -T2, one by one", 0.8, &rounds);
        let rounds = Rounds::interleaved(
            self.scale.of(3, 3),
            || ours(&both, "2"),
            || ours(&both, "1"),
        );
        report::without_bar(name, "ours, one by one", &rounds);
    }

    fn restore_rows(&self) {
        let one = server::SCHEMAS[0];
        let both = server::SCHEMAS.join(",");
        let set = data().join("restore");
        clear(&set);
        let place = set.display().to_string();
        side(&["seal", self.server.directory(), &place, &both]);
        let restore = |schemas: &str, at_once: &str| {
            self.server.empty(schemas);
            side(&["restore", self.server.directory(), &place, schemas, at_once])
        };
        let plain = |schema: &str| {
            let options = self.server.options(schema);
            let word = format!("--database={schema}");
            let command = command(&options, "mysql.restore", &word);
            let dumps = set.join("backups/bench/database");
            let file = dumps.join(format!("{schema}.sql.zst"));
            format!("zstd -dcq {} | {command}", file.display())
        };
        let baseline = |schemas: &str, script: &str| {
            self.server.empty(schemas);
            self.baseline(script)
        };
        let rounds = Rounds::interleaved(
            self.scale.of(3, 3),
            || restore(one, "1"),
            || baseline(one, &plain(one)),
        );
        let megabytes = self.server.megabytes(one);
        let name =
            format!("restore of one schema ({megabytes} MB), verified before and compared after");
        report::row(&name, "zstd -dc | mysql", 1.1, &rounds);
        let one_by_one = server::SCHEMAS.map(plain).join("; ");
        let rounds = Rounds::interleaved(
            self.scale.of(3, 3),
            || restore(&both, "2"),
            || baseline(&both, &one_by_one),
        );
        let name = "restore of two schemas at a time";
        report::row(name, "zstd -dc | mysql, one by one", 0.55, &rounds);
        let at_once = server::SCHEMAS.map(plain).join(" & ") + " & wait";
        let rounds = Rounds::interleaved(
            self.scale.of(2, 3),
            || restore(&both, "2"),
            || baseline(&both, &at_once),
        );
        report::without_bar(name, "zstd -dc | mysql, both at once", &rounds);
        let rounds = Rounds::interleaved(
            self.scale.of(2, 3),
            || restore(&both, "2"),
            || restore(&both, "1"),
        );
        report::without_bar(name, "ours, one by one", &rounds);
        _ = fs::remove_dir_all(set);
    }
}

/// The command of an action's preview that holds this word.
fn command(options: &Value, action: &str, word: &str) -> String {
    let entry = registry::find(action).expect("the action is registered");
    let options = options.as_object().expect("options are a map").clone();
    let Ok(action) = entry.decode(options) else {
        panic!("the options of {action} are valid");
    };
    let lines = action.preview();
    let found = lines.iter().find_map(|line| match line {
        PreviewLine::Command(command) if command.contains(word) => Some(command.clone()),
        _ => None,
    });
    found.expect("the preview shows the command")
}

/// Dumps schemas into a set that is being written.
pub(crate) fn dump(server: &str, directory: &str, schemas: &str, at_once: usize) -> Sample {
    let server = Server::at(server);
    let directory = Path::new(directory);
    let set = PartialSet::create(&directory.join("backups"), "bench").expect("a set can be begun");
    watched(Some(&server.process()), || {
        dump_all(&server, directory, schemas, at_once, &set)
    })
    .0
}

fn dump_all(
    server: &Server,
    directory: &Path,
    schemas: &str,
    at_once: usize,
    set: &PartialSet,
) -> Vec<Outcome> {
    let sets = Sets {
        writing: Some(set),
        using: None,
    };
    for_each(schemas, at_once, |schema| {
        let options = server.options(schema);
        perform("mysql.dump", &options, directory, sets)
    })
}

/// Makes the set that restores read.
pub(crate) fn seal(server: &str, directory: &str, schemas: &str) -> Sample {
    let server = Server::at(server);
    let directory = Path::new(directory);
    let set = PartialSet::create(&directory.join("backups"), "bench").expect("a set can be begun");
    let outcomes = dump_all(&server, directory, schemas, 2, &set);
    let facts = SealFacts {
        site: "bench".to_owned(),
        product: "domibus".to_owned(),
        versions: [].into(),
        scenario: "same-server".to_owned(),
        phase: "backup".to_owned(),
        run: "bench".to_owned(),
        plan: String::new(),
        window_opened: None,
        window_closed: None,
        tools: [].into(),
        artifacts: outcomes
            .into_iter()
            .flat_map(|outcome| outcome.artifacts)
            .collect(),
        site_yaml: Vec::new(),
        plan_json: Vec::new(),
    };
    seal_set(&set, &facts).expect("the set can be sealed");
    Sample::default()
}

/// Restores schemas from a sealed set.
pub(crate) fn restore(server: &str, directory: &str, schemas: &str, at_once: usize) -> Sample {
    let server = Server::at(server);
    let directory = Path::new(directory);
    let set = SealedSet::open(&directory.join("backups"), "bench").expect("the set was sealed");
    let sets = Sets {
        writing: None,
        using: Some(&set),
    };
    watched(Some(&server.process()), || {
        for_each(schemas, at_once, |schema| {
            let options = server.options(schema);
            perform("mysql.restore", &options, directory, sets)
        })
    })
    .0
}

/// Works on schemas, so many at a time, as the executor does: a thread for each.
fn for_each(schemas: &str, at_once: usize, work: impl Fn(&str) -> Outcome + Sync) -> Vec<Outcome> {
    let schemas: Vec<&str> = schemas.split(',').collect();
    let mut outcomes = Vec::new();
    for group in schemas.chunks(at_once) {
        thread::scope(|scope| {
            let threads: Vec<_> = group
                .iter()
                .map(|schema| scope.spawn(|| work(schema)))
                .collect();
            for thread in threads {
                outcomes.push(thread.join().expect("the step reports its own failure"));
            }
        });
    }
    outcomes
}

/// Removes what was written and lets the disk come to rest.
fn clear(place: &Path) {
    _ = fs::remove_dir_all(place);
    fs::create_dir_all(place).expect("the directory can be made");
    shell(&format!("sync -f {}", place.display()), None);
}

/// Options of an action for a schema of the server in a directory.
fn options(directory: &str, schema: &str) -> Value {
    json!({
        "connection": {
            "socket": format!("{directory}/mysql.sock"),
            "user": "root",
            "family": "mariadb",
        },
        "schema": schema,
        // The baseline's sessions are gone when it ends; the server may take a moment to notice.
        "wait_seconds": 30,
    })
}
