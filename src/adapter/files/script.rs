//! The script with which a person restores a tree without this program.

use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;

use crate::backup::{MemberKind, TREE_TOP, TreeMember, unescape};

const HEAD: &str = r#"#!/bin/sh
# Restores this tree to a place that does not exist yet:
#     sh restore-attributes.sh TARGET
# Needs nothing but a POSIX shell and coreutils. As root it puts owners back too.
set -eu
LC_ALL=C
export LC_ALL
if [ "$#" -ne 1 ]; then
    echo "usage: sh $0 TARGET" >&2
    exit 2
fi
case $0 in */*) here=${0%/*} ;; *) here=. ;; esac
here=$(CDPATH= cd -- "$here" && pwd)
target=$1
case $target in /*) ;; *) target=$PWD/$target ;; esac
if [ -e "$target" ] || [ -L "$target" ]; then
    echo "$target exists already: move it away first" >&2
    exit 1
fi
umask 077
owners=no
if [ "$(id -u)" = 0 ]; then owners=yes; fi
# give MODE OWNER TIME PATH
give() {
    if [ "$owners" = yes ]; then chown -- "$2" "$4"; fi
    chmod -- "$1" "$4"
    touch -c -d "$3" -- "$4"
}
# give_link OWNER TIME PATH
give_link() {
    if [ "$owners" = yes ]; then chown -h -- "$1" "$3"; fi
    touch -h -c -d "$2" -- "$3"
}
"#;

/// Writes the script: bytes first, then what has no bytes, then attributes, inner members first, so
/// that a directory that forbids writing is closed last.
pub(super) fn write(out: &mut dyn Write, members: &[TreeMember]) -> io::Result<()> {
    out.write_all(HEAD.as_bytes())?;
    let Some(top) = members.first() else {
        return out.write_all(b"echo 'there was nothing to save here'\n");
    };
    let has_files = members.iter().any(|member| member.kind == MemberKind::File);
    if has_files {
        out.write_all(b"cp -R -- \"$here/content\" \"$target\"\n")?;
    } else {
        out.write_all(b"mkdir -- \"$target\"\n")?;
    }
    if top.kind == MemberKind::File {
        return attributes(out, top, b"\"$target\"");
    }
    out.write_all(b"cd -- \"$target\"\n")?;
    for member in members.iter().skip(1) {
        make(out, member)?;
    }
    for member in members.iter().rev() {
        attributes(out, member, &local(&member.path))?;
    }
    Ok(())
}

fn make(out: &mut dyn Write, member: &TreeMember) -> io::Result<()> {
    let path = local(&member.path);
    let target = member.target.as_deref().unwrap_or_default();
    match member.kind {
        MemberKind::Directory => {
            out.write_all(b"mkdir -p -- ")?;
            out.write_all(&path)?;
        }
        MemberKind::Symlink => {
            out.write_all(b"ln -s -- ")?;
            out.write_all(&quote(&unescape(target).unwrap_or_default()))?;
            out.write_all(b" ")?;
            out.write_all(&path)?;
        }
        MemberKind::HardLink => {
            out.write_all(b"ln -- ")?;
            out.write_all(&local(target))?;
            out.write_all(b" ")?;
            out.write_all(&path)?;
        }
        MemberKind::File | MemberKind::Skipped => return Ok(()),
    }
    out.write_all(b"\n")
}

fn attributes(out: &mut dyn Write, member: &TreeMember, path: &[u8]) -> io::Result<()> {
    let time = time(member.mtime);
    match member.kind {
        MemberKind::File | MemberKind::Directory => {
            let (mode, uid, gid) = (member.mode, member.uid, member.gid);
            write!(out, "give {mode:04o} {uid}:{gid} {time} ")?;
        }
        MemberKind::Symlink => write!(out, "give_link {}:{} {time} ", member.uid, member.gid)?,
        MemberKind::HardLink | MemberKind::Skipped => return Ok(()),
    }
    out.write_all(path)?;
    out.write_all(b"\n")
}

/// A time as `touch -d` reads it. Before the epoch the fraction counts backwards.
fn time((seconds, nanoseconds): (i64, u32)) -> String {
    if seconds < 0 && nanoseconds > 0 {
        let whole = (seconds + 1).unsigned_abs();
        return format!("@-{whole}.{:09}", 1_000_000_000 - nanoseconds);
    }
    format!("@{seconds}.{nanoseconds:09}")
}

/// A member's path for the shell, relative to the target and never taken for an option.
fn local(path: &str) -> Vec<u8> {
    if path == TREE_TOP {
        return b".".to_vec();
    }
    let mut local = b"./".to_vec();
    local.extend_from_slice(&unescape(path).unwrap_or_default());
    quote(&local)
}

fn quote(word: &[u8]) -> Vec<u8> {
    let mut quoted = vec![b'\''];
    for &byte in word {
        match byte {
            b'\'' => quoted.extend_from_slice(b"'\\''"),
            _ => quoted.push(byte),
        }
    }
    quoted.push(b'\'');
    quoted
}

/// The raw bytes of a link's target for a record.
pub(super) fn target_text(target: &std::path::Path) -> String {
    crate::backup::escape(target.as_os_str().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_before_the_epoch_count_backwards() {
        assert_eq!(time((5, 7)), "@5.000000007");
        assert_eq!(time((-6, 500_000_000)), "@-5.500000000");
        assert_eq!(time((-1, 250_000_000)), "@-0.750000000");
        assert_eq!(time((-3, 0)), "@-3.000000000");
    }

    #[test]
    fn words_are_single_quoted() {
        assert_eq!(quote(b"it's $HOME"), b"'it'\\''s $HOME'");
        assert_eq!(local("-rf"), b"'./-rf'");
    }
}
