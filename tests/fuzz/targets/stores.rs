//! What brokers and databases leave on disk.

use upgrade_kit::adapter::artemis::{self, Directories};
use upgrade_kit::adapter::kahadb;
use upgrade_kit::adapter::mysql::DumpScanner;

use super::{folder, parts, put};

/// The journal of a KahaDB: one file a part, all in one store.
pub(super) fn kahadb(input: &[u8]) {
    let store = &folder();
    for (at, content) in parts(input).into_iter().enumerate() {
        put(store, &format!("db-{}.log", at + 1), content);
    }
    _ = kahadb::read_inventory(store);
}

/// The stores of an Artemis: bindings, journal, a page.
pub(super) fn artemis(input: &[u8]) {
    let store = &folder();
    let names = [
        "journal/activemq-data-1.amq",
        "bindings/activemq-bindings-1.bindings",
        "paging/one/000000001.page",
        "paging/one/address.txt",
    ];
    for (content, name) in parts(input).into_iter().zip(names) {
        put(store, name, content);
    }
    _ = artemis::read_inventory(&Directories {
        bindings: &store.join("bindings"),
        journal: &store.join("journal"),
        paging: &store.join("paging"),
        large_messages: &store.join("large-messages"),
    });
}

/// The text of a dump, in one piece and in pieces: both must tell the same.
pub(super) fn dump(input: &[u8]) {
    let read = |size: usize| {
        let mut scanner = DumpScanner::default();
        for piece in input.chunks(size) {
            scanner.feed(piece);
        }
        scanner.finish()
    };
    let whole = format!("{:?}", read(input.len().max(1)));
    assert_eq!(whole, format!("{:?}", read(7)));
}
