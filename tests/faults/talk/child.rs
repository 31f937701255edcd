//! The process in which tools talk: it has a folder for temporary files of its own, and may be killed.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use upgrade_kit::adapter::registry;
use upgrade_kit::event::{Event, RunOutcome};
use upgrade_kit::host::clipped;
use upgrade_kit::report::{JsonReporter, LinesReporter, Reporter};

use super::super::cell::{is_for_people, told};
use super::super::fault::Fault;
use super::super::scene::Row;
use super::super::trial::{Ended, Trial};
use super::traces::Traces;
use crate::hostile::secrets::holds_secret;
use crate::planted::plant;

/// What is to happen to a scene whose tools talk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Way {
    /// Nothing.
    Works,
    /// Its last tool does all of its work and fails. Then the run is resumed.
    FailsLate,
    /// The tool of that call, counted from 0, is held back until somebody kills this process.
    Held(usize),
    /// The run that was killed is resumed.
    Resumed,
}

/// One scene, and what its secret begins with.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Order {
    pub(super) action: String,
    pub(super) way: Way,
    pub(super) beginning: String,
}

/// Carries out the orders in a folder, and leaves there what was found.
pub(super) fn obey(folder: &Path) {
    let orders = fs::read(folder.join("orders")).unwrap();
    let orders: Vec<Order> = serde_json::from_slice(&orders).unwrap();
    let mut report = String::new();
    for order in &orders {
        let talk = Talk::of(folder, order);
        for problem in talk.carry_out(order) {
            _ = writeln!(report, "{} ({:?}): {problem}", order.action, order.way);
        }
    }
    fs::write(folder.join("report"), report).unwrap();
}

/// A scene whose tools talk.
struct Talk<'a> {
    folder: &'a Path,
    /// Where tools put what they were given.
    given: PathBuf,
    row: &'static Row,
    traces: Traces,
}

impl<'a> Talk<'a> {
    fn of(folder: &'a Path, order: &Order) -> Self {
        let mut rows = super::super::MATRIX.iter().copied().flatten();
        Self {
            folder,
            given: folder.join(format!("given-{}", order.action)),
            row: rows.find(|row| row.action == order.action).unwrap(),
            traces: Traces::of(&order.beginning),
        }
    }

    fn carry_out(&self, order: &Order) -> Vec<String> {
        plant(&order.beginning);
        match order.way {
            Way::Works => self.works().map(|(found, ..)| found),
            Way::FailsLate => self.fails_late(),
            Way::Held(call) => self.is_held(call),
            Way::Resumed => Some(self.is_resumed()),
        }
        .unwrap_or_default()
    }

    /// What was found, how many calls there were, and what they came to.
    fn works(&self) -> Option<(Vec<String>, usize, String)> {
        let trial = Trial::of(self.row, None)?;
        let before = self.traces.holders(&std::env::temp_dir());
        self.listen(&trial);
        let ended = self.at_work(|| trial.run(|| false));
        let mut found = not_done("", &ended);
        found.extend(self.look(&trial, &ended, &before));
        found.extend(self.unheard(&trial));
        let calls = trial.host.programs().len();
        println!(
            "{}: {calls} calls, {} secrets",
            self.row.action,
            trial.secrets()
        );
        Some((found, calls, trial.state()))
    }

    fn fails_late(&self) -> Option<Vec<String>> {
        let (mut found, calls, state) = self.works()?;
        fs::remove_dir_all(&self.given).unwrap();
        let trial = Trial::of(self.row, Some((calls - 1, Fault::FailsLate))).unwrap();
        let before = self.traces.holders(&std::env::temp_dir());
        self.listen(&trial);
        let ended = self.at_work(|| trial.run(|| false));
        found.extend(self.look(&trial, &ended, &before));
        // Of some tools the word counts for nothing.
        if ended.outcome == RunOutcome::Done {
            return Some(found);
        }
        let resumed = self.at_work(|| trial.go_on(&ended.run, &state));
        if !is_for_people(self.row, &resumed) {
            found.extend(not_done("resumed, ", &resumed));
        }
        found.extend(self.look(&trial, &resumed, &before));
        Some(found)
    }

    fn is_held(&self, call: usize) -> Option<Vec<String>> {
        let trial = Trial::of(self.row, None)?;
        self.listen(&trial);
        fs::write(self.given.join("hold"), call.to_string()).unwrap();
        let before = self.traces.holders(&std::env::temp_dir());
        let left =
            json!({ "place": trial.place(), "password": trial.password(), "before": before });
        fs::write(self.folder.join("left"), left.to_string()).unwrap();
        let ended = self.at_work(|| trial.run(|| false));
        // There are fewer calls, or somebody would have ended this process.
        Some(not_done("", &ended))
    }

    fn is_resumed(&self) -> Vec<String> {
        let left = fs::read(self.folder.join("left")).unwrap();
        let left: Value = serde_json::from_slice(&left).unwrap();
        let text = |name: &str| left[name].as_str().unwrap();
        let place = Path::new(text("place"));
        let trial = Trial::left(place, text("password").to_owned());
        let before = serde_json::from_value(left["before"].clone()).unwrap();
        fs::remove_file(self.given.join("hold")).unwrap();
        self.listen(&trial);
        let runs = fs::read_dir(place.join("state/runs")).unwrap().flatten();
        let newest = runs.max_by_key(|run| run.metadata().unwrap().modified().unwrap());
        let run = newest.unwrap().file_name().into_string().unwrap();
        let ended = self.at_work(|| trial.go_on(&run, "what no state is"));
        let mut found = not_done("", &ended);
        found.extend(self.look(&trial, &ended, &before));
        found
    }

    /// Lets the tools of a trial talk.
    fn listen(&self, trial: &Trial) {
        fs::create_dir_all(&self.given).unwrap();
        trial.host.talk(self.given.clone());
    }

    /// Arguments are looked at while there is a file `at-work`: not while a scene is laid out.
    fn at_work(&self, work: impl FnOnce() -> Ended) -> Ended {
        let mark = self.folder.join("at-work");
        fs::write(&mark, "").unwrap();
        let ended = work();
        fs::remove_file(mark).unwrap();
        ended
    }

    /// Where the secret shows.
    fn look(&self, trial: &Trial, ended: &Ended, before: &Holders) -> Vec<String> {
        let mut found = Vec::new();
        for (name, text) in shown(&ended.events) {
            let line = self.traces.line_in(&text);
            found.extend(line.map(|line| format!("{name} show it: {line}")));
        }
        let now = self.traces.holders(&std::env::temp_dir());
        let own = |path: &&PathBuf| path.starts_with(trial.place()) || !before.contains(*path);
        for path in now.iter().filter(own) {
            let line = self.traces.line_in(&fs::read(path).unwrap_or_default());
            found.push(format!("{} holds it: {line:?}", path.display()));
        }
        for path in self.traces.holders(&self.given) {
            if self.may_hold(&path) {
                continue;
            }
            found.push(format!("{} of a tool hold it", path.display()));
        }
        found
    }

    /// Whether the tool is meant to be given the secret there.
    fn may_hold(&self, path: &Path) -> bool {
        match path.file_name().unwrap().to_str().unwrap() {
            "arguments" => false,
            "environment" => takes_it_from_the_environment(self.row.action),
            _ => true,
        }
    }

    /// A scene whose action takes a secret has one, and its tools are given it: others have none to tell.
    fn unheard(&self, trial: &Trial) -> Option<String> {
        let schema = registry::find(self.row.action).unwrap().schema();
        let schema = serde_json::to_value(schema).unwrap();
        let takes = holds_secret(&schema, &schema);
        let has = trial.secrets() > 0;
        let heard = !self.traces.holders(&self.given).is_empty();
        (takes != has || has != heard).then(|| {
            format!("the action takes a secret: {takes}, the scene has one: {has}, its tools knew it: {heard}")
        })
    }
}

type Holders = std::collections::BTreeSet<PathBuf>;

/// Programs whose documentation names no better way, or that are the site's own.
fn takes_it_from_the_environment(action: &str) -> bool {
    ["command.", "ox.", "weblogic.", "zdt."]
        .iter()
        .any(|start| action.starts_with(start))
}

fn not_done(when: &str, ended: &Ended) -> Vec<String> {
    if ended.outcome == RunOutcome::Done {
        return Vec::new();
    }
    let why = ended.failure.as_ref().map(told).unwrap_or_default();
    let text = format!("{when}it ended as {:?}: {why}", ended.outcome);
    vec![clipped(text)]
}

/// The events as every reporter shows them.
fn shown(events: &[Event]) -> [(&'static str, Vec<u8>); 2] {
    let (mut lines, mut json) = (Vec::new(), Vec::new());
    {
        let mut reporters: [Box<dyn Reporter + '_>; 2] = [
            Box::new(LinesReporter::new(&mut lines, None)),
            Box::new(JsonReporter::new(&mut json)),
        ];
        for event in events {
            for reporter in &mut reporters {
                reporter.event(event).unwrap();
            }
        }
    }
    assert!(lines.len() > 100 && json.len() > 100);
    [("lines", lines), ("JSON events", json)]
}
