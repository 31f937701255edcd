//! H2's own program that runs SQL. It takes the password only as an argument; Java reads arguments from
//! a file, which here is an anonymous pipe, so that none of it is in the list of processes.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;

use super::in_use::{file_problem, refuse_open, without_end};
use crate::adapter::{CheckContext, Failure, Finding, StepContext};
use crate::event::FailureKind;
use crate::host::{FileKind, Host, Invocation, Secret, Streams};
use crate::site::SecretRef;

/// How to open an embedded H2 database.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct H2Connection {
    /// The database file, `….mv.db` or `….h2.db`.
    pub file: PathBuf,
    /// Account.
    pub user: String,
    /// Its password.
    #[serde(default)]
    pub password: Option<SecretRef>,
    /// H2 of the version that the product brings (in `repository/components/plugins` of a Carbon):
    /// another one may not read the file.
    pub jar: PathBuf,
    /// The Java program, version 9 or newer; `java` if it is not given.
    #[serde(default)]
    pub java: Option<String>,
}

impl H2Connection {
    pub(super) fn validate(&self) -> Vec<String> {
        let mut problems: Vec<String> = file_problem(&self.file).into_iter().collect();
        if self.user.is_empty() {
            problems.push("connection.user: is empty".to_owned());
        }
        if let Some(Err(problem)) = self.password.as_ref().map(SecretRef::validate) {
            problems.push(format!("connection.password: {problem}"));
        }
        let path = self.file.to_string_lossy();
        if path.contains(';') {
            problems.push("connection.file: H2 takes no path with a semicolon".to_owned());
        }
        problems
    }

    pub(super) fn java(&self) -> &str {
        self.java.as_deref().unwrap_or("java")
    }

    /// The program with everything that it is told in a pipe.
    pub(super) fn invocation(&self, script: &Path, password: Option<&Secret>) -> Invocation {
        let path = self.file.to_string_lossy();
        let path = without_end(&path).unwrap_or(&path);
        let content = password.map(|password| {
            let arguments = [
                "-cp",
                &self.jar.to_string_lossy(),
                "org.h2.tools.RunScript",
                "-url",
                &format!("jdbc:h2:file:{path};IFEXISTS=TRUE"),
                "-user",
                &self.user,
                "-password",
                password.expose(),
                "-script",
                &script.to_string_lossy(),
            ];
            let lines = arguments.map(|argument| format!("{}\n", quoted(argument)));
            Secret::new(lines.concat())
        });
        Invocation::new(self.java()).secret_pipe("@", content)
    }

    /// Runs a script on a database that nobody else has open.
    pub(super) fn run(&self, context: &StepContext<'_>, script: &Path) -> Result<(), Failure> {
        refuse_open(context.host, &self.file)?;
        let password = match &self.password {
            Some(reference) => (context.secret)(reference)?,
            None => Secret::new(String::new()),
        };
        let invocation = self.invocation(script, Some(&password));
        let streams = Streams::captured();
        let written = || -> Result<_, Failure> {
            let stat = context.host.stat(&self.file)?;
            Ok(stat.map(|stat| (stat.mtime, stat.bytes)))
        };
        let before = written()?;
        let exit = context.host.run(&invocation, streams, context.control)?;
        if exit.success() {
            // H2 writes into its file whenever it opens it, whatever the script does.
            if written()? != before {
                return Ok(());
            }
            let java = self.java();
            let message = format!(
                "{java} ended well and has not opened {}",
                self.file.display()
            );
            let mut failure = Failure::tool(message, &invocation, &exit);
            failure.0.kind = FailureKind::Verification;
            return Err(failure.hint(format!("look what `{java}` is on this machine")));
        }
        let message = format!("{} failed in {}", script.display(), self.file.display());
        let mut failure = Failure::tool(message, &invocation, &exit);
        // What comes after is where in H2 it happened.
        let text = exit.stderr.text();
        let said = text.lines().filter(|line| !line.starts_with("\tat "));
        failure.0.stderr = said.take(8).map(str::to_owned).collect();
        Err(failure)
    }

    /// What would make every run fail.
    pub(super) fn check(&self, context: &CheckContext<'_>) -> Vec<Finding> {
        missing(context.host, &self.jar)
            .map(|text| Finding::refuse(text).hint("name the product's own H2 in the site"))
            .into_iter()
            .collect()
    }
}

fn missing(host: &dyn Host, jar: &Path) -> Option<String> {
    match host.stat(jar) {
        Ok(Some(stat)) if stat.kind == FileKind::File => None,
        Ok(_) => Some(format!("{} is no file", jar.display())),
        Err(error) => Some(error.to_string()),
    }
}

/// An argument in Java's argument files: a backslash escapes between double quotes.
fn quoted(argument: &str) -> String {
    let mut text = String::from("\"");
    for character in argument.chars() {
        match character {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            other => text.push(other),
        }
    }
    text.push('"');
    text
}
