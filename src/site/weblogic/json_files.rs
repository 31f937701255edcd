//! Hand-written JSON files of a rollout, read with the places of what is wrong in them.
//!
//! WebLogic's own reader passes over `#`, `//` and `/* */` comments, and the samples of the document have
//! them. They are blanked, byte for byte. What is left must be JSON, and is read as the flow of YAML that
//! JSON is: one reader, one way to show problems, and every place is that of the file.

use serde::Deserialize;

use super::json_syntax;
use super::services::{Application, Migration};
use crate::diagnostic::{Code, Problem, Problems, SourceFile, decode};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Migrations {
    migrations: Vec<Migration>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Applications {
    applications: Vec<Application>,
}

/// The entries of a migrations file.
pub(super) fn migrations(file: &SourceFile) -> Result<Vec<Migration>, Problems> {
    read::<Migrations>(file, "migrations").map(|read| read.migrations)
}

/// The entries of an applications file.
pub(super) fn applications(file: &SourceFile) -> Result<Vec<Application>, Problems> {
    read::<Applications>(file, "applications").map(|read| read.applications)
}

fn read<T: serde::de::DeserializeOwned>(file: &SourceFile, key: &str) -> Result<T, Problems> {
    let blanked = without_comments(file.text()).map_err(|at| {
        let problem = Problem::error(Code::SYNTAX, "this comment is never closed");
        problem
            .at(file.span(at..at + 2), "")
            .help("close it with `*/`")
    })?;
    let here = SourceFile::new(file.name(), blanked);
    let text = here.text().trim_start();
    if let Some(first) = text.chars().next() {
        if first != '{' {
            let at = here.text().len() - text.len();
            let problem = Problem::error(Code::SYNTAX, "a JSON file begins with `{`")
                .at(file.span(at..at + first.len_utf8()), "")
                .help(format!(
                    "begin it with `{{\"{key}\":[` and end it with `]}}`"
                ));
            return Err(problem.into());
        }
        json_syntax::check(here.text(), file)?;
    }
    decode(&here).map_err(|problems| {
        let moved = problems.into_iter().map(|mut problem| {
            let labels = problem.label.iter_mut().chain(&mut problem.related);
            labels.for_each(|label| label.span.file = file.clone());
            problem.help.iter_mut().for_each(in_json);
            problem
        });
        moved.collect()
    })
}

/// What to do is told as it is written in YAML.
fn in_json(help: &mut String) {
    let key = help
        .strip_prefix("add `")
        .and_then(|rest| rest.strip_suffix(": …`"));
    if let Some(key) = key {
        *help = format!("add `\"{key}\": …`");
    } else if help.starts_with("begin each item with") {
        "put the entries between `[` and `]`".clone_into(help);
    }
}

/// The text with blanks in the place of comments and tabs. The error is where a comment begins that
/// does not end.
fn without_comments(text: &str) -> Result<String, usize> {
    let bytes = text.as_bytes();
    let mut blanked = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let length = match rest {
            [b'"', ..] => {
                at += string(rest);
                continue;
            }
            [b'#', ..] | [b'/', b'/', ..] => rest
                .iter()
                .position(|&byte| byte == b'\n')
                .unwrap_or(rest.len()),
            [b'/', b'*', ..] => {
                let end = rest.windows(2).skip(2).position(|pair| pair == b"*/");
                end.map(|end| end + 4).ok_or(at)?
            }
            [b'\t', ..] => 1,
            _ => {
                at += 1;
                continue;
            }
        };
        for byte in &mut blanked[at..at + length] {
            if *byte != b'\n' && *byte != b'\r' {
                *byte = b' ';
            }
        }
        at += length;
    }
    Ok(String::from_utf8(blanked).unwrap_or_default())
}

/// Bytes of the string that begins here.
fn string(bytes: &[u8]) -> usize {
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sample of the document, on one line as it came to us it would be one comment.
    const SAMPLE: &str = r#"{"migrations":[
# Migrate all JMS migratable targets on server1 to server2. Perform a failback
{ "source":"server1", "destination":"server2", "migrationType":"jms", "failback":"true" },
/* only JTA: "}" */ { "source":"server1", "destination":"server3", "migrationType":"jta" },
	// Disable all migrations from server2
{ "source":"server2", "migrationType":"none" },
{ "source":"ser#ver3", "destination":"a//b", "migrationType":"all" }
]}"#;

    fn messages(text: &str) -> Vec<String> {
        let problems = migrations(&SourceFile::new("m.json", text)).unwrap_err();
        let line = |problem: Problem| {
            let place = problem.label.map(|label| label.span.to_string());
            format!("{} {}", place.unwrap_or_default(), problem.message)
        };
        problems.into_iter().map(line).collect()
    }

    #[test]
    fn comments_are_no_part_of_it() {
        let read = migrations(&SourceFile::new("m.json", SAMPLE)).unwrap();
        assert_eq!(read.len(), 4);
        assert_eq!(read[0].failback, Some(true));
        assert_eq!(
            (read[3].source.as_str(), read[3].destination.as_deref()),
            ("ser#ver3", Some("a//b"))
        );
    }

    #[test]
    fn problems_have_their_places() {
        let text = "{\"migrations\":[ # one\n{ \"source\":\"a\", \"migrationType\":\"jsm\" },\n\
            { \"sorce\":\"b\", \"migrationType\":\"none\", \"failback\":\"often\" }\n]}";
        let found = messages(text).join("\n");
        for place in ["m.json:2:33", "m.json:3:3", "m.json:3:51"] {
            assert!(found.contains(place), "{found}");
        }
        assert!(messages("{\"migrations\":[ /* no end")[0].contains("never closed"));
        assert!(messages("migrations: []")[0].contains("begins with `{`"));
        let twice = "{\"migrations\":[], \"migrations\":[]}";
        assert!(
            messages(twice)[0].starts_with("m.json:1:19"),
            "{:?}",
            messages(twice)
        );
    }
}
