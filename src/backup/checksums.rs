//! `SHA256SUMS`, as coreutils write and read it.

use std::io::{self, BufRead, Read, Write};
use std::os::unix::ffi::OsStrExt;

use super::SetPath;

/// A line longer than this (bytes) is none: a hash and twice the longest path of the system.
const LINE_LIMIT: u64 = 16 * 1024;

/// One line. A name with a backslash, a line feed, or a carriage return at its end is escaped, and
/// the line then starts with a backslash. (Only a carriage return at the end needs it: `sha256sum`
/// of coreutils 9 takes `\r\n` as a line end; those before 9 know no escape for it.)
pub(super) fn write_line(out: &mut dyn Write, sha256: &str, path: &SetPath) -> io::Result<()> {
    let relative = path.relative();
    let name = relative.as_os_str().as_bytes();
    let plain = !name.contains(&b'\\') && !name.contains(&b'\n') && !name.ends_with(b"\r");
    if plain {
        write!(out, "{sha256}  ")?;
        out.write_all(name)?;
        return out.write_all(b"\n");
    }
    write!(out, "\\{sha256}  ")?;
    for (at, &byte) in name.iter().enumerate() {
        match byte {
            b'\\' => out.write_all(b"\\\\")?,
            b'\n' => out.write_all(b"\\n")?,
            b'\r' if at + 1 == name.len() => out.write_all(b"\\r")?,
            _ => out.write_all(&[byte])?,
        }
    }
    out.write_all(b"\n")
}

/// Reads all lines: path (as the text of a [`SetPath`]) and hash. `Err` names the first bad line.
pub(super) fn read_lines(
    mut lines: impl BufRead,
    mut each: impl FnMut(String, String) -> Result<(), String>,
) -> Result<(), String> {
    let mut line = Vec::new();
    for number in 1_usize.. {
        line.clear();
        let count = (&mut lines)
            .take(LINE_LIMIT)
            .read_until(b'\n', &mut line)
            .map_err(|error| error.to_string())?;
        if count == 0 {
            break;
        }
        let (sha256, path) =
            parse_line(&line).ok_or_else(|| format!("line {number} is not `HASH  PATH`"))?;
        each(path, sha256).map_err(|problem| format!("line {number}: {problem}"))?;
    }
    Ok(())
}

fn parse_line(line: &[u8]) -> Option<(String, String)> {
    let line = line.strip_suffix(b"\n")?;
    let (escaped, line) = match line.strip_prefix(b"\\") {
        Some(rest) => (true, rest),
        None => (false, line),
    };
    let (sha256, rest) = line.split_at_checked(64)?;
    let lawful = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
    if !sha256.iter().all(lawful) {
        return None;
    }
    let name = rest
        .strip_prefix(b"  ")
        .or_else(|| rest.strip_prefix(b" *"))?;
    let name = if escaped {
        unescape(name)?
    } else {
        name.to_vec()
    };
    let path = super::escape(&name);
    SetPath::parse(&path).ok()?;
    Some((String::from_utf8(sha256.to_vec()).ok()?, path))
}

fn unescape(name: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.iter();
    while let Some(&byte) = rest.next() {
        bytes.push(match byte {
            b'\\' => match rest.next()? {
                b'\\' => b'\\',
                b'n' => b'\n',
                b'r' => b'\r',
                _ => return None,
            },
            _ => byte,
        });
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_names_come_back() {
        let hash = "0123456789abcdef".repeat(4);
        for text in [
            "a/b",
            "line\nfeed",
            "cr\r",
            "c\rr",
            "back\\\\slash",
            "\\xff",
            "  x ",
        ] {
            let mut line = Vec::new();
            write_line(&mut line, &hash, &SetPath::parse(text).unwrap()).unwrap();
            let read = parse_line(&line).unwrap();
            assert_eq!(read, (hash.clone(), text.to_owned()));
        }
    }

    #[test]
    fn lines_that_lead_elsewhere_are_refused() {
        let hash = "0".repeat(64);
        for name in ["../x", "/etc/passwd", "a/../b", ""] {
            assert!(parse_line(format!("{hash}  {name}\n").as_bytes()).is_none());
        }
        assert!(parse_line(format!("{hash} x\n").as_bytes()).is_none());
        assert!(parse_line(b"abc  x\n").is_none());
    }
}
