//! The text of a script: what it is given, what all scripts share, what this one does.

use std::fmt::Write;

use super::connection::{Connection, PASSWORD_VARIABLE};
use crate::adapter::{Preview, PreviewLine};

const PRELUDE: &str = include_str!("scripts/prelude.py");

/// A value that a script is given.
#[derive(Debug, Clone)]
pub(super) enum Literal<'a> {
    None,
    Text(&'a str),
    Number(u64),
    Texts(&'a [String]),
}

impl<'a> From<Option<&'a str>> for Literal<'a> {
    fn from(text: Option<&'a str>) -> Self {
        text.map_or(Self::None, Self::Text)
    }
}

impl Literal<'_> {
    fn write(&self) -> String {
        match self {
            Self::None => "None".to_owned(),
            Self::Text(text) => quoted(text),
            Self::Number(number) => number.to_string(),
            Self::Texts(texts) => {
                let texts: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
                format!("[{}]", texts.join(", "))
            }
        }
    }
}

/// A text as the kind of text that Java's methods give: 2.2.1 hands no `u'…'` to Java that is beyond
/// ASCII, so such a text is made by Java itself.
fn quoted(text: &str) -> String {
    let mut literal = String::new();
    if text.is_ascii() {
        for byte in text.bytes() {
            match byte {
                b'\'' | b'\\' => literal.extend(['\\', char::from(byte)]),
                b' '..=b'~' => literal.push(char::from(byte)),
                _ => _ = write!(literal, "\\x{byte:02x}"),
            }
        }
        return format!("'{literal}'");
    }
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() {
            literal.push(char::from(byte));
        } else {
            _ = write!(literal, "%{byte:02X}");
        }
    }
    format!("URLDecoder.decode('{literal}', 'UTF-8')")
}

/// A script of one operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Script {
    /// Name without ending: `pause-jms`.
    pub(super) name: String,
    /// The whole text.
    pub(super) text: String,
}

impl Script {
    /// `bodies` are texts of `scripts/`, in order.
    pub(super) fn new(
        name: &str,
        connection: &Connection,
        parameters: &[(&str, Literal<'_>)],
        bodies: &[&str],
    ) -> Self {
        let path = |path: &Option<std::path::PathBuf>| {
            path.as_ref()
                .map(|path| path.to_string_lossy().into_owned())
        };
        let (config, key) = (
            path(&connection.user_config_file),
            path(&connection.user_key_file),
        );
        let result = format!("{name}.result");
        let common = [
            ("RESULT", Literal::Text(&result)),
            ("URL", Literal::Text(&connection.url)),
            ("USER_CONFIG_FILE", config.as_deref().into()),
            ("USER_KEY_FILE", key.as_deref().into()),
            ("USER", connection.user.as_deref().into()),
            ("PASSWORD_VARIABLE", Literal::Text(PASSWORD_VARIABLE)),
        ];
        let mut text = "from java.net import URLDecoder\n\n".to_owned();
        for (name, value) in common.iter().chain(parameters) {
            _ = writeln!(text, "{name} = {}", value.write());
        }
        for body in std::iter::once(&PRELUDE).chain(bodies) {
            text.push_str("\n\n");
            text.push_str(body);
        }
        Self {
            name: name.to_owned(),
            text,
        }
    }

    /// The file that WLST is given.
    pub(super) fn file(&self) -> String {
        format!("{}.py", self.name)
    }

    /// The file that it writes its result to.
    pub(super) fn result_file(&self) -> String {
        format!("{}.result", self.name)
    }

    /// The script line by line, then the command.
    pub(super) fn preview(&self, connection: &Connection) -> Preview {
        let file = self.file();
        let mut preview = vec![PreviewLine::Writes(format!(
            "{file} in the step's directory of the run, a script for WLST:"
        ))];
        let lines = self.text.lines().filter(|line| !line.trim().is_empty());
        preview.extend(lines.map(|line| PreviewLine::Note(format!("| {line}"))));
        let limit = std::time::Duration::ZERO;
        let command = connection.invocation(&file, limit, None, None);
        preview.push(PreviewLine::Command(command.to_string()));
        preview
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_hold_any_text() {
        assert_eq!(quoted("it's a\\b\n"), "'it\\'s a\\\\b\\x0a'");
        assert_eq!(quoted("ü'"), "URLDecoder.decode('%C3%BC%27', 'UTF-8')");
        assert_eq!(Literal::from(None).write(), "None");
        let texts = ["a".to_owned(), "b'".to_owned()];
        assert_eq!(Literal::Texts(&texts).write(), "['a', 'b\\'']");
    }
}
