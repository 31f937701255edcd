//! Proof on WebLogic: backup, upgrade, damage, restore; kills; a new domain. What a server with an active
//! Domibus finds in its queues it receives at once, so the messages of a restored domain are told from what
//! Domibus received, by everything but their ids.

use std::fs;
use std::time::Duration;

use super::kit::Moment;
use super::on_weblogic::OnWeblogic;
use super::random::Random;
use super::real::{State, is_wanted};
use super::sets;

#[test]
fn an_installation_on_weblogic_comes_back_exactly() {
    if !is_wanted("an installation on WebLogic") {
        return;
    }
    let mut real = OnWeblogic::start("2.2.1");
    let installed = real.state(Vec::new());
    let subscribed = real.subscribed();
    let checked = real.kit.succeed(&["check", "backup"]);
    for part in [
        "WLST runs Jython 2.2.1",
        "server ms2: RUNNING, WebLogic Server 14.1.1.0.0",
        "eDelivery!JMS1@Send of JMS1 on ms1: 120 messages",
        "operations that the kit relies on are there",
    ] {
        assert!(checked.contains(part), "{part} in {checked}");
    }
    real.expect_refusal_of_a_wrong_password();
    real.kit.succeed(&["backup", "--scenario", "same-server"]);
    assert_eq!(
        real.received(),
        [""; 0],
        "Domibus was at work during the backup"
    );
    let set = real.kit.newest_set();
    sets::check(&real.kit, &set);
    real.kit
        .succeed(&["upgrade", "--scenario", "same-server", "--yes"]);
    real.assert_version("5.1.1");
    real.expect_nothing_staged();
    // The new version has every message of the old one.
    let messages = real.received();
    assert_eq!(messages.len(), 235, "{messages:#?}");
    let before = State {
        messages,
        ..installed
    };
    real.damage();
    let restore = [
        "restore",
        "--scenario",
        "same-server",
        "--yes",
        "--from",
        &set,
    ];
    real.kit.succeed(&restore);
    real.assert_version("5.1.0");
    before.same(&real.state(real.received()), "after the restore");
    assert_eq!(real.subscribed(), subscribed);
    sets::check(&real.kit, &set);
    sets::check(&real.kit, &real.kit.newest_set());
    sets::no_remnants(&real.kit);
}

#[test]
fn a_new_domain_gets_every_message_and_the_old_one_keeps_them() {
    if !is_wanted("a new server on WebLogic") {
        return;
    }
    let real = OnWeblogic::laid_out("2.7.3");
    real.lay_out_next("2.7.3");
    real.goes_to_work();
    let new_server = ["--scenario", "new-server", "--yes"];
    real.kit.succeed(&["backup", "--scenario", "new-server"]);
    let set = real.kit.newest_set();
    let waiting = real.world().matches("<message ").count();
    real.kit.succeed(&[&["upgrade"][..], &new_server].concat());
    real.expect_processes();
    let messages = real.received_in("next");
    assert_eq!(messages.len(), 235, "{messages:#?}");
    assert_eq!(real.world().matches("<message ").count(), waiting);
    assert_eq!(real.received(), [""; 0], "the earlier Domibus was at work");
    let restore = [&["restore", "--from", &set][..], &new_server].concat();
    real.kit.succeed(&restore);
    real.assert_version("5.1.0");
    let state = real.state(real.received());
    let before = State {
        messages,
        installed: state.installed.clone(),
    };
    before.same(&state, "after the restore");
    assert!(!real.world_of("next").contains("state=\"RUNNING\""));
    // What the new domain was sent is in the safety set: here, what nobody received.
    let manifest = real
        .kit
        .sets
        .join(real.kit.newest_set())
        .join("manifest.json");
    assert!(
        fs::read_to_string(manifest)
            .unwrap()
            .contains("\"jms-new\"")
    );
}

/// Kills of one phase, in order: the step, the longest delay from its start in milliseconds.
type Kills = &'static [(&'static str, u64)];

const BACKUP: Kills = &[
    ("hold-application", 5),
    ("start-held-servers", 1500),
    ("pause-messages", 1500),
    ("export-messages", 2500),
    ("stop-servers", 2000),
    ("seal", 60),
];
/// Not beside `migrate-database`: what a cut-off migration asks for is tested on Tomcat.
const UPGRADE: Kills = &[
    ("hold-application", 10),
    ("start-held-servers", 3000),
    ("keep-messages", 1500),
    ("release-application", 5),
    ("install-war", 10),
    ("start-servers", 3000),
];
const RESTORE: Kills = &[
    ("safety-messages", 2500),
    ("restore-database", 900),
    ("start-held-before-import", 3000),
    ("empty-queues", 3000),
    ("import-messages", 1500),
    ("import-messages", 3000),
    ("import-messages", 4000),
    ("import-messages", 6000),
    ("stop-held-after-import", 2000),
    ("release-after-import", 5),
    ("start-servers", 3000),
];

#[test]
fn kills_in_every_phase_on_weblogic_leave_no_trace() {
    if !is_wanted("kills on WebLogic") {
        return;
    }
    let mut random = Random::of("WebLogic", 13);
    let mut real = OnWeblogic::start("2.7.3");
    let installed = real.state(Vec::new());
    let subscribed = real.subscribed();
    through(&mut real, &["backup"], BACKUP, &mut random);
    assert_eq!(
        real.received(),
        [""; 0],
        "Domibus was at work during the backup"
    );
    let set = real.kit.newest_set();
    sets::check(&real.kit, &set);
    sets::no_remnants(&real.kit);
    through(&mut real, &["upgrade", "--yes"], UPGRADE, &mut random);
    real.assert_version("5.1.1");
    real.expect_nothing_staged();
    let messages = real.received();
    assert_eq!(messages.len(), 235, "{messages:#?}");
    let before = State {
        messages,
        ..installed
    };
    real.damage();
    let restore = ["restore", "--yes", "--from", &set];
    through(&mut real, &restore, RESTORE, &mut random);
    real.assert_version("5.1.0");
    before.same(&real.state(real.received()), "after a restore with kills");
    assert_eq!(real.subscribed(), subscribed);
    sets::no_remnants(&real.kit);
    println!("WebLogic: {} kills", real.kit.kills);
    // Up to 23; a moment near the end of a short step may come too late.
    assert!(real.kit.kills >= 12, "only {} kills", real.kit.kills);
}

fn through(real: &mut OnWeblogic, phase: &[&str], kills: Kills, random: &mut Random) {
    real.kit.through(phase, |kill| {
        let (step, longest) = *kills.get(kill)?;
        let delay = random.moment(Duration::from_millis(longest));
        Some((Moment::InStep(step, delay), random.coin()))
    });
}
