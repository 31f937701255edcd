//! References to secrets, as documents hold them.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where a secret is to be found. Documents, plans, journals and backup sets hold this reference,
/// never the secret. Exactly one of the fields is given; [`SecretRef::validate`] tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SecretRef {
    /// Name of an environment variable of the program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub env: Option<String>,
    /// A file whose first line is the secret; it must not be readable by others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// A command (program and arguments, no shell) that prints the secret as its first line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<Vec<String>>,
}

impl SecretRef {
    /// Whether exactly one way is given, and not an empty one.
    pub fn validate(&self) -> Result<(), String> {
        let ways = usize::from(self.env.is_some())
            + usize::from(self.file.is_some())
            + usize::from(self.command.is_some());
        match (ways, &self.command) {
            (1, Some(command)) if command.is_empty() => Err("the command is empty".to_owned()),
            (1, _) => Ok(()),
            (0, _) => Err("give one of `env`, `file` or `command`".to_owned()),
            _ => Err("give only one of `env`, `file` and `command`".to_owned()),
        }
    }
}

impl std::fmt::Display for SecretRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.env, &self.file, &self.command) {
            (Some(name), ..) => write!(f, "environment variable {name}"),
            (_, Some(path), _) => write!(f, "file {}", path.display()),
            (.., Some(command)) => write!(f, "output of `{}`", command.join(" ")),
            _ => f.write_str("nothing"),
        }
    }
}
