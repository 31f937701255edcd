//! Places that stay the same whatever becomes of their names.
//!
//! What is done inside a held directory goes by its descriptor: `/proc/self/fd/N/NAME` is a name in
//! that very directory, wherever it was moved to. On the way down every component is opened on its
//! own, without following links. (`openat2` would do so in one call; the kernels of older enterprise
//! systems lack it.)

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, openat};

/// A directory as a place: neither read nor followed to.
const PLACE: OFlags = OFlags::PATH
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// A path that leads to an open directory, whatever its name is now.
pub(super) fn place_of(held: &impl AsRawFd) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", held.as_raw_fd()))
}

/// Holds a directory that must not be a link.
pub(super) fn hold(path: &Path) -> io::Result<OwnedFd> {
    Ok(openat(CWD, path, PLACE, Mode::empty())?)
}

/// Holds a directory inside, no component of whose path may be a link.
pub(super) fn hold_inside(top: &OwnedFd, relative: &Path) -> io::Result<OwnedFd> {
    let mut folder = openat(top, ".", PLACE, Mode::empty())?;
    for name in relative {
        folder = openat(&folder, name, PLACE, Mode::empty())?;
    }
    Ok(folder)
}
