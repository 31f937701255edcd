//! What the three actions share: which server is meant and how its scripts are called.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::host::Invocation;

/// Kinds of server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Apache Tomcat.
    Tomcat,
    /// WildFly.
    Wildfly,
    /// A product on WSO2 Carbon: `bin/wso2server.sh start` and `stop`, `wso2carbon.pid` in its home.
    Carbon,
}

/// The server that is meant.
pub(super) struct Target<'a> {
    /// Its kind.
    pub(super) kind: Kind,
    /// Its home directory.
    pub(super) home: &'a Path,
    /// Its instance directory.
    pub(super) base: PathBuf,
    /// File that holds its process id.
    pub(super) pid_file: Option<PathBuf>,
    /// Every port that it listens on.
    pub(super) ports: &'a [u16],
    /// Store locks that its broker holds while it runs.
    pub(super) locks: &'a [PathBuf],
}

/// The instance directory: the one that is given, or the usual one.
pub(super) fn instance(kind: Kind, home: &Path, base: Option<&Path>) -> PathBuf {
    match (kind, base) {
        (_, Some(base)) => base.to_owned(),
        (Kind::Tomcat | Kind::Carbon, None) => home.to_owned(),
        (Kind::Wildfly, None) => home.join("standalone"),
    }
}

/// The file with the process id: the one that is given, or the usual one.
pub(super) fn pid_file(kind: Kind, home: &Path, given: Option<&PathBuf>) -> Option<PathBuf> {
    let usual = || (kind == Kind::Carbon).then(|| home.join("wso2carbon.pid"));
    given.cloned().or_else(usual)
}

/// A command and what it needs.
pub(super) struct Script<'a> {
    pub(super) kind: Kind,
    pub(super) home: &'a Path,
    pub(super) base: &'a Path,
    /// Program and arguments.
    pub(super) words: Vec<String>,
    pub(super) environment: &'a BTreeMap<String, String>,
    pub(super) limit: Duration,
}

impl Script<'_> {
    /// Both directories are put into the environment, because the servers' scripts would otherwise believe
    /// what the operator's shell happens to say.
    pub(super) fn invocation(&self) -> Invocation {
        let mut words = self.words.iter();
        let program = words.next().cloned().unwrap_or_default();
        let mut invocation = Invocation::new(program).args(words);
        let names: &[&str] = match self.kind {
            Kind::Tomcat => &["CATALINA_BASE", "CATALINA_HOME"],
            Kind::Wildfly => &["JBOSS_BASE_DIR", "JBOSS_HOME"],
            Kind::Carbon => &["CARBON_HOME"],
        };
        for (&name, directory) in names.iter().zip([self.base, self.home]) {
            if !self.environment.contains_key(name) {
                let directory = directory.to_string_lossy().into_owned();
                invocation.environment.push((name.to_owned(), directory));
            }
        }
        for (name, value) in self.environment {
            invocation.environment.push((name.clone(), value.clone()));
        }
        invocation.timeout = Some(self.limit);
        invocation
    }
}

/// The words of `HOME/bin/NAME` with arguments.
pub(super) fn script(home: &Path, name: &str, arguments: &[&str]) -> Vec<String> {
    let program = home.join("bin").join(name).to_string_lossy().into_owned();
    let arguments = arguments.iter().map(|&argument| argument.to_owned());
    std::iter::once(program).chain(arguments).collect()
}

/// What is wrong with a script's words.
pub(super) fn check_script(option: &str, given: Option<&Vec<String>>) -> Option<String> {
    let empty = given.is_some_and(|argv| argv.first().is_none_or(String::is_empty));
    empty.then(|| format!("{option}: name a program"))
}
