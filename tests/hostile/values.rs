//! Values that try to leave their place: in shells, guides, SQL and XML.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use serde_json::json;
use upgrade_kit::adapter::Action;
use upgrade_kit::adapter::xml::XmlEdit;
use upgrade_kit::backup::PartialSet;
use upgrade_kit::event::{ArtifactRecord, Level, Outcome};
use upgrade_kit::host::{shell_literal, shell_word};

use crate::cli::harness::Sandbox;
use crate::cli::picture::Picture;
use crate::database_stage::Stage;
use crate::tree_world::World;

/// What a name, a path or a setting may be at worst.
pub(super) const HOSTILE: &[&str] = &[
    "it's",
    "a\"b",
    "$(touch pwned)",
    "`touch pwned`",
    "${IFS}x",
    "a; touch pwned",
    "a\ntouch pwned\n",
    "-rf",
    "--help",
    "a && touch pwned || true",
    "back\\slash\\",
    "%s%n%%",
    "*?[a-z]",
    "~root",
    "!x",
    "#x",
    " x ",
    "\tx",
    "'; DROP TABLE x; --",
    "`; DROP DATABASE x; --",
    "\u{e4}\u{20ac}\u{1f600}",
    "]]><x/>&amp;<!--",
    "\u{2028}x\u{202e}",
    "\u{85}next",
];

#[expect(
    clippy::disallowed_methods,
    reason = "the shell that a person has is what is tested"
)]
pub(super) fn run(shell: &str, folder: &Path, line: &str) -> String {
    let output = Command::new(shell)
        .arg("-c")
        .arg(line)
        .current_dir(folder)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{line}\n{said}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn every_word_arrives_at_a_shell_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    for value in HOSTILE {
        let word = shell_literal(value);
        let said = run("sh", folder.path(), &format!("printf '%s\\0' {word}"));
        assert_eq!(said, format!("{value}\0"), "{word}");
        // What is shown is one line, and can be typed into the shell that most people have.
        let word = shell_word(value);
        assert!(!word.contains(char::is_control), "{word}");
        let said = run("bash", folder.path(), &format!("printf '%s\\0' {word}"));
        assert_eq!(said, format!("{value}\0"), "{word}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// The practice site in a directory of that name.
fn in_directory(name: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let home = sandbox.path(name);
    fs::create_dir(&home).unwrap();
    for entry in ["template", "site.yaml"] {
        fs::rename(sandbox.path(entry), home.join(entry)).unwrap();
    }
    sandbox
}

#[track_caller]
fn nothing_was_run(sandbox: &Sandbox) {
    for entry in walkdir::WalkDir::new(sandbox.root()) {
        let entry = entry.unwrap();
        let name = entry.file_name().to_string_lossy().into_owned();
        assert!(!name.starts_with("pwned"), "{}", entry.path().display());
    }
}

/// Tomcat's own scripts hand its start options to a shell once more. A home whose name that shell would
/// take apart is refused, with the file in which it stands.
#[test]
fn a_home_that_the_server_itself_cannot_have_is_refused() {
    for name in [
        "it's $(touch pwned) \"x\" `touch pwned`",
        "-rf; touch pwned\nx",
    ] {
        let sandbox = in_directory(name);
        let word = shell_literal(sandbox.path(name).to_str().unwrap());
        let said = sandbox.shell(&format!("cd -- {word} && exec \"$KIT\" backup"));
        assert_eq!(said.code(), 4, "{said}");
        assert!(
            said.stderr
                .contains("failed to read the Domibus installation"),
            "{said}"
        );
        nothing_was_run(&sandbox);
    }
}

/// A site whose directory has an odd name: what is printed to be typed can be typed, and the commands
/// of the guide restore to it.
#[test]
fn a_directory_with_an_odd_name_is_a_directory() {
    for name in ["-rf", "~root%s{a,b}", "\u{e9}#!x"] {
        let sandbox = in_directory(name);
        let home = sandbox.path(name);
        let word = shell_literal(home.to_str().unwrap());
        let line = |command: &str| format!("cd -- {word} && exec {command}");
        let backup = sandbox.shell(&line("\"$KIT\" backup"));
        assert_eq!(backup.code(), 0, "{backup}");
        let configuration = home.join("installation/tomcat/conf/domibus");
        let picture = || Picture::of(&configuration, &["work", "temp"]);
        let saved = picture();
        let mut lines = backup.stdout.lines();
        let next = lines.find(|line| line.contains("upgrade-kit upgrade"));
        let next = next.unwrap().trim().replace("upgrade-kit", "\"$KIT\"");
        let upgrade = sandbox.shell(&line(&format!("{next} --yes")));
        assert_eq!(upgrade.code(), 0, "{next}: {upgrade}");
        let restore = sandbox.shell(&line("\"$KIT\" restore --yes"));
        assert_eq!(restore.code(), 0, "{restore}");
        saved.assert_same(&picture(), "restored");

        let sets = fs::read_dir(home.join("backups/quickstart")).unwrap();
        let set = sets.map(|set| set.unwrap().path()).min().unwrap();
        let guide = fs::read_to_string(set.join("RESTORE.md")).unwrap();
        let block = |needle: &str| block(&guide, needle);
        assert_eq!(run("sh", &set, &block("SHA256SUMS")), "whole\n");
        fs::write(configuration.join("logback.xml"), "broken").unwrap();
        _ = run("sh", &set, &block("'config/"));
        saved.assert_same(&picture(), "restored by hand");
        nothing_was_run(&sandbox);
    }
}

/// The shell block of a guide in which that stands.
fn block(guide: &str, needle: &str) -> String {
    let blocks = guide.split("```sh\n").skip(1);
    let mut blocks = blocks.filter_map(|block| block.split("\n```").next());
    let block = blocks.find(|block| block.contains(needle));
    block.unwrap().to_owned()
}

/// A schema of any name is restored by hand: the guide's commands hand it to the client as it is, and
/// never as an option.
#[test]
fn a_guide_hands_any_schema_to_the_client() {
    for schema in HOSTILE {
        let mut world = World::new();
        let set = PartialSet::create(&world.backups(), "set-1").unwrap();
        let mut writer = set.compressed("database/x.sql.zst").unwrap();
        writer.write_all(b"-- Dump completed\n").unwrap();
        let mut outcome = Outcome::default();
        outcome.artifacts.push(ArtifactRecord {
            name: "database/x".to_owned(),
            kind: "mysql-dump".to_owned(),
            files: vec![writer.finish().unwrap().file],
            source: format!("mysql://127.0.0.1/{schema}"),
            source_bytes: 18,
            level: Level::L3,
            details: json!({ "schema": schema }),
        });
        world.done("dump", &outcome);
        let set = world.sealed(&set);
        let guide = fs::read_to_string(set.directory().join("RESTORE.md")).unwrap();
        let block = block(&guide, "mysql ");
        let stand_ins = "mysql() { printf '%s\\0' \"$@\"; }; zstd() { :; }\n";
        let said = run("sh", set.directory(), &format!("{stand_ins}{block}"));
        let words: Vec<&str> = said.split_terminator('\0').collect();
        let name = format!("`{}`", schema.replace('`', "``"));
        let statements = format!("DROP DATABASE IF EXISTS {name}; CREATE DATABASE {name}");
        let database = format!("--database={schema}");
        let expected = [
            "-e",
            &statements,
            "--default-character-set=utf8mb4",
            &database,
        ];
        assert_eq!(words, expected, "{block}");
    }
}

#[test]
fn any_text_arrives_in_an_xml_file() {
    let mut arrived = 0;
    for value in HOSTILE {
        let stage = Stage::new("unused");
        let file = stage.directory.path().join("conf.xml");
        fs::write(&file, "<a><b x=\"1\">old</b><c>old</c></a>").unwrap();
        let action: XmlEdit = serde_json::from_value(json!({
            "file": file,
            "set": [{ "at": "a/b", "to": value }, { "at": "a/b/@x", "to": value }],
        }))
        .unwrap();
        let refused = action.validate();
        if value.trim() != *value || value.contains('\n') || !refused.is_empty() {
            assert!(
                refused[0].starts_with("set[0].to: "),
                "{value:?}: {refused:?}"
            );
            continue;
        }
        _ = stage
            .step(None, None, |context| action.perform(context))
            .unwrap();
        let text = fs::read_to_string(&file).unwrap();
        arrived += 1;
        let document = roxmltree::Document::parse(&text).unwrap();
        let element = document
            .descendants()
            .find(|node| node.has_tag_name("b"))
            .unwrap();
        assert_eq!(element.text(), Some(*value), "{text}");
        assert_eq!(element.attribute("x"), Some(*value), "{text}");
        let root = document.root_element();
        assert_eq!(
            root.children().filter(roxmltree::Node::is_element).count(),
            2,
            "{text}"
        );
    }
    assert!(arrived > HOSTILE.len() / 2, "{arrived}");
}

/// Where code gives a text to a shell, the text is a constant; values follow as arguments of their own
/// (`sh -c TEXT NAME VALUE…`), or the place is one of those below, which says why it is safe.
#[test]
fn no_value_is_pasted_into_a_text_for_a_shell() {
    // A file, and how often it says `"-c"` otherwise.
    let lawful = [
        // An option of WildFly's own script that is looked for, not given.
        ("site/domibus/wildfly/read.rs", 1),
        // Commands for a node, which reach it as one text as with `ssh`: each value in it is a
        // `shell_literal`.
        ("adapter/weblogic/zdt/node.rs", 1),
    ];
    let constant =
        regex::Regex::new(r#"^"-c"(?:\.to_owned\(\))?,\s*[A-Z][A-Z_]+(?:\.to_owned\(\))?\s*,"#)
            .unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut shells = 0;
    let mut wrong = Vec::new();
    for entry in walkdir::WalkDir::new(&source) {
        let entry = entry.unwrap();
        let path = entry
            .path()
            .strip_prefix(&source)
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        if !path.ends_with(".rs") || path.contains("tests") {
            continue;
        }
        let text = fs::read_to_string(entry.path()).unwrap();
        let text = text.split("#[cfg(test)]").next().unwrap();
        let mut others = 0;
        for (at, _) in text.match_indices("\"-c\"") {
            shells += 1;
            if !constant.is_match(&text[at..]) {
                others += 1;
            }
        }
        let allowed = lawful.iter().find(|(file, _)| *file == path);
        if others != allowed.map_or(0, |(_, count)| *count) {
            wrong.push(format!(
                "{path}: {others} texts for a shell that are no constants"
            ));
        }
        // The other ways to have a shell read a text.
        for way in ["\"-lc\"", "\"-ec\"", "\"eval ", "source <("] {
            if text.contains(way) {
                wrong.push(format!("{path}: {way}"));
            }
        }
    }
    assert!(shells >= 4, "{shells}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What is sent to a node as one text has each value in it quoted.
#[test]
fn every_text_for_a_node_quotes_its_values() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/adapter/weblogic/zdt");
    let mut calls = 0;
    for entry in fs::read_dir(source).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let text = text.split("#[cfg(test)]").next().unwrap();
        if path.ends_with("node.rs") || !text.contains("node::command(") {
            continue;
        }
        calls += text.matches("node::command(").count();
        assert!(text.contains("shell_literal"), "{}", path.display());
    }
    assert!(calls > 0);
}
