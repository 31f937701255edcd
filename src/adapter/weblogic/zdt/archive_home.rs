//! `zdt.archive-home` and `zdt.unpack-home`.

use std::io::Read;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Map;
use sha2::{Digest, Sha256};

use super::home::{TOOL, opatch, patch_ids, run, run_opatch};
use super::rules_homes::is_plain;
use crate::adapter::{
    Action, CheckContext, Effect, Failure, Finding, OutputKind, OutputSpec, Preview, PreviewLine,
    StepContext,
};
use crate::backup::hex;
use crate::event::Outcome;
use crate::host::{Host, HostError, Invocation};

const MADE: &str = "made";

/// Archives an Oracle home with `copyBinary.sh`. The archive gets its name when it is whole.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ArchiveHome {
    /// The Oracle home.
    pub home: PathBuf,
    /// The Java home that the tool runs with.
    pub java_home: PathBuf,
    /// The archive, a `.jar`. It must not exist.
    pub archive: PathBuf,
    /// The Oracle home whose tool is used, if it is another one than `home`.
    #[serde(default)]
    pub tools: Option<PathBuf>,
}

/// Makes a second Oracle home from an archive with `pasteBinary.sh` and compares its patches with those
/// of the first.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnpackHome {
    /// The present Oracle home.
    pub home: PathBuf,
    /// The Java home that the tool runs with.
    pub java_home: PathBuf,
    /// The archive of it.
    pub archive: PathBuf,
    /// The new Oracle home. It must not exist.
    pub target: PathBuf,
}

/// The tools take no blank in the value of an option.
fn plain(paths: &[(&str, &PathBuf)]) -> Vec<String> {
    let wrong = paths
        .iter()
        .filter(|(_, path)| !is_plain(&path.to_string_lossy()));
    wrong
        .map(|(option, path)| {
            format!(
                "{option}: Oracle's tools take no `{}`: only letters, digits and `_-./:\\`",
                path.display()
            )
        })
        .collect()
}

fn exists(host: &dyn Host, path: &Path) -> Vec<Finding> {
    match host.stat(path) {
        Ok(None) => Vec::new(),
        Ok(Some(_)) => vec![
            Finding::refuse(format!("{} is there already", path.display()))
                .hint("nothing is overwritten: remove it, or name another place"),
        ],
        Err(error) => vec![Finding::of(&error.into())],
    }
}

impl ArchiveHome {
    fn unfinished(&self) -> PathBuf {
        self.archive.with_extension("unfinished.jar")
    }

    fn invocation(&self) -> Invocation {
        let tools = self.tools.as_ref().unwrap_or(&self.home);
        let tool = tools.join("oracle_common/bin/copyBinary.sh");
        let mut invocation = Invocation::new(tool.to_string_lossy())
            .arg("-javaHome")
            .arg(&self.java_home)
            .arg("-archiveLoc")
            .arg(self.unfinished())
            .arg("-sourceOracleHomeLoc")
            .arg(&self.home);
        invocation.timeout = Some(TOOL);
        invocation
    }

    fn outcome(&self, sha256: String, bytes: u64) -> Outcome {
        let mut outputs = Map::new();
        outputs.insert("sha256".to_owned(), sha256.into());
        outputs.insert("bytes".to_owned(), bytes.into());
        Outcome {
            outputs,
            summary: format!("{}, {bytes} bytes", self.archive.display()),
            ..Outcome::default()
        }
    }
}

impl Action for ArchiveHome {
    const NAME: &'static str = "zdt.archive-home";
    const SUMMARY: &'static str = "Archives an Oracle home with copyBinary";
    const EFFECT: Effect = Effect::Idempotent;
    const OUTPUTS: &'static [OutputSpec] = &[
        OutputSpec {
            name: "sha256",
            kind: OutputKind::Text,
            about: "hash of the archive",
        },
        OutputSpec {
            name: "bytes",
            kind: OutputKind::Number,
            about: "its size",
        },
    ];

    fn validate(&self) -> Vec<String> {
        let mut problems = plain(&[
            ("home", &self.home),
            ("java_home", &self.java_home),
            ("archive", &self.archive),
        ]);
        if self.archive.extension() != Some("jar".as_ref()) {
            problems.push("archive: is no `.jar`".to_owned());
        }
        problems
    }

    fn preview(&self) -> Preview {
        vec![
            PreviewLine::Command(self.invocation().to_string()),
            PreviewLine::Writes(self.archive.display().to_string()),
            PreviewLine::Checks("it is a whole archive".to_owned()),
        ]
    }

    fn programs(&self) -> Vec<String> {
        vec![self.invocation().program]
    }

    fn check(&self, context: &CheckContext<'_>) -> Vec<Finding> {
        exists(context.host, &self.archive)
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let made = context.make_scratch()?.join(MADE);
        if context.host.stat(&self.archive)?.is_some() {
            let (sha256, bytes) = whole(context.host, &self.archive)?;
            let ours = context.host.stat(&made)?.is_some()
                && context.host.read(&made, 64)? == sha256.as_bytes();
            if ours {
                return Ok(self.outcome(sha256, bytes));
            }
            let text = format!("{} is there already", self.archive.display());
            return Err(Failure::refused(text)
                .hint("nothing is overwritten: remove it, then resume the run"));
        }
        let unfinished = self.unfinished();
        context.host.remove_tree(&unfinished)?;
        run(context, &self.invocation(), "copyBinary")?;
        let (sha256, bytes) = whole(context.host, &unfinished)?;
        context.host.sync(&unfinished)?;
        context.host.write_atomic(&made, sha256.as_bytes(), 0o600)?;
        context.host.rename(&unfinished, &self.archive)?;
        Ok(self.outcome(sha256, bytes))
    }
}

/// Hash and size of an archive that has a beginning and an end. The end of a zip is within its last
/// 64 KiB.
fn whole(host: &dyn Host, path: &Path) -> Result<(String, u64), Failure> {
    const END: usize = 64 * 1024 + 22;
    let missing = || {
        let text = format!(
            "copyBinary ended well, and {} is no whole archive",
            path.display()
        );
        Failure::verification(text).hint("look at the log of the step and for free space")
    };
    if host.stat(path)?.is_none() {
        return Err(missing());
    }
    let mut file = host.open(path)?;
    let mut hash = Sha256::new();
    let (mut bytes, mut tail, mut begins) = (0_u64, Vec::new(), false);
    let mut buffer = vec![0; 1024 * 1024];
    loop {
        let read = file
            .read(&mut buffer)
            .map_err(|error| HostError::file("read", path, error))?;
        if read == 0 {
            break;
        }
        if bytes == 0 {
            begins = buffer[..read].starts_with(b"PK\x03\x04");
        }
        hash.update(&buffer[..read]);
        bytes += read as u64;
        tail.extend_from_slice(&buffer[..read]);
        let surplus = tail.len().saturating_sub(END);
        tail.drain(..surplus);
    }
    let ends = tail.windows(4).any(|window| window == b"PK\x05\x06");
    if begins && ends {
        Ok((hex(&hash.finalize()), bytes))
    } else {
        Err(missing())
    }
}

impl UnpackHome {
    fn invocation(&self) -> Invocation {
        let tool = self.home.join("oracle_common/bin/pasteBinary.sh");
        let mut invocation = Invocation::new(tool.to_string_lossy())
            .arg("-javaHome")
            .arg(&self.java_home)
            .arg("-archiveLoc")
            .arg(&self.archive)
            .arg("-targetOracleHomeLoc")
            .arg(&self.target);
        invocation.timeout = Some(TOOL);
        invocation
    }

    fn looks(&self) -> [Invocation; 2] {
        [&self.home, &self.target].map(|home| opatch(home, &self.java_home, &["lspatches"]))
    }
}

impl Action for UnpackHome {
    const NAME: &'static str = "zdt.unpack-home";
    const SUMMARY: &'static str = "Makes a second Oracle home with pasteBinary";
    const EFFECT: Effect = Effect::Idempotent;

    fn validate(&self) -> Vec<String> {
        plain(&[
            ("home", &self.home),
            ("java_home", &self.java_home),
            ("archive", &self.archive),
            ("target", &self.target),
        ])
    }

    fn preview(&self) -> Preview {
        let mut preview = vec![
            PreviewLine::Command(self.invocation().to_string()),
            PreviewLine::Writes(self.target.display().to_string()),
        ];
        let looks = self.looks();
        preview.extend(looks.map(|look| PreviewLine::Command(look.to_string())));
        preview.push(PreviewLine::Checks(
            "both homes have the same patches".to_owned(),
        ));
        preview
    }

    fn programs(&self) -> Vec<String> {
        vec![self.invocation().program]
    }

    fn check(&self, context: &CheckContext<'_>) -> Vec<Finding> {
        exists(context.host, &self.target)
    }

    fn perform(&self, context: &StepContext<'_>) -> Result<Outcome, Failure> {
        let begun = context.make_scratch()?.join(MADE);
        if context.host.stat(&self.target)?.is_some() {
            if context.host.stat(&begun)?.is_none() {
                let text = format!("{} is there already", self.target.display());
                return Err(Failure::refused(text)
                    .hint("nothing is overwritten: remove it, then resume the run"));
            }
            // The half of an earlier attempt.
            context.host.remove_tree(&self.target)?;
        }
        context.host.write_atomic(&begun, b"", 0o600)?;
        run(context, &self.invocation(), "pasteBinary")?;
        if context
            .host
            .stat(&self.target.join("OPatch/opatch"))?
            .is_none()
        {
            let text = format!(
                "pasteBinary ended well, and {} is no Oracle home",
                self.target.display()
            );
            return Err(Failure::verification(text).hint("look at the log of the step"));
        }
        let [first, second] = self.looks();
        let first = patch_ids(&run_opatch(context, &first, "listing the patches")?);
        let second = patch_ids(&run_opatch(context, &second, "listing the patches")?);
        if first != second {
            return Err(Failure::verification(format!(
                "{} has the patches {}, {} has {}",
                self.home.display(),
                first.join(", "),
                self.target.display(),
                second.join(", ")
            ))
            .hint("the second home must begin as a copy of the first: remove it and its archive, then resume"));
        }
        Ok(Outcome {
            summary: format!("{} with {} patches", self.target.display(), second.len()),
            ..Outcome::default()
        })
    }
}
