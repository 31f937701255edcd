//! From the reference to the secret, at the moment it is needed.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::geteuid;

use super::secret_ref::SecretRef;
use crate::host::{
    Control, Exit, FileKind, FileStat, Host, HostError, Invocation, Secret, Stdin, Stdout, Streams,
};

/// A command that prints a secret has this long.
const COMMAND_LIMIT: Duration = Duration::from_secs(30);

/// More of a secret file is not read, and more of a command's output not kept.
const LONGEST: usize = 64 * 1024;

/// As many links as the kernel follows.
const MOST_LINKS: usize = 40;

/// Why a secret could not be had. Never holds any of it.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The reference itself is wrong.
    #[error("the reference to a secret is not complete: {0}")]
    Reference(String),
    /// The environment variable is not set.
    #[error("the environment variable {name}, which holds a secret, is not set")]
    NotSet {
        /// Its name.
        name: String,
    },
    /// The secret is empty.
    #[error("the secret from the {place} is empty")]
    Empty {
        /// Where it was looked for.
        place: String,
    },
    /// The secret cannot be used as text.
    #[error("the secret from the {place} is not valid UTF-8 or holds a null character")]
    NotText {
        /// Where it was looked for.
        place: String,
    },
    /// There is no such file.
    #[error("the secret file {} does not exist", path.display())]
    NoFile {
        /// The path.
        path: PathBuf,
    },
    /// Others could read or change the secret.
    #[error(
        "the secret file {} can be read or changed by others (mode {mode:04o}, owner {uid})",
        path.display()
    )]
    Exposed {
        /// The path, links followed.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
        /// Its owner.
        uid: u32,
    },
    /// The file is none.
    #[error("the secret file {} is not a regular file", path.display())]
    NotAFile {
        /// The path, links followed.
        path: PathBuf,
    },
    /// The command did not do it.
    #[error("the command `{command}`, which prints a secret, failed: {ended}{said}")]
    Command {
        /// The command.
        command: String,
        /// How it ended.
        ended: String,
        /// The last line of its standard error, after a separator; empty if there was none.
        said: String,
    },
    /// The host could not do it.
    #[error(transparent)]
    Host(#[from] HostError),
}

impl SecretError {
    /// What to do.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotSet { name } => Some(format!(
                "export {name} before you start upgrade-kit, or refer to a file or command"
            )),
            Self::Exposed { path, .. } => Some(format!(
                "make it yours and yours alone: chmod 600 {}",
                crate::host::shell_word(&path.to_string_lossy())
            )),
            Self::NoFile { .. } => {
                Some("write the secret as the first line of that file, mode 0600".to_owned())
            }
            Self::Command { command, .. } => Some(format!("run `{command}` by hand and look")),
            Self::Empty { .. } => Some("the first line must hold the secret".to_owned()),
            _ => None,
        }
    }
}

/// The secret that the reference stands for. The caller makes it known to the masker.
///
/// A command's output goes neither to the step's log nor through the masker: it could not be
/// masked before it is known, and would be `***` the second time if it was.
pub fn resolve(
    reference: &SecretRef,
    host: &dyn Host,
    control: &Control,
) -> Result<Secret, SecretError> {
    reference.validate().map_err(SecretError::Reference)?;
    let place = reference.to_string();
    let content = match (&reference.env, &reference.file, &reference.command) {
        (Some(name), ..) => from_environment(name)?,
        (_, Some(path), _) => from_file(path, host)?,
        (.., Some(command)) => from_command(command, host, control)?,
        _ => Vec::new(),
    };
    let Ok(content) = String::from_utf8(content) else {
        return Err(SecretError::NotText { place });
    };
    let secret = if reference.env.is_some() {
        content.as_str()
    } else {
        content.lines().next().unwrap_or_default()
    };
    if secret.contains('\0') {
        return Err(SecretError::NotText { place });
    }
    if secret.is_empty() {
        return Err(SecretError::Empty { place });
    }
    Ok(Secret::new(secret.to_owned()))
}

fn from_environment(name: &str) -> Result<Vec<u8>, SecretError> {
    use std::os::unix::ffi::OsStringExt;
    let not_set = || SecretError::NotSet {
        name: name.to_owned(),
    };
    // `var_os` panics on neither, but a name with `=` can never be set.
    std::env::var_os(name)
        .map(OsStringExt::into_vec)
        .ok_or_else(not_set)
}

fn from_file(path: &Path, host: &dyn Host) -> Result<Vec<u8>, SecretError> {
    let (path, found) = follow(path, host)?;
    if found.kind != FileKind::File {
        return Err(SecretError::NotAFile { path });
    }
    let owned = found.uid == 0 || found.uid == geteuid().as_raw();
    if found.mode & 0o077 != 0 || !owned {
        return Err(SecretError::Exposed {
            path,
            mode: found.mode,
            uid: found.uid,
        });
    }
    Ok(host.read(&path, LONGEST as u64)?)
}

/// Secrets are often mounted as links; what counts is the file at their end.
fn follow(path: &Path, host: &dyn Host) -> Result<(PathBuf, FileStat), SecretError> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        match host.stat(&path)? {
            None => return Err(SecretError::NoFile { path }),
            Some(FileStat {
                kind: FileKind::Symlink(target),
                ..
            }) => path = path.parent().unwrap_or(Path::new("")).join(target),
            Some(found) => return Ok((path, found)),
        }
    }
    let loops = io::Error::other("too many symbolic links");
    Err(HostError::file("follow", &path, loops).into())
}

fn from_command(
    command: &[String],
    host: &dyn Host,
    control: &Control,
) -> Result<Vec<u8>, SecretError> {
    let (program, arguments) = command
        .split_first()
        .map_or(("", command), |(one, rest)| (one.as_str(), rest));
    let mut invocation = Invocation::new(program).args(arguments);
    invocation.timeout = Some(COMMAND_LIMIT);
    invocation.grace = Duration::from_secs(2);
    let mut output = Bounded(Vec::new());
    let streams = Streams {
        stdin: Stdin::Null,
        stdout: Stdout::Writer(&mut output),
    };
    let exit = host.run(&invocation, streams, control)?;
    if exit.stopped {
        return Err(HostError::Stopped.into());
    }
    if !exit.success() {
        return Err(SecretError::Command {
            command: invocation.to_string(),
            ended: how_it_ended(&exit),
            said: exit
                .stderr
                .last_lines(1)
                .first()
                .map_or(String::new(), |line| format!(": {line}")),
        });
    }
    Ok(output.0)
}

fn how_it_ended(exit: &Exit) -> String {
    if exit.timed_out {
        format!("no answer within {} seconds", COMMAND_LIMIT.as_secs())
    } else {
        exit.status.to_string()
    }
}

/// Keeps the beginning of what is written.
struct Bounded(Vec<u8>);

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = LONGEST - self.0.len();
        self.0.extend_from_slice(&bytes[..bytes.len().min(room)]);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::host::{LocalHost, Masker};

    fn reference(env: Option<&str>, file: Option<&Path>, command: Option<&[&str]>) -> SecretRef {
        SecretRef {
            env: env.map(str::to_owned),
            file: file.map(Path::to_owned),
            command: command.map(|words| words.iter().map(|&word| word.to_owned()).collect()),
        }
    }

    fn control() -> Control {
        Control::unattended(Masker::default())
    }

    fn from_sh(script: &str) -> Result<Secret, SecretError> {
        let reference = reference(None, None, Some(&["sh", "-c", script]));
        resolve(&reference, &LocalHost, &control())
    }

    #[test]
    fn an_environment_variable_is_taken_whole() {
        let path = reference(Some("PATH"), None, None);
        let secret = resolve(&path, &LocalHost, &control()).unwrap();
        assert_eq!(secret.expose(), std::env::var("PATH").unwrap());
        let unset = reference(Some("UPGRADE_KIT_NO_SUCH_VARIABLE"), None, None);
        let error = resolve(&unset, &LocalHost, &control()).unwrap_err();
        assert!(matches!(error, SecretError::NotSet { .. }), "{error}");
        assert!(error.hint().unwrap().starts_with("export UPGRADE_KIT_NO"));
    }

    #[test]
    fn a_file_gives_its_first_line_and_must_be_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret file");
        std::fs::write(&path, "pass word \r\nsecond\n").unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("secret file", &link).unwrap();
        let give = |mode: u32| {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            resolve(&reference(None, Some(&link), None), &LocalHost, &control())
        };
        assert_eq!(give(0o600).unwrap().expose(), "pass word ");
        assert_eq!(give(0o400).unwrap().expose(), "pass word ");
        for mode in [0o640, 0o604, 0o620, 0o666] {
            let error = give(mode).unwrap_err();
            assert!(matches!(error, SecretError::Exposed { .. }), "{error}");
            let hint = error.hint().unwrap();
            assert!(hint.contains("chmod 600 '"), "{hint}");
            assert!(!error.to_string().contains("pass"));
        }
        let absent = reference(None, Some(&folder.path().join("absent")), None);
        let error = resolve(&absent, &LocalHost, &control()).unwrap_err();
        assert!(matches!(error, SecretError::NoFile { .. }), "{error}");
        let directory = reference(None, Some(folder.path()), None);
        let error = resolve(&directory, &LocalHost, &control()).unwrap_err();
        assert!(matches!(error, SecretError::NotAFile { .. }), "{error}");
    }

    #[test]
    fn a_command_gives_its_first_line_unlogged_and_unmasked() {
        let log = Arc::new(Mutex::new(Vec::new()));
        let mut control = control();
        control.log = Some(log.clone());
        let reference = reference(None, None, Some(&["printf", "swordfish\nmore\n"]));
        for _ in 0..2 {
            let secret = resolve(&reference, &LocalHost, &control).unwrap();
            assert_eq!(secret.expose(), "swordfish");
            control.masker.add(&secret);
        }
        assert!(log.lock().unwrap().is_empty());
    }

    #[test]
    fn a_command_that_fails_or_prints_nothing_is_refused() {
        let error = from_sh("echo half-a-secret; echo no vault >&2; exit 4").unwrap_err();
        let text = error.to_string();
        assert!(text.ends_with("failed: exit code 4: no vault"), "{text}");
        for (script, wanted) in [("true", "is empty"), ("echo", "is empty")] {
            let text = from_sh(script).unwrap_err().to_string();
            assert!(text.contains(wanted), "{text}");
        }
        let error = from_sh("printf '\\377\\n'").unwrap_err();
        assert!(matches!(error, SecretError::NotText { .. }), "{error}");
        assert!(from_sh("yes | head -c 10000000").is_ok());
    }
}
