//! "Did you mean …?"

/// The candidate that `word` was most likely meant to be, if one is near enough: a third of its
/// letters may differ, at least one. Letter case is ignored, swapped neighbours count once.
pub fn suggest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    let limit = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .filter(|candidate| *candidate != word)
        .map(|candidate| {
            let distance = strsim::damerau_levenshtein(&lower, &candidate.to_lowercase());
            (distance, candidate)
        })
        .filter(|(distance, candidate)| *distance <= limit && *distance < candidate.chars().count())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// A help line: the nearest candidate, or the whole list if it is short, or nothing.
pub fn did_you_mean<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str> + Clone,
) -> Option<String> {
    /// More than this many names are no help on one line.
    const LIST_LIMIT: usize = 24;
    if let Some(near) = suggest(word, candidates.clone()) {
        return Some(format!("did you mean `{near}`?"));
    }
    let all: Vec<String> = candidates
        .into_iter()
        .take(LIST_LIMIT + 1)
        .map(|candidate| format!("`{candidate}`"))
        .collect();
    match all.len() {
        0 => None,
        1 => Some(format!("only {} is possible here", all[0])),
        count if count <= LIST_LIMIT => Some(format!("possible here: {}", all.join(", "))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_wins() {
        let names = ["command", "comment", "with", "when"];
        assert_eq!(suggest("comand", names), Some("command"));
        assert_eq!(suggest("Command", names), Some("command"));
        assert_eq!(suggest("wehn", names), Some("when"));
        assert_eq!(suggest("zzz", names), None);
        assert_eq!(suggest("x", ["a", "b"]), None);
        assert_eq!(suggest("", names), None);
    }

    #[test]
    fn a_short_list_is_named() {
        assert_eq!(
            did_you_mean("zzz", ["env", "file"]).as_deref(),
            Some("possible here: `env`, `file`")
        );
        assert_eq!(
            did_you_mean("fiel", ["env", "file"]).as_deref(),
            Some("did you mean `file`?")
        );
        assert_eq!(did_you_mean("fiel", []), None);
    }
}
