//! Secrets in every place that takes one: they show nowhere, whatever the tools say, and what is
//! written is nobody else's to read.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;

use serde_json::{Map, Value, json};
use upgrade_kit::adapter::registry;

use crate::cli::harness::{Sandbox, wait_until};
use crate::secret_sampler::seen_while;

/// Every planted secret begins with it.
const MARK: &str = "Pl4nt3d-";

/// Places of site files that take a secret, by product, and the test that plants one there and runs the
/// phases with it. A new place needs a line here, and a test.
const SITE_PLACES: [(&str, &str, &str); 7] = [
    ("domibus", "DatabaseDocument.password", "proof/secrets.rs"),
    (
        "domibus",
        "WeblogicDocument.password",
        "cli/weblogic_site.rs",
    ),
    ("ox", "AdminDocument.password", "ox/secrets.rs"),
    ("ox", "OxDatabaseDocument.password", "ox/secrets.rs"),
    (
        "weblogic",
        "ConnectionDocument.password",
        "cli/weblogic_zdt.rs",
    ),
    (
        "wso2",
        "Wso2DatabaseDocument.application_password",
        "wso2/round_trip.rs",
    ),
    (
        "wso2",
        "Wso2DatabaseDocument.password",
        "wso2/round_trip.rs",
    ),
];

fn is_secret(schema: &Value) -> bool {
    schema["$ref"].as_str() == Some("#/$defs/SecretRef")
}

/// Whether a schema, or what it refers to, holds a secret.
pub(crate) fn holds_secret(schema: &Value, root: &Value) -> bool {
    match schema {
        Value::Object(_) if is_secret(schema) => true,
        Value::Object(fields) => fields.iter().any(|(key, value)| match value {
            Value::String(name) if key == "$ref" => holds_secret(target(name, root), root),
            Value::Object(_) | Value::Array(_) if key != "$defs" => holds_secret(value, root),
            _ => false,
        }),
        Value::Array(items) => items.iter().any(|item| holds_secret(item, root)),
        _ => false,
    }
}

fn target<'a>(reference: &str, root: &'a Value) -> &'a Value {
    root.pointer(reference.strip_prefix('#').unwrap()).unwrap()
}

/// `Type.field` of every secret below.
fn places(schema: &Value, name: &str, found: &mut Vec<String>) {
    match schema {
        Value::Object(fields) => {
            if is_secret(schema) {
                found.push(name.to_owned());
            }
            for (key, value) in fields {
                match (key.as_str(), value) {
                    ("properties", Value::Object(properties)) => {
                        for (property, schema) in properties {
                            places(schema, &format!("{name}.{property}"), found);
                        }
                    }
                    ("$defs", Value::Object(definitions)) => {
                        for (definition, schema) in definitions {
                            places(schema, definition, found);
                        }
                    }
                    _ => places(value, name, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| places(item, name, found)),
        _ => {}
    }
}

#[test]
fn every_place_of_a_site_that_takes_a_secret_has_its_test() {
    let sandbox = Sandbox::new();
    let mut found = Vec::new();
    for product in ["domibus", "ox", "weblogic", "wso2"] {
        let schema = sandbox
            .done(&["schema", "site", "--product", product])
            .stdout;
        let schema: Value = serde_json::from_str(&schema).unwrap();
        let mut names = Vec::new();
        places(&schema, "Site", &mut names);
        found.extend(names.into_iter().map(|name| (product, name)));
    }
    found.sort();
    let known = SITE_PLACES.map(|(product, name, _)| (product, name.to_owned()));
    assert_eq!(
        found, known,
        "plant a secret in the new place, and name the test here"
    );
    for (_, _, test) in SITE_PLACES {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests")
            .join(test);
        let text = fs::read_to_string(path).unwrap();
        assert!(text.contains("assword"), "{test} plants no password");
    }
}

/// Makes options that an action accepts, with a secret in every place that takes one.
struct Planter<'a> {
    root: &'a Value,
    /// What stands before the number of a secret's file.
    prefix: String,
    files: Vec<String>,
}

impl Planter<'_> {
    fn value(&mut self, name: &str, schema: &Value) -> Value {
        if is_secret(schema) {
            let file = format!("{}{}", self.prefix, self.files.len());
            self.files.push(file.clone());
            return json!({ "file": file });
        }
        if let Some(reference) = schema["$ref"].as_str() {
            return self.value(name, target(reference, self.root));
        }
        for several in ["anyOf", "oneOf", "allOf"] {
            if let Some(ways) = schema[several].as_array() {
                let holds = |way: &&Value| holds_secret(way, self.root);
                let way = ways.iter().find(holds).unwrap_or(&ways[0]);
                return self.value(name, way);
            }
        }
        if let Some(only) = schema.get("const") {
            return only.clone();
        }
        if let Some(first) = schema["enum"].as_array().and_then(|all| all.first()) {
            return first.clone();
        }
        let kind = match &schema["type"] {
            Value::Array(kinds) => kinds[0].as_str(),
            kind => kind.as_str(),
        };
        match kind {
            Some("array" | "string") if known(name).is_some() => known(name).unwrap(),
            Some("object") => self.object(schema),
            Some("array") => json!([self.value(name, &schema["items"])]),
            Some("integer" | "number") => json!(1),
            Some("boolean") => json!(true),
            _ => json!("x"),
        }
    }

    fn object(&mut self, schema: &Value) -> Value {
        let mut object = Map::new();
        if let Some(properties) = schema["properties"].as_object() {
            let required = schema["required"].as_array();
            for (name, property) in properties {
                let is_required = required.is_some_and(|all| all.contains(&json!(name)));
                let is_wanted =
                    matches!(name.as_str(), "user" | "at" | "schema" | "host" | "service");
                if is_required || is_wanted || holds_secret(property, self.root) {
                    object.insert(name.clone(), self.value(name, property));
                }
            }
        }
        if holds_secret(&schema["additionalProperties"], self.root) {
            let value = self.value("NAME", &schema["additionalProperties"]);
            object.insert("NAME".to_owned(), value);
        }
        object.into()
    }
}

/// Values that types do not tell.
fn known(name: &str) -> Option<Value> {
    Some(match name {
        "argv" => json!(["talk"]),
        "url" => json!("t3://127.0.0.1:1"),
        "host" | "address" => json!("127.0.0.1"),
        "at" => json!("a/b"),
        "file" => json!("/absent/x.mv.db"),
        "home" => json!("/absent/home"),
        "sql" => json!("SELECT 1"),
        "wlst" | "java" => json!("talk"),
        _ => return None,
    })
}

/// Each action whose options take a secret, with a secret in each place, and the secrets' files.
fn planted(folder: &str) -> Vec<(&'static str, Value, Vec<String>)> {
    let mut all = Vec::new();
    for entry in registry::ACTIONS {
        let schema = serde_json::to_value(entry.schema()).unwrap();
        if !holds_secret(&schema, &schema) {
            continue;
        }
        let mut planter = Planter {
            root: &schema,
            prefix: format!("{folder}/{}-", entry.name),
            files: Vec::new(),
        };
        let options = planter.value("", &schema);
        all.push((entry.name, options, planter.files));
    }
    all
}

/// An action that does not tell of a secret that it was given would have it shown unmasked.
#[test]
fn every_action_tells_of_every_secret_that_it_takes() {
    let all = planted("/secrets");
    let mut wrong = String::new();
    for (name, options, files) in &all {
        let entry = registry::find(name).unwrap();
        let action = match entry.decode(options.as_object().unwrap().clone()) {
            Ok(action) => action,
            Err(error) => {
                _ = writeln!(wrong, "{name}: {:?}: {error}: {options}", error.path);
                continue;
            }
        };
        let told = action.secrets();
        let mut told: Vec<String> = told
            .iter()
            .filter_map(|secret| Some(secret.file.as_ref()?.display().to_string()))
            .collect();
        told.sort();
        let mut expected = files.clone();
        expected.sort();
        if told != expected {
            _ = writeln!(wrong, "{name}: tells of {told:?}, was given {expected:?}");
        }
    }
    println!("{} actions take a secret", all.len());
    assert!(all.len() >= 25, "{}", all.len());
    assert!(wrong.is_empty(), "{wrong}");
}

/// Tools that say all that they can find out, to whoever listens, and fail.
const TALK: &str = "echo \"arguments: $0 $*\"
echo \"arguments: $0 $*\" >&2
env
env >&2
for descriptor in 0 3 4 5; do
    if [ -e /dev/fd/$descriptor ]; then timeout 1 cat <&$descriptor; fi
done
exit 1";

/// Files below the sandbox that hold a secret without being its own file.
fn holders(sandbox: &Sandbox) -> Vec<String> {
    let mut found = Vec::new();
    for entry in walkdir::WalkDir::new(sandbox.root()) {
        let entry = entry.unwrap();
        let is_own = entry.path().starts_with(sandbox.path("secrets"));
        if !entry.file_type().is_file() || is_own {
            continue;
        }
        let bytes = fs::read(entry.path()).unwrap();
        if memchr::memmem::find(&bytes, MARK.as_bytes()).is_some() {
            found.push(entry.path().display().to_string());
        }
    }
    found
}

/// The talkative tools in place of all others: what they say of any action is masked, in what is
/// printed and in what is kept.
#[test]
fn what_any_action_is_given_shows_nowhere() {
    let sandbox = Sandbox::own("");
    fs::create_dir(sandbox.path("secrets")).unwrap();
    let folder = sandbox.path("secrets").display().to_string();
    let mut programs = vec!["talk".to_owned()];
    let mut steps = String::from("backup:\n");
    let mut secrets = 0;
    for (number, (name, options, files)) in planted(&folder).into_iter().enumerate() {
        let entry = registry::find(name).unwrap();
        let action = entry.decode(options.as_object().unwrap().clone()).unwrap();
        if !action.validate().is_empty() || entry.name == "xml.edit" {
            println!("{name} is not run: {:?}", action.validate());
            continue;
        }
        programs.extend(action.programs());
        for file in files {
            fs::write(&file, format!("{MARK}{secrets}\n")).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
            secrets += 1;
        }
        _ = writeln!(
            steps,
            "  - {{ id: step-{number}, uses: {name}, with: {options} }}"
        );
    }
    programs.sort();
    programs.dedup();
    for program in &programs {
        sandbox.script(&format!("bin/{program}"), TALK);
    }
    let head = sandbox.read("mine.yaml");
    sandbox.write("mine.yaml", &format!("{head}{steps}"));
    let path = format!("{}:/usr/bin:/bin", sandbox.path("bin").display());
    let found = seen_while(MARK, || {
        for command in [
            "plan backup",
            "plan backup --format json",
            "check",
            "backup --keep-going",
        ] {
            for masked in ["umask 000", "umask 022"] {
                let line = format!("{masked}; PATH='{path}'; exec \"$KIT\" {command}");
                let said = sandbox.shell(&line);
                let text = said.both();
                assert!(!text.contains(MARK), "{command}: {said}");
                assert!(!text.contains("panicked"), "{command}: {said}");
                let documented = [0, 4, 5].contains(&said.code());
                assert!(documented, "{command}: {said}");
            }
        }
    });
    let arguments: Vec<&String> = found.iter().filter(|hit| hit.contains("cmdline")).collect();
    assert_eq!(arguments, Vec::<&String>::new());
    assert_eq!(holders(&sandbox), Vec::<String>::new());
    println!("{secrets} secrets planted");
    assert!(secrets >= 40, "{secrets}");
}

/// Whatever the umask is, what a run keeps of an installation is its owner's alone, and nothing is left
/// where all may look.
#[test]
fn nothing_is_left_for_others_to_read() {
    for umask in ["000", "022"] {
        let sandbox = Sandbox::new();
        fs::set_permissions(
            sandbox.root().join("tmp"),
            fs::Permissions::from_mode(0o1777),
        )
        .unwrap();
        let mut picture = None;
        for command in ["backup", "upgrade --yes", "restore --yes"] {
            let said = sandbox.shell(&format!("umask {umask}; exec \"$KIT\" {command}"));
            assert_eq!(said.code(), 0, "{said}");
            let first = crate::cli::picture::Picture::of(
                &sandbox.path("installation/tomcat/conf/domibus"),
                &["work", "temp"],
            );
            if command == "backup" {
                picture = Some(first);
            } else if command.starts_with("restore") {
                picture.take().unwrap().assert_same(&first, "restored");
            }
        }
        let mut looked = 0;
        for folder in ["runs", "backups"] {
            for entry in walkdir::WalkDir::new(sandbox.path(folder)).min_depth(1) {
                let entry = entry.unwrap();
                let mode = entry
                    .path()
                    .symlink_metadata()
                    .unwrap()
                    .permissions()
                    .mode();
                assert_eq!(mode & 0o077, 0, "umask {umask}: {}", entry.path().display());
                looked += 1;
            }
        }
        assert!(looked > 100, "{looked}");
        let left: Vec<_> = fs::read_dir(sandbox.root().join("tmp")).unwrap().collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

/// A process that was given a secret and crashes leaves no core file.
#[test]
fn a_crash_leaves_no_memory_behind() {
    let crashed = |line: &str| {
        let sandbox = Sandbox::own(
            "backup:
  - id: one
    uses: command.run
    with:
      argv: [sh, -c, touch begun; sleep 3]
      secret_environment: { PLANTED: { env: PLANTED } }
",
        );
        let mut command = sandbox.line(line);
        command.env("PLANTED", format!("{MARK}core"));
        let mut child = command.spawn().unwrap();
        wait_until("the step to begin", || sandbox.path("begun").exists());
        let pid = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(pid, rustix::process::Signal::ABORT).unwrap();
        let status = child.wait().unwrap();
        assert!(status.signal().is_some(), "{status}");
        (status.core_dumped(), holders(&sandbox))
    };
    let (dumped, _) = crashed("ulimit -c unlimited; touch begun; exec sleep 3");
    if !dumped {
        println!("this machine writes no core files");
    }
    let (dumped, holders) = crashed("ulimit -c unlimited; exec \"$KIT\" backup");
    assert!(!dumped, "a core file was written");
    assert_eq!(holders, Vec::<String>::new());
}
