//! The practice installation of the quickstart: the program is killed wherever it can be, and every
//! phase ends as if nothing had happened.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::kit::{Kit, Moment, command, processes, sweep};
use super::random::Random;
use super::sets;
use super::tree::{Tree, same, tree};

/// A copy of the quickstart.
pub(super) struct Practice {
    pub(super) home: tempfile::TempDir,
    pub(super) kit: Kit,
}

impl Drop for Practice {
    fn drop(&mut self) {
        sweep(self.home.path());
    }
}

impl Practice {
    pub(super) fn new() -> Self {
        let home = tempfile::Builder::new()
            .prefix("upk-kill-")
            .tempdir()
            .unwrap();
        let quickstart = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/quickstart");
        let copied = command("cp")
            .arg("-R")
            .args([quickstart.join("site.yaml"), quickstart.join("template")])
            .arg(home.path())
            .status();
        assert!(copied.unwrap().success());
        let kit = Kit::new(home.path(), "quickstart");
        Self { home, kit }
    }

    pub(super) fn installation(&self) -> PathBuf {
        self.home.path().join("installation")
    }

    /// Everything, to the nanosecond; for states in which no server has run.
    pub(super) fn exact(&self) -> Tree {
        tree(&self.installation(), &[], &|_| false)
    }

    /// Everything but what a started server writes by itself.
    pub(super) fn but_for_the_server(&self) -> Tree {
        but_for_the_server(&self.installation())
    }

    /// As above, and the times of folders do not count either: laying files over a tree renews them.
    pub(super) fn contents(&self) -> Tree {
        contents(&self.installation())
    }

    /// Pids of the practice servers, and of anything else that the program left at work.
    fn at_work(&self) -> (Vec<u32>, Vec<String>) {
        let home = self.home.path().display().to_string();
        let (servers, others): (Vec<_>, Vec<_>) = processes()
            .into_iter()
            .filter(|process| process.command.contains(&home))
            .partition(|process| process.command.contains("catalina.sh run"));
        // A shell that starts a tool is there twice until the tool has taken its child's place.
        let is_server = |pid: u32| servers.iter().any(|server| server.pid == pid);
        let pids = (servers.iter())
            .filter(|server| !is_server(server.parent))
            .map(|server| server.pid)
            .collect();
        (
            pids,
            others.into_iter().map(|other| other.command).collect(),
        )
    }

    /// Exactly so many servers run, and nothing else is left. Their pids.
    pub(super) fn expect_servers(&self, count: usize) -> Vec<u32> {
        let (servers, others) = self.at_work();
        assert!(others.is_empty(), "left at work: {others:?}");
        assert_eq!(servers.len(), count, "servers: {servers:?}");
        servers
    }

    /// One server runs, that of this installation, and nothing else is left.
    pub(super) fn expect_server_of(&self, installation: &Path) {
        let servers = self.expect_servers(1);
        let home = format!("{}/", installation.display());
        let command = format!("/proc/{}/cmdline", servers[0]);
        let command = std::fs::read_to_string(command).unwrap();
        assert!(command.contains(&home), "{command}");
    }

    /// What an operator, a plugin and a partner do between upgrade and restore.
    pub(super) fn damage(&self) {
        let data = self.installation().join("data");
        std::fs::write(data.join("fs_plugin/MAIN/OUT/new after the upgrade"), "new").unwrap();
        std::fs::remove_file(data.join("payloads/2023-06-12-2.payload")).unwrap();
        let database = data.join("domibus.mv.db");
        let mut pages = std::fs::read(&database).unwrap();
        pages[12_288..12_800].fill(0x2a);
        std::fs::write(&database, pages).unwrap();
        let tomcat = self.installation().join("tomcat");
        std::fs::write(tomcat.join("conf/domibus/domibus.properties"), "broken").unwrap();
    }
}

/// An installation but for what a started server writes by itself: its pid file, its log and the
/// unpacked application, of which the content counts and the times do not; and the times of folders that
/// hold what is saved without being saved themselves.
fn but_for_the_server(installation: &Path) -> Tree {
    tree(
        installation,
        &["tomcat/run", "tomcat/logs/catalina.out"],
        &|path| {
            let holders = [
                "data",
                "data/fs_plugin",
                "tomcat",
                "tomcat/bin",
                "tomcat/conf",
            ];
            let broker = [
                "tomcat/conf/domibus/work",
                "tomcat/conf/domibus/work/activemq_data/localhost",
            ];
            holders.contains(&path)
                || broker.contains(&path)
                || path == "tomcat/webapps"
                || path == "tomcat/logs"
                || is_unpacked(path)
        },
    )
}

/// As above, without the times of folders.
pub(super) fn contents(installation: &Path) -> Tree {
    let mut entries = but_for_the_server(installation);
    for line in entries
        .values_mut()
        .filter(|line| line.ends_with(" folder"))
    {
        let mut words: Vec<&str> = line.split(' ').collect();
        words.remove(2);
        *line = words.join(" ");
    }
    entries
}

/// How long the phases take without a kill, and what they lead to.
struct Expected {
    backed_up: Tree,
    artifacts: Value,
    upgraded: Tree,
    restored: Tree,
    times: [Duration; 3],
}

/// Takes the installation through all phases without a kill; it ends as it began, the server stopped.
fn expected(practice: &Practice) -> Expected {
    let kit = &practice.kit;
    let timed = |arguments: &[&str]| {
        let begun = Instant::now();
        kit.succeed(arguments);
        begun.elapsed()
    };
    let backup = timed(&["backup"]);
    let (set, backed_up) = (kit.newest_set(), practice.exact());
    let begun = practice.but_for_the_server();
    let upgrade = timed(&["upgrade", "--yes"]);
    practice.expect_servers(1);
    let upgraded = practice.contents();
    practice.damage();
    let restore = timed(&["restore", "--yes", "--from", &set]);
    practice.expect_servers(1);
    let restored = practice.but_for_the_server();
    same(
        &without_unpacked(&begun),
        &without_unpacked(&restored),
        "restored",
    );
    Expected {
        backed_up,
        artifacts: sets::artifacts(kit, &set),
        upgraded,
        restored,
        times: [backup, upgrade, restore],
    }
}

fn is_unpacked(path: &str) -> bool {
    Path::new(path).starts_with("tomcat/webapps/domibus")
}

pub(super) fn without_unpacked(entries: &Tree) -> Tree {
    let mut entries = entries.clone();
    entries.retain(|path, _| {
        !path.starts_with("tomcat/webapps/domibus/") && path != "tomcat/webapps/domibus"
    });
    entries
}

/// A fresh installation through all phases, each killed at the moments that `next` gives for the
/// phase's usual time and the number of kills in it so far.
fn killed(mut next: impl FnMut(Duration, usize) -> Option<(Moment, bool)>) -> usize {
    let mut practice = Practice::new();
    let reference = Practice::new();
    let expected = expected(&reference);
    // Laid out with one backup, whose set tells what the next one must hold.
    practice.kit.succeed(&["backup"]);
    let artifacts = sets::artifacts(&practice.kit, &practice.kit.newest_set());
    let exact = practice.exact();
    assert_eq!(expected.backed_up.len(), exact.len());

    practice
        .kit
        .through(&["backup"], |kills| next(expected.times[0], kills));
    let set = practice.kit.newest_set();
    practice.expect_servers(0);
    same(
        &exact,
        &practice.exact(),
        "the backup changed the installation",
    );
    assert_eq!(artifacts, sets::artifacts(&practice.kit, &set));
    assert_eq!(
        artifacts.as_array().unwrap().len(),
        expected.artifacts.as_array().unwrap().len()
    );
    sets::check(&practice.kit, &set);
    let begun = practice.but_for_the_server();

    practice.kit.through(&["upgrade", "--yes"], |kills| {
        next(expected.times[1], kills)
    });
    practice.expect_servers(1);
    same(
        &untimed(&expected.upgraded),
        &untimed(&practice.contents()),
        "the upgrade",
    );

    practice.damage();
    let restore = ["restore", "--yes", "--from", &set];
    practice
        .kit
        .through(&restore, |kills| next(expected.times[2], kills));
    practice.expect_servers(1);
    let restored = practice.but_for_the_server();
    same(
        &without_unpacked(&begun),
        &without_unpacked(&restored),
        "the restore",
    );
    assert_eq!(expected.restored.len(), restored.len());
    sets::check(&practice.kit, &practice.kit.newest_set());
    sets::no_remnants(&practice.kit);
    sets::private(&practice.kit.sets);
    sets::private(&practice.kit.runs);
    practice.kit.kills
}

/// What must be equal of two installations, whether their servers have been started since or not: what a
/// server unpacks, it unpacks when it starts.
pub(super) fn state(entries: &Tree, started: bool) -> Tree {
    let entries = untimed(entries);
    if started {
        entries
    } else {
        without_unpacked(&entries)
    }
}

/// Two installations were laid out at different times.
pub(super) fn untimed(entries: &Tree) -> Tree {
    let mut entries = entries.clone();
    for line in entries.values_mut() {
        let words: Vec<&str> = line.split(' ').collect();
        *line = [words[0], words[1], words[words.len() - 1]].join(" ");
    }
    entries
}

#[test]
fn the_quickstart_survives_kills_at_random_moments() {
    let lanes: Vec<_> = (0..3)
        .map(|lane| {
            std::thread::spawn(move || {
                let mut random = Random::of("quickstart, random moments", lane);
                killed(|usual, kills| {
                    (kills < 3).then(|| (Moment::After(random.moment(usual)), random.coin()))
                })
            })
        })
        .collect();
    let kills: usize = lanes.into_iter().map(|lane| lane.join().unwrap()).sum();
    println!("quickstart: {kills} kills at random moments");
    // Up to 27; a moment near the usual end may come too late, more often on a fast machine.
    assert!(kills >= 6, "only {kills} kills");
}

/// Each resumption gets a few events further, so that no two events of a journal are without a kill
/// between them; with two, three, … events it ends in every combination of begun and ended steps.
#[test]
fn the_quickstart_survives_a_kill_at_every_event_of_its_journals() {
    let mut random = Random::of("quickstart, every event", 7);
    let kills = killed(|_, kills| Some((Moment::Lines(1 + kills % 6), random.coin())));
    println!("quickstart: {kills} kills at events");
    assert!(kills >= 40, "only {kills} kills");
}
