//! A secret that is planted in this process: rigs take it in place of their usual password.

use std::sync::{Mutex, PoisonError};

/// What tools and their languages could stumble over.
const TAIL: &str = "-q\"r's\\t &<u>%+#@/ü";

static BEGINNING: Mutex<Option<String>> = Mutex::new(None);

/// From now on every password begins with that, which no disguise of a single sign changes.
pub(crate) fn plant(beginning: &str) {
    *BEGINNING.lock().unwrap_or_else(PoisonError::into_inner) = Some(beginning.to_owned());
}

/// The planted password, without signs that the rig or its product does not take; the usual one where
/// nothing is planted.
pub(crate) fn instead_of(usual: &str, without: &str) -> String {
    let beginning = BEGINNING.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(beginning) = &*beginning else {
        return usual.to_owned();
    };
    let tail = TAIL.chars().filter(|&sign| !without.contains(sign));
    beginning.chars().chain(tail).collect()
}
