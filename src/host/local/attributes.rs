//! Giving owner, mode and time to a file without following links.

use std::path::Path;

use rustix::fs::{
    AtFlags, CWD, FileType, Gid, Mode, OFlags, Timespec, Timestamps, UTIME_OMIT, Uid, chmod,
    chownat, fstat, open, statat, utimensat,
};
use rustix::io::Errno;

use super::held::place_of;
use crate::host::{Attributes, HostError};

pub(super) fn set(path: &Path, attributes: &Attributes) -> Result<(), HostError> {
    let failed =
        |action: &'static str| move |errno: Errno| HostError::file(action, path, errno.into());
    if let Some(owner) = attributes.owner {
        set_owner(path, owner).map_err(failed("set the owner of"))?;
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
    if let Some(mode) = attributes.mode {
        set_mode(path, mode).map_err(failed("set the mode of"))?;
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

/// A link's mode means nothing and cannot be set. For anything else the file itself is held, so that a
/// link which takes its place meanwhile is not followed. It need not be readable for that.
pub(super) fn set_mode(path: &Path, mode: u32) -> Result<(), Errno> {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let held = open(path, flags, Mode::empty())?;
    if FileType::from_raw_mode(fstat(&held)?.st_mode) == FileType::Symlink {
        return Ok(());
    }
    chmod(place_of(&held), Mode::from_raw_mode(mode & 0o7777))
}
