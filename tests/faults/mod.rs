//! Every action that calls a tool, with a tool that misbehaves.
//!
//! The matrix has a row for each of these actions and a column for each [`Fault`]: missing, hanging, dying,
//! lying, flooding, … A cell lays the row's scene out anew, runs the step through the executor on a host
//! ([`host::Faulty`]) that puts `tool.sh` in the tool's place at one of its calls, and holds what came of
//! it against the rules of [`cell`]. Then the tool is sound again, the run is resumed, and the end must be
//! that of a run in which nothing went wrong.
//!
//! Every call of every row is one more cell. Without `UPGRADE_KIT_POINTS=all` each fault happens at one of
//! them, and of rows whose tools take seconds only some cells are tried; with it, all are, and a flood is
//! one GiB.
//!
//! [`talk`] lets sound tools tell all they are given, while they do their work: no secret shows.
//!
//! [`restarts`] lets real database servers fall: in the middle of a step and between steps.

mod brokers;
mod cell;
mod databases;
mod domains;
pub(crate) mod fault;
mod host;
mod machine;
mod products;
mod restarts;
mod scene;
mod talk;
mod trial;

use std::collections::BTreeSet;

use upgrade_kit::adapter::registry;

use crate::host_streams::peak_memory;
use crate::rig_server::command;
use scene::Row;

/// The rows, in groups that are tried beside each other.
const MATRIX: &[&[Row]] = &[
    brokers::ARTEMIS,
    products::COMMANDS,
    databases::H2,
    databases::MYSQL,
    databases::ORACLE,
    products::OX,
    databases::POSTGRES,
    products::SERVERS,
    domains::WEBLOGIC,
    domains::ZDT,
];

/// Actions that call no tool.
const WITHOUT_TOOLS: &[&str] = &[
    "artemis.backup",
    "artemis.restore",
    "artemis.verify",
    "backupset.check-current",
    "backupset.seal",
    "backupset.verify",
    "domibus.check-queues",
    "domibus.check-separate",
    "files.backup",
    "files.discard",
    "files.overlay",
    "files.remove",
    "files.replace",
    "files.restore",
    "gate",
    "h2.backup",
    "h2.restore",
    "http.check",
    "kahadb.backup",
    "kahadb.restore",
    "kahadb.verify",
    "milestone",
    "ox.check-property",
    "ox.remove-property",
    "ox.set-property",
    "server.check-stopped",
    "weblogic.check-stopped",
    "weblogic.hold-application",
    "weblogic.release-application",
    "xml.edit",
    "zdt.check",
    "zdt.write-applications",
    "zdt.write-migrations",
];

#[test]
fn every_action_has_its_place_in_the_matrix() {
    let rows = MATRIX.iter().copied().flatten().map(|row| row.action);
    let placed: Vec<&str> = rows.chain(WITHOUT_TOOLS.iter().copied()).collect();
    let names: BTreeSet<&str> = placed.iter().copied().collect();
    assert_eq!(placed.len(), names.len(), "an action has two places");
    assert_eq!(names, registry::names().into_iter().collect());
}

/// In a process of its own: tests that run beside it use memory as well.
#[test]
fn a_flood_costs_no_memory() {
    if std::env::var_os(fault::ALONE).is_some() {
        for rows in [databases::MYSQL, databases::ORACLE, databases::POSTGRES] {
            let mut questions = rows.iter().filter(|row| row.action.ends_with(".query"));
            cell::flood(questions.next().unwrap());
        }
        let peak = peak_memory();
        assert!(peak < 200 << 10, "peak memory is {peak} KiB");
        return;
    }
    let alone = command(std::env::current_exe().unwrap())
        .args(["--exact", "faults::a_flood_costs_no_memory"])
        .env(fault::ALONE, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&alone.stdout);
    assert!(
        alone.status.success() && said.contains("1 passed"),
        "{said}"
    );
}

#[test]
fn artemis_that_misbehaves() {
    cell::try_all(brokers::ARTEMIS);
}

#[test]
fn commands_that_misbehave() {
    cell::try_all(products::COMMANDS);
}

#[test]
fn h2_that_misbehaves() {
    cell::try_all(databases::H2);
}

#[test]
fn mysql_that_misbehaves() {
    cell::try_all(databases::MYSQL);
}

#[test]
fn oracle_that_misbehaves() {
    cell::try_all(databases::ORACLE);
}

#[test]
fn ox_that_misbehaves() {
    cell::try_all(products::OX);
}

#[test]
fn postgres_that_misbehaves() {
    cell::try_all(databases::POSTGRES);
}

#[test]
fn servers_that_misbehave() {
    cell::try_all(products::SERVERS);
}

#[test]
fn weblogic_that_misbehaves() {
    cell::try_all(domains::WEBLOGIC);
}

#[test]
fn zero_downtime_patching_that_misbehaves() {
    cell::try_all(domains::ZDT);
}
