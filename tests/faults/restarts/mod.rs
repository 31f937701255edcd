//! Real database servers that fall: killed (`kill -9`) or restarted in the middle of a dump, of a restore,
//! of a script, when a query is asked, between two dumps of one set and before it is sealed; and servers
//! that take no more sessions.
//!
//! The moment is certain: a script in the client's place lets a part of the data pass, brings the server
//! down, and lets the rest pass. Each server is of this test alone. Demanded: the step fails, says what
//! happened and what to do, nothing that is cut is sealed; resumed with the server up again, the run comes to
//! its end, and its set restores to the same rows.

mod mariadb;
mod postgres;

use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::Arc;

use serde_json::{Value, json};
use upgrade_kit::event::RunOutcome;

use super::cell::told;
use super::scene::{Scene, Set, Sound};
use super::trial::{Ended, Trial};
use crate::fake_tools::Tools;
use crate::rig_server::command;

/// A migration whose first statement can be run alone.
const MIGRATION: &str = "CREATE TABLE added (id INT PRIMARY KEY);\n\
                         INSERT INTO added VALUES (7);\n\
                         UPDATE version SET version = '5.1.1';\n";

/// Tables that come after the large one: what is asked for them is asked of a server that is gone.
const SMALL: &str = "CREATE TABLE kept (id INT PRIMARY KEY, body VARCHAR(200));
INSERT INTO kept VALUES (1, 'one'), (2, 'two'), (3, 'three');
CREATE TABLE version (version VARCHAR(30));
INSERT INTO version VALUES ('5.1');
CREATE VIEW seen AS SELECT id FROM kept;
";

/// When a server falls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    /// While the dump program reads rows.
    Dump,
    /// While the client loads a dump.
    Load,
    /// After the first statement of a script.
    Script,
    /// Before a question is asked.
    Question,
}

/// How it falls.
#[derive(Debug, Clone, Copy)]
enum Fall {
    /// `kill -9` for all its processes.
    Killed,
    /// It is stopped as an administrator would, and started again at once.
    Restarted,
}

const CASES: &[(Moment, Fall)] = &[
    (Moment::Dump, Fall::Killed),
    (Moment::Dump, Fall::Restarted),
    (Moment::Load, Fall::Killed),
    (Moment::Load, Fall::Restarted),
    (Moment::Script, Fall::Killed),
    (Moment::Script, Fall::Restarted),
    (Moment::Question, Fall::Killed),
];

/// A server of the rig that is this test's alone.
struct Server {
    script: PathBuf,
    directory: PathBuf,
    pid_file: PathBuf,
    /// A variable of the script, and its value.
    options: (&'static str, &'static str),
}

impl Server {
    /// Starts it unless it runs.
    fn start(&self) {
        let (name, value) = self.options;
        let started = command(&self.script)
            .arg("start")
            .arg(&self.directory)
            .env(name, value)
            .status();
        assert!(started.unwrap().success(), "the server does not come back");
    }

    /// Lines for a shell that bring it down. What is started there is not of the run.
    fn fall(&self, how: Fall) -> String {
        let pid_file = self.pid_file.display();
        let (script, directory) = (self.script.display(), self.directory.display());
        let (name, value) = self.options;
        match how {
            Fall::Killed => format!(
                "p=$(head -n 1 '{pid_file}')\nkill -9 $p $(cat /proc/$p/task/$p/children)\n\
                 while grep -q '^State:[[:space:]]*[^Z]' /proc/$p/status 2>/dev/null; do sleep 0.02; done\n"
            ),
            Fall::Restarted => format!(
                "for order in stop start; do\n\
                 env -i PATH=\"$PATH\" {name}='{value}' '{script}' $order '{directory}' \
                 </dev/null >/dev/null 2>&1\ndone\n"
            ),
        }
    }
}

/// What differs between the products.
trait Product: Send + Sync + 'static {
    /// Prefix of its actions.
    const NAME: &'static str;
    /// The option that names a schema.
    const SCHEMA: &'static str;

    fn server(&self) -> &Server;
    /// A schema with enough in it.
    fn filled(&self) -> String;
    fn connection(&self) -> Value;
    fn password(&self) -> String;
    fn exact(&self, schema: &str) -> String;
    fn run(&self, schema: &str, statements: &str);
    /// The program at that moment, and what its arguments look like for a shell's `case`.
    fn program(&self, moment: Moment) -> (&'static str, &'static str);
    /// A session that lasts.
    fn sleeper(&self) -> Child;
    /// How many sessions there are.
    fn sessions(&self) -> usize;
}

/// A client that lets the server fall once, when it is armed.
struct Trap {
    tools: Tools,
    moment: Moment,
}

impl Trap {
    fn set(product: &impl Product, moment: Moment, how: Fall) -> Self {
        let trap = Self {
            tools: Tools::new(),
            moment,
        };
        let (program, arguments) = product.program(moment);
        let fall = product.server().fall(how);
        let first = MIGRATION.find('\n').unwrap() + 1;
        let work = match moment {
            Moment::Dump => format!(
                "{program} \"$@\" | {{ head -c 300000\n{fall}cat\n}}\nexit ${{PIPESTATUS[0]}}"
            ),
            Moment::Load | Moment::Script => {
                let part = if moment == Moment::Load {
                    300_000
                } else {
                    first
                };
                format!(
                    "{{ head -c {part}\nsleep 0.5\n{fall}cat\n}} | {program} \"$@\"\n\
                     exit ${{PIPESTATUS[1]}}"
                )
            }
            Moment::Question => format!("{fall}exec {program} \"$@\""),
        };
        let armed = trap.armed();
        trap.tools.write(
            "client",
            &format!(
                "#!/bin/bash\ncase \"$*\" in {arguments}) if mv '{armed}' '{armed}.used' 2>/dev/null; then\n\
                 {work}\nfi ;; esac\nexec {program} \"$@\"\n"
            ),
        );
        trap
    }

    fn armed(&self) -> String {
        self.tools.path("armed")
    }

    fn arm(&self) {
        std::fs::write(self.armed(), "").unwrap();
    }

    fn has_sprung(&self) -> bool {
        Path::new(&format!("{}.used", self.armed())).exists()
    }

    fn option(&self) -> &'static str {
        match self.moment {
            Moment::Dump => "dump_program",
            _ => "client_program",
        }
    }
}

/// Options of an action of the product.
fn options(product: &impl Product, schema: &str, more: &Value) -> Value {
    let mut options = json!({ "connection": product.connection() });
    set(&mut options, product, schema);
    for (name, value) in more.as_object().unwrap() {
        options[name] = value.clone();
    }
    options
}

fn set<P: Product>(options: &mut Value, _: &P, schema: &str) {
    options[P::SCHEMA] = schema.into();
}

fn action<P: Product>(_: &P, verb: &str) -> &'static str {
    let names = upgrade_kit::adapter::registry::names();
    let name = format!("{}.{verb}", P::NAME);
    names.into_iter().find(|known| *known == name).unwrap()
}

fn scene<P: Product>(product: &Arc<P>, schema: &str, options: Value) -> Scene {
    let (server, name) = (Arc::clone(product), schema.to_owned());
    let mut scene = Scene::new(options, Path::new(schema), move || server.exact(&name));
    scene.password = product.password();
    scene
}

/// What is wrong with how a step failed whose server had fallen.
fn wrong_failure(ended: &Ended, trial: &Trial) -> Vec<String> {
    let Some(failure) = &ended.failure else {
        return vec![format!("it ended as {:?}", ended.outcome)];
    };
    let mut found = Vec::new();
    let words = told(failure);
    let says = [
        "the connection to the server was lost",
        "the server cannot be reached",
        "the server starts, stops or recovers",
        "nothing listens there",
        "nothing answers on the socket",
        "the server takes no more connections",
        "the server has no free session",
    ];
    if !says.iter().any(|text| words.contains(text)) {
        found.push(format!("it does not say what happened: {words}"));
    }
    let hint = failure.hint.clone().unwrap_or_default();
    if !hint.contains("start") && !hint.contains("raise") && !hint.contains("wait until") {
        found.push(format!("it does not say what to do: {words}"));
    }
    let all = format!("{words}\n{}", failure.stderr.join("\n"));
    if all.contains(trial.password()) {
        found.push("the password is quoted".to_owned());
    }
    if trial.is_sealed(&ended.run) {
        found.push("there is a sealed set".to_owned());
    }
    found
}

/// Every case; everything that was wrong, at once.
fn falls<P: Product>(product: &Arc<P>) {
    let mut wrong = Vec::new();
    for &(moment, how) in CASES {
        let found = one(product, moment, how);
        product.server().start();
        wrong.extend(
            found
                .iter()
                .map(|text| format!("{moment:?}, {how:?}: {text}")),
        );
    }
    for (name, found) in [
        ("between dumps", between_dumps(product)),
        ("before the seal", before_the_seal(product)),
        ("crowded", crowded(product)),
    ] {
        product.server().start();
        wrong.extend(found.iter().map(|text| format!("{name}: {text}")));
    }
    println!("{} falls", CASES.len() + 3);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn one<P: Product>(product: &Arc<P>, moment: Moment, how: Fall) -> Vec<String> {
    let schema = product.filled();
    let before = product.exact(&schema);
    let trap = Arc::new(Trap::set(&**product, moment, how));
    let mut more = json!({ "wait_seconds": 0 });
    let mut wanted = before.clone();
    let script = trap.tools.path("upgrade.sql");
    let verb = match moment {
        Moment::Dump => "dump",
        Moment::Load => "restore",
        Moment::Script => {
            std::fs::write(&script, MIGRATION).unwrap();
            more["scripts"] = json!([script]);
            let twin = product.filled();
            product.run(&twin, MIGRATION);
            wanted = product.exact(&twin).replace(&twin, &schema);
            "script"
        }
        Moment::Question => {
            more = json!({ "sql": "SELECT version FROM version", "expect": { "scalar": "5.1" } });
            "query"
        }
    };
    let mut all = options(&**product, &schema, &more);
    all["connection"][trap.option()] = trap.tools.path("client").into();
    let mut scene = scene(product, &schema, all.clone());
    if moment == Moment::Load {
        let (server, name, armed) = (Arc::clone(product), schema.clone(), Arc::clone(&trap));
        let dump: Sound = (action(&**product, "dump"), all.clone());
        scene = scene.with_set(Set::Used(
            vec![dump],
            Box::new(move || {
                server.run(&name, MIGRATION);
                armed.arm();
            }),
        ));
    } else {
        trap.arm();
        if moment == Moment::Dump {
            scene = scene.with_set(Set::Written(Vec::new()));
        }
    }
    let mut trial = Trial::on(action(&**product, verb), scene, None);
    let ended = trial.run(|| false);
    assert!(trap.has_sprung(), "{moment:?}: the server did not fall");
    let mut found = wrong_failure(&ended, &trial);
    product.server().start();
    let resumed = trial.go_on(&ended.run, &wanted.replace(&schema, "OWN"));
    if resumed.outcome != RunOutcome::Done {
        let failure = resumed.failure.as_ref().map(told).unwrap_or_default();
        // Half of a script that no transaction holds together is not run twice: the set is restored.
        if moment != Moment::Script || !failure.contains("restore") {
            found.push(format!(
                "resumed, it ended as {:?}: {failure}",
                resumed.outcome
            ));
        }
        return found;
    }
    if moment == Moment::Dump {
        product.run(&schema, MIGRATION);
        let step: Sound = (
            action(&**product, "restore"),
            options(&**product, &schema, &json!({ "wait_seconds": 0 })),
        );
        let restored = trial.used(&ended.run, step);
        if restored.outcome != RunOutcome::Done {
            found.push(format!("its set is not restored: {:?}", restored.failure));
        }
    }
    if product.exact(&schema) != wanted {
        found.push("it came to other rows".to_owned());
    }
    found
}

fn dump_of<P: Product>(product: &Arc<P>, schema: &str) -> Sound {
    let all = options(&**product, schema, &json!({ "wait_seconds": 0 }));
    (action(&**product, "dump"), all)
}

fn fall_of<P: Product>(product: &Arc<P>, how: Fall) -> Sound {
    let lines = product.server().fall(how);
    ("command.run", json!({ "argv": ["bash", "-c", lines] }))
}

/// Restores both schemas from a set, and compares.
fn restores<P: Product>(
    product: &Arc<P>,
    trial: &mut Trial,
    run: &str,
    schemas: &[(String, String)],
) -> Vec<String> {
    let mut found = Vec::new();
    for (schema, before) in schemas {
        product.run(schema, MIGRATION);
        let all = options(&**product, schema, &json!({ "wait_seconds": 0 }));
        let ended = trial.used(run, (action(&**product, "restore"), all));
        if ended.outcome != RunOutcome::Done {
            found.push(format!("{schema} is not restored: {:?}", ended.failure));
        } else if product.exact(schema) != *before {
            found.push(format!("{schema} came to other rows"));
        }
    }
    found
}

fn two<P: Product>(product: &Arc<P>) -> Vec<(String, String)> {
    let names = [product.filled(), product.filled()];
    let both = names.into_iter().map(|name| {
        let before = product.exact(&name);
        (name, before)
    });
    both.collect()
}

/// The server is gone when the second dump of a set is to begin, and refuses connections until somebody
/// starts it.
fn between_dumps<P: Product>(product: &Arc<P>) -> Vec<String> {
    let schemas = two(product);
    let (_, second) = dump_of(product, &schemas[1].0);
    let before = vec![
        dump_of(product, &schemas[0].0),
        fall_of(product, Fall::Killed),
    ];
    let scene = scene(product, &schemas[1].0, second).with_set(Set::Written(before));
    let mut trial = Trial::on(action(&**product, "dump"), scene, None);
    let ended = trial.run(|| false);
    let mut found = wrong_failure(&ended, &trial);
    let again = trial.go_on(&ended.run, "");
    if again.outcome == RunOutcome::Done {
        found.push("it is done although nobody started the server".to_owned());
    }
    found.extend(wrong_failure(&again, &trial));
    product.server().start();
    let resumed = trial.go_on(&ended.run, "");
    if resumed.outcome != RunOutcome::Done {
        found.push(format!("resumed, it failed: {:?}", resumed.failure));
        return found;
    }
    found.extend(restores(product, &mut trial, &ended.run, &schemas));
    found
}

/// The server restarts after the last dump, and the set is sealed all the same: it is whole.
fn before_the_seal<P: Product>(product: &Arc<P>) -> Vec<String> {
    let schemas = two(product);
    let before = schemas.iter().map(|(name, _)| dump_of(product, name));
    let (fall, lines) = fall_of(product, Fall::Restarted);
    let scene = scene(product, &schemas[1].0, lines).with_set(Set::Written(before.collect()));
    let mut trial = Trial::on(fall, scene, None);
    let ended = trial.run(|| false);
    if ended.outcome != RunOutcome::Done {
        return vec![format!("it failed: {:?}", ended.failure)];
    }
    restores(product, &mut trial, &ended.run, &schemas)
}

/// Others have all the sessions that the server gives.
fn crowded<P: Product>(product: &Arc<P>) -> Vec<String> {
    let schemas = two(product);
    let (dump, options) = dump_of(product, &schemas[0].0);
    let scene = scene(product, &schemas[0].0, options).with_set(Set::Written(Vec::new()));
    let mut trial = Trial::on(dump, scene, None);
    let mut crowd: Vec<Child> = (0..9).map(|_| product.sleeper()).collect();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while product.sessions() < crowd.len() + 1 {
        assert!(std::time::Instant::now() < deadline, "nobody comes");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let ended = trial.run(|| false);
    for one in &mut crowd {
        _ = one.kill();
        _ = one.wait();
    }
    let mut found = wrong_failure(&ended, &trial);
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while product.sessions() > 1 {
        assert!(std::time::Instant::now() < deadline, "nobody goes");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let resumed = trial.go_on(&ended.run, "");
    if resumed.outcome == RunOutcome::Done {
        found.extend(restores(product, &mut trial, &ended.run, &schemas[..1]));
    } else {
        found.push(format!("resumed, it failed: {:?}", resumed.failure));
    }
    found
}
