//! Sound tools that tell all they are given, while they do their work: no secret shows.
//!
//! In front of every tool of a scene stands `talk.sh`: it prints arguments, environment, and what comes
//! through pipes and standard input, plain and in every form that the masker promises to know, and then
//! lets the tool work. The scene's secret is its own, and holds what tools stumble over. Scenes run in a
//! process of their own ([`child`]) with a folder for temporary files of its own; there everything that a
//! run prints and leaves is searched, and from here the arguments of all processes are.
//!
//! The same with a last tool that fails after its work, and with a process that is killed (`kill -9`)
//! while a tool is at work; both runs are resumed. Without `UPGRADE_KIT_POINTS=all`, scenes are drawn.

mod child;
mod traces;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::MATRIX;
use super::fault::everything;
use crate::proof::random::Random;
use crate::rig_server::command;
use crate::secret_sampler::seen_when;
use child::{Order, Way};

/// Set in a process whose tools talk: the folder of its orders.
const TALKS: &str = "UPGRADE_KIT_TALKS";

/// Rows whose tools take seconds.
const SLOW: [&str; 4] = ["artemis.", "h2.", "weblogic.", "zdt."];

/// Scenes with servers, which end with the scene's process, or are left behind by it.
const HAVE_SERVERS: [&str; 6] = [
    "artemis.",
    "mysql.",
    "postgres.",
    "server.",
    "weblogic.start-servers",
    "weblogic.stop-servers",
];

/// Actions that call several tools, one after the other.
const CALL_SEVERAL: [&str; 7] = [
    "oracle.export",
    "oracle.restore",
    "oracle.script",
    "ox.register-server",
    "ox.run-update",
    "weblogic.import-jms",
    "zdt.patch-home",
];

/// Not a test: what the tests below start.
#[test]
fn a_process_whose_tools_talk() {
    if let Some(folder) = std::env::var_os(TALKS) {
        child::obey(Path::new(&folder));
    }
}

/// Room for scenes.
struct Room {
    place: tempfile::TempDir,
    /// What its secrets begin with.
    beginning: String,
}

impl Room {
    fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        for folder in ["orders", "tmp"] {
            fs::create_dir(place.path().join(folder)).unwrap();
        }
        // The real PostgreSQL is not this user's.
        for folder in [place.path().to_owned(), place.path().join("tmp")] {
            fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let name = place.path().file_name().unwrap().to_string_lossy();
        let own: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        Self {
            place,
            beginning: format!("Pl4nt3d{own}"),
        }
    }

    fn folder(&self) -> PathBuf {
        self.place.path().join("orders")
    }

    fn order(&self, number: usize, action: &str, way: Way) -> Order {
        Order {
            action: action.to_owned(),
            way,
            beginning: format!("{}n{number}e", self.beginning),
        }
    }

    fn start(&self, orders: &[Order]) -> Child {
        let text = serde_json::to_string(orders).unwrap();
        fs::write(self.folder().join("orders"), text).unwrap();
        _ = fs::remove_file(self.folder().join("report"));
        command(std::env::current_exe().unwrap())
            .args(["--exact", "faults::talk::a_process_whose_tools_talk"])
            .arg("--nocapture")
            .env(TALKS, self.folder())
            .env("TMPDIR", self.place.path().join("tmp"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// Ends well, and says no secret; what it found.
    #[track_caller]
    fn finish(&self, child: Child) -> String {
        let ended = child.wait_with_output().unwrap();
        let said = [ended.stdout, ended.stderr].concat();
        let text = String::from_utf8_lossy(&said);
        assert!(ended.status.success(), "{text}");
        print!("{text}");
        assert!(!text.contains(&self.beginning), "{text}");
        fs::read_to_string(self.folder().join("report")).unwrap()
    }

    /// Does something, and tells whose arguments held a secret meanwhile.
    fn watched(&self, work: impl FnOnce()) -> Vec<String> {
        let mark = self.folder().join("at-work");
        let pause = Duration::from_millis(10);
        let (seen, _) = seen_when(&self.beginning, pause, || mark.exists(), work);
        seen.into_iter()
            .filter(|hit| hit.contains("cmdline"))
            .collect()
    }

    /// Tries every action that way.
    #[track_caller]
    fn try_each(&self, actions: &[&str], way: Way) {
        let orders = actions.iter().enumerate();
        let orders: Vec<Order> = orders
            .map(|(number, action)| self.order(number, action, way))
            .collect();
        self.try_all(&orders);
    }

    /// Tries all in one process.
    #[track_caller]
    fn try_all(&self, orders: &[Order]) {
        let mut report = String::new();
        let seen = self.watched(|| report = self.finish(self.start(orders)));
        assert!(report.is_empty(), "{report}");
        assert_eq!(seen, Vec::<String>::new());
    }
}

/// Actions of which so many are drawn, unless all are to be tried. Quick ones may be tried all the same.
fn drawn(test: &str, usual: usize, is_tried: impl Fn(&str) -> bool) -> Vec<&'static str> {
    let all = MATRIX.iter().copied().flatten().map(|row| row.action);
    let mut left: Vec<&str> = all.filter(|action| is_tried(action)).collect();
    let mut random = Random::of(test, 0);
    let mut drawn = Vec::new();
    while !left.is_empty() && (everything() || drawn.len() < usual) {
        let at = random.below(left.len() as u64);
        drawn.push(left.remove(usize::try_from(at).unwrap()));
    }
    drawn
}

fn begins(action: &str, beginnings: &[&str]) -> bool {
    beginnings.iter().any(|start| action.starts_with(start))
}

fn is_slow(action: &str) -> bool {
    begins(action, &SLOW)
}

#[test]
fn what_sound_tools_tell_shows_nowhere() {
    let mut actions = drawn("talk", usize::MAX, |action| !is_slow(action));
    actions.extend(drawn("slow talk", 3, is_slow));
    Room::new().try_each(&actions, Way::Works);
}

#[test]
fn what_tools_that_fail_late_have_told_shows_nowhere() {
    let actions = drawn("talk and failure", 3, |_| true);
    Room::new().try_each(&actions, Way::FailsLate);
}

#[test]
fn what_tools_told_before_and_after_a_kill_shows_nowhere() {
    let is_several = |action: &str| CALL_SEVERAL.contains(&action);
    let is_other = |action: &str| !is_several(action) && !begins(action, &HAVE_SERVERS);
    let mut actions = drawn("talk and kill", 2, is_several);
    actions.extend(drawn("talk and kill", 2, is_other));
    let mut random = Random::of("talk and kill", 1);
    for (number, action) in actions.into_iter().enumerate() {
        if everything() {
            let calls = (0..).find_map(|call| kill_at(number, action, call));
            println!("{action} was killed at every one of {calls:?} calls");
            continue;
        }
        let call = usize::try_from(random.below(6)).unwrap();
        if let Some(calls) = kill_at(number, action, call) {
            let last = (calls > 0).then(|| kill_at(number, action, calls - 1));
            assert_eq!(
                last.flatten(),
                None,
                "{action} was not held at its last call"
            );
        }
    }
}

/// Kills a scene's process at a call and resumes the run. If there are fewer calls, tells how many: none
/// where what the scene needs is not installed.
#[track_caller]
fn kill_at(number: usize, action: &str, call: usize) -> Option<usize> {
    let room = Room::new();
    let order = room.order(number, action, Way::Held(call));
    let given = room.folder().join(format!("given-{}", order.action));
    let held = given.join("held");
    let mut child = room.start(std::slice::from_ref(&order));
    while !held.exists() {
        if child.try_wait().unwrap().is_some() {
            let report = room.finish(child);
            assert!(report.is_empty(), "{report}");
            // With them stands the order to hold one.
            return Some(fs::read_dir(&given).map_or(0, |all| all.count() - 1));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    let said = child.wait_with_output().unwrap();
    let said = [said.stdout, said.stderr].concat();
    assert!(!String::from_utf8_lossy(&said).contains(&room.beginning));
    let tool = fs::read_to_string(held).unwrap();
    let tool = Pid::from_raw(tool.trim().parse().unwrap()).unwrap();
    kill_process(tool, Signal::KILL).unwrap();
    println!("{action} was killed at call {call}");
    room.try_all(&[Order {
        way: Way::Resumed,
        ..order
    }]);
    None
}
