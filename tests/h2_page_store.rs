//! `h2.backup` and `h2.restore` on page stores that the real H2 1.3 wrote, which Carbon 4.4 brings.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use serde_json::json;
use upgrade_kit::adapter::{Severity, registry};
use upgrade_kit::backup::{PartialSet, SealedSet, VerifyWatch};
use upgrade_kit::event::{FailureKind, Level, Outcome};

use crate::cli::harness::wait_until;
use crate::rig_server::{command, skipped};
use crate::tree_world::{Step, World, picture};

/// H2 with a database in a folder of its own.
struct Store {
    world: World,
    file: PathBuf,
    jar: PathBuf,
}

/// A connection that a test holds open.
struct Held(Child);

impl Drop for Held {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

impl Store {
    /// With a table of 500 rows and their large objects; `None` where there is no H2.
    fn new() -> Option<Self> {
        let jar = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/.cache/h2-1.3/h2-1.3.175.jar");
        if !jar.exists() {
            skipped("skipped: there is no H2 1.3 (tests/rig/fetch)");
            return None;
        }
        let world = World::new();
        fs::create_dir(world.path("data")).unwrap();
        let file = world.path("data/WSO2CARBON_DB.h2.db");
        let store = Self { world, file, jar };
        store.sql(
            &store.file,
            "CREATE TABLE UM_USER(ID INT PRIMARY KEY, NAME VARCHAR(20), PAPERS CLOB); INSERT INTO UM_USER \
             SELECT X, 'user' || X, REPEAT('y', X * 20) FROM SYSTEM_RANGE(1, 500);",
        );
        Some(store)
    }

    fn shell(&self, file: &Path) -> std::process::Command {
        let path = file.display().to_string();
        let path = path.strip_suffix(".h2.db").unwrap();
        let mut java = command("java");
        java.arg("-cp").arg(&self.jar);
        java.args(["org.h2.tools.Shell", "-user", "sa", "-password", "sa"]);
        java.args([
            "-url",
            &format!("jdbc:h2:file:{path};DB_CLOSE_ON_EXIT=FALSE"),
        ]);
        java
    }

    /// Runs statements; what it says.
    fn sql(&self, file: &Path, statements: &str) -> String {
        let output = self.shell(file).args(["-sql", statements]).output();
        let output = output.unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{said}");
        said
    }

    fn count(&self, file: &Path) -> String {
        let said = self.sql(
            file,
            "SELECT 'rows ' || COUNT(*), SUM(LENGTH(PAPERS)) FROM UM_USER",
        );
        said.lines().nth(1).unwrap().to_owned()
    }

    /// A connection that has committed a row and stays open.
    fn held(&self) -> Held {
        let mut child = self
            .shell(&self.file)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let input = child.stdin.as_mut().unwrap();
        writeln!(input, "INSERT INTO UM_USER VALUES(501, 'late', 'z');").unwrap();
        let done = self.world.path("data/done.csv");
        writeln!(input, "CALL CSVWRITE('{}', 'SELECT 1');", done.display()).unwrap();
        input.flush().unwrap();
        wait_until("the row", || done.exists());
        // H2 writes its log behind the commit (WRITE_DELAY, half a second).
        std::thread::sleep(Duration::from_millis(1200));
        Held(child)
    }

    fn backup(&mut self) -> (SealedSet, Outcome) {
        let set = PartialSet::create(&self.world.backups(), "set-1").unwrap();
        let options = json!({ "file": self.file, "artifact": "database/h2" });
        let step = Step::new("copy-database", "h2.backup", &options).writing(&set);
        let outcome = self.world.perform(&step).unwrap();
        self.world.done("copy-database", &outcome);
        (self.world.sealed(&set), outcome)
    }

    /// Why it is not saved, and whether that is known before a run.
    fn refusal(&self, set: &str) -> (String, bool) {
        let set = PartialSet::create(&self.world.backups(), set).unwrap();
        let options = json!({ "file": self.file, "artifact": "database/h2" });
        let step = Step::new("copy-database", "h2.backup", &options).writing(&set);
        let known = self.world.check(&step);
        let known = known.iter().any(|one| one.severity == Severity::Refuse);
        let failure = self.world.perform(&step).unwrap_err();
        let text = format!("{failure} / {}", failure.0.hint.clone().unwrap_or_default());
        (text, known)
    }
}

#[test]
fn a_page_store_comes_back() {
    let Some(mut store) = Store::new() else {
        return;
    };
    let (before, count) = (picture(&store.file), "rows 500");
    let (set, outcome) = store.backup();
    assert_eq!(outcome.warnings, Vec::<String>::new());
    assert_eq!(outcome.outputs["format"], 3);
    assert_eq!(outcome.artifacts[0].level, Level::L2);
    assert_eq!(
        outcome.artifacts[0].details["h2"],
        json!({ "layout": "page", "format": 3, "closed": true })
    );
    let checks = registry::FORMAT_CHECKS;
    let verified = set.verify(Level::L2, checks, &VerifyWatch::none());
    assert_eq!(verified.unwrap().problems, []);

    store.sql(&store.file, "DELETE FROM UM_USER; DROP TABLE UM_USER;");
    let options = json!({ "file": store.file, "artifact": "database/h2" });
    let step = Step::new("restore", "h2.restore", &options).using(&set);
    let outcome = store.world.perform(&step).unwrap();
    assert_eq!(picture(&store.file), before);
    assert!(store.count(&store.file).contains(count));
    assert!(Path::new(outcome.outputs["replaced"].as_str().unwrap()).exists());

    // A copy elsewhere is a database too, but not under a name for another format.
    let elsewhere = store.world.path("staging/WSO2CARBON_DB.h2.db");
    for (file, works) in [
        (&elsewhere, true),
        (&elsewhere.with_extension("mv.db"), false),
    ] {
        let options = json!({ "file": file, "artifact": "database/h2", "parents": true });
        let step = Step::new("fill", "h2.restore", &options).using(&set);
        match store.world.perform(&step) {
            Ok(_) => assert!(works && store.count(file).contains(count)),
            Err(failure) => {
                assert!(!works, "{failure}");
                assert_eq!(
                    failure.0.hint.as_deref(),
                    Some("name a file that ends in `.h2.db`")
                );
            }
        }
    }
}

#[test]
fn an_open_page_store_is_left_alone_and_a_killed_one_keeps_its_rows() {
    let Some(mut store) = Store::new() else {
        return;
    };
    let held = store.held();
    let (text, known) = store.refusal("open");
    assert!(
        text.contains("is locked by process") || text.contains("is open: there is"),
        "{text}"
    );
    assert!(!known, "a step will stop the server");

    // After a kill the lock file stays.
    drop(held);
    let lock = store.world.path("data/WSO2CARBON_DB.lock.db");
    let (text, _) = store.refusal("killed");
    assert!(
        text.contains(&format!("there is {}", lock.display())),
        "{text}"
    );
    assert!(text.contains("a crash left that file: remove it"), "{text}");
    fs::remove_file(lock).unwrap();
    let (set, outcome) = store.backup();
    assert!(
        outcome.warnings[0].contains("was not closed"),
        "{outcome:?}"
    );
    fs::write(&store.file, "ruined").unwrap();
    let options = json!({ "file": store.file, "artifact": "database/h2" });
    let step = Step::new("restore", "h2.restore", &options).using(&set);
    store.world.perform(&step).unwrap();
    assert!(store.count(&store.file).contains("rows 501"));
}

#[test]
fn a_damaged_page_store_is_no_backup() {
    let Some(store) = Store::new() else { return };
    let whole = fs::read(&store.file).unwrap();
    let page = u32::from_be_bytes([whole[48], whole[49], whole[50], whole[51]]) as usize;
    let used = (3..whole.len() / page)
        .rev()
        .find(|at| whole[at * page] != 0);
    let used = used.unwrap();
    let changed = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x55;
        bytes
    };
    let mut moved = whole.clone();
    moved.copy_within(3 * page..4 * page, used * page);
    let mut headless = changed(page + 9);
    headless[2 * page + 9] ^= 1;
    for (number, (content, problem)) in [
        (
            whole[..whole.len() - 1].to_vec(),
            "it ends within a page".to_owned(),
        ),
        (
            whole[..60].to_vec(),
            "it ends within its first header".to_owned(),
        ),
        (
            whole[..4 * page].to_vec(),
            "it has fewer pages than any database".to_owned(),
        ),
        (
            changed(50),
            "its header names another size of pages".to_owned(),
        ),
        (
            headless,
            "neither copy of its header is readable".to_owned(),
        ),
        (changed((used + 1) * page - 1), format!("page {used} of ")),
        (moved, format!("page {used} of ")),
    ]
    .into_iter()
    .enumerate()
    {
        fs::write(&store.file, content).unwrap();
        let (text, known) = store.refusal(&format!("damaged-{number}"));
        assert!(
            text.contains("is no whole H2 database") && text.contains(&problem),
            "{problem}: {text}"
        );
        assert!(known, "{text}");
    }
    // One torn header is no damage: H2 reads the other.
    fs::write(&store.file, changed(page + 9)).unwrap();
    let mut store = store;
    let (_, outcome) = store.backup();
    assert_eq!(outcome.artifacts[0].details["h2"]["closed"], true);
    assert!(store.count(&store.file).contains("rows 500"));
}

/// As H2 1.2 has them, and 1.3 if it is told so.
#[test]
fn large_objects_beside_the_file_are_not_forgotten() {
    let Some(store) = Store::new() else { return };
    let folder = store.world.path("data/WSO2CARBON_DB.lobs.db");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("1.t8.lob.db"), "large").unwrap();
    let (text, known) = store.refusal("apart");
    assert!(known);
    let expected = format!(
        "has large objects outside the file, in {}",
        folder.display()
    );
    assert!(
        text.contains(&expected) && text.contains("SCRIPT TO"),
        "{text}"
    );
    let set = PartialSet::create(&store.world.backups(), "again").unwrap();
    let options = json!({ "file": store.file, "artifact": "database/h2" });
    let step = Step::new("copy-database", "h2.backup", &options).writing(&set);
    assert_eq!(
        store.world.perform(&step).unwrap_err().kind(),
        FailureKind::Refused
    );
}
