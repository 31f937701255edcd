//! The phases of the practice installation, ready to be disturbed: how they are begun and taken up
//! again, and what must hold when they have come to their end.

use std::path::Path;

use super::kill::{Practice, state, untimed, without_unpacked};
use super::kit::{command, names, sweep};
use super::sets;
use super::tree::same;

/// Looks at what came out; the flag tells whether the server must run.
type Proof = Box<dyn Fn(&Practice, bool, &str)>;

/// A phase of an installation that is laid out for it, with the server stopped.
pub(super) struct Phase {
    /// What the program is called with.
    pub(super) arguments: Vec<String>,
    proof: Proof,
}

/// How a disturbed phase came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Onward {
    /// The run had left no word of itself: it was begun anew.
    Anew,
    /// It was taken up.
    Resumed,
    /// It was at its end.
    AtItsEnd,
}

impl Phase {
    pub(super) fn new(arguments: &[&str], proof: Proof) -> Self {
        let arguments = arguments.iter().map(|word| (*word).to_owned()).collect();
        Self { arguments, proof }
    }

    /// A backup of an installation that has one set already.
    pub(super) fn backup(practice: &Practice) -> Self {
        practice.kit.succeed(&["backup"]);
        let artifacts = sets::artifacts(&practice.kit, &practice.kit.newest_set());
        let exact = practice.exact();
        let proof = move |practice: &Practice, _, what: &str| {
            let set = practice.kit.newest_set();
            assert_eq!(artifacts, sets::artifacts(&practice.kit, &set), "{what}");
            same(&exact, &practice.exact(), what);
            practice.expect_servers(0);
        };
        Self::new(&["backup"], Box::new(proof))
    }

    /// An upgrade.
    pub(super) fn upgrade(practice: &Practice) -> Self {
        let upgrade = ["upgrade", "--yes"];
        practice.kit.succeed(&["backup"]);
        let saved = Saved::of(practice);
        practice.kit.succeed(&upgrade);
        let upgraded = practice.contents();
        saved.lay_out(practice);
        let proof = move |practice: &Practice, started, what: &str| {
            let present = practice.contents();
            same(&state(&upgraded, started), &state(&present, started), what);
            practice.expect_servers(usize::from(started));
        };
        Self::new(&upgrade, Box::new(proof))
    }

    /// A restore of an installation that was damaged.
    pub(super) fn restore(practice: &Practice) -> Self {
        Self::restore_after(practice, Practice::damage)
    }

    /// A restore of an installation to which something was done after its backup.
    pub(super) fn restore_after(practice: &Practice, done: impl FnOnce(&Practice)) -> Self {
        practice.kit.succeed(&["backup"]);
        let set = practice.kit.newest_set();
        let good = untimed(&without_unpacked(&practice.but_for_the_server()));
        done(practice);
        let proof = move |practice: &Practice, started, what: &str| {
            let restored = practice.but_for_the_server();
            same(&good, &untimed(&without_unpacked(&restored)), what);
            practice.expect_servers(usize::from(started));
        };
        Self::new(&["restore", "--yes", "--from", &set], Box::new(proof))
    }

    /// `backup`, `upgrade` or `restore`.
    pub(super) fn name(&self) -> &str {
        &self.arguments[0]
    }

    /// The arguments, to be handed on.
    pub(super) fn words(&self) -> Vec<&str> {
        self.arguments.iter().map(String::as_str).collect()
    }

    /// Nothing that was written stands in the way of looking, and the run goes to its end. `old` are
    /// the runs of before.
    pub(super) fn go_on(&self, practice: &Practice, old: &[String], what: &str) -> Onward {
        let kit = &practice.kit;
        for look in [&["runs"][..], &["backups", "list"]] {
            let ended = kit.call(look);
            assert_eq!(ended.code, Some(0), "{what}: {look:?}\n{}", ended.text);
        }
        let begun = kit.has_begun(old);
        let next = if begun {
            vec!["resume", "--yes"]
        } else {
            self.words()
        };
        let ended = kit.call(&next);
        let finished = ended.code == Some(4) && ended.text.contains("nothing to resume");
        assert!(
            ended.code == Some(0) || finished,
            "{what}: {next:?}\n{}",
            ended.text
        );
        match (begun, finished) {
            (false, _) => Onward::Anew,
            (true, false) => Onward::Resumed,
            (true, true) => Onward::AtItsEnd,
        }
    }

    /// The phase came to what an undisturbed one comes to. `started` tells whether the server runs that
    /// it starts at its end.
    pub(super) fn prove(&self, practice: &Practice, started: bool, what: &str) {
        (self.proof)(practice, started, what);
        sets::check(&practice.kit, &practice.kit.newest_set());
    }
}

/// Everything of a practice installation as it was at a moment.
pub(super) struct Saved(tempfile::TempDir);

impl Saved {
    pub(super) fn of(practice: &Practice) -> Self {
        let saved = tempfile::tempdir().unwrap();
        copy(practice.home.path(), saved.path());
        Self(saved)
    }

    /// Ends what runs there, and puts all of it back.
    pub(super) fn lay_out(&self, practice: &Practice) {
        let home = practice.home.path();
        sweep(home);
        for name in names(home) {
            let removed = command("rm").arg("-rf").arg(home.join(name)).status();
            assert!(removed.unwrap().success());
        }
        copy(self.0.path(), home);
    }
}

fn copy(from: &Path, to: &Path) {
    let copied = command("cp").arg("-a").arg(from.join(".")).arg(to).status();
    assert!(copied.unwrap().success());
}
