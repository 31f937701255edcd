//! What tools answer: whole actions on a machine whose tools say what the input says.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};
use upgrade_kit::adapter::{CheckContext, StepContext, registry};
use upgrade_kit::backup::PartialSet;
use upgrade_kit::event::RunState;
use upgrade_kit::host::{Control, Masker, Secret};

use super::tool_host::ToolHost;
use super::{folder, parts, put, text};

/// Steps by the letter that chooses one; `@HOME@` is the folder.
const STEPS: &str = include_str!("steps.json");

/// A step of them.
#[derive(serde::Deserialize)]
struct Step {
    uses: String,
    with: Value,
}

fn step(choice: u8, folder: &Path) -> Option<Step> {
    let text = STEPS.replace("@HOME@", folder.to_str()?);
    let mut steps: BTreeMap<char, Step> = serde_json::from_str(&text).unwrap();
    steps.remove(&char::from(choice))
}

/// The first byte chooses the step, the parts are answers.
pub(super) fn answers(input: &[u8]) {
    let Some((choice, input)) = input.split_first() else {
        return;
    };
    let folder = &folder();
    put(folder, "one.sql", b"select 1;\n");
    put(folder, "one.mv.db", b"H:2,block:2,created:1\n");
    if let Some(step) = step(*choice, folder) {
        act(&step.uses, step.with, folder, &parts(input));
    }
}

/// A document and where something is changed in it.
pub(super) fn xml_edit(input: &[u8]) {
    let folder = &folder();
    let parts = parts(input);
    let (Some(document), Some(place), Some(value)) = (parts.first(), parts.get(1), parts.get(2))
    else {
        return;
    };
    let (Some(place), Some(value)) = (text(place), text(value)) else {
        return;
    };
    put(folder, "one.xml", document);
    let options = json!({ "file": folder.join("one.xml"), "set": [{ "at": place, "to": value }] });
    act("xml.edit", options, folder, &[]);
}

/// The file of an embedded database.
pub(super) fn h2(input: &[u8]) {
    let folder = &folder();
    put(folder, "one.mv.db", input);
    let options = json!({ "file": folder.join("one.mv.db"), "artifact": "database/one" });
    act("h2.backup", options, folder, &[]);
}

fn act(action: &str, options: Value, folder: &Path, answers: &[&[u8]]) {
    let Value::Object(options) = options else {
        unreachable!()
    };
    let entry = registry::find(action).unwrap();
    let action = match entry.decode(options) {
        Ok(action) if action.validate().is_empty() => action,
        // Places and values of `xml.edit` come from the input.
        Ok(_) if entry.name == "xml.edit" => return,
        Ok(action) => panic!("{}: {:?}", entry.name, action.validate()),
        Err(error) => panic!("{}: {error}", entry.name),
    };
    assert!(!action.preview().is_empty());
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let id = format!("set-{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let set = PartialSet::create(&folder.join("backups"), &id).unwrap();
    let secret = |_: &_| Ok(Secret::new("s3cret".to_owned()));
    for check in [true, false] {
        let host = ToolHost::new(folder, answers);
        let control = Control::unattended(Masker::default());
        if check {
            _ = action.check(&CheckContext {
                step: "a-step",
                host: &host,
                control: &control,
                secret: &secret,
                backups: folder,
                using: None,
            });
            continue;
        }
        let context = StepContext {
            step: "a-step",
            host: &host,
            control: &control,
            progress: &|_| {},
            say: &|_| {},
            secret: &secret,
            scratch: &folder.join("scratch"),
            run_directory: folder,
            writing: Some(&set),
            using: None,
            state: &RunState::new,
        };
        _ = action.perform(&context);
        _ = action.probe(&context);
    }
}
