//! The broker.

use super::super::domibus::DomibusInstallation;
use super::super::resolved::Broker;

pub(super) fn installed(found: &DomibusInstallation) -> Broker {
    let work = found.work_location.join("work");
    let broker = &found.broker;
    let kahadb = broker
        .kahadb_dir
        .clone()
        .unwrap_or_else(|| work.join("kahadb"));
    let stores = [Some(kahadb.clone()), broker.scheduler_dir.clone()];
    let locks = stores.into_iter().flatten().map(|store| store.join("lock"));
    Broker {
        embedded: broker.embedded,
        persistent: broker.persistent,
        locks: if broker.embedded {
            locks.collect()
        } else {
            Vec::new()
        },
        kahadb,
        data: broker
            .data_dir
            .clone()
            .unwrap_or_else(|| work.join("activemq_data")),
        transactions: broker.transactions_dir.clone(),
    }
}
