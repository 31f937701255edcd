//! What the members of a tree's index must be, each for itself and one after the other.
//!
//! The index is read as if an enemy had written it: whoever restores the members in their order, each
//! at its path below the top, writes nothing outside of the tree and nothing twice.

use std::collections::HashMap;
use std::ffi::OsString;

use super::{MemberKind, SetPath, TREE_TOP, TreeMember, listing, unescape};

/// Longest path that the system takes, in bytes.
const PATH_LIMIT: usize = 4095;

/// Seconds since the epoch of the years 1 to 9999.
const TIMES: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

/// The members so far.
#[derive(Debug)]
pub(super) struct TreeLaw {
    left_out: Vec<SetPath>,
    /// The components of the last member; `None` before the top.
    last: Option<Vec<OsString>>,
    /// The directory that the last member is or lies in; members may follow below it only.
    open: Option<Vec<OsString>>,
    /// What all names of a file share, by its first name.
    files: HashMap<String, Shared>,
}

/// Mode, owner, group and time.
type Shared = (u32, u32, u32, (i64, u32));

fn shared(member: &TreeMember) -> Shared {
    (member.mode, member.uid, member.gid, member.mtime)
}

impl TreeLaw {
    /// The law of a tree in which nothing is at or below those paths.
    pub(super) fn new(left_out: Vec<SetPath>) -> Self {
        Self {
            left_out,
            last: None,
            open: None,
            files: HashMap::new(),
        }
    }

    /// Whether the next member may follow.
    ///
    /// Members stand in the order of their components. So a directory stands right before what is
    /// below it, none stands twice, and nothing lies below a file or a link.
    pub(super) fn admit(&mut self, member: &TreeMember) -> Result<(), String> {
        let refuse = |problem: &str| Err(format!("`{}`: {problem}", member.path));
        let components = if member.path == TREE_TOP {
            Vec::new()
        } else {
            let path = SetPath::parse(&member.path).map_err(|error| error.to_string())?;
            if self
                .left_out
                .iter()
                .any(|left_out| path.is_within(left_out))
            {
                return refuse("the backup left it out");
            }
            path.components().to_vec()
        };
        let is_top = components.is_empty();
        match &self.last {
            None if !is_top => return refuse("the tree's top does not stand before it"),
            Some(last) if *last == components => return refuse("it stands twice"),
            Some(last) if *last > components => return refuse("it is out of order"),
            _ => {}
        }
        let parent = components.split_last().map(|(_, parent)| parent);
        let is_below = |parent| {
            self.open
                .as_deref()
                .is_some_and(|open| open.starts_with(parent))
        };
        if !parent.is_none_or(is_below) {
            return refuse("the directory that it lies in does not stand before it");
        }
        if let Some(problem) = self.problem_of(member, is_top) {
            return refuse(&problem);
        }
        if member.kind == MemberKind::File {
            _ = self.files.insert(member.path.clone(), shared(member));
        }
        self.open = match (member.kind, parent) {
            (MemberKind::Directory, _) => Some(components.clone()),
            (_, parent) => parent.map(<[OsString]>::to_vec),
        };
        self.last = Some(components);
        Ok(())
    }

    fn problem_of(&self, member: &TreeMember, is_top: bool) -> Option<String> {
        if member.path.len() > 4 * PATH_LIMIT {
            return Some("its path is too long".to_owned());
        }
        if member.mode > 0o7777 {
            return Some(format!("{:o} is no mode", member.mode));
        }
        // The system takes this number for `leave the owner as it is`.
        if member.uid == u32::MAX || member.gid == u32::MAX {
            return Some("its owner is nobody's number".to_owned());
        }
        if member.mtime.1 >= 1_000_000_000 || !TIMES.contains(&member.mtime.0) {
            return Some("its time is none".to_owned());
        }
        let target = member.target.as_deref();
        match member.kind {
            MemberKind::File => problem_of_file(member).map(str::to_owned),
            MemberKind::Symlink | MemberKind::HardLink | MemberKind::Skipped if is_top => {
                Some("the top of a tree is a file or a directory".to_owned())
            }
            MemberKind::Symlink if target.is_some_and(is_link_target) => None,
            MemberKind::Symlink => Some("it points to what no link can point to".to_owned()),
            MemberKind::HardLink => match target.and_then(|path| self.files.get(path)) {
                Some(of_file) if *of_file == shared(member) => None,
                Some(_) => Some("its mode, owner or time is not that of its file".to_owned()),
                None => Some("it is a name of a file that is not there".to_owned()),
            },
            MemberKind::Directory | MemberKind::Skipped => None,
        }
    }
}

fn problem_of_file(member: &TreeMember) -> Option<&'static str> {
    let (Some(bytes), Some(sha256)) = (member.bytes, &member.sha256) else {
        return Some("its size or its SHA-256 is missing");
    };
    if i64::try_from(bytes).is_err() {
        return Some("no file is that large");
    }
    if listing::from_hex(sha256).is_none() {
        return Some("it is recorded without a SHA-256");
    }
    let mut position = 0;
    for &(offset, length) in member.data.as_deref().unwrap_or_default() {
        match offset.checked_add(length) {
            Some(end) if offset >= position && end <= bytes => position = end,
            _ => return Some("its ranges of data do not fit its size"),
        }
    }
    None
}

/// Whether a link can point to that: any bytes but NUL, written in the one way.
fn is_link_target(text: &str) -> bool {
    let bytes = unescape(text).unwrap_or_default();
    let fits = !bytes.is_empty() && bytes.len() <= PATH_LIMIT && !bytes.contains(&0);
    fits && super::escape(&bytes) == text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(path: &str, kind: MemberKind) -> TreeMember {
        let is_file = kind == MemberKind::File;
        TreeMember {
            path: path.to_owned(),
            kind,
            mode: 0o644,
            uid: 0,
            gid: 0,
            mtime: (0, 0),
            bytes: is_file.then_some(3),
            sha256: is_file.then(|| "0".repeat(64)),
            data: None,
            target: None,
        }
    }

    fn admitted(members: &[TreeMember]) -> Result<(), String> {
        let mut law = TreeLaw::new(vec![SetPath::parse("left").unwrap()]);
        members.iter().try_for_each(|member| law.admit(member))
    }

    #[test]
    fn a_tree_stands_in_the_order_of_its_components() {
        use MemberKind::{Directory, File, Skipped};
        let tree = [
            member(".", Directory),
            member("a", Directory),
            member("a/b", Directory),
            member("a/b/c", File),
            member("a/z", Skipped),
            member("a-", File),
            member("b", File),
        ];
        assert_eq!(admitted(&tree), Ok(()));
        assert_eq!(admitted(&[member(".", File)]), Ok(()));
        for (path, problem) in [
            ("a/c", "`a/c`: it is out of order"),
            ("b", "`b`: it stands twice"),
            (".", "`.`: it is out of order"),
            (
                "b/c",
                "`b/c`: the directory that it lies in does not stand before it",
            ),
            (
                "c/d",
                "`c/d`: the directory that it lies in does not stand before it",
            ),
            ("left/x", "`left/x`: the backup left it out"),
        ] {
            let more = [tree.as_slice(), &[member(path, File)]].concat();
            assert_eq!(admitted(&more), Err(problem.to_owned()));
        }
        let below_a_file = [member(".", File), member("a", File)];
        assert!(admitted(&below_a_file).is_err());
    }

    #[test]
    fn ranges_lie_in_their_file() {
        for (ranges, lawful) in [
            (vec![(0, 1), (1, 2)], true),
            (vec![(3, 0)], true),
            (vec![(2, 2)], false),
            (vec![(1, 1), (0, 1)], false),
            (vec![(u64::MAX, 2)], false),
        ] {
            let mut file = member(".", MemberKind::File);
            file.data = Some(ranges);
            assert_eq!(admitted(&[file.clone()]).is_ok(), lawful, "{:?}", file.data);
        }
    }
}
