//! The runbooks that the program carries.

/// Name and text of every shipped document, sorted by name. A test holds the list to `runbooks/`.
pub static SHIPPED: &[(&str, &str)] = &[];
