//! What a script read back, as it wrote it.

use std::io::{BufRead, BufReader, Read};

use serde::de::DeserializeOwned;
use serde_json::Value;

/// How a script ended, by the last line of its result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// It did everything.
    Done,
    /// It found something that must not be, and says what to do.
    Refused { text: String, hint: String },
    /// Something in it failed.
    Failed { text: String },
    /// The result ends in the middle: WLST was killed, or the script never ran.
    Cut,
}

/// The lines of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ResultLines {
    pub(super) lines: Vec<Value>,
    pub(super) end: End,
}

impl ResultLines {
    /// Reads to the end. A line that is no JSON is a cut.
    pub(super) fn read(reader: impl Read) -> std::io::Result<Self> {
        let mut lines = Vec::new();
        let mut end = End::Cut;
        for line in BufReader::new(reader).lines() {
            let Ok(line) = serde_json::from_str::<Value>(&line?) else {
                end = End::Cut;
                break;
            };
            end = match line["kind"].as_str() {
                Some("end") if line["lines"] == lines.len() => End::Done,
                Some("refused") => End::Refused {
                    text: text_of(&line, "text"),
                    hint: text_of(&line, "hint"),
                },
                Some("failed") => End::Failed {
                    text: text_of(&line, "text"),
                },
                _ => {
                    lines.push(line);
                    End::Cut
                }
            };
        }
        Ok(Self { lines, end })
    }

    /// Lines of that kind.
    pub(super) fn of_kind<T: DeserializeOwned>(&self, kind: &str) -> Result<Vec<T>, String> {
        self.lines
            .iter()
            .filter(|line| line["kind"] == kind)
            .map(|line| {
                serde_json::from_value(line.clone()).map_err(|error| format!("{line}: {error}"))
            })
            .collect()
    }
}

fn text_of(line: &Value, name: &str) -> String {
    line[name].as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(text: &str) -> End {
        ResultLines::read(text.as_bytes()).unwrap().end
    }

    #[test]
    fn only_the_counting_last_line_is_success() {
        let line = "{\"kind\":\"state\"}\n";
        assert_eq!(
            end(&format!("{line}{{\"kind\":\"end\",\"lines\":1}}\n")),
            End::Done
        );
        assert_eq!(
            end(&format!("{line}{{\"kind\":\"end\",\"lines\":2}}\n")),
            End::Cut
        );
        assert_eq!(
            end(&format!("{{\"kind\":\"end\",\"lines\":0}}\n{line}")),
            End::Cut
        );
        assert_eq!(end("{\"kind\":\"end\",\"li"), End::Cut);
        assert_eq!(end(""), End::Cut);
        let refused = End::Refused {
            text: "a".to_owned(),
            hint: "b".to_owned(),
        };
        assert_eq!(
            end("{\"kind\":\"refused\",\"text\":\"a\",\"hint\":\"b\"}"),
            refused
        );
    }
}
