//! Oracle's own tools on an Oracle home: `copyBinary.sh`, `pasteBinary.sh`, `opatch`. Their exit codes
//! are not believed alone: what they say and what lies there afterwards is read.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::adapter::{Failure, StepContext};
use crate::host::{Host, Invocation, Streams};

/// A copy of an Oracle home takes minutes.
pub(super) const TOOL: Duration = Duration::from_secs(4 * 3600);

/// The words with which OPatch ends when it did what it was asked for.
const SUCCEEDED: &str = "OPatch succeeded.";

/// Larger files that describe a patch are not read.
const DESCRIPTION: u64 = 16 * 1024 * 1024;

/// `opatch` of a home.
pub(super) fn opatch(home: &Path, java_home: &Path, words: &[&str]) -> Invocation {
    let mut invocation = Invocation::new(home.join("OPatch/opatch").to_string_lossy())
        .args(words)
        .args(["-oh".into(), home.as_os_str().to_owned()])
        .args(["-jdk".into(), java_home.as_os_str().to_owned()]);
    invocation.timeout = Some(TOOL);
    invocation
}

/// Runs it; what it printed.
pub(super) fn run(
    context: &StepContext<'_>,
    invocation: &Invocation,
    what: &str,
) -> Result<String, Failure> {
    let exit = context
        .host
        .run(invocation, Streams::captured(), context.control)?;
    let text = exit.stdout.text();
    if exit.success() {
        return Ok(text);
    }
    let mut failure = Failure::tool(format!("{what} failed"), invocation, &exit);
    if failure.0.stderr.is_empty() {
        failure.0.stderr = exit.stdout.last_lines(8);
    }
    Err(failure)
}

/// Runs OPatch, which must say itself that it succeeded.
pub(super) fn run_opatch(
    context: &StepContext<'_>,
    invocation: &Invocation,
    what: &str,
) -> Result<String, Failure> {
    let text = run(context, invocation, what)?;
    if text.lines().any(|line| line.trim() == SUCCEEDED) {
        return Ok(text);
    }
    let message = format!("{what}: OPatch does not say that it succeeded");
    let mut failure = Failure::verification(message).command(invocation);
    let lines: Vec<&str> = text.lines().collect();
    let shown = lines.iter().rev().take(8).rev();
    failure.0.stderr = shown.map(|line| (*line).to_owned()).collect();
    Err(failure)
}

/// Ids of the patches in what `lspatches` printed: `ID;DESCRIPTION`.
pub(super) fn patch_ids(text: &str) -> Vec<String> {
    let id = |line: &str| {
        let (id, _) = line.trim().split_once(';')?;
        let whole = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
        whole.then(|| id.to_owned())
    };
    let mut ids: Vec<String> = text.lines().filter_map(id).collect();
    ids.sort();
    ids
}

/// A patch that was unpacked: its id, and how far it suits a rollout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Patch {
    pub(super) id: String,
    pub(super) directory: PathBuf,
    /// `patch-uptime-option` of `etc/config/patchdeploy.xml`.
    pub(super) uptime: Vec<String>,
}

impl Patch {
    /// Reads `etc/config` of the directory; the error is a sentence.
    pub(super) fn read(host: &dyn Host, directory: &Path) -> Result<Self, String> {
        let shown = directory.display();
        let inventory =
            read(host, &directory.join("etc/config/inventory.xml"))?.ok_or_else(|| {
                format!("{shown} is no unpacked patch: it has no etc/config/inventory.xml")
            })?;
        let document = roxmltree::Document::parse(&inventory)
            .map_err(|error| format!("etc/config/inventory.xml of {shown}: {error}"))?;
        let id = document
            .descendants()
            .find(|node| node.has_tag_name("reference_id"))
            .and_then(|node| node.attribute("number"))
            .ok_or_else(|| format!("etc/config/inventory.xml of {shown} names no patch"))?
            .to_owned();
        let deploy = read(host, &directory.join("etc/config/patchdeploy.xml"))?.unwrap_or_default();
        Ok(Self {
            id,
            directory: directory.to_owned(),
            uptime: uptime(&deploy),
        })
    }
}

fn read(host: &dyn Host, path: &Path) -> Result<Option<String>, String> {
    let failed = |error: crate::host::HostError| error.to_string();
    if host.stat(path).map_err(failed)?.is_none() {
        return Ok(None);
    }
    let content = host.read(path, DESCRIPTION).map_err(failed)?;
    let text =
        String::from_utf8(content).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(Some(text))
}

/// Values of `patch-uptime-option`, as attribute or as content.
fn uptime(text: &str) -> Vec<String> {
    let Ok(document) = roxmltree::Document::parse(text) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for node in document.descendants() {
        let own = node.attribute("patch-uptime-option");
        let content = node
            .has_tag_name("patch-uptime-option")
            .then(|| node.text())
            .flatten();
        for value in own.into_iter().chain(content) {
            let words = value.split([',', ' ']).map(str::trim);
            found.extend(words.filter(|word| !word.is_empty()).map(str::to_owned));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_told_from_words() {
        let text =
            "29204678;Bundle patch\n 28186730;OPATCH\n\nThere are; words\nOPatch succeeded.\n";
        assert_eq!(patch_ids(text), ["28186730", "29204678"]);
    }

    #[test]
    fn the_option_is_found_in_both_forms() {
        let text = "<a patch-uptime-option='FMW_ROLLING_SESSION'><patch-uptime-option>\
            FMW_ROLLING_ORACLE_HOME</patch-uptime-option></a>";
        assert_eq!(
            uptime(text),
            ["FMW_ROLLING_SESSION", "FMW_ROLLING_ORACLE_HOME"]
        );
        assert!(uptime("no xml").is_empty());
    }
}
