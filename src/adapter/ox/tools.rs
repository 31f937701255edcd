//! The tools of one node, and how they are called.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::lines::{self, Listed};
use crate::adapter::{Failure, StepContext};
use crate::host::{Exit, ExitStatus, Invocation, Streams};
use crate::site::SecretRef;
use crate::site::ox::{PLAIN_NAME, is_plain_name};

/// The command line tools, and the node that they speak to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tools {
    /// Folder of the tools. Without it they are searched in `PATH`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<PathBuf>,
    /// The node's RMI address, `HOST` or `HOST:PORT`, handed over as `RMI_HOSTNAME`. Default: this
    /// machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rmi: Option<String>,
    /// The master administrator.
    #[serde(default = "oxadminmaster")]
    pub user: String,
    /// Where the master administrator's password is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<SecretRef>,
}

fn oxadminmaster() -> String {
    "oxadminmaster".to_owned()
}

impl Tools {
    /// What is wrong with the options.
    pub(super) fn validate(&self) -> Vec<String> {
        let secret = self.password.as_ref().map_or(Ok(()), SecretRef::validate);
        let mut wrong: Vec<String> = secret
            .err()
            .map(|text| format!("tools: the password: {text}"))
            .into_iter()
            .collect();
        if self.user.is_empty() || self.user.starts_with('-') {
            wrong.push("tools: the user is no name".to_owned());
        }
        wrong
    }

    /// The program of a tool.
    pub(super) fn program(&self, tool: &str) -> String {
        match &self.directory {
            Some(directory) => directory.join(tool).display().to_string(),
            None => tool.to_owned(),
        }
    }

    /// A tool that knows neither account nor password from elsewhere than its arguments. A program of
    /// the site's own in its place may use `ADMIN_PASSWORD`.
    pub(super) fn plain(&self, tool: &str) -> Invocation {
        let mut invocation = Invocation::new(self.program(tool));
        let rmi = self.rmi.iter().cloned();
        invocation.environment = rmi.map(|rmi| ("RMI_HOSTNAME".to_owned(), rmi)).collect();
        if self.password.is_some() {
            let name = "ADMIN_PASSWORD".to_owned();
            invocation.secret_environment.push((name, None));
        }
        invocation
    }

    /// An admin tool, with the account as its first arguments.
    pub(super) fn admin(&self, tool: &str) -> Invocation {
        self.plain(tool).args(["-A", self.user.as_str()])
    }

    fn with_secrets(
        &self,
        context: &StepContext<'_>,
        mut invocation: Invocation,
    ) -> Result<Invocation, Failure> {
        for (_, secret) in &mut invocation.secret_environment {
            if let Some(reference) = &self.password {
                *secret = Some((context.secret)(reference)?);
            }
        }
        Ok(invocation)
    }

    /// Runs a tool; anything but exit code 0 is a failure.
    pub(super) fn run(
        &self,
        context: &StepContext<'_>,
        invocation: Invocation,
    ) -> Result<(Invocation, Exit), Failure> {
        let invocation = self.with_secrets(context, invocation)?;
        let exit = context
            .host
            .run(&invocation, Streams::captured(), context.control)?;
        judge(&invocation, &exit, &exit.stdout.last_lines(4))?;
        Ok((invocation, exit))
    }

    /// Runs a tool that lists, and hands over each line; anything but exit code 0 is a failure.
    pub(super) fn list(
        &self,
        context: &StepContext<'_>,
        invocation: Invocation,
        each: &mut (dyn FnMut(&str) + Send),
    ) -> Result<Listed, Failure> {
        let invocation = self.with_secrets(context, invocation)?;
        let listed = lines::read(context, invocation, each)?;
        judge(&listed.invocation, &listed.exit, &listed.last)?;
        Ok(listed)
    }
}

/// What a tool says when it wants `-A` and `-P` (`AbstractAdministrativeCLI.optAuthenticate`).
const ASKS_FOR_CREDENTIALS: &str = "You must provide administrative credentials";

fn judge(invocation: &Invocation, exit: &Exit, printed: &[String]) -> Result<(), Failure> {
    if exit.success() {
        return Ok(());
    }
    let program = invocation.program.rsplit('/').next().unwrap_or_default();
    let mut failure = Failure::tool(format!("{program} failed"), invocation, exit);
    if failure.0.stderr.is_empty() {
        failure.0.stderr = printed.to_vec();
    }
    let asks = printed
        .iter()
        .any(|line| line.contains(ASKS_FOR_CREDENTIALS));
    let hint = match exit.status {
        _ if asks => {
            "this tool takes a password only as an argument, which every user of the machine can \
             read, so it is run without one: let the node take its calls without \
             (MASTER_AUTHENTICATION_DISABLED in its configuration, RMI on a closed network), or put a \
             program of your own in its place (`tools` of the node), which finds the password in \
             ADMIN_PASSWORD"
        }
        ExitStatus::Code(101) => {
            "the node refuses the account; look at `ox.admin` in the site file"
        }
        ExitStatus::Code(105) => "the node does not answer at its RMI address; is it running?",
        ExitStatus::Code(106) => "the node cannot use its database; its log tells why",
        ExitStatus::Code(111 | 104) => "the tools are of a version that the kit does not know",
        _ => return Err(failure),
    };
    Err(failure.hint(hint))
}

/// What is wrong with a name that becomes an argument.
pub(super) fn name_problem(option: &str, name: &str) -> Option<String> {
    (!is_plain_name(name)).then(|| format!("{option}: `{name}` is no name: {PLAIN_NAME}"))
}
