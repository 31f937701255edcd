//! `weblogic.hold-application` and `weblogic.release-application`.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use super::config_xml::{Held, with_target, without_target};
use super::domain::{Domain, list};
use crate::adapter::{Action, Effect, Failure, Preview, PreviewLine, StepContext, Transient};
use crate::event::{FailureKind, Outcome};
use crate::host::{Attributes, Host, HostError};
use crate::site::{HELD_FILE, HeldDeployment};

/// `config.xml` is far smaller.
const LIMIT: u64 = 64 << 20;

/// Keeps a deployment from starting with the domain: a server that starts brings every deployment with
/// it, within seconds it would work on messages, and no pause outlives a restart. While nothing of the
/// domain runs, the targets of the deployment are taken out of `config.xml`; what was there is kept
/// beside it. A domain that runs is left alone: there the deployment is stopped instead.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HoldApplication {
    /// The domain.
    pub domain: Domain,
    /// Name of the deployment.
    pub deployment: String,
}

/// Gives a held deployment its targets back, as they were, to the byte. One that is not held is left
/// alone.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReleaseApplication {
    /// The domain, of which nothing may run.
    pub domain: Domain,
    /// Name of the deployment.
    pub deployment: String,
}

fn config(domain: &Domain) -> PathBuf {
    domain.home.join("config/config.xml")
}

fn kept_path(domain: &Domain) -> PathBuf {
    domain.home.join(HELD_FILE)
}

/// What takes the place of the configuration, and then what was in its place. Not below `config` either. It
/// has one name, so that an attempt that was cut off leaves nothing that the next one does not find.
fn new_path(domain: &Domain) -> PathBuf {
    domain.home.join("config.xml.upgrade-kit-new")
}

fn write_new(host: &dyn Host, domain: &Domain, content: &[u8]) -> Result<PathBuf, Failure> {
    let new = new_path(domain);
    host.remove_tree(&new)?;
    let mut writer = host.create_new(&new)?;
    writer
        .write_all(content)
        .and_then(|()| writer.finish())
        .map_err(|error| HostError::file("write", &new, error))?;
    Ok(new)
}

/// Puts a text in the place of the configuration. Mode and owner stay: the servers run as somebody else
/// than who runs this, perhaps.
fn rewrite(
    host: &dyn Host,
    domain: &Domain,
    text: &str,
    modified: Option<(i64, u32)>,
) -> Result<(), Failure> {
    let path = config(domain);
    let new = write_new(host, domain, text.as_bytes())?;
    if let Some(stat) = host.stat(&path)? {
        let attributes = Attributes {
            mode: Some(stat.mode),
            owner: Some((stat.uid, stat.gid)),
            mtime: modified,
        };
        host.set_attributes(&new, &attributes)?;
    }
    host.exchange(&new, &path)?;
    host.sync(&domain.home.join("config"))?;
    host.remove_file(&new)?;
    Ok(())
}

fn read_text(host: &dyn Host, path: &std::path::Path) -> Result<String, Failure> {
    let bytes = host.read(path, LIMIT)?;
    String::from_utf8(bytes).map_err(|_| not_usable(path, "it is no UTF-8 text"))
}

fn not_usable(path: &std::path::Path, problem: &str) -> Failure {
    Failure::refused(format!("{} cannot be used: {problem}", path.display()))
        .hint("correct the deployment's name in the site, or stop it for good by the console")
}

fn kept(host: &dyn Host, domain: &Domain) -> Result<Option<HeldDeployment>, Failure> {
    let path = kept_path(domain);
    if host.stat(&path)?.is_none() {
        return Ok(None);
    }
    let text = read_text(host, &path)?;
    let kept = serde_json::from_str(&text).map_err(|error| {
        let message = format!("{} is not what was written there", path.display());
        Failure::new(FailureKind::NeedsOperator, message).because(&error)
    })?;
    Ok(Some(kept))
}

fn done(summary: String) -> Outcome {
    Outcome {
        summary,
        ..Outcome::default()
    }
}

impl Action for HoldApplication {
    const NAME: &'static str = "weblogic.hold-application";
    const SUMMARY: &'static str = "Keeps a WebLogic deployment from starting with its domain";
    const EFFECT: Effect = Effect::Idempotent;
    // Of a domain that ran it did nothing, and that one will be started again.
    const TRANSIENT: Option<Transient> = Some(Transient::Held);

    fn validate(&self) -> Vec<String> {
        self.domain.validate()
    }

    fn preview(&self) -> Preview {
        vec![
            PreviewLine::Note(format!(
                "unless the Admin Server {} runs:",
                self.domain.admin_server
            )),
            PreviewLine::Writes(format!(
                "{} (what was there)",
                kept_path(&self.domain).display()
            )),
            PreviewLine::Writes(format!(
                "{}, without the targets of {}",
                config(&self.domain).display(),
                self.deployment
            )),
        ]
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        if self.domain.admin_runs(context.host)? {
            return Ok(done(format!(
                "the domain runs: {} is stopped there",
                self.deployment
            )));
        }
        let running = self.domain.processes(context.host)?;
        if !running.is_empty() {
            return Err(Failure::refused(format!(
                "{} runs without the Admin Server {}",
                list(&running),
                self.domain.admin_server
            ))
            .hint("stop them, or start the Admin Server, then resume the run"));
        }
        let path = config(&self.domain);
        let before = read_text(context.host, &path)?;
        let parted = without_target(&before, &self.deployment)
            .map_err(|problem| not_usable(&path, &problem))?;
        let Held::Without { text, target } = parted else {
            return Ok(done(format!("{} has no targets", self.deployment)));
        };
        let modified = context.host.stat(&path)?.map(|stat| stat.mtime);
        let kept = HeldDeployment {
            deployment: self.deployment.clone(),
            before,
            modified: modified.unwrap_or_default(),
            held: text,
            target,
        };
        let record = serde_json::to_vec(&kept).map_err(|error| {
            Failure::new(FailureKind::Internal, "cannot write the record").because(&error)
        })?;
        // Of an attempt that was cut off before it changed anything.
        context.host.remove_tree(&kept_path(&self.domain))?;
        let new = write_new(context.host, &self.domain, &record)?;
        context.host.rename(&new, &kept_path(&self.domain))?;
        context.host.sync(&self.domain.home)?;
        rewrite(context.host, &self.domain, &kept.held, None)?;
        Ok(done(format!(
            "{} does not start with the domain",
            self.deployment
        )))
    }
}

impl Action for ReleaseApplication {
    const NAME: &'static str = "weblogic.release-application";
    const SUMMARY: &'static str = "Lets a WebLogic deployment start with its domain again";
    const EFFECT: Effect = Effect::Idempotent;

    fn validate(&self) -> Vec<String> {
        self.domain.validate()
    }

    fn preview(&self) -> Preview {
        vec![
            PreviewLine::Checks("nothing of the domain runs".to_owned()),
            PreviewLine::Writes(format!(
                "{}, with the targets of {} as they were",
                config(&self.domain).display(),
                self.deployment
            )),
            PreviewLine::Removes(kept_path(&self.domain).display().to_string()),
        ]
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        // An earlier attempt may have been cut off before it removed it.
        context.host.remove_tree(&new_path(&self.domain))?;
        let Some(kept) = kept(context.host, &self.domain)? else {
            return Ok(done(format!("{} is not held", self.deployment)));
        };
        let running = self.domain.processes(context.host)?;
        if !running.is_empty() {
            let text = format!("the domain is not stopped: {}", list(&running));
            return Err(Failure::verification(text).hint("stop it, then resume the run"));
        }
        let path = config(&self.domain);
        let present = read_text(context.host, &path)?;
        let mut outcome = done(format!("{} starts with the domain", self.deployment));
        let mut modified = Some(kept.modified);
        let text = if present == kept.held || present == kept.before {
            kept.before
        } else {
            modified = None;
            outcome.warnings.push(format!(
                "{} was changed while the deployment was held: only its targets are put back",
                path.display()
            ));
            with_target(&present, &kept.deployment, &kept.target)
                .map_err(|problem| not_usable(&path, &problem))?
        };
        if text != present {
            rewrite(context.host, &self.domain, &text, modified)?;
        }
        context.host.remove_file(&kept_path(&self.domain))?;
        Ok(outcome)
    }
}
