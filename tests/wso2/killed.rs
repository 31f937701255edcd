//! Whole runs are killed at random moments, with and without the tool that works just then, and
//! resumed: they end as runs that nobody killed.

use std::time::{Duration, Instant};

use super::databases::{self, Database};
use super::world::World;
use crate::proof::calls;
use crate::proof::kit::{Kit, Moment, processes, sweep};
use crate::proof::random::Random;
use crate::proof::sets;
use crate::proof::tree::{Tree, same, tree};

const HOMES: [&str; 3] = ["old", "node2", "new"];

/// A moment for the next kill of a phase, from how long the phase usually takes and the kills in it so
/// far; and whether the tools die, too.
type Next<'a> = dyn FnMut(&str, Duration, usize) -> Option<(Moment, bool)> + 'a;

/// An installation and the program on it.
struct Place {
    world: World,
    database: Database,
    kit: Kit,
    scenario: &'static str,
}

impl Drop for Place {
    fn drop(&mut self) {
        sweep(self.world.sandbox.root());
    }
}

/// What an installation is at the end of a phase.
struct State {
    homes: [Tree; 3],
    present: String,
    staging: String,
}

impl Place {
    fn new(database: Database, scenario: &'static str) -> Self {
        let world = databases::world(&database);
        let mut kit = Kit::new(&world.sandbox.path(""), "carbon");
        kit.environment = vec![("DB_PASSWORD".to_owned(), database.secret.clone())];
        world.start("old");
        world.start("node2");
        Self {
            world,
            database,
            kit,
            scenario,
        }
    }

    fn phase<'a>(&self, phase: &'a str, set: Option<&'a str>) -> Vec<&'a str> {
        let mut arguments = vec![phase, "--yes", "--scenario", self.scenario];
        arguments.extend(set.map(|set| ["--from", set]).into_iter().flatten());
        arguments
    }

    /// Files with modes, owners, times and content, but for what a server writes while it runs and for
    /// the times of folders in which something was put or swapped.
    fn homes(&self) -> [Tree; 3] {
        HOMES.map(|home| {
            let written = ["wso2carbon.pid", "repository/logs", "tmp"];
            let holders = ["repository", "repository/database", "repository/deployment"];
            let folder = self.world.sandbox.path(home);
            let mut tree = tree(&folder, &written, &|path| holders.contains(&path));
            // A migration makes another file each time; its content is compared as a text.
            for (path, line) in &mut tree {
                if home == "new" && path.ends_with(".db") {
                    let words: Vec<&str> = line.split(' ').collect();
                    *line = words[..2].join(" ");
                }
            }
            tree
        })
    }

    fn state(&self) -> State {
        State {
            homes: self.homes(),
            present: (self.database.present)(&self.world),
            staging: (self.database.staging)(&self.world),
        }
    }

    /// Exactly these servers run, each once, and nothing else that the program started is left.
    #[track_caller]
    fn expect_servers(&self, expected: &[&str]) {
        let root = self.world.sandbox.root().display().to_string();
        let mut servers = Vec::new();
        let mut others = Vec::new();
        for process in processes() {
            if !process.command.contains(&root) {
                continue;
            }
            match process.command.split_once("-Dcarbon.home=") {
                Some((_, rest)) => {
                    let home = rest.split(' ').next().unwrap().to_owned();
                    servers.push(home.rsplit('/').next().unwrap().to_owned());
                }
                // The script that looks after the server.
                None if process.command.ends_with("bin/wso2server.sh") => {}
                None => others.push(process.command),
            }
        }
        servers.sort();
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(servers, expected);
        assert!(others.is_empty(), "left at work: {others:?}");
    }

    /// What happens between an upgrade and a restore.
    fn damage(&self) {
        (self.database.damage)(&self.world);
        let sandbox = &self.world.sandbox;
        sandbox.write("old/repository/conf/registry.xml", "ruined");
        std::fs::remove_file(sandbox.path("node2/bin/version.txt")).unwrap();
    }
}

#[track_caller]
fn compare(expected: &State, found: &State, what: &str, timed: bool) {
    for (name, (expected, found)) in HOMES.iter().zip(expected.homes.iter().zip(&found.homes)) {
        let what = format!("{what}, {name}");
        if timed {
            same(expected, found, &what);
        } else {
            same(&untimed(expected), &untimed(found), &what);
        }
    }
    assert!(expected.present == found.present, "{what}: the database");
    assert!(
        expected.staging == found.staging,
        "{what}: the staging database"
    );
}

/// What a run makes anew has a time of its own.
fn untimed(tree: &Tree) -> Tree {
    let mut tree = tree.clone();
    for line in tree.values_mut() {
        let words: Vec<&str> = line.split(' ').collect();
        *line = [words[0], words[1], words[words.len() - 1]].join(" ");
    }
    tree
}

/// Artifacts without what differs between two backups of the same state.
fn artifacts(kit: &Kit) -> Vec<String> {
    let all = sets::artifacts(kit, &kit.newest_set());
    let all = all.as_array().unwrap().iter();
    let mut names: Vec<String> = all
        .map(|one| format!("{} {} {}", one["name"], one["kind"], one["level"]))
        .collect();
    names.sort();
    names
}

/// All phases without a kill, then with kills, on the same installation. The number of kills.
fn killed(database: Database, scenario: &'static str, next: &mut Next<'_>) -> usize {
    let mut place = Place::new(database, scenario);
    let begun = place.state();
    let timed = |arguments: &[&str]| {
        let begun = Instant::now();
        place.kit.succeed(arguments);
        begun.elapsed()
    };
    let backup = timed(&place.phase("backup", None));
    let (saved, first) = (artifacts(&place.kit), place.kit.newest_set());
    let upgrade = timed(&place.phase("upgrade", None));
    let upgraded = place.state();
    place.damage();
    let restore = timed(&place.phase("restore", Some(&first)));
    let restored = place.state();
    assert!(begun.present == restored.present);
    (place.database.drop_staging)(&place.world);
    let saving = place.state();

    let phase = place.phase("backup", None);
    (place.kit).through(&phase, |kills| next("backup", backup, kills));
    place.expect_servers(&[]);
    assert_eq!(saved, artifacts(&place.kit));
    let mut set = place.kit.newest_set();
    sets::check(&place.kit, &set);
    compare(&saving, &place.state(), "the backup", true);

    let phase = place.phase("upgrade", None);
    let ended = (place.kit).until(&phase, |kills| next("upgrade", upgrade, kills));
    if ended.code != Some(0) {
        set = after_a_cut_off_migration(&place, ended.code, &ended.text, &set);
    }
    place.expect_servers(&["new"]);
    compare(&upgraded, &place.state(), "the upgrade", false);

    place.damage();
    let phase = ["restore", "--yes", "--scenario", scenario, "--from", &set];
    (place.kit).through(&phase, |kills| next("restore", restore, kills));
    place.expect_servers(&["old", "node2"]);
    compare(&restored, &place.state(), "the restore", true);
    sets::check(&place.kit, &place.kit.newest_set());
    sets::no_remnants(&place.kit);
    sets::private(&place.kit.sets);
    sets::private(&place.kit.runs);
    place.kit.kills
}

/// A script that was cut off may be half done. Then a person is asked and told the way back; nothing is
/// run a second time on top of it. The way is gone, and the upgrade is made again.
fn after_a_cut_off_migration(place: &Place, code: Option<i32>, said: &str, set: &str) -> String {
    assert_eq!(code, Some(6), "{}", place.kit.whole_output());
    for wanted in ["migrate-staging", "upgrade-kit restore"] {
        assert!(said.contains(wanted), "{wanted}: {said}");
    }
    place.kit.succeed(&place.phase("restore", Some(set)));
    place.expect_servers(&["old", "node2"]);
    (place.database.drop_staging)(&place.world);
    place.kit.succeed(&place.phase("backup", None));
    let set = place.kit.newest_set();
    place.kit.succeed(&place.phase("upgrade", None));
    set
}

/// As [`killed`], at calls instead of moments. What a migration that was cut off leaves, that one shows.
#[test]
fn a_carbon_on_h2_survives_kills_at_calls() {
    if !calls::is_possible() {
        return;
    }
    let Some(database) = databases::h2("carbon", "mv.db") else {
        return;
    };
    let mut random = Random::of("wso2 on h2, calls", 5);
    let mut place = Place::new(database, "carbon");
    let home = place.world.sandbox.root().to_owned();
    let begun = place.state();
    let phase = place.phase("backup", None);
    calls::through(&mut place.kit, &home, &phase, 5, 100, &mut random);
    place.expect_servers(&[]);
    let set = place.kit.newest_set();
    sets::check(&place.kit, &set);
    compare(&begun, &place.state(), "the backup", true);
    place.kit.succeed(&place.phase("upgrade", None));
    place.expect_servers(&["new"]);
    place.damage();
    let phase = place.phase("restore", Some(&set));
    calls::through(&mut place.kit, &home, &phase, 6, 400, &mut random);
    place.expect_servers(&["old", "node2"]);
    (place.database.drop_staging)(&place.world);
    compare(&begun, &place.state(), "the restore", true);
    sets::check(&place.kit, &place.kit.newest_set());
    println!("wso2/carbon on h2: {} kills at calls", place.kit.kills);
    assert!(place.kit.kills >= 6, "only {} kills", place.kit.kills);
}

/// The embedded database is the cheapest one: many kills, at any moment.
fn on_h2(scenario: &'static str, end: &'static str, lane: u64) {
    let Some(database) = databases::h2(scenario, end) else {
        return;
    };
    let mut random = Random::of("wso2 on h2, random moments", lane);
    let kills = killed(database, scenario, &mut |_, usual, kills| {
        // A resumption has the less to do the later the kill before it came.
        let rest = usual / u32::try_from(kills + 1).unwrap();
        (kills < 4).then(|| (Moment::After(random.moment(rest)), random.coin()))
    });
    println!("wso2/{scenario} on h2: {kills} kills");
    // Up to 12; a moment near the usual end may come too late.
    assert!(kills >= 4, "only {kills} kills");
}

#[test]
fn a_carbon_on_h2_survives_kills_at_random_moments() {
    on_h2("carbon", "mv.db", 1);
}

#[test]
fn a_data_services_server_on_h2_survives_kills_at_random_moments() {
    on_h2("dss", "h2.db", 2);
}

/// On a database server: once at any moment, and in each of the steps that matter most.
fn on_a_server(database: Database, scenario: &'static str, lane: u64) {
    let mut random = Random::of("wso2 on a database server", lane);
    let kills = killed(database, scenario, &mut |phase, usual, kills| {
        let steps: &[&'static str] = match phase {
            "backup" => &["dump-database"],
            "upgrade" => &["fill-staging", "connect-datasource"],
            _ => &["restore-database"],
        };
        let moment = match steps.get(kills) {
            Some(step) => Moment::InStep(step, random.moment(Duration::from_millis(300))),
            None if kills == steps.len() => Moment::After(random.moment(usual)),
            None => return None,
        };
        Some((moment, random.coin()))
    });
    println!("wso2/{scenario} on a server: {kills} kills");
    // Up to 7; a moment near the end of a short step may come too late.
    assert!(kills >= 3, "only {kills} kills");
}

#[test]
fn a_carbon_on_postgres_survives_kills() {
    if let Some(database) = databases::postgres("carbon") {
        on_a_server(database, "carbon", 3);
    }
}

#[test]
fn a_data_services_server_on_mariadb_survives_kills() {
    if let Some(database) = databases::mariadb() {
        on_a_server(database, "dss", 4);
    }
}
