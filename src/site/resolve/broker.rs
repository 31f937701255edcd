//! The broker.

use std::path::PathBuf;

use super::super::domibus::DomibusInstallation;
use super::super::resolved::Broker;

/// The lock that a running Artemis holds (`FileLockNodeManager.java`, since 2.7).
const ARTEMIS_LOCK: &str = "serverlock.1";

pub(super) fn installed(found: &DomibusInstallation) -> Broker {
    let broker = &found.broker;
    let (kahadb, data) = if found.wildfly.is_some() || found.weblogic.is_some() {
        (None, None)
    } else {
        activemq(found)
    };
    let stores = [kahadb.clone(), broker.scheduler_dir.clone()];
    let mut locks: Vec<PathBuf> = (stores.into_iter().flatten())
        .map(|store| store.join("lock"))
        .collect();
    let artemis = broker.artemis.as_ref();
    locks.extend(artemis.map(|stores| stores.journal.join(ARTEMIS_LOCK)));
    if !broker.embedded {
        locks.clear();
    }
    Broker {
        embedded: broker.embedded,
        persistent: broker.persistent,
        locks,
        kahadb,
        data,
        transactions: broker.transactions_dir.clone(),
        artemis: broker.artemis.clone(),
        weblogic: None,
    }
}

/// The store and the data directory, which have a usual place even for a broker that names none.
fn activemq(found: &DomibusInstallation) -> (Option<PathBuf>, Option<PathBuf>) {
    let work = found.work_location.join("work");
    let or_usual = |named: &Option<PathBuf>, usual: &str| {
        let named = named.clone();
        named.or_else(|| Some(work.join(usual)))
    };
    (
        or_usual(&found.broker.kahadb_dir, "kahadb"),
        or_usual(&found.broker.data_dir, "activemq_data"),
    )
}
