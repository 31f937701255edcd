//! What of a folder is on the disk and what only in the machine's memory.
//!
//! The model is harsher than the file systems that installations lie on: a file's bytes are durable as
//! of its last `fsync`, and a name as of the last `fsync` of its folder. A synced file whose name was
//! not synced is lost, and a name that was synced may come back with an empty file.

mod lay_out;

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::trace::{Argument, Call};

type Inode = usize;
type Name = Vec<u8>;

/// What is known twice: as programs see it, and as it is after a power cut.
#[derive(Clone, Default)]
struct Twice<T> {
    seen: T,
    durable: T,
}

impl<T: Clone> Twice<T> {
    fn both(value: T) -> Self {
        Self {
            seen: value.clone(),
            durable: value,
        }
    }

    fn sync(&mut self) {
        self.durable = self.seen.clone();
    }
}

#[derive(Clone)]
enum Content {
    File(Twice<Vec<u8>>),
    Folder(Twice<BTreeMap<Name, Inode>>),
    Link(Vec<u8>),
}

#[derive(Clone)]
struct Node {
    content: Content,
    mode: Twice<u32>,
    /// Seconds and nanoseconds, as far as they were set or not touched.
    modified: Twice<Option<(u64, u32)>>,
    /// Its number on the recorded machine, once it is known.
    number: Option<u64>,
}

#[derive(Clone)]
struct Open {
    inode: Inode,
    offset: usize,
    append: bool,
}

/// How much of what was not synced a power cut leaves.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cut {
    /// Nothing.
    All,
    /// Every name, and no byte: renames overtake the data.
    Bytes,
    /// Every name, and of the bytes a part.
    SomeBytes,
}

/// A folder of the machine.
#[derive(Clone)]
pub(super) struct Disk {
    root: PathBuf,
    nodes: Vec<Node>,
    open: HashMap<i64, Open>,
}

impl Disk {
    /// As the folder is now, all of it durable.
    pub(super) fn of(root: &Path) -> Self {
        let mut disk = Self {
            root: root.to_owned(),
            nodes: Vec::new(),
            open: HashMap::new(),
        };
        disk.take_in(root);
        disk
    }

    fn take_in(&mut self, path: &Path) -> Inode {
        let metadata = path.symlink_metadata().unwrap();
        let number = self.add(Content::Link(Vec::new()), metadata.mode() & 0o7777);
        let content = if metadata.is_symlink() {
            Content::Link(
                fs::read_link(path)
                    .unwrap()
                    .into_os_string()
                    .into_encoded_bytes(),
            )
        } else if metadata.is_dir() {
            let mut names = BTreeMap::new();
            for entry in fs::read_dir(path).unwrap() {
                let entry = entry.unwrap();
                let inode = self.take_in(&entry.path());
                names.insert(entry.file_name().into_encoded_bytes(), inode);
            }
            Content::Folder(Twice::both(names))
        } else {
            Content::File(Twice::both(fs::read(path).unwrap()))
        };
        let node = &mut self.nodes[number];
        node.content = content;
        let seconds = u64::try_from(metadata.mtime()).unwrap();
        let nanoseconds = u32::try_from(metadata.mtime_nsec()).unwrap();
        node.modified = Twice::both(Some((seconds, nanoseconds)));
        node.number = Some(metadata.ino());
        number
    }

    fn add(&mut self, content: Content, mode: u32) -> Inode {
        self.nodes.push(Node {
            content,
            mode: Twice::both(mode),
            modified: Twice::default(),
            number: None,
        });
        self.nodes.len() - 1
    }

    /// Where a path begins here, and the names from there on; `None` if it lies elsewhere. It begins at
    /// the root, or at a folder that the program holds open.
    fn below(&self, path: &Path) -> Option<(Inode, Vec<Name>)> {
        let (start, rest) = match path.strip_prefix("/proc/self/fd") {
            Ok(held) => {
                let mut parts = held.components();
                let number = parts.next()?.as_os_str().to_str()?.parse().ok()?;
                (self.open.get(&number)?.inode, parts.as_path())
            }
            Err(_) => (0, path.strip_prefix(&self.root).ok()?),
        };
        let mut names = Vec::new();
        for part in rest.components() {
            match part {
                std::path::Component::Normal(name) => names.push(name.as_bytes().to_vec()),
                std::path::Component::CurDir => {}
                other => panic!("an odd path: {other:?} in {}", path.display()),
            }
        }
        Some((start, names))
    }

    fn entries(&mut self, inode: Inode) -> &mut BTreeMap<Name, Inode> {
        match &mut self.nodes[inode].content {
            Content::Folder(names) => &mut names.seen,
            _ => panic!("no folder"),
        }
    }

    fn find(&mut self, path: &Path) -> Option<Inode> {
        let (start, names) = self.below(path)?;
        self.walk(start, &names)
    }

    fn walk(&mut self, start: Inode, names: &[Name]) -> Option<Inode> {
        let mut at = start;
        for name in names {
            at = *self.entries(at).get(name)?;
        }
        Some(at)
    }

    /// The folder of a path, and the name in it.
    fn place(&mut self, path: &Path) -> Option<(Inode, Name)> {
        let (start, mut names) = self.below(path)?;
        let name = names.pop()?;
        let Some(folder) = self.walk(start, &names) else {
            panic!("nothing is known of the folder of {}", path.display());
        };
        Some((folder, name))
    }

    /// Puts a name in place of what has it; `None` takes it away.
    fn name(&mut self, path: &Path, inode: Option<Inode>) -> Option<Inode> {
        let (folder, name) = self.place(path)?;
        self.nodes[folder].modified.seen = None;
        let names = self.entries(folder);
        match inode {
            Some(inode) => names.insert(name, inode),
            None => names.remove(&name),
        }
    }

    /// The bytes of a file, to be changed.
    fn bytes(&mut self, inode: Inode) -> &mut Vec<u8> {
        self.nodes[inode].modified.seen = None;
        match &mut self.nodes[inode].content {
            Content::File(bytes) => &mut bytes.seen,
            _ => panic!("no file"),
        }
    }

    fn sync(&mut self, inode: Inode) {
        let node = &mut self.nodes[inode];
        node.mode.sync();
        node.modified.sync();
        match &mut node.content {
            Content::File(bytes) => bytes.sync(),
            Content::Folder(names) => names.sync(),
            Content::Link(_) => {}
        }
    }

    /// Does what a call of the program did. Tells whether it changed anything here.
    pub(super) fn apply(&mut self, call: &Call) -> bool {
        let a = &call.arguments;
        match call.name.as_str() {
            "open" | "openat" | "creat" => return self.opened(call),
            "close" => {
                self.open.remove(&a[0].descriptor());
                return false;
            }
            "statx" | "newfstatat" | "fstat" => {
                self.number(call);
                return false;
            }
            "lseek" => {
                if let Some(open) = self.open.get_mut(&a[0].descriptor()) {
                    open.offset = usize::try_from(call.result).unwrap();
                }
                return false;
            }
            "write" => return self.written(a[0].descriptor(), a[1].text(), call.result, None),
            "pwrite64" => {
                let at = usize::try_from(a[3].number()).unwrap();
                return self.written(a[0].descriptor(), a[1].text(), call.result, Some(at));
            }
            "copy_file_range" => return self.copied(call),
            "ftruncate" => {
                let length = usize::try_from(a[1].number()).unwrap();
                let Some(open) = self.open.get(&a[0].descriptor()) else {
                    return false;
                };
                let inode = open.inode;
                self.bytes(inode).resize(length, 0);
            }
            "mkdir" => return self.made(&path(None, &a[0]), a[1].number()),
            "mkdirat" => return self.made(&path(Some(&a[0]), &a[1]), a[2].number()),
            "symlink" => return self.linked(a[0].text(), &path(None, &a[1])),
            "symlinkat" => return self.linked(a[0].text(), &path(Some(&a[1]), &a[2])),
            "linkat" => {
                let inode = self.find(&path(Some(&a[0]), &a[1]));
                let to = path(Some(&a[2]), &a[3]);
                self.name(&to, inode);
            }
            "unlink" | "rmdir" => _ = self.name(&path(None, &a[0]), None),
            "unlinkat" => _ = self.name(&path(Some(&a[0]), &a[1]), None),
            "rename" => self.renamed(&path(None, &a[0]), &path(None, &a[1]), ""),
            "renameat" | "renameat2" => {
                let (from, to) = (path(Some(&a[0]), &a[1]), path(Some(&a[2]), &a[3]));
                self.renamed(&from, &to, a.get(4).map_or("", |flags| flags.printed()));
            }
            "fchmod" | "chmod" | "fchmodat" => {
                let (inode, mode) = match call.name.as_str() {
                    "fchmod" => (self.open.get(&a[0].descriptor()).map(|open| open.inode), 1),
                    "chmod" => (self.find(&path(None, &a[0])), 1),
                    _ => (self.find(&path(Some(&a[0]), &a[1])), 2),
                };
                let Some(inode) = inode else { return false };
                self.nodes[inode].mode.seen = u32::try_from(a[mode].number()).unwrap() & 0o7777;
            }
            "fsync" | "fdatasync" => {
                let Some(open) = self.open.get(&a[0].descriptor()) else {
                    return false;
                };
                let inode = open.inode;
                self.sync(inode);
            }
            "sync" | "syncfs" => (0..self.nodes.len()).for_each(|inode| self.sync(inode)),
            "utimensat" => {
                let inode = match &a[1] {
                    Argument::Text(_) => self.find(&path(Some(&a[0]), &a[1])),
                    _ => self.open.get(&a[0].descriptor()).map(|open| open.inode),
                };
                let Some(inode) = inode else { return false };
                self.nodes[inode].modified.seen = Some(second_time(a[2].printed()));
            }
            other => panic!("the model does not know {other}"),
        }
        true
    }

    fn number(&mut self, call: &Call) {
        let a = &call.arguments;
        let inode = match &a[1] {
            Argument::Text(_) => self.find(&path(Some(&a[0]), &a[1])),
            _ => self.open.get(&a[0].descriptor()).map(|open| open.inode),
        };
        let told = a.iter().find_map(|argument| match argument {
            Argument::Other(text) => text.split_once("_ino=").map(|(_, number)| number),
            _ => None,
        });
        if let (Some(inode), Some(told)) = (inode, told) {
            let digits = told.split(|c: char| !c.is_ascii_digit()).next().unwrap();
            self.nodes[inode].number = Some(digits.parse().unwrap());
        }
    }

    fn opened(&mut self, call: &Call) -> bool {
        let opened = call.opened.as_ref().unwrap();
        let location = PathBuf::from(OsStr::from_bytes(opened));
        let flags = call.arguments.iter().find_map(|argument| match argument {
            Argument::Other(text) if text.starts_with("O_") => Some(text.as_str()),
            _ => None,
        });
        let flags = flags.unwrap_or("O_CREAT|O_TRUNC");
        let has = |flag| flags.split('|').any(|one| one == flag);
        assert!(
            !has("O_TMPFILE") || self.below(&location).is_none(),
            "no such files"
        );
        if self.below(&location).is_none() {
            return false;
        }
        let inode = match self.find(&location) {
            Some(inode) => inode,
            // A tool's own file: what tools write is not followed.
            None if !has("O_CREAT") => return false,
            None => {
                let mode = call.arguments.last().unwrap().number();
                let file = Content::File(Twice::default());
                let inode = self.add(file, u32::try_from(mode).unwrap());
                self.name(&location, Some(inode));
                inode
            }
        };
        if has("O_TRUNC") {
            self.bytes(inode).clear();
        }
        let append = has("O_APPEND");
        let open = Open {
            inode,
            offset: 0,
            append,
        };
        self.open.insert(call.result, open);
        has("O_CREAT") || has("O_TRUNC")
    }

    fn written(&mut self, number: i64, text: &[u8], count: i64, at: Option<usize>) -> bool {
        let count = usize::try_from(count).unwrap();
        let Some(open) = self.open.get(&number) else {
            return false;
        };
        let (inode, append, offset) = (open.inode, open.append, open.offset);
        let bytes = self.bytes(inode);
        let begin = match at {
            Some(at) => at,
            None if append => bytes.len(),
            None => offset,
        };
        let end = begin + count;
        if bytes.len() < end {
            bytes.resize(end, 0);
        }
        bytes[begin..end].copy_from_slice(&text[..count]);
        if at.is_none() {
            self.open.get_mut(&number).unwrap().offset = end;
        }
        true
    }

    fn copied(&mut self, call: &Call) -> bool {
        let [from, to] = [0, 2].map(|at| call.arguments[at].descriptor());
        if !self.open.contains_key(&to) {
            return false;
        }
        let source = &self.open[&from];
        let (inode, begin) = (source.inode, source.offset);
        let count = usize::try_from(call.result).unwrap();
        let Content::File(bytes) = &self.nodes[inode].content else {
            panic!("no file");
        };
        let text = bytes.seen[begin..begin + count].to_vec();
        self.open.get_mut(&from).unwrap().offset += count;
        self.written(to, &text, call.result, None)
    }

    fn made(&mut self, path: &Path, mode: u64) -> bool {
        if self.below(path).is_none() {
            return false;
        }
        let folder = Content::Folder(Twice::default());
        let inode = self.add(folder, u32::try_from(mode).unwrap() & 0o7777 & !0o022);
        self.name(path, Some(inode));
        true
    }

    fn linked(&mut self, target: &[u8], path: &Path) -> bool {
        let inode = self.add(Content::Link(target.to_vec()), 0o777);
        self.name(path, Some(inode));
        true
    }

    fn renamed(&mut self, from: &Path, to: &Path, flags: &str) {
        let Some(moved) = self.name(from, None) else {
            return;
        };
        let replaced = self.name(to, Some(moved));
        if flags.contains("RENAME_EXCHANGE") {
            self.name(from, replaced);
        }
    }
}

/// Of `[{tv_sec=1, tv_nsec=2} …, {tv_sec=3, tv_nsec=4} …]` the second, the time of modification.
fn second_time(printed: &str) -> (u64, u32) {
    let value = |key: &str| {
        let (_, rest) = printed.rsplit_once(key).unwrap();
        let digits = rest.split(|c: char| !c.is_ascii_digit()).next();
        digits.unwrap().parse::<u64>().unwrap()
    };
    (value("tv_sec="), u32::try_from(value("tv_nsec=")).unwrap())
}

/// A path of a call, absolute.
fn path(folder: Option<&Argument>, name: &Argument) -> PathBuf {
    let name = Path::new(OsStr::from_bytes(name.text()));
    match folder {
        Some(Argument::Descriptor(_, folder)) => Path::new(OsStr::from_bytes(folder)).join(name),
        _ => name.to_owned(),
    }
}
