//! `ox.find-server` and `ox.register-server`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::csv::Columns;
use super::tools::{Tools, name_problem};
use crate::adapter::{
    Action, Effect, Failure, OutputKind, OutputSpec, Preview, PreviewLine, Probe, StepContext,
};
use crate::event::Outcome;
use crate::host::Invocation;
use crate::site::SecretRef;

const OUTPUTS: &[OutputSpec] = &[
    OutputSpec {
        name: "registered",
        kind: OutputKind::Boolean,
        about: "whether a server of that name is registered",
    },
    OutputSpec {
        name: "id",
        kind: OutputKind::Text,
        about: "its id, or an empty text",
    },
];

/// The call that lists servers of a name.
pub(super) fn listing(tools: &Tools, name: &str) -> Invocation {
    tools.admin("listserver").args(["--csv", "-s", name])
}

/// The id of the server of exactly that name, as `listserver` tells it.
pub(super) fn find(
    tools: &Tools,
    name: &str,
    context: &StepContext<'_>,
) -> Result<Option<u64>, Failure> {
    let mut columns = Columns::new(["id", "name"]);
    let mut found = Vec::new();
    let listed = tools.list(context, listing(tools, name), &mut |line| {
        if let Some([id, known]) = columns.row(line)
            && known == name
        {
            found.push(id);
        }
    })?;
    if !columns.has_header() || columns.misfit {
        return Err(listed.unreadable("a list of servers"));
    }
    match found.as_slice() {
        [] => Ok(None),
        [id] => id
            .parse()
            .map(Some)
            .map_err(|_| listed.unreadable("a server's id")),
        several => Err(Failure::verification(format!(
            "{} servers are called `{name}`: {}",
            several.len(),
            several.join(", ")
        ))
        .hint("rename all but one; the contexts of a schema can point to one server only")),
    }
}

fn outcome(summary: String, id: Option<u64>) -> Outcome {
    let mut outcome = Outcome {
        summary,
        ..Outcome::default()
    };
    outcome
        .outputs
        .insert("registered".to_owned(), id.is_some().into());
    let id = id.map(|id| id.to_string()).unwrap_or_default();
    outcome.outputs.insert("id".to_owned(), id.into());
    outcome
}

/// Looks whether a server of that name is registered.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FindServer {
    /// The node to ask.
    pub tools: Tools,
    /// Name of the server.
    pub server: String,
}

impl Action for FindServer {
    const NAME: &'static str = "ox.find-server";
    const SUMMARY: &'static str = "Looks whether an OX server of a name is registered";
    const EFFECT: Effect = Effect::Pure;
    const OUTPUTS: &'static [OutputSpec] = OUTPUTS;

    fn validate(&self) -> Vec<String> {
        let mut wrong = self.tools.validate();
        wrong.extend(name_problem("server", &self.server));
        wrong
    }

    fn preview(&self) -> Preview {
        vec![PreviewLine::Command(
            listing(&self.tools, &self.server).to_string(),
        )]
    }

    fn secrets(&self) -> Vec<&SecretRef> {
        self.tools.password.iter().collect()
    }

    fn programs(&self) -> Vec<String> {
        vec![self.tools.program("listserver")]
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let id = find(&self.tools, &self.server, context)?;
        Ok(outcome(
            id.map_or_else(
                || format!("{} is not registered yet", self.server),
                |id| format!("{} is registered with id {id}", self.server),
            ),
            id,
        ))
    }
}

/// What to do about a server that is registered already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Registered {
    /// Refuse.
    Abort,
    /// Go on with it.
    Continue,
}

/// Registers a server and reads its id from what the tools say.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RegisterServer {
    /// The node that registers it.
    pub tools: Tools,
    /// Name of the server.
    pub server: String,
    /// What to do if it is registered already.
    pub registered: Registered,
}

/// Lies in the scratch folder from before the registration on: a server that is there afterwards is
/// this step's.
const UNDERWAY: &str = "not-registered-before";

impl RegisterServer {
    fn call(&self) -> Invocation {
        self.tools
            .admin("registerserver")
            .args(["-n", self.server.as_str()])
    }
}

impl Action for RegisterServer {
    const NAME: &'static str = "ox.register-server";
    const SUMMARY: &'static str = "Registers an OX server and reads back its id";
    const EFFECT: Effect = Effect::Once;
    const OUTPUTS: &'static [OutputSpec] = OUTPUTS;

    fn validate(&self) -> Vec<String> {
        let mut wrong = self.tools.validate();
        wrong.extend(name_problem("server", &self.server));
        wrong
    }

    fn preview(&self) -> Preview {
        let existing = match self.registered {
            Registered::Abort => "it is refused",
            Registered::Continue => "it is used as it is",
        };
        vec![
            PreviewLine::Command(listing(&self.tools, &self.server).to_string()),
            PreviewLine::Command(self.call().to_string()),
            PreviewLine::Checks("the id that it prints is the one that listserver has".to_owned()),
            PreviewLine::Note(format!(
                "if a server of that name is registered, {existing}"
            )),
        ]
    }

    fn secrets(&self) -> Vec<&SecretRef> {
        self.tools.password.iter().collect()
    }

    fn programs(&self) -> Vec<String> {
        vec![
            self.tools.program("listserver"),
            self.tools.program("registerserver"),
        ]
    }

    fn probe(&self, context: &StepContext<'_>) -> Result<Probe, Failure> {
        let own = self.registered == Registered::Continue || is_underway(context)?;
        Ok(match find(&self.tools, &self.server, context)? {
            Some(id) if own => {
                Probe::Present(outcome(format!("{} has id {id}", self.server), Some(id)))
            }
            _ => Probe::Absent,
        })
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        if let Some(id) = find(&self.tools, &self.server, context)? {
            return match self.registered {
                Registered::Continue => {
                    let summary = format!("{} was registered already, with id {id}", self.server);
                    Ok(outcome(summary, Some(id)))
                }
                Registered::Abort => Err(Failure::refused(format!(
                    "server `{}` is registered already, with id {id}",
                    self.server
                ))
                .hint(
                    "if that should be so, say `already_registered: continue` in the site file; \
                     otherwise choose another name for the new server",
                )),
            };
        }
        let scratch = context.make_scratch()?;
        context
            .host
            .write_atomic(&scratch.join(UNDERWAY), b"", 0o600)?;
        let (_, exit) = self.tools.run(context, self.call())?;
        let said = said_id(&exit.stdout.text());
        let known = find(&self.tools, &self.server, context)?;
        match (said, known) {
            (Some(said), Some(known)) if said == known => Ok(outcome(
                format!("{} has id {known}", self.server),
                Some(known),
            )),
            (said, known) => {
                let word = |id: Option<u64>| id.map_or("no id".to_owned(), |id| format!("id {id}"));
                let mut failure = Failure::verification(format!(
                    "registerserver told {}, listserver has {} for `{}`",
                    word(said),
                    word(known),
                    self.server
                ))
                .hint("look at the output of `listserver`; no context was pointed anywhere");
                failure.0.stderr = exit.stdout.last_lines(4);
                Err(failure)
            }
        }
    }
}

fn is_underway(context: &StepContext<'_>) -> Result<bool, Failure> {
    Ok(context
        .host
        .stat(&context.scratch.join(UNDERWAY))?
        .is_some())
}

/// The id in `server 8 registered`.
fn said_id(text: &str) -> Option<u64> {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.windows(3).find_map(|words| match words {
        ["server", id, "registered"] => id.parse().ok(),
        _ => None,
    })
}
