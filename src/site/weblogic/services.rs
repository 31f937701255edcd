//! The entries of the two JSON files that a rollout reads: migrations of singleton services and
//! applications (document weblogic-zdt, migrations-json and app-json).

use schemars::JsonSchema;
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// What becomes of the singleton services of one server while it is down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Migration {
    /// The server that the services leave.
    pub source: String,
    /// Where they go: a server, or for `server` a node. Not for `none`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<String>,
    /// What is migrated.
    pub migration_type: MigrationType,
    /// Whether the services come back afterwards. JTA does by itself.
    #[serde(
        default,
        deserialize_with = "boolean",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "Option<bool>")]
    pub failback: Option<bool>,
}

/// What is migrated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MigrationType {
    /// All JMS migratable targets.
    Jms,
    /// The JTA service.
    Jta,
    /// Both.
    All,
    /// The whole server, to another node.
    Server,
    /// Nothing.
    None,
}

impl MigrationType {
    /// The word of the documents.
    pub fn word(self) -> &'static str {
        match self {
            Self::Jms => "jms",
            Self::Jta => "jta",
            Self::All => "all",
            Self::Server => "server",
            Self::None => "none",
        }
    }
}

/// A new version of an application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Application {
    /// Its name in WebLogic.
    pub application_name: String,
    /// The new version: a file or directory, here, and on every node unless it is staged.
    pub patched_location: String,
    /// Where the present version is moved.
    pub backup_location: String,
    /// Its deployment plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_location: Option<String>,
    /// Whether the deployment plan is dropped.
    #[serde(
        default,
        deserialize_with = "boolean",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "Option<bool>")]
    pub remove_plan_override: Option<bool>,
    /// The partition it is deployed to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition: Option<String>,
    /// The resource group template it is deployed to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_group_template: Option<String>,
    /// How it was staged; only in the site file, WebLogic knows it. Default `stage`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub staging: Option<Staging>,
}

/// How an application comes to the servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Staging {
    /// The Admin Server copies it to them: the new version must be on its node.
    Stage,
    /// They read it where it is: the new version must be on every node.
    NoStage,
    /// It is copied to them by other means: the new version must be on every node.
    ExternalStage,
}

/// `true` or `"true"`: the files of the document have the latter.
fn boolean<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    struct Boolean;
    impl Visitor<'_> for Boolean {
        type Value = bool;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("`true` or `false`")
        }
        fn visit_bool<E: de::Error>(self, value: bool) -> Result<bool, E> {
            Ok(value)
        }
        fn visit_str<E: de::Error>(self, text: &str) -> Result<bool, E> {
            match text.to_ascii_lowercase().as_str() {
                "true" => Ok(true),
                "false" => Ok(false),
                _ => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
            }
        }
    }
    deserializer.deserialize_any(Boolean).map(Some)
}
