//! Scenes on a real WildFly and the stores of its broker.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use serde_json::{Value, json};

use super::scene::{Row, Scene, Set, Sound, some};
use crate::artemis_portable::{contents, import_options};
use crate::broker_stores::copy;
use crate::wildfly_rig::{OLDER, WildFly};

pub(super) const ARTEMIS: &[Row] = &[
    some(1, "artemis.export", export),
    some(1, "artemis.import", import),
];

const QUEUES: [(&str, usize); 2] = [("DomibusDLQ", 5), ("DomibusSendMessageQueue", 3)];

/// Stores below a folder, and how they are copied into a set.
fn backup(data: &Path, large_messages: &str) -> Sound {
    let options = json!({
        "journal": data.join("journal"), "bindings": data.join("bindings"),
        "paging": data.join("paging"), "large_messages": data.join(large_messages),
        "artifact": "jms",
    });
    ("artemis.backup", options)
}

fn exporting(home: &Path) -> Value {
    json!({ "home": home, "copy": "jms", "artifact": "jms-export" })
}

fn export() -> Option<Scene> {
    let rig = WildFly::lay_out(OLDER)?;
    let folder = tempfile::tempdir().unwrap();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/artemis/2.19.1");
    for name in ["journal", "bindings", "paging", "large-messages"] {
        copy(&fixture.join(name), &folder.path().join(name));
    }
    let options = exporting(&rig.path("home"));
    let before = vec![backup(folder.path(), "large-messages")];
    let place = folder.path().to_owned();
    let mut scene = Scene::new(options, &place, move || {
        let picture = crate::tree_world::picture(folder.path());
        // Every scene has times of its own.
        let lines = picture.iter().map(|(path, what)| {
            let hash = what.rsplit(' ').next().filter(|word| word.len() == 64);
            format!("{} {}", path.display(), hash.unwrap_or("folder"))
        });
        lines.collect::<Vec<_>>().join("\n")
    });
    scene.own.push(rig.path("home").display().to_string());
    let state = Arc::clone(&scene.state);
    scene.state = Arc::new(move || {
        let _laid_out = &rig;
        state()
    });
    Some(scene.with_set(Set::Written(before)))
}

/// A server that runs, and stores of it with a few messages.
struct Running {
    rig: WildFly,
    stores: tempfile::TempDir,
}

impl Running {
    fn new() -> Option<Self> {
        let rig = WildFly::lay_out(OLDER)?;
        rig.start();
        for (queue, messages) in QUEUES {
            rig.jms(&format!("send jms.queue.{queue} {messages} 500"));
        }
        rig.stop();
        let stores = tempfile::tempdir().unwrap();
        for name in ["journal", "bindings", "paging", "largemessages"] {
            // The broker makes some of them when it needs them.
            let from = rig.store(name);
            std::fs::create_dir_all(&from).unwrap();
            copy(&from, &stores.path().join(name));
        }
        rig.start();
        Some(Self { rig, stores })
    }

    /// The one that an earlier scene still uses: a start takes many seconds.
    fn shared() -> Option<Arc<Self>> {
        static CURRENT: Mutex<Weak<Running>> = Mutex::new(Weak::new());
        let mut current = CURRENT.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = current.upgrade() {
            return Some(running);
        }
        let running = Arc::new(Self::new()?);
        *current = Arc::downgrade(&running);
        Some(running)
    }

    fn empty(&self) {
        for (queue, _) in QUEUES {
            let queue = format!("/subsystem=messaging-activemq/server=default/jms-queue={queue}");
            self.rig.cli(&format!("{queue}:remove-messages()"));
        }
    }
}

fn import() -> Option<Scene> {
    let running = Running::shared()?;
    let home: PathBuf = running.rig.path("home");
    let before = vec![
        backup(running.stores.path(), "largemessages"),
        ("artemis.export", exporting(&home)),
    ];
    let options = import_options(&running.rig);
    let emptied = Arc::clone(&running);
    let scene = Scene::new(options, &home, move || contents(&running.rig).join("\n"));
    Some(scene.with_set(Set::Used(before, Box::new(move || emptied.empty()))))
}
