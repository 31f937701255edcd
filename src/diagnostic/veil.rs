//! Keeps secrets that stand in a document out of everything that is shown of it.
//!
//! A password does not belong in a document, but when one stands there, the message that says so would
//! print it: into a terminal, a pipeline's log, a ticket. What follows a key that sounds like a secret is
//! covered, in the shown lines and in the words of messages. The text is read line by line, not as a
//! tree: a document that is not YAML is shown too. Rather too much is covered than too little.

use std::ops::Range;

/// A document's text without what sounds like a secret.
pub(super) struct Veil {
    /// As long as the document's text, so that places in that one hold here.
    text: String,
    /// What was covered, the longest first.
    words: Vec<String>,
}

/// Keys that contain one of these hold secrets.
const SOUNDS: [&str; 7] = [
    "pass",
    "pwd",
    "secret",
    "token",
    "credential",
    "apikey",
    "api_key",
];

/// Keys of a reference to a secret; they are no secret.
const REFERENCE: [&str; 4] = ["env", "file", "command", "value"];

/// Shorter words would tear holes into messages that have nothing to do with them.
const SHORTEST_WORD: usize = 3;

impl Veil {
    pub(super) fn over(text: &str) -> Self {
        let mut veiled = text.as_bytes().to_vec();
        let mut words = Vec::new();
        for range in covered(text) {
            cover(text, range, &mut veiled, &mut words);
        }
        words.retain(|word| word.len() >= SHORTEST_WORD);
        words.sort_by_key(|word| std::cmp::Reverse(word.len()));
        words.dedup();
        Self {
            // Whole characters were replaced by as many stars as they have bytes.
            text: String::from_utf8(veiled).unwrap_or_default(),
            words,
        }
    }

    /// The text; a covered character is a star for each of its bytes.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// A message about the document, without covered words.
    pub(super) fn clean(&self, message: &str) -> String {
        let mut clean = message.to_owned();
        for word in &self.words {
            let mut from = 0;
            while let Some(at) = clean[from..].find(word.as_str()).map(|at| from + at) {
                let end = at + word.len();
                let inside = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
                if inside(clean[..at].chars().next_back()) || inside(clean[end..].chars().next()) {
                    from = end;
                } else {
                    clean.replace_range(at..end, "***");
                    from = at + 3;
                }
            }
        }
        clean
    }
}

/// Replaces the characters of a range, but for what gives it its shape, and remembers its words.
fn cover(text: &str, range: Range<usize>, veiled: &mut [u8], words: &mut Vec<String>) {
    let part = &text[range.clone()];
    let shape = |c: char| c.is_whitespace() || "{}[],:\"'|>&*".contains(c);
    words.push(part.trim_matches(shape).to_owned());
    let mut start = 0;
    for (at, c) in part.char_indices().chain([(part.len(), ' ')]) {
        if !shape(c) {
            continue;
        }
        let word = &part[start..at];
        let follows = part[at..].trim_start().starts_with(':');
        let is_variable = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        let is_key = follows && (REFERENCE.contains(&word) || word.chars().all(is_variable));
        if !word.is_empty() && !is_key {
            veiled[range.start + start..range.start + at].fill(b'*');
            words.push(word.to_owned());
        }
        start = at + c.len_utf8();
    }
}

/// The ranges to cover. One of several lines comes as several.
fn covered(text: &str) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut under: Option<Under> = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let line = line.trim_end();
        if line.is_empty() {
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        let item = line.trim_start().starts_with('-');
        if under
            .is_some_and(|key| indent > key.indent || (key.open && item && indent == key.indent))
        {
            ranges.push(start + indent..start + line.len());
            continue;
        }
        under = None;
        for value in values(line) {
            let to_the_end = value.end == line.len();
            if to_the_end {
                let open = line[value.clone()].trim().is_empty();
                under = Some(Under { indent, open });
            }
            ranges.push(start + value.start..start + value.end);
        }
    }
    ranges
}

/// A key whose value may go on in the next lines.
#[derive(Clone, Copy)]
struct Under {
    indent: usize,
    /// Nothing stands behind it.
    open: bool,
}

/// Where in a line something stands that a key says is a secret.
fn values(line: &str) -> Vec<Range<usize>> {
    let mut values = Vec::new();
    let mut from = 0;
    while let Some((key, value)) = next_key(line, from) {
        if !sounds_like_a_secret(&line[key.clone()]) {
            from = key.end;
            continue;
        }
        let depth = depth(&line[..key.start]);
        let end = if depth == 0 {
            line.len()
        } else {
            value + flow_value(&line[value..])
        };
        values.push(value..end);
        from = end;
    }
    values
}

/// The next word that has a colon behind it, or that begins the line (the colon may be what is
/// missing), and where its value begins.
fn next_key(line: &str, from: usize) -> Option<(Range<usize>, usize)> {
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let head = line.len()
        - line
            .trim_start_matches([' ', '-', '#', '"', '\'', '{', '?'])
            .len();
    let mut at = from;
    while at < line.len() {
        let Some(start) = line[at..]
            .find(|c: char| is_word(c))
            .map(|found| at + found)
        else {
            break;
        };
        let end = line[start..]
            .find(|c: char| !is_word(c))
            .map_or(line.len(), |found| start + found);
        let rest = line[end..].trim_start_matches(['"', '\'', ' ']);
        let behind = line.len() - rest.len();
        if rest.starts_with(':') && !rest.starts_with("://") {
            return Some((start..end, behind + 1));
        }
        if start <= head && end < line.len() {
            return Some((start..end, end));
        }
        at = end;
    }
    None
}

/// Brackets that are open at the end of a text.
fn depth(text: &str) -> usize {
    text.chars().fold(0, |depth: usize, c| match c {
        '{' | '[' => depth + 1,
        '}' | ']' => depth.saturating_sub(1),
        _ => depth,
    })
}

/// Length of a value between brackets: it ends before the next key beside it, or with the brackets.
fn flow_value(rest: &str) -> usize {
    let mut open = 0_usize;
    let mut quote = None;
    for (at, c) in rest.char_indices() {
        match (quote, c) {
            (Some(close), c) if c == close => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '{' | '[') => open += 1,
            (None, '}' | ']') if open == 0 => return at,
            (None, '}' | ']') => open -= 1,
            (None, ',') if open == 0 && begins_with_key(&rest[at + 1..]) => return at,
            _ => {}
        }
    }
    rest.len()
}

fn begins_with_key(rest: &str) -> bool {
    let rest = rest.trim_start();
    let name = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-'));
    name.is_some_and(|end| end > 0 && rest[end..].starts_with(": "))
}

fn sounds_like_a_secret(key: &str) -> bool {
    let key = key.to_lowercase();
    SOUNDS.iter().any(|sound| key.contains(sound))
        || strsim::damerau_levenshtein(&key, "password") <= 2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn veiled(text: &str) -> String {
        let veil = Veil::over(text);
        assert_eq!(veil.text().len(), text.len());
        veil.text().to_owned()
    }

    #[test]
    fn values_of_secret_keys_are_covered() {
        assert_eq!(veiled("password: abcd"), "password: ****");
        assert_eq!(
            veiled("  DB_PWD : \"ab cd\"\nport: 5"),
            "  DB_PWD : \"** **\"\nport: 5"
        );
        assert_eq!(veiled("pasword:abcd"), "pasword:****");
        assert_eq!(veiled("password abcd"), "password ****");
        assert_eq!(veiled("- passphrase: äb"), "- passphrase: ***");
        assert_eq!(veiled("# password: abcd"), "# password: ****");
        assert_eq!(veiled("title: passed on"), "title: passed on");
        assert_eq!(veiled("kind: mysql\nuser: root"), "kind: mysql\nuser: root");
    }

    #[test]
    fn values_of_several_lines_are_covered() {
        assert_eq!(
            veiled("password: |\n    abcd\n\n    efgh\nport: 5"),
            "password: |\n    ****\n\n    ****\nport: 5"
        );
        assert_eq!(
            veiled("password:\n- abcd\nuser: x"),
            "password:\n* ****\nuser: x"
        );
        assert_eq!(
            veiled("a: { password:\n  abcd }\nb: 1"),
            "a: { password:\n  **** }\nb: 1"
        );
    }

    #[test]
    fn between_brackets_only_the_value_is_covered() {
        assert_eq!(
            veiled("c: { user: a, password: b,c, port: x }"),
            "c: { user: a, password: *,*, port: x }"
        );
        assert_eq!(
            veiled("e: { secrets: { TOKEN: ab, value: cd }, directory: d }"),
            "e: { secrets: { TOKEN: **, value: ** }, directory: d }"
        );
    }

    #[test]
    fn references_keep_their_shape() {
        assert_eq!(veiled("password: { env: DB }"), "password: { env: ** }");
        assert_eq!(veiled("password:\n  file: /a"), "password:\n  file: **");
    }

    #[test]
    fn messages_lose_the_words() {
        let veil = Veil::over("password: { hunter2: x, other one }");
        assert_eq!(
            veil.clean("unknown key `hunter2`, not hunter22 or `other`"),
            "unknown key `***`, not hunter22 or `***`"
        );
    }

    #[test]
    fn any_text_is_survived() {
        for text in [
            "",
            "\n",
            "password",
            "password:",
            ": ",
            "pass\u{e9}:\u{e9}\n\u{e9}",
            "{{{{",
        ] {
            veiled(text);
        }
    }
}
