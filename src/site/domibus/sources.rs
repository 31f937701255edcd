//! All sources of properties by precedence (BG DomibusApplicationInitializer.configurePropertySources):
//! the configuration location, context parameters, system properties, the environment, the files.
//! Values that an administrator changes at run time are written into the files and so need no source.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

use indexmap::IndexMap;

use super::notes::{Findings, Place, Severity};
use crate::site::placeholders::{self, PlaceholderError};

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    BuiltIn,
    File(Place),
    Environment(String),
    /// The place is missing if the option comes from outside any file.
    System(Option<Place>),
    Context(Place),
    ConfigLocation,
}

/// A raw value; none if it is known only when the start script runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Setting {
    pub(super) value: Option<String>,
    pub(super) origin: Origin,
}

/// A value with all placeholders replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Resolved {
    pub(super) value: String,
    pub(super) place: Option<Place>,
}

/// The sources.
#[derive(Debug, Default, Clone)]
pub(super) struct Sources {
    pub(super) config_location: Option<String>,
    pub(super) context: BTreeMap<String, Setting>,
    pub(super) system: BTreeMap<String, Setting>,
    pub(super) environment: BTreeMap<String, Option<String>>,
    pub(super) files: IndexMap<String, Setting>,
}

impl Setting {
    pub(super) fn built_in(value: &str) -> Self {
        Self {
            value: Some(value.to_owned()),
            origin: Origin::BuiltIn,
        }
    }
}

impl Origin {
    pub(super) fn place(&self) -> Option<Place> {
        match self {
            Self::File(place) | Self::Context(place) | Self::System(Some(place)) => {
                Some(place.clone())
            }
            _ => None,
        }
    }

    fn describe(&self) -> String {
        match (self, self.place()) {
            (Self::System(_), Some(place)) => format!("a -D at {place}"),
            (Self::System(_), None) => "a -D from outside the start script".to_owned(),
            (Self::Context(_), Some(place)) => format!("a context parameter at {place}"),
            (Self::Environment(name), _) => format!("the environment variable {name}"),
            (_, Some(place)) => place.to_string(),
            (_, None) => "a built-in default".to_owned(),
        }
    }
}

impl Sources {
    /// The same sources with a value for a key that none of them has.
    pub(super) fn with_fallback(&self, key: &str, value: &str) -> Self {
        let mut sources = self.clone();
        if self.raw(key).is_none() {
            sources
                .files
                .insert(key.to_owned(), Setting::built_in(value));
        }
        sources
    }

    /// The value in effect before placeholders are replaced.
    pub(super) fn raw(&self, key: &str) -> Option<Setting> {
        if key == "domibus.config.location"
            && let Some(location) = &self.config_location
        {
            return Some(Setting {
                value: Some(location.clone()),
                origin: Origin::ConfigLocation,
            });
        }
        let layered = self.context.get(key).or_else(|| self.system.get(key));
        layered
            .cloned()
            .or_else(|| self.in_environment(key))
            .or_else(|| self.files.get(key).cloned())
    }

    /// Spring also finds `a.b-c` as `a_b_c` and `A_B_C` (`SystemEnvironmentPropertySource`).
    fn in_environment(&self, key: &str) -> Option<Setting> {
        let spellings = [key.to_owned(), key.to_uppercase()]
            .into_iter()
            .flat_map(|key| {
                [
                    key.replace('.', "_"),
                    key.replace('-', "_"),
                    key.replace(['.', '-'], "_"),
                    key,
                ]
            });
        let mut found = spellings.filter_map(|name| {
            let value = self.environment.get(&name)?.clone();
            Some(Setting {
                value,
                origin: Origin::Environment(name),
            })
        });
        found.next()
    }

    /// Every key that has a value from a file, a system property or a context parameter.
    pub(super) fn keys(&self) -> BTreeSet<&str> {
        let keys = self
            .files
            .keys()
            .chain(self.system.keys())
            .chain(self.context.keys());
        keys.map(String::as_str).collect()
    }

    /// The value as Domibus gets it; a problem is reported if it cannot be had.
    pub(super) fn get(&self, key: &str, findings: &mut Findings) -> Option<Resolved> {
        let setting = self.raw(key)?;
        let place = setting.origin.place();
        self.note_hidden(key, &setting, findings);
        let Some(value) = &setting.value else {
            unknown(key, place, findings);
            return None;
        };
        let value = self.resolve(value, key, place.as_ref(), findings)?;
        if value.ends_with(char::is_whitespace) && !value.trim().is_empty() {
            findings.note(
                Severity::Warning,
                place.clone(),
                format!("the value of {key} ends with a blank, which Java keeps"),
                "remove the blank if it is not meant",
            );
        }
        Some(Resolved { value, place })
    }

    /// As [`Self::get`], with blank values counting as none, as Domibus' `StringUtils.isBlank` has it.
    pub(super) fn text(&self, key: &str, findings: &mut Findings) -> Option<Resolved> {
        self.get(key, findings)
            .filter(|found| !found.value.trim().is_empty())
    }

    /// Replaces the placeholders of a text that stands at `place`, for the sake of `what`.
    pub(super) fn resolve(
        &self,
        text: &str,
        what: &str,
        place: Option<&Place>,
        findings: &mut Findings,
    ) -> Option<String> {
        let not_known = RefCell::new(None);
        let lookup = |key: &str| {
            let setting = self.raw(key)?;
            if setting.value.is_none() {
                *not_known.borrow_mut() = Some((key.to_owned(), setting.origin.place()));
            }
            setting.value
        };
        let error = match placeholders::resolve(text, &lookup) {
            Ok(value) if not_known.borrow().is_none() => return Some(value),
            Ok(_) => None,
            Err(error) => Some(error),
        };
        if let Some((key, place)) = not_known.into_inner() {
            unknown(&key, place, findings);
            return None;
        }
        let error = error?;
        // The property at fault is named, not the one that asked, so that one fault is one problem.
        let (what, place) = match &error {
            PlaceholderError::Unresolvable {
                within: Some(within),
                ..
            } => {
                let setting = self.raw(within);
                (
                    within.as_str(),
                    setting.and_then(|setting| setting.origin.place()),
                )
            }
            _ => (what, place.cloned()),
        };
        findings.problem(
            place,
            format!("{what}: {error}"),
            "Domibus cannot start with this; if it does start, the value comes from a place that was not \
             given here, such as the environment of the service",
        );
        None
    }

    fn note_hidden(&self, key: &str, setting: &Setting, findings: &mut Findings) {
        let Some(hidden) = self.files.get(key) else {
            return;
        };
        let overrides = !matches!(
            setting.origin,
            Origin::File(_) | Origin::BuiltIn | Origin::ConfigLocation
        );
        if overrides && hidden.value != setting.value && hidden.origin != Origin::BuiltIn {
            findings.note(
                Severity::Info,
                hidden.origin.place(),
                format!("{key} is overridden by {}", setting.origin.describe()),
                "",
            );
        }
    }
}

fn unknown(key: &str, place: Option<Place>, findings: &mut Findings) {
    findings.problem(
        place,
        format!("the value of {key} is known only when the start script runs"),
        "write the value out, or give the variables that it is made of in the environment",
    );
}
