//! The system calls of a run, as `strace` wrote them down.

use std::collections::{BTreeSet, HashMap};

/// What is recorded: all that changes a file system, what tells the threads of the program from the
/// children that it is about to make, and the numbers of inodes, which it remembers.
pub(super) const CALLS: &str = "openat,open,creat,write,pwrite64,writev,pwritev,lseek,mkdir,mkdirat,\
    unlink,unlinkat,rmdir,rename,renameat,renameat2,link,linkat,symlink,symlinkat,fsync,fdatasync,\
    sync,syncfs,ftruncate,truncate,fallocate,copy_file_range,sendfile,fchmod,fchmodat,chmod,utimensat,\
    close,dup,dup2,dup3,clone,clone3,fork,vfork,statx,newfstatat,fstat";

/// One finished call that did not fail.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) name: String,
    pub(super) arguments: Vec<Argument>,
    pub(super) result: i64,
    /// The path of the descriptor that it returned.
    pub(super) opened: Option<Vec<u8>>,
}

/// An argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Argument {
    /// A descriptor with its path.
    Descriptor(i64, Vec<u8>),
    /// A text: a path or what is written.
    Text(Vec<u8>),
    /// Anything else, as it is printed.
    Other(String),
}

impl Argument {
    pub(super) fn text(&self) -> &[u8] {
        match self {
            Self::Text(text) => text,
            other => panic!("no text: {other:?}"),
        }
    }

    pub(super) fn descriptor(&self) -> i64 {
        match self {
            Self::Descriptor(number, _) => *number,
            other => panic!("no descriptor: {other:?}"),
        }
    }

    pub(super) fn printed(&self) -> &str {
        match self {
            Self::Other(text) => text,
            other => panic!("neither number nor flags: {other:?}"),
        }
    }

    pub(super) fn number(&self) -> u64 {
        let printed = self.printed();
        match printed.strip_prefix('0') {
            Some(octal) if !octal.is_empty() => u64::from_str_radix(octal, 8).unwrap(),
            _ => printed.parse().unwrap(),
        }
    }
}

/// The calls of the program's own threads, in the order in which they ended.
pub(super) fn calls(text: &str) -> Vec<Call> {
    let ended = ended(text);
    let threads = threads(&ended);
    let own = ended.iter().filter(|(pid, _)| threads.contains(pid));
    own.filter_map(|(_, line)| parse(line))
        .filter(|call| !call.name.starts_with("clone"))
        .collect()
}

/// Who made a call, and the call on one line.
fn ended(text: &str) -> Vec<(u32, String)> {
    let mut begun: HashMap<u32, &str> = HashMap::new();
    let mut ended = Vec::new();
    for line in text.lines() {
        let (pid, rest) = line.split_once(char::is_whitespace).unwrap();
        let pid: u32 = pid.parse().unwrap();
        let rest = rest.trim_start();
        if let Some(head) = rest.strip_suffix(" <unfinished ...>") {
            // A descriptor is free, and may be another's, as soon as its `close` has begun.
            if head.starts_with("close(") {
                ended.push((pid, format!("{head}) = 0")));
            }
            begun.insert(pid, head);
            continue;
        }
        match rest.strip_prefix("<... ") {
            Some(resumed) if resumed.starts_with("close ") => {}
            Some(resumed) => {
                let (_, tail) = resumed.split_once(" resumed>").unwrap();
                let head = begun.remove(&pid).unwrap_or_default();
                ended.push((pid, format!("{head}{tail}")));
            }
            None => ended.push((pid, rest.to_owned())),
        }
    }
    ended
}

/// The program's own threads. A thread may be at work before the call that made it has ended, so they
/// are looked for in all of them.
fn threads(ended: &[(u32, String)]) -> BTreeSet<u32> {
    let mut threads: BTreeSet<u32> = ended.iter().take(1).map(|(pid, _)| *pid).collect();
    let mut others = BTreeSet::new();
    let makes = |line: &str| {
        ["clone", "fork", "vfork"]
            .iter()
            .any(|name| line.starts_with(name))
    };
    for (_, line) in ended.iter().filter(|(_, line)| makes(line)) {
        let Some(call) = parse(line) else { continue };
        let made = u32::try_from(call.result).unwrap();
        if line.contains("CLONE_THREAD") {
            threads.insert(made);
        } else {
            others.insert(made);
        }
    }
    assert!(threads.is_disjoint(&others), "a number was used twice");
    threads
}

fn parse(line: &str) -> Option<Call> {
    let (name, rest) = line.split_once('(')?;
    let (inside, result) = rest.rsplit_once(" = ")?;
    let inside = inside.trim_end().strip_suffix(')')?;
    let number: String = result
        .chars()
        .take_while(|c| c.is_ascii_digit() || *c == '-')
        .collect();
    let number: i64 = number.parse().ok()?;
    if number < 0 {
        return None;
    }
    let opened = result.split_once('<').map(|(_, path)| {
        let path = path.split_once('>').unwrap().0;
        unescaped(path)
    });
    Some(Call {
        name: name.to_owned(),
        arguments: arguments(inside),
        result: number,
        opened,
    })
}

/// Texts and paths are printed in hexadecimal, so nothing in them can look like the end of one.
fn arguments(inside: &str) -> Vec<Argument> {
    let mut all = Vec::new();
    let mut depth = 0;
    let mut begin = 0;
    for (at, c) in inside.char_indices() {
        match c {
            '[' | '{' => depth += 1,
            ']' | '}' => depth -= 1,
            ',' if depth == 0 => {
                all.push(argument(&inside[begin..at]));
                begin = at + 1;
            }
            _ => {}
        }
    }
    if begin < inside.len() {
        all.push(argument(&inside[begin..]));
    }
    all
}

fn argument(text: &str) -> Argument {
    let text = text.trim();
    if let Some(quoted) = text.strip_prefix('"') {
        let end = quoted.strip_suffix('"');
        return Argument::Text(unescaped(end.unwrap()));
    }
    if let Some((number, path)) = text.split_once('<')
        && let Some(path) = path.trim_end_matches("(deleted)").strip_suffix('>')
    {
        let number = if number == "AT_FDCWD" {
            -100
        } else {
            number.parse().unwrap_or(-1)
        };
        return Argument::Descriptor(number, unescaped(path));
    }
    Argument::Other(text.to_owned())
}

fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() / 4);
    let mut rest = text.as_bytes();
    while let Some((first, others)) = rest.split_first() {
        if *first == b'\\' && others.first() == Some(&b'x') {
            let digits = std::str::from_utf8(&others[1..3]).unwrap();
            bytes.push(u8::from_str_radix(digits, 16).unwrap());
            rest = &others[3..];
        } else {
            bytes.push(*first);
            rest = others;
        }
    }
    bytes
}

#[test]
fn lines_of_a_trace_are_read() {
    let text = r#"7 mkdir("\x2f\x61", 0777) = 0
7 clone3({flags=CLONE_VM|CLONE_THREAD, exit_signal=0}, 88) = 8
8 openat(AT_FDCWD<\x2f\x61>, "\x62", O_WRONLY|O_CREAT|O_CLOEXEC, 0600 <unfinished ...>
7 write(4<\x2f\x61\x2f\x63>, "\x28\x2c\x22", 3) = 3
8 <... openat resumed>) = 5<\x2f\x61\x2f\x62>
9 close(5<\x2f\x61\x2f\x62>) = 0
7 clone3({flags=CLONE_VM|CLONE_THREAD, exit_signal=0} <unfinished ...>
10 mkdir("\x2f\x65", 0777) = 0
7 <... clone3 resumed>, 88) = 10
7 unlink("\x2f\x7a") = -1 ENOENT (No such file or directory)
7 close(6<\x2f\x64>(deleted)) = 0
"#;
    let calls = calls(text);
    let names: Vec<&str> = calls.iter().map(|call| call.name.as_str()).collect();
    assert_eq!(names, ["mkdir", "write", "openat", "mkdir", "close"]);
    assert_eq!(calls[1].arguments[1], Argument::Text(b"(,\"".to_vec()));
    assert_eq!(calls[2].opened.as_deref(), Some(b"/a/b".as_slice()));
    assert_eq!(calls[2].arguments[3].number(), 0o600);
    assert_eq!(
        calls[4].arguments[0],
        Argument::Descriptor(6, b"/d".to_vec())
    );
}
