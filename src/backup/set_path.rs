//! Paths inside a set, and the text that records hold for them.

use std::ffi::{OsStr, OsString};
use std::fmt::{self, Write as _};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use super::BackupError;

/// A path inside a set: relative, without empty, `.` and `..` components.
///
/// Its text (in `ArtifactFile::path`) has `/` between components, `\xNN` for every byte that is not
/// part of valid UTF-8, and `\\` for a backslash. Every path has exactly one text, and a text that is
/// not the one of its path is refused, so that two records cannot mean the same file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SetPath(Vec<OsString>);

impl SetPath {
    /// Reads the text of a path.
    pub fn parse(text: &str) -> Result<Self, BackupError> {
        let refuse = |problem| BackupError::Path {
            path: text.to_owned(),
            problem,
        };
        if text.starts_with('/') {
            return Err(refuse("it is absolute"));
        }
        let bytes = unescape(text).ok_or_else(|| refuse("it has a broken `\\` sequence"))?;
        if escape(&bytes) != text {
            return Err(refuse("it is not written in the one allowed way"));
        }
        let components = bytes
            .split(|&byte| byte == b'/')
            .map(|component| OsString::from_vec(component.to_vec()))
            .collect::<Vec<_>>();
        if let Some(problem) = components.iter().find_map(|name| problem_of(name)) {
            return Err(refuse(problem));
        }
        Ok(Self(components))
    }

    /// The path below this one. The name is a single component, any bytes but `/` and NUL.
    pub fn join(&self, name: &OsStr) -> Result<Self, BackupError> {
        if let Some(problem) = problem_of(name) {
            return Err(BackupError::Path {
                path: format!("{self}/{}", escape(name.as_bytes())),
                problem,
            });
        }
        let mut components = self.0.clone();
        components.push(name.to_owned());
        Ok(Self(components))
    }

    /// Its components, outermost first; never none.
    pub fn components(&self) -> &[OsString] {
        &self.0
    }

    /// The last component, and those before it.
    pub(super) fn split(&self) -> (&[OsString], &OsStr) {
        match self.0.split_last() {
            Some((name, parents)) => (parents, name),
            None => (&[], OsStr::new(".")),
        }
    }

    /// As a relative path of the file system.
    pub fn relative(&self) -> PathBuf {
        self.0.iter().collect()
    }

    /// Whether it is `folder` or below it.
    pub fn is_within(&self, folder: &Self) -> bool {
        self.0.starts_with(&folder.0)
    }
}

impl fmt::Display for SetPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, name) in self.0.iter().enumerate() {
            let slash = if at == 0 { "" } else { "/" };
            write!(f, "{slash}{}", escape(name.as_bytes()))?;
        }
        Ok(())
    }
}

/// A text that can stand as one component of a path in a set, for any label (a schema's name, a
/// queue's): letters, digits, `_`, `-` and inner dots stay, every other byte becomes `%NN`. Two
/// labels never become the same name.
pub fn file_name_for(label: &str) -> String {
    let mut name = String::with_capacity(label.len());
    for (at, &byte) in label.as_bytes().iter().enumerate() {
        let plain = byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        if plain && !(at == 0 && byte == b'-') || byte == b'.' && at != 0 {
            name.push(char::from(byte));
        } else {
            _ = write!(name, "%{byte:02X}");
        }
    }
    if name.is_empty() {
        "%".to_owned()
    } else {
        name
    }
}

/// The text of bytes of a path: what is not UTF-8 as `\xNN`, a backslash as `\\`.
pub fn escape(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            if character == '\\' {
                text.push('\\');
            }
            text.push(character);
        }
        for byte in chunk.invalid() {
            _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

/// The bytes that [`escape`] wrote; `None` for a broken sequence.
pub fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        match rest {
            [b'\\', after @ ..] => {
                bytes.push(b'\\');
                rest = after;
            }
            [b'x', high, low, after @ ..] => {
                let digits = [*high, *low];
                let digits = std::str::from_utf8(&digits).ok()?;
                bytes.push(u8::from_str_radix(digits, 16).ok()?);
                rest = after;
            }
            _ => return None,
        }
    }
    Some(bytes)
}

fn problem_of(name: &OsStr) -> Option<&'static str> {
    let bytes = name.as_bytes();
    match bytes {
        b"" => Some("it has an empty component"),
        b"." => Some("it has a `.` component"),
        b".." => Some("it has a `..` component"),
        _ if bytes.contains(&b'/') => Some("a component holds a `/`"),
        _ if bytes.contains(&0) => Some("it holds a NUL byte"),
        _ if bytes.len() > 255 => Some("a component is longer than 255 bytes"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_exactly_one_text() {
        for text in ["a", "a/b c", "weird\n/x", "back\\\\slash", "\\xff/é"] {
            assert_eq!(SetPath::parse(text).unwrap().to_string(), text);
        }
        for text in [
            "", "/a", "a//b", "a/", "..", "a/../b", "./a", "a\\b", "\\x41", "\\xFF", "a\0b",
        ] {
            assert!(SetPath::parse(text).is_err(), "{text:?} was accepted");
        }
    }

    #[test]
    fn labels_become_distinct_names() {
        let labels = ["a/b", "a%2Fb", "..", "%", "", "-x", "Straße", "a.b"];
        let names: Vec<String> = labels.iter().map(|label| file_name_for(label)).collect();
        for (at, name) in names.iter().enumerate() {
            assert!(SetPath::parse(name).is_ok(), "{name}");
            assert!(!names[..at].contains(name), "{name}");
        }
        assert_eq!(file_name_for("tenant_a.v2"), "tenant_a.v2");
    }
}
