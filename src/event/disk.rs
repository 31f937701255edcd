//! What is to be done about a disk that fails.

use std::io::{self, ErrorKind};

/// The advice if the system says that the disk failed or is read-only; what follows from it, as "then
/// resume the run", is the caller's.
pub fn disk_advice(error: &io::Error) -> Option<&'static str> {
    if error.kind() == ErrorKind::ReadOnlyFilesystem {
        return Some(
            "the file system is read-only; if it became so by itself, `dmesg` tells why: make it \
             writable",
        );
    }
    // Who adds a path to an error keeps its text but not its number, and `EIO` has no kind.
    let failed = error.to_string().contains("(os error 5)");
    failed.then_some("the disk or its connection failed, `dmesg` tells more: mend it")
}
