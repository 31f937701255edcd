//! How to reach a domain, and the command that does.

use std::path::Path;
use std::time::Duration;

use crate::adapter::{CheckContext, Failure, Finding};
use crate::host::{FileKind, Host, Invocation, Secret};
use crate::site::SecretRef;
pub use crate::site::WeblogicConnection as Connection;

/// The environment variable that a script reads the password from.
pub(super) const PASSWORD_VARIABLE: &str = "UPGRADE_KIT_WEBLOGIC_PASSWORD";

/// What every action that has a `connection` says of it. With `checked`, its check looks at the
/// account's files. The domain itself is looked at once, by `weblogic.survey`: WLST takes many seconds
/// to start.
macro_rules! of_connection {
    () => {
        $crate::adapter::weblogic::connection::of_connection!(named);

        fn check(&self, context: &CheckContext<'_>) -> Vec<Finding> {
            $crate::adapter::weblogic::connection::check_files(&self.connection, context)
        }
    };
    (named) => {
        fn secrets(&self) -> Vec<&SecretRef> {
            self.connection.password.iter().collect()
        }

        fn programs(&self) -> Vec<String> {
            vec![self.connection.wlst.clone()]
        }
    };
}
pub(super) use of_connection;

/// The account's files, for an action's check.
pub(super) fn check_files(connection: &Connection, context: &CheckContext<'_>) -> Vec<Finding> {
    match connection.check_files(context.host) {
        Ok(findings) => findings,
        Err(failure) => vec![Finding::of(&failure)],
    }
}

/// Rules for the options that most actions have: the connection, a name that is needed, targets.
pub(super) fn validate(
    connection: &Connection,
    option: &str,
    name: &str,
    targets: &[String],
) -> Vec<String> {
    let mut problems = connection.validate();
    if name.is_empty() {
        problems.push(format!("{option}: is empty"));
    }
    if targets.is_empty() {
        problems.push("targets: is empty".to_owned());
    }
    problems
}

impl Connection {
    /// Rules that types cannot say; every text names the option first.
    pub(super) fn validate(&self) -> Vec<String> {
        let mut problems = Vec::new();
        match (
            &self.user_config_file,
            &self.user_key_file,
            &self.user,
            &self.password,
        ) {
            (Some(_), Some(_), None, None) | (None, None, Some(_), Some(_)) => {}
            _ => problems.push(
                "connection: give `user_config_file` and `user_key_file`, or `user` and `password`"
                    .to_owned(),
            ),
        }
        let protocols = ["t3://", "t3s://", "http://", "https://"];
        if !protocols.iter().any(|start| self.url.starts_with(start)) {
            problems.push("connection.url: write it like `t3://host:7001`".to_owned());
        }
        if self.wlst.is_empty() {
            problems.push("connection.wlst: is empty".to_owned());
        }
        if let Some(Err(problem)) = self.password.as_ref().map(SecretRef::validate) {
            problems.push(format!("connection.password: {problem}"));
        }
        problems
    }

    /// WLST with a script of the directory. The script is named relative to it, so that a plan,
    /// which knows no run, shows the argument that will be used.
    pub(super) fn invocation(
        &self,
        script: &str,
        limit: Duration,
        directory: Option<&Path>,
        password: Option<&Secret>,
    ) -> Invocation {
        let mut invocation = Invocation::new(&self.wlst)
            .arg("-skipWLSModuleScanning")
            .arg(script);
        invocation.environment = self
            .environment
            .iter()
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        if self.password.is_some() {
            invocation.secret_environment = vec![(PASSWORD_VARIABLE.to_owned(), password.cloned())];
        }
        invocation.directory = directory.map(Path::to_owned);
        invocation.timeout = Some(limit);
        invocation
    }

    /// The two files of the account: there, and for nobody else's eyes.
    pub(super) fn check_files(&self, host: &dyn Host) -> Result<Vec<Finding>, Failure> {
        let mut findings = Vec::new();
        for path in self.user_config_file.iter().chain(&self.user_key_file) {
            let shown = path.display();
            match host.stat(path)? {
                Some(stat) if stat.kind == FileKind::File && stat.mode & 0o077 != 0 => {
                    findings.push(
                        Finding::refuse(format!(
                            "{shown} can be read by others (mode {:o})",
                            stat.mode
                        ))
                        .hint(format!("chmod 600 {shown}")),
                    );
                }
                Some(stat) if stat.kind == FileKind::File => {}
                _ => findings.push(
                    Finding::refuse(format!("there is no file {shown}"))
                        .hint("make both with WLST's `storeUserConfig`"),
                ),
            }
        }
        Ok(findings)
    }
}
