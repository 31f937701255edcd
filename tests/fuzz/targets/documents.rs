//! What people write: site files, runbooks, parts, expressions, JSON for WebLogic.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use upgrade_kit::adapter::registry;
use upgrade_kit::diagnostic::{Problems, Rendering, SourceFile};
use upgrade_kit::plan::{Phase, PlanRequest, Selection, lint, resolve};
use upgrade_kit::runbook::expression::Evaluator;
use upgrade_kit::runbook::{Library, Runbook};
use upgrade_kit::site::files::{DirEntryInfo, FileSource};
use upgrade_kit::site::{Product, ProductDocument, ox, weblogic, wso2};

use super::{folder, parts, put, text};

/// Everything that is done with problems.
fn told(problems: &Problems) {
    for (colour, width) in [(true, 40), (false, 120)] {
        assert!(!problems.render(Rendering { colour, width }).is_empty());
    }
    assert!(problems.to_json().is_array());
}

/// A site file of every product, down to the resolved site of those that read nothing else.
pub(super) fn site(input: &[u8]) {
    let Some(text) = text(input) else { return };
    let source = SourceFile::new("site.yaml", text);
    for product in Product::ALL {
        let document = match product.decode(&source) {
            Ok((_, document)) => document,
            Err(problems) => {
                told(&problems);
                continue;
            }
        };
        match document {
            ProductDocument::Domibus(_) => {}
            ProductDocument::Ox(document) => {
                let read = |_: &Path| Ok("oxdatabase_5\n# a comment\noxdatabase_6\n".to_owned());
                _ = ox::resolve(&document, Path::new("/site"), &read);
            }
            ProductDocument::Wso2(document) => {
                let around = wso2::Around {
                    directory: Path::new("/site"),
                    scenario: "dss",
                    is_file: &|_| true,
                };
                _ = wso2::resolve(&document, &around);
            }
            ProductDocument::Weblogic(document) => {
                resolve_weblogic(&document, &source, &Files::default());
            }
        }
    }
}

/// The applications or migrations file that somebody wrote by hand.
pub(super) fn weblogic_json(input: &[u8]) {
    let parts = parts(input);
    let Some(document) = text(parts[0]) else {
        return;
    };
    let source = SourceFile::new("site.yaml", document);
    let Ok((_, ProductDocument::Weblogic(document))) = Product::Weblogic.decode(&source) else {
        return;
    };
    let files = parts[1..]
        .iter()
        .zip(["applications.json", "migrations.json"]);
    let files = files
        .map(|(content, name)| (Path::new("/site").join(name), content.to_vec()))
        .collect();
    resolve_weblogic(&document, &source, &Files(files));
}

fn resolve_weblogic(document: &weblogic::WeblogicSiteDocument, source: &SourceFile, files: &Files) {
    let reading = weblogic::Reading {
        source,
        directory: Path::new("/site"),
        files,
    };
    if let Err(problems) = weblogic::resolve(document, &reading) {
        told(&problems);
    }
}

/// Files in memory.
#[derive(Default)]
struct Files(BTreeMap<PathBuf, Vec<u8>>);

impl FileSource for Files {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.0
            .get(path)
            .cloned()
            .ok_or(io::ErrorKind::NotFound.into())
    }

    fn list(&self, _: &Path) -> io::Result<Vec<DirEntryInfo>> {
        Ok(Vec::new())
    }
}

/// A runbook, and a part that it may name: composed, linted, planned.
pub(super) fn runbook(input: &[u8]) {
    let folder = &folder();
    let parts = parts(input);
    put(folder, "book.yaml", parts[0]);
    if let Some(part) = parts.get(1) {
        put(folder, "part.yaml", part);
    }
    let library = Library::new(vec![folder.to_owned()]);
    let runbook = match Runbook::load("book", None, &library) {
        Ok(runbook) => runbook,
        Err(problems) => return told(&problems),
    };
    let names: Vec<&'static str> = registry::ACTIONS.iter().map(|entry| entry.name).collect();
    if let Err(problems) = lint(&runbook, &registry::find, &names) {
        told(&problems);
    }
    for phase in [Phase::Backup, Phase::Upgrade, Phase::Restore] {
        let request = PlanRequest {
            runbook: &runbook,
            phase,
            site: json!({
                "name": "here", "values": { "list": ["one", "two"], "map": { "key": 1 }, "yes": true },
            }),
            site_name: "here",
            documents: Vec::new(),
            backups: PathBuf::from("/backups"),
            state: PathBuf::from("/runs"),
            uses_set: None,
            selection: Selection::default(),
            actions: &registry::find,
            action_names: names.clone(),
        };
        if let Err(problems) = resolve(&request) {
            told(&problems);
        }
    }
}

/// An expression, a condition, a text with expressions in it.
pub(super) fn expression(input: &[u8]) {
    let Some(text) = text(input) else { return };
    let names = json!({
        "site": { "name": "here", "list": [1, 2, 3], "nested": { "deep": ["a", null, true, 1.5] } },
        "scenario": "same-server", "phase": "backup",
    });
    let Value::Object(names) = names else {
        unreachable!()
    };
    let names: Map<String, Value> = names;
    let evaluator = Evaluator::new(names).with_item(&json!({ "key": "value" }));
    _ = evaluator.evaluate(text);
    _ = evaluator.condition(text);
    _ = evaluator.text(text);
}
