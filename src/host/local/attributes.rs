//! Giving owner, mode and time to a file without following links.

use std::path::Path;

use rustix::fs::{
    AtFlags, CWD, FileType, Gid, Mode, OFlags, Timespec, Timestamps, UTIME_OMIT, Uid, chownat,
    fchmod, open, statat, utimensat,
};
use rustix::io::Errno;

use crate::host::{Attributes, HostError};

pub(super) fn set(path: &Path, attributes: &Attributes) -> Result<(), HostError> {
    let failed =
        |action: &'static str| move |errno: Errno| HostError::file(action, path, errno.into());
    if let Some(owner) = attributes.owner {
        set_owner(path, owner).map_err(failed("set the owner of"))?;
    }
    if let Some(mode) = attributes.mode {
        set_mode(path, mode).map_err(failed("set the mode of"))?;
    }
    if let Some((seconds, nanoseconds)) = attributes.mtime {
        let times = Timestamps {
            last_access: Timespec {
                tv_sec: 0,
                tv_nsec: UTIME_OMIT,
            },
            last_modification: Timespec {
                tv_sec: seconds,
                tv_nsec: nanoseconds.into(),
            },
        };
        utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW)
            .map_err(failed("set the time of"))?;
    }
    Ok(())
}

/// An ordinary user may not give files away, but need not either where the owner is right already.
fn set_owner(path: &Path, (user, group): (u32, u32)) -> Result<(), Errno> {
    let given = chownat(
        CWD,
        path,
        Some(Uid::from_raw(user)),
        Some(Gid::from_raw(group)),
        AtFlags::SYMLINK_NOFOLLOW,
    );
    match given {
        Err(Errno::PERM) => {
            let found = statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW)?;
            if (found.st_uid, found.st_gid) == (user, group) {
                Ok(())
            } else {
                Err(Errno::PERM)
            }
        }
        other => other,
    }
}

/// A link's mode means nothing and cannot be set. For anything else the file itself is opened, so
/// that a link which takes its place meanwhile is not followed; where it cannot be opened (mode 0)
/// its name must do.
fn set_mode(path: &Path, mode: u32) -> Result<(), Errno> {
    let found = statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW)?;
    let kind = FileType::from_raw_mode(found.st_mode);
    if kind == FileType::Symlink {
        return Ok(());
    }
    let mode = Mode::from_raw_mode(mode & 0o7777);
    if matches!(kind, FileType::RegularFile | FileType::Directory) {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        match open(path, flags, Mode::empty()) {
            Ok(file) => return fchmod(file, mode),
            Err(Errno::ACCESS) => {}
            Err(errno) => return Err(errno),
        }
    }
    rustix::fs::chmodat(CWD, path, mode, AtFlags::empty())
}
