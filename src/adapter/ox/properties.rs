//! Changing one setting of a properties file and leaving every other byte as it is.

use crate::site::properties::{PropertiesFile, parse_latin1};

/// A file that cannot be changed safely.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum EditError {
    /// Java refuses the file, so the kit does not guess what it means.
    #[error("line {line}: {text}")]
    Unreadable { line: u32, text: String },
    /// Read again, the change would have changed something else as well.
    #[error("the setting cannot be changed alone")]
    Entangled,
}

/// The content of a properties file.
pub(super) struct Content<'a> {
    bytes: &'a [u8],
    file: PropertiesFile,
}

impl<'a> Content<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, EditError> {
        match parse_latin1(bytes) {
            Ok(file) => Ok(Self { bytes, file }),
            Err(problems) => {
                let problem = problems.into_iter().next();
                let (line, text) = problem.map_or((0, String::new()), |one| (one.line, one.text));
                Err(EditError::Unreadable { line, text })
            }
        }
    }

    /// The value in effect.
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.file.get(key).map(|entry| entry.value.as_str())
    }

    /// The content with that value in effect, and nothing else changed: the line in effect is replaced,
    /// or one is added at the end.
    pub(super) fn with(&self, key: &str, value: &str) -> Result<Vec<u8>, EditError> {
        let setting = format!("{}={}", escaped(key, true), escaped(value, false));
        let mut changed = Vec::with_capacity(self.bytes.len() + setting.len() + 2);
        if let Some(entry) = self.file.get(key) {
            let (start, end) = self.span(entry.line);
            changed.extend(&self.bytes[..start]);
            changed.extend(setting.bytes());
            changed.extend(line_end(&self.bytes[start..end]));
            changed.extend(&self.bytes[end..]);
        } else {
            let usual = lines(self.bytes)
                .map(|(start, end)| line_end(&self.bytes[start..end]))
                .find(|line_end| !line_end.is_empty())
                .unwrap_or(b"\n");
            changed.extend(self.bytes);
            if !self.bytes.is_empty() && line_end(self.bytes).is_empty() {
                changed.extend(usual);
            }
            changed.extend(setting.bytes());
            changed.extend(usual);
        }
        self.verified(changed, key, Some(value))
    }

    /// The content without the setting, and nothing else changed.
    pub(super) fn without(&self, key: &str) -> Result<Vec<u8>, EditError> {
        let mut changed = Vec::with_capacity(self.bytes.len());
        let mut from = 0;
        for entry in self.file.entries.iter().filter(|entry| entry.key == key) {
            let (start, end) = self.span(entry.line);
            changed.extend(&self.bytes[from..start]);
            from = end;
        }
        changed.extend(&self.bytes[from..]);
        self.verified(changed, key, None)
    }

    /// First and last byte of the setting that begins on that line, with the lines that continue it.
    fn span(&self, line: u32) -> (usize, usize) {
        let skipped = usize::try_from(line.saturating_sub(1)).unwrap_or(usize::MAX);
        let mut rest = lines(self.bytes).skip(skipped);
        let Some((start, mut end)) = rest.next() else {
            return (self.bytes.len(), self.bytes.len());
        };
        let mut last = start;
        while goes_on(&self.bytes[last..end]) {
            let Some(next) = rest.next() else { break };
            (last, end) = next;
        }
        (start, end)
    }

    fn verified(
        &self,
        changed: Vec<u8>,
        key: &str,
        value: Option<&str>,
    ) -> Result<Vec<u8>, EditError> {
        let after = Content::read(&changed)?;
        let others = |content: &Content<'_>| -> Vec<(String, String)> {
            let entries = content.file.entries.iter();
            entries
                .filter(|entry| entry.key != key)
                .map(|entry| (entry.key.clone(), entry.value.clone()))
                .collect()
        };
        let alone = after.get(key) == value && others(&after) == others(self);
        if alone {
            Ok(changed)
        } else {
            Err(EditError::Entangled)
        }
    }
}

/// Start and end of each line, its line end included.
fn lines(bytes: &[u8]) -> impl Iterator<Item = (usize, usize)> {
    let mut start = 0;
    std::iter::from_fn(move || {
        if start >= bytes.len() {
            return None;
        }
        let from = start;
        let ends = |byte: &u8| matches!(byte, b'\n' | b'\r');
        start = match bytes[from..].iter().position(ends) {
            None => bytes.len(),
            Some(at) if bytes[from + at] == b'\r' && bytes.get(from + at + 1) == Some(&b'\n') => {
                from + at + 2
            }
            Some(at) => from + at + 1,
        };
        Some((from, start))
    })
}

fn line_end(line: &[u8]) -> &[u8] {
    let content = line.iter().rposition(|byte| !matches!(byte, b'\n' | b'\r'));
    let line_end = &line[content.map_or(0, |at| at + 1)..];
    let at = if line_end.ends_with(b"\r\n") { 2 } else { 1 };
    &line_end[line_end.len() - at.min(line_end.len())..]
}

/// Whether a line ends with a backslash that continues it.
fn goes_on(line: &[u8]) -> bool {
    let line = &line[..line.len() - line_end(line).len()];
    let backslashes = line.iter().rev().take_while(|byte| **byte == b'\\').count();
    backslashes % 2 == 1
}

/// As the file must hold it. Both are printable ASCII.
fn escaped(text: &str, is_key: bool) -> String {
    let mut result = String::with_capacity(text.len());
    for (at, letter) in text.char_indices() {
        let special = letter == '\\'
            || at == 0 && matches!(letter, ' ' | '#' | '!')
            || is_key && matches!(letter, ' ' | '=' | ':');
        if special {
            result.push('\\');
        }
        result.push(letter);
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn set(bytes: &str, key: &str, value: &str) -> String {
        let content = Content::read(bytes.as_bytes()).unwrap();
        String::from_utf8(content.with(key, value).unwrap()).unwrap()
    }

    fn remove(bytes: &str, key: &str) -> String {
        let content = Content::read(bytes.as_bytes()).unwrap();
        String::from_utf8(content.without(key).unwrap()).unwrap()
    }

    #[test]
    fn one_line_changes_and_no_other_byte() {
        assert_eq!(
            set("a = 1\r\n#k=x\r\nb:2", "k", "v"),
            "a = 1\r\n#k=x\r\nb:2\r\nk=v\r\n"
        );
        assert_eq!(set("", "k", "v"), "k=v\n");
        assert_eq!(
            set("k=old\\\n   er\nz=1\n", "k", "http://x/?a=b"),
            "k=http://x/?a=b\nz=1\n"
        );
        assert_eq!(set("k=1\nk=2\n", "k", " v\\"), "k=1\nk=\\ v\\\\\n");
        assert_eq!(set("\n  k   old", "k", "v"), "\nk=v");
        assert_eq!(
            remove("a=1\nk=\\\n\\\n2\nb=\\\\\nk=3", "k"),
            "a=1\nb=\\\\\n"
        );
        assert_eq!(remove("k=1\r\n\r\nz=2\r\n", "k"), "\r\nz=2\r\n");
        assert_eq!(remove("a=1\n", "k"), "a=1\n");
    }

    #[test]
    fn a_file_that_java_refuses_is_not_touched() {
        let error = Content::read(b"a=1\nb=\\u12\n").err().unwrap();
        assert!(matches!(error, EditError::Unreadable { line: 2, .. }));
    }

    proptest! {
        /// Whatever the file: afterwards the key has the value, everything else is as it was, and
        /// removing it again leads back if it was not there.
        #[test]
        fn any_file_keeps_its_other_settings(
            pieces in proptest::collection::vec(
                prop_oneof![
                    Just("k"), Just("key"), Just("="), Just(":"), Just(" "), Just("\\"), Just("\n"),
                    Just("\r\n"), Just("\r"), Just("#"), Just("v"), Just("\\\n"), Just("!"),
                ],
                0..40,
            ),
            value in "[ -~]{0,12}",
        ) {
            let bytes = pieces.concat().into_bytes();
            if let Ok(content) = Content::read(&bytes) {
                if let Ok(changed) = content.with("k", &value) {
                    let after = Content::read(&changed).unwrap();
                    prop_assert_eq!(after.get("k"), Some(value.as_str()));
                }
                if let Ok(changed) = content.without("k") {
                    let after = Content::read(&changed).unwrap();
                    prop_assert_eq!(after.get("k"), None);
                    if content.get("k").is_none() {
                        prop_assert_eq!(&changed, &bytes);
                    }
                }
            }
        }
    }
}
