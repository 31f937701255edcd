//! Servers that fall between the steps of a set, and servers that others have filled.

use std::process::Child;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use upgrade_kit::event::RunOutcome;

use super::trap::Fall;
use super::{MIGRATION, Product, action, options, scene, wrong_failure};
use crate::faults::scene::{Set, Sound};
use crate::faults::trial::Trial;

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
pub(super) fn between_dumps<P: Product>(product: &Arc<P>) -> Vec<String> {
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
pub(super) fn before_the_seal<P: Product>(product: &Arc<P>) -> Vec<String> {
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

/// Waits until the server has so many sessions, that which asks for it included.
fn wait_for_sessions<P: Product>(product: &Arc<P>, count: usize) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while product.sessions() != count {
        assert!(
            Instant::now() < deadline,
            "there are never {count} sessions"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Others have all the sessions that the server gives.
pub(super) fn crowded<P: Product>(product: &Arc<P>) -> Vec<String> {
    let schemas = two(product);
    let (dump, options) = dump_of(product, &schemas[0].0);
    let scene = scene(product, &schemas[0].0, options).with_set(Set::Written(Vec::new()));
    let mut trial = Trial::on(dump, scene, None);
    wait_for_sessions(product, 1);
    let mut crowd: Vec<Child> = (0..P::SESSIONS).map(|_| product.sleeper()).collect();
    wait_for_sessions(product, crowd.len() + 1);
    let ended = trial.run(|| false);
    for one in &mut crowd {
        _ = one.kill();
        _ = one.wait();
    }
    let mut found = wrong_failure(&ended, &trial);
    if ended.outcome == RunOutcome::Done {
        return found;
    }
    wait_for_sessions(product, 1);
    let resumed = trial.go_on(&ended.run, "");
    if resumed.outcome == RunOutcome::Done {
        found.extend(restores(product, &mut trial, &ended.run, &schemas[..1]));
    } else {
        found.push(format!("resumed, it failed: {:?}", resumed.failure));
    }
    found
}
