//! References to secrets, as documents hold them.

use std::fmt;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::diagnostic::{Code, complaint};

/// Where a secret is to be found. Documents, plans, journals and backup sets hold this reference,
/// never the secret. Exactly one of the fields is given; [`SecretRef::validate`] tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct SecretRef {
    /// Name of an environment variable of the program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env: Option<String>,
    /// A file whose first line is the secret; it must not be readable by others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// A command (program and arguments, no shell) that prints the secret as its first line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<Vec<String>>,
}

/// What is said instead of accepting a secret that stands in the document itself.
fn literal<E: de::Error>() -> E {
    E::custom(complaint(
        Code::SECRET_IN_DOCUMENT,
        "a secret must not be written here",
        "write where it is: `{ env: NAME }`, `{ file: PATH }` or `{ command: [PROGRAM, …] }`; \
         and change it, since it stood in a file",
    ))
}

/// By hand, so that a literal secret gets a message of its own, which does not repeat it.
impl<'de> Deserialize<'de> for SecretRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Ways {
            #[serde(default)]
            env: Option<String>,
            #[serde(default)]
            file: Option<PathBuf>,
            #[serde(default)]
            command: Option<Vec<String>>,
        }
        struct Reference;
        impl<'de> Visitor<'de> for Reference {
            type Value = SecretRef;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "a reference: `{ env: NAME }`, `{ file: PATH }` or `{ command: [ … ] }`",
                )
            }
            fn visit_str<E: de::Error>(self, _: &str) -> Result<SecretRef, E> {
                Err(literal())
            }
            fn visit_i64<E: de::Error>(self, _: i64) -> Result<SecretRef, E> {
                Err(literal())
            }
            fn visit_u64<E: de::Error>(self, _: u64) -> Result<SecretRef, E> {
                Err(literal())
            }
            fn visit_bool<E: de::Error>(self, _: bool) -> Result<SecretRef, E> {
                Err(literal())
            }
            fn visit_f64<E: de::Error>(self, _: f64) -> Result<SecretRef, E> {
                Err(literal())
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<SecretRef, A::Error> {
                let Ways { env, file, command } =
                    Ways::deserialize(de::value::MapAccessDeserializer::new(map))?;
                let reference = SecretRef { env, file, command };
                reference.validate().map_err(|fault| {
                    let help = "exactly one of them tells where the secret is";
                    de::Error::custom(complaint(Code::SECRET_REFERENCE, &fault, help))
                })?;
                Ok(reference)
            }
        }
        deserializer.deserialize_any(Reference)
    }
}

impl SecretRef {
    /// The same reference with its file below the folder of the document, as all its paths are.
    #[must_use]
    pub fn below(mut self, directory: &std::path::Path) -> Self {
        self.file = self.file.map(|file| super::absolute(directory, &file));
        self
    }

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

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.env, &self.file, &self.command) {
            (Some(name), ..) => write!(f, "environment variable {name}"),
            (_, Some(path), _) => write!(f, "file {}", path.display()),
            (.., Some(command)) => write!(f, "output of `{}`", command.join(" ")),
            _ => f.write_str("nothing"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_beside_the_document_wherever_the_program_runs() {
        let reference: SecretRef = serde_json::from_str(r#"{"file":"./password"}"#).unwrap();
        let found = reference.below("/etc/kit".as_ref());
        assert_eq!(found.file, Some("/etc/kit/password".into()));
    }
}
