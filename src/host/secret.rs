//! Secrets at run time: held so that they do not print, and masked wherever text leaves the kit.

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

/// Replaces every known secret, in its plain form and the forms that tools print it in.
#[derive(Debug, Clone, Default)]
pub struct Masker(std::sync::Arc<std::sync::RwLock<Vec<Secret>>>);

impl Masker {
    /// Knows the secret from now on.
    pub fn add(&self, secret: &Secret) {
        if let Ok(mut known) = self.0.write() {
            known.push(secret.clone());
        }
    }

    /// The text with every secret replaced by `***`.
    pub fn mask(&self, text: &str) -> String {
        let mut masked = text.to_owned();
        if let Ok(known) = self.0.read() {
            for secret in known.iter().filter(|secret| !secret.expose().is_empty()) {
                masked = masked.replace(secret.expose(), "***");
            }
        }
        masked
    }
}
