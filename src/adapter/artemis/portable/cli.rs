//! `jboss-cli`, by which a WildFly exports, imports and counts.
//!
//! Its answers are JSON, one value an operation, with lines of other programs between them; an operation that
//! failed says so in its answer, and by exit code 1.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::adapter::Failure;
use crate::event::FailureKind;
use crate::host::{Control, Host, Invocation, Stdin, Stdout, Streams};

/// More than this no answer has.
const LARGEST_ANSWER: usize = 64 << 20;

/// Where the messages of the one broker are that Domibus uses.
pub(super) const BROKER: &str = "/subsystem=messaging-activemq/server=default";

/// Asking takes this long at most, on a busy machine.
const ASKING: Duration = Duration::from_secs(180);

/// How an installation's client is called.
#[derive(Clone, Copy)]
pub(super) struct Cli<'a> {
    pub(super) home: &'a Path,
    pub(super) environment: &'a BTreeMap<String, String>,
}

impl Cli<'_> {
    fn invocation(&self, arguments: &[String], limit: Duration) -> Invocation {
        let program = self.home.join("bin/jboss-cli.sh");
        let mut invocation = Invocation::new(program.to_string_lossy()).args(arguments);
        // The script would otherwise believe what the operator's shell happens to say.
        if !self.environment.contains_key("JBOSS_HOME") {
            let home = self.home.to_string_lossy().into_owned();
            invocation.environment.push(("JBOSS_HOME".to_owned(), home));
        }
        for (name, value) in self.environment {
            invocation.environment.push((name.clone(), value.clone()));
        }
        invocation.timeout = Some(limit);
        invocation
    }

    /// The commands of a file, without a server, in an instance directory of their own.
    pub(super) fn offline(&self, base: &str, file: &str, limit: Duration) -> Invocation {
        let arguments = [
            format!("-Djboss.server.base.dir={base}"),
            format!("--file={file}"),
            "--output-json".to_owned(),
        ];
        self.invocation(&arguments, limit)
    }

    /// Operations of the running server. Authenticates as a program of the same machine does, by a file that
    /// only who may write in the installation can read.
    pub(super) fn online(&self, operations: &[&str], limit: Duration) -> Invocation {
        let arguments = [
            "--connect".to_owned(),
            "--timeout=60000".to_owned(),
            "--output-json".to_owned(),
            match operations {
                [one] => format!("--command={one}"),
                several => format!("--commands={}", several.join(",")),
            },
        ];
        self.invocation(&arguments, limit)
    }

    /// What is asked to count.
    pub(super) fn counting(&self) -> Invocation {
        let of_queues =
            |attribute: &str| format!("{BROKER}/runtime-queue=*:read-attribute(name={attribute})");
        let operations = [
            ":read-attribute(name=running-mode)".to_owned(),
            ":read-attribute(name=server-state)".to_owned(),
            "/core-service=management/service=management-operations/active-operation=*:\
             read-attribute(name=operation)"
                .to_owned(),
            of_queues("message-count"),
            of_queues("consumer-count"),
        ];
        self.online(&operations.each_ref().map(String::as_str), ASKING)
    }

    /// The importing of a file.
    pub(super) fn importing(&self, file: &Path, limit: Duration) -> Invocation {
        let file = text(&file.to_string_lossy());
        let operation = format!("{BROKER}:import-journal(file={file})");
        self.online(&[&operation], limit)
    }
}

/// A text between double quotes, in which the client undoes backslashes and nothing else.
fn text(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Runs it; its answers if every operation succeeded.
fn run(
    host: &dyn Host,
    control: &Control,
    invocation: &Invocation,
    what: &str,
) -> Result<Vec<Value>, Failure> {
    let mut answer = Answer(Vec::new());
    let streams = Streams {
        stdin: Stdin::Null,
        stdout: Stdout::Writer(&mut answer),
    };
    let exit = host.run(invocation, streams, control)?;
    let text = String::from_utf8_lossy(&answer.0);
    let (values, noise) = answers(&text);
    let failed = values.iter().find(|value| value["outcome"] != "success");
    if exit.success() && failed.is_none() {
        return Ok(values);
    }
    let mut failure = Failure::tool(what, invocation, &exit);
    if exit.success() {
        failure.0.kind = FailureKind::Verification;
    }
    let reason = failed.map(|value| match &value["failure-description"] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    });
    failure.0.causes.extend(reason);
    if failure.0.causes.is_empty() {
        let said = noise.iter().rev().take(8).rev();
        failure.0.stderr.extend(said.map(|&line| line.to_owned()));
    }
    Err(failure)
}

/// Runs so many operations; a failure unless each of them says that it succeeded.
pub(super) fn run_each(
    host: &dyn Host,
    control: &Control,
    invocation: &Invocation,
    operations: usize,
    what: &str,
) -> Result<(), Failure> {
    let answers = run(host, control, invocation, what)?.len();
    if answers == operations {
        return Ok(());
    }
    Err(Failure::verification(format!(
        "{what}: jboss-cli ended well, with {answers} of {operations} answers"
    ))
    .command(invocation))
}

/// What a client printed.
struct Answer(Vec<u8>);

impl Write for Answer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.0.len() + bytes.len() > LARGEST_ANSWER {
            return Err(std::io::Error::other("jboss-cli does not stop to print"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The JSON values in a text, each of which begins a line, and the lines that belong to none.
fn answers(text: &str) -> (Vec<Value>, Vec<&str>) {
    let (mut values, mut noise) = (Vec::new(), Vec::new());
    let mut rest = text;
    while !rest.is_empty() {
        if rest.starts_with('{') {
            let mut stream = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
            if let Some(Ok(value)) = stream.next() {
                values.push(value);
                rest = rest[stream.byte_offset()..].trim_start();
                continue;
            }
        }
        let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
        if !line.trim().is_empty() {
            noise.push(line.trim_end());
        }
        rest = after;
    }
    (values, noise)
}

/// What a running server says of its broker.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// Messages by queue, those that wait for their time or lie in pages too.
    pub(super) messages: BTreeMap<String, u64>,
    /// Who takes messages, by queue.
    pub(super) consumers: BTreeMap<String, u64>,
    /// What has to end before the counts mean anything.
    pub(super) busy: Option<&'static str>,
}

/// Asks a running server. A failure if it does not run, or runs in a mode in which it counts nothing: then it
/// answers `success` and 0 for every queue.
pub(super) fn count(host: &dyn Host, control: &Control, cli: Cli<'_>) -> Result<Counts, Failure> {
    let what = "the server does not tell what its queues hold";
    let counting = cli.counting();
    let values = run(host, control, &counting, what).map_err(|failure| {
        failure.hint("start the server, without the application, then resume the run")
    })?;
    counts(&values).map_err(|failure| match failure.kind() {
        FailureKind::Verification => failure.command(&counting),
        _ => failure,
    })
}

fn counts(values: &[Value]) -> Result<Counts, Failure> {
    let unknown = || {
        Failure::verification("jboss-cli gives an answer that is not understood").hint(
            "look whether the server has the messaging subsystem with the server `default`, then resume the run",
        )
    };
    let [mode, state, operations, messages, consumers] = values else {
        return Err(unknown());
    };
    let mode = mode["result"].as_str().ok_or_else(unknown)?;
    if mode != "NORMAL" {
        return Err(Failure::refused(format!(
            "the server runs in the mode {mode}, in which its broker is off and counts nothing"
        ))
        .hint(
            "`jboss-cli.sh --connect --command=':reload(start-mode=normal)'`, then resume the run",
        ));
    }
    let numbers = |list: &Value| -> Result<BTreeMap<String, u64>, Failure> {
        let list = list["result"].as_array().ok_or_else(unknown)?;
        let number = |one: &Value| {
            let steps = one["address"].as_array()?;
            let name = steps.iter().find_map(|step| step["runtime-queue"].as_str());
            let is_told = one["outcome"] == "success";
            Some((
                name?.to_owned(),
                one["result"].as_u64().filter(|_| is_told)?,
            ))
        };
        list.iter()
            .map(|one| number(one).ok_or_else(unknown))
            .collect()
    };
    let active = operations["result"].as_array().ok_or_else(unknown)?;
    Ok(Counts {
        messages: numbers(messages)?,
        consumers: numbers(consumers)?,
        busy: match state["result"].as_str().ok_or_else(unknown)? {
            "starting" => Some("it is still starting"),
            "stopping" => Some("it is stopping"),
            _ if active.iter().any(|one| one["result"] == "import-journal") => {
                Some("it goes on with an import that it was given before")
            }
            _ => None,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn answers_are_found_between_other_lines() {
        let text = "Picked up JAVA_OPTS\n{\"outcome\" : \"success\"}\nProcessing journal messages\n\
                    {\n    \"outcome\" : \"failed\"\n}\n{broken\n";
        let (values, noise) = answers(text);
        assert_eq!(
            values,
            [json!({"outcome": "success"}), json!({"outcome": "failed"})]
        );
        assert_eq!(
            noise,
            [
                "Picked up JAVA_OPTS",
                "Processing journal messages",
                "{broken"
            ]
        );
    }

    #[test]
    fn a_file_of_any_name_is_one_argument() {
        let environment = BTreeMap::new();
        let cli = Cli {
            home: Path::new("/opt/wildfly"),
            environment: &environment,
        };
        let file = Path::new("/srv/a\"),b\\/x.xml");
        let invocation = cli.importing(file, ASKING);
        let shown = invocation.to_string();
        assert!(
            shown.contains("(file=\"/srv/a\\\"),b\\\\/x.xml\")"),
            "{shown}"
        );
    }

    fn told(mode: &str, count: Value) -> Vec<Value> {
        let queue = |result: Value| {
            let address = json!([{"server": "default"}, {"runtime-queue": "q"}]);
            json!({"outcome": "success", "result": [
                {"address": address, "outcome": "success", "result": result}
            ]})
        };
        vec![
            json!({"outcome": "success", "result": mode}),
            json!({"outcome": "success", "result": "running"}),
            json!({"outcome": "success", "result": [
                {"outcome": "success", "result": "read-attribute"},
                {"outcome": "success", "result": "import-journal"}
            ]}),
            queue(count),
            queue(json!(1)),
        ]
    }

    #[test]
    fn a_server_that_counts() {
        let counts = counts(&told("NORMAL", json!(7))).unwrap();
        assert_eq!(counts.messages["q"], 7);
        assert_eq!(counts.consumers["q"], 1);
        assert!(counts.busy.is_some());
    }

    #[test]
    fn a_server_that_only_seems_to_count() {
        let failure = counts(&told("ADMIN_ONLY", json!(0))).unwrap_err();
        assert_eq!(failure.kind(), FailureKind::Refused);
        assert_eq!(
            failure.to_string(),
            "the server runs in the mode ADMIN_ONLY, in which its broker is off and counts nothing"
        );
        let undefined = counts(&told("NORMAL", Value::Null)).unwrap_err();
        assert_eq!(undefined.kind(), FailureKind::Verification);
        assert!(counts(&told("NORMAL", json!(7))[..3]).is_err());
    }
}
