//! The stores of the broker whose messages are looked at, and what waits in them.

use std::path::{Path, PathBuf};

use super::queues::{is_backend_queue, is_backend_resource};
use crate::adapter::artemis::{self, ArtemisInventory, Directories, LOCK_FILES};
use crate::adapter::kahadb::{StoreInventory, Survey, counted};
use crate::adapter::{Failure, PreviewLine, weblogic};
use crate::backup::SealedSet;
use crate::host::Host;

/// The stores of a broker.
pub(super) enum Stores<'a> {
    /// ActiveMQ's, on Tomcat.
    ActiveMq(Survey<'a>),
    /// Artemis', on WildFly.
    Artemis(Directories<'a>),
    /// None: what was exported from a WebLogic, an artifact of the set.
    Exported(&'a str),
}

/// What waits in a broker.
#[derive(Default)]
pub(super) struct Waiting {
    /// All of it.
    pub(super) messages: u64,
    /// What the new version would drop, a sentence fragment for each queue.
    pub(super) at_risk: Vec<String>,
}

impl Stores<'_> {
    /// What is wrong with the paths.
    pub(super) fn problems(&self) -> Vec<String> {
        match self {
            Self::ActiveMq(survey) => survey.problems(),
            Self::Artemis(directories) => named(directories)
                .into_iter()
                .filter(|(_, path)| !path.is_absolute())
                .map(|(name, path)| format!("{name}: {} is not absolute", path.display()))
                .collect(),
            Self::Exported(_) => Vec::new(),
        }
    }

    pub(super) fn reads(&self) -> Vec<PreviewLine> {
        let lines: Vec<String> = match self {
            Self::ActiveMq(survey) => vec![
                format!("{} (the journal)", survey.store.display()),
                format!("{} (the journal of the scheduler)", survey.data.display()),
            ],
            Self::Artemis(directories) => named(directories)
                .into_iter()
                .map(|(name, path)| format!("{} ({name})", path.display()))
                .collect(),
            Self::Exported(artifact) => vec![format!("backup set: {artifact}/…")],
        };
        lines.into_iter().map(PreviewLine::Reads).collect()
    }

    /// The files that a running broker holds a lock on.
    pub(super) fn locks(&self, host: &dyn Host) -> Result<Vec<PathBuf>, Failure> {
        match self {
            Self::ActiveMq(survey) => survey.locks(host),
            Self::Artemis(directories) => {
                let locks = LOCK_FILES.iter().map(|name| directories.journal.join(name));
                Ok(locks.collect())
            }
            Self::Exported(_) => Ok(Vec::new()),
        }
    }

    pub(super) fn look(
        &self,
        host: &dyn Host,
        using: Option<&SealedSet>,
    ) -> Result<Waiting, Failure> {
        let mut waiting = Waiting::default();
        match self {
            Self::ActiveMq(survey) => {
                for (path, found) in survey.read(host)? {
                    // What cannot be read may be a message of any queue.
                    if let Some(damage) = found.damage.first() {
                        let text = format!("{}: {damage}", path.display());
                        waiting.at_risk.push(text);
                    }
                    waiting.activemq(&found);
                }
            }
            Self::Artemis(directories) => {
                let found = artemis::inventory(directories)?;
                let damage = found.damage.first().map(ToString::to_string);
                waiting.at_risk.extend(damage);
                waiting.artemis(&found);
            }
            Self::Exported(artifact) => {
                let Some(set) = using else {
                    return Err(Failure::refused("no backup set is in use"));
                };
                for (name, messages) in weblogic::exported_messages(set, artifact)? {
                    let name = name.strip_prefix("jms/").unwrap_or(&name);
                    waiting.queue(name, messages, is_backend_queue(name));
                }
            }
        }
        Ok(waiting)
    }
}

impl Waiting {
    fn activemq(&mut self, found: &StoreInventory) {
        for (name, queue) in &found.queues {
            let messages = queue.messages + queue.prepared_adds;
            self.queue(name, messages, is_backend_queue(name));
        }
        let jobs = found.scheduled_jobs;
        self.messages += jobs;
        if jobs > 0 {
            self.at_risk.push(format!(
                "{} for a later delivery or redelivery",
                match jobs {
                    1 => "1 message waits".to_owned(),
                    jobs => format!("{jobs} messages wait"),
                }
            ));
        }
    }

    /// What waits for a later delivery is in its queue here.
    fn artemis(&mut self, found: &ArtemisInventory) {
        for (name, queue) in &found.queues {
            let messages = queue.messages + queue.prepared_adds;
            self.queue(name, messages, is_backend_resource(name));
        }
    }

    fn queue(&mut self, name: &str, messages: u64, is_safe: bool) {
        self.messages += messages;
        if messages > 0 && !is_safe {
            self.at_risk
                .push(format!("{name}: {}", counted(messages, "message")));
        }
    }
}

fn named<'a>(directories: &Directories<'a>) -> [(&'static str, &'a Path); 4] {
    [
        ("bindings", directories.bindings),
        ("journal", directories.journal),
        ("paging", directories.paging),
        ("large_messages", directories.large_messages),
    ]
}
