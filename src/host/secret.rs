//! Secrets at run time: held so that they do not print.

use secrecy::{ExposeSecret, SecretString};

/// A resolved secret. Its `Debug` shows nothing.
#[derive(Debug, Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Takes the text into keeping.
    pub fn new(text: String) -> Self {
        Self(SecretString::from(text))
    }

    /// The text itself, for the one place that hands it to a tool.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}
