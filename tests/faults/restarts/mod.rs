//! Real database servers that fall: killed (`kill -9`) or restarted in the middle of a dump, of a restore,
//! of a script, when a query is asked, between two dumps of one set and before it is sealed; and servers
//! that take no more sessions.
//!
//! The moment is certain: a script in the client's place lets a part of the data pass, brings the server
//! down, and lets the rest pass. Each server is of this test alone. Demanded: the step fails, says what
//! happened and what to do, nothing that is cut is sealed; resumed with the server up again, the run comes to
//! its end, and its set restores to the same rows.

mod between;
mod mariadb;
mod postgres;
mod trap;

use std::path::Path;
use std::process::Child;
use std::sync::Arc;

use serde_json::{Value, json};
use upgrade_kit::event::RunOutcome;

use super::cell::told;
use super::scene::{Scene, Set, Sound};
use super::trial::{Ended, Trial};
use between::{before_the_seal, between_dumps, crowded};
use trap::{Fall, Moment, Server, Trap};

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

const CASES: &[(Moment, Fall)] = &[
    (Moment::Dump, Fall::Killed),
    (Moment::Dump, Fall::Restarted),
    (Moment::Load, Fall::Killed),
    (Moment::Load, Fall::Restarted),
    (Moment::Script, Fall::Killed),
    (Moment::Script, Fall::Restarted),
    (Moment::Question, Fall::Killed),
];

/// What differs between the products.
trait Product: Send + Sync + 'static {
    /// Prefix of its actions.
    const NAME: &'static str;
    /// The option that names a schema.
    const SCHEMA: &'static str;
    /// Sessions that the server gives to others than its administrator.
    const SESSIONS: usize;

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
    if ended.outcome == RunOutcome::Done {
        return found;
    }
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
