//! Every instruction of the source documents is carried out by a step of a shipped runbook, or excused
//! with a reason; and every step carries out one, or is the kit's own for a reason.
//!
//! `coverage.yaml` is the list. A step is named `PART#PHASE/ID`. What a step says in its `source:` and
//! what the list says of it must agree.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Coverage {
    /// By id of the instruction.
    instructions: BTreeMap<String, Carried>,
    /// Steps that no document asks for, by name, with the reason for each.
    own_steps: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Carried {
    Steps(Vec<String>),
    Excused { excused: String },
}

fn coverage() -> Coverage {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/coverage.yaml");
    serde_yaml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The instructions of each step of the shipped runbooks.
fn steps() -> BTreeMap<String, BTreeSet<String>> {
    let mut steps = BTreeMap::new();
    for (name, text) in upgrade_kit::runbook::SHIPPED {
        let document: serde_yaml::Value = serde_yaml::from_str(text).unwrap();
        for phase in ["backup", "upgrade", "restore"] {
            let Some(list) = document.get(phase).and_then(|list| list.as_sequence()) else {
                continue;
            };
            for step in list {
                let id = step["id"].as_str().unwrap();
                let text = |value: &serde_yaml::Value| value.as_str().unwrap().to_owned();
                let sources = match step.get("source") {
                    None => BTreeSet::new(),
                    Some(serde_yaml::Value::Sequence(list)) => list.iter().map(text).collect(),
                    Some(one) => [text(one)].into(),
                };
                steps.insert(format!("{name}#{phase}/{id}"), sources);
            }
        }
    }
    steps
}

#[test]
fn every_instruction_is_carried_out_or_excused() {
    let coverage = coverage();
    let steps = steps();
    let mut wrong = Vec::new();
    let mut listed: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (id, carried) in &coverage.instructions {
        match carried {
            Carried::Excused { excused } if excused.trim().is_empty() => {
                wrong.push(format!("{id}: excused without a reason"));
            }
            Carried::Excused { .. } => {}
            Carried::Steps(names) if names.is_empty() => {
                wrong.push(format!("{id}: neither carried out nor excused"));
            }
            Carried::Steps(names) => {
                for name in names {
                    if !steps.contains_key(name) {
                        wrong.push(format!("{id}: there is no step {name}"));
                    }
                    listed.entry(name).or_default().insert(id.clone());
                }
            }
        }
    }
    for (name, sources) in &steps {
        let known = listed.remove(name.as_str()).unwrap_or_default();
        if known != *sources {
            wrong.push(format!(
                "{name}: its source is {sources:?}, listed is {known:?}"
            ));
        }
        let reason = coverage.own_steps.get(name);
        match (sources.is_empty(), reason.map(|reason| reason.trim())) {
            (true, None | Some("")) => wrong.push(format!("{name}: carries out nothing, and why?")),
            (false, Some(_)) => wrong.push(format!("{name}: is not the kit's own")),
            _ => {}
        }
    }
    let gone = coverage
        .own_steps
        .keys()
        .filter(|name| !steps.contains_key(*name));
    wrong.extend(gone.map(|name| format!("there is no step {name}")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The list of instructions lies beside the project; without it there is nothing to compare with.
#[test]
fn no_instruction_is_missing() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/seeds/steps.yaml");
    let Ok(text) = std::fs::read_to_string(&seeds) else {
        println!("not compared: {} is not there", seeds.display());
        return;
    };
    let seeds: serde_yaml::Value = serde_yaml::from_str(&text).unwrap();
    let mut ids = BTreeSet::new();
    collect(&seeds, &mut ids);
    let covered = [
        "domibus/",
        "ox/",
        "weblogic-zdt/",
        "wso2-carbon/",
        "wso2-dss/",
    ];
    ids.retain(|id| covered.iter().any(|document| id.starts_with(document)));
    assert!(ids.len() > 100, "the list of instructions cannot be read");
    let listed: BTreeSet<String> = coverage().instructions.into_keys().collect();
    let missing: Vec<&String> = ids.difference(&listed).collect();
    let unknown: Vec<&String> = listed.difference(&ids).collect();
    assert!(
        missing.is_empty() && unknown.is_empty(),
        "missing {missing:?}, unknown {unknown:?}"
    );
}

fn collect(value: &serde_yaml::Value, ids: &mut BTreeSet<String>) {
    match value {
        serde_yaml::Value::Mapping(map) => {
            if let Some(id) = map.get("id").and_then(|id| id.as_str()) {
                ids.insert(id.to_owned());
            }
            map.values().for_each(|value| collect(value, ids));
        }
        serde_yaml::Value::Sequence(list) => list.iter().for_each(|value| collect(value, ids)),
        _ => {}
    }
}
