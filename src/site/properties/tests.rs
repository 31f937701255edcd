use super::*;
use proptest::prelude::*;

fn pairs(text: &str) -> Vec<(String, String)> {
    let file = parse(text.as_bytes()).unwrap();
    let entries = file.entries.into_iter();
    entries.map(|entry| (entry.key, entry.value)).collect()
}

fn one(text: &str) -> (String, String) {
    let mut all = pairs(text);
    assert_eq!(all.len(), 1, "{text:?} gave {all:?}");
    all.remove(0)
}

fn pair(key: &str, value: &str) -> (String, String) {
    (key.to_owned(), value.to_owned())
}

#[test]
fn separators() {
    for text in [
        "a=b", "a:b", "a b", "a = b", "a\t:\tb", "  a=b", "a  b", "a=b\r\n", "\u{c}a=b",
    ] {
        assert_eq!(one(text), pair("a", "b"), "{text:?}");
    }
    assert_eq!(one("a==b"), pair("a", "=b"));
    assert_eq!(one("a = : b"), pair("a", ": b"));
    assert_eq!(one("a"), pair("a", ""));
    assert_eq!(one("=b"), pair("", "b"));
    assert_eq!(one("a=b "), pair("a", "b "));
}

#[test]
fn escapes() {
    assert_eq!(one(r"a\=b\:c\ d=e"), pair("a=b:c d", "e"));
    assert_eq!(one(r"p=C:\\x\ty\q"), pair("p", "C:\\x\tyq"));
    assert_eq!(one(r"p=\u00e9\uD83D\uDE00!"), pair("p", "é😀!"));
    assert_eq!(one(r"\#a=\!b"), pair("#a", "!b"));
}

#[test]
fn comments_and_continuations() {
    assert_eq!(
        pairs("# c \\\n! d\n\na=1\\\n   2\\\r\n\t3\n#\nb=\\\n\nc=\\\n# no comment"),
        [pair("a", "123"), pair("b", ""), pair("c", "# no comment")]
    );
    assert_eq!(one("a=b\\\\\n"), pair("a", "b\\"));
    assert_eq!(one("a=b\\"), pair("a", "b"));
}

#[test]
fn keys_know_their_line_and_the_last_one_wins() {
    let file = parse(b"\r\n#x\r\na=1,\\\r\n  2\r\nb=3\ra=4").unwrap();
    let lines: Vec<_> = file.entries.iter().map(|entry| entry.line).collect();
    assert_eq!(lines, [3, 5, 6]);
    assert_eq!(file.get("a").unwrap().value, "4");
}

#[test]
fn malformed_escapes_are_all_reported() {
    let problems = parse(b"a=\\u12\nb=1\nc\\uxyzw=2").unwrap_err();
    let lines: Vec<_> = problems.iter().map(|problem| problem.line).collect();
    assert_eq!(lines, [1, 3]);
}

#[test]
fn what_java_swallows_is_said() {
    let file = parse(b"a=1\nb=\xff\nc=\\uD83Dx").unwrap();
    let lines: Vec<_> = file.oddities.iter().map(|oddity| oddity.line).collect();
    assert_eq!(lines, [2, 3]);
    assert_eq!(file.get("c").unwrap().value, "\u{fffd}x");
    assert_eq!(parse(b"\xef\xbb\xbfa=1").unwrap().oddities.len(), 1);
    assert_eq!(parse_latin1(b"a=\xe9").unwrap().entries[0].value, "é");
}

/// As `java.util.Properties.store` writes, with UTF-16 units for everything outside ASCII.
fn escaped(text: &str) -> String {
    let mut result = String::new();
    for unit in text.encode_utf16() {
        match u8::try_from(unit).map(char::from) {
            Ok('\t') => result.push_str("\\t"),
            Ok('\n') => result.push_str("\\n"),
            Ok('\r') => result.push_str("\\r"),
            Ok('\u{c}') => result.push_str("\\f"),
            Ok(letter @ (' ' | '=' | ':' | '#' | '!' | '\\')) => {
                result.push('\\');
                result.push(letter);
            }
            Ok(letter @ ' '..='~') => result.push(letter),
            _ => {
                let code = format!("\\u{unit:04X}");
                result.push_str(&code);
            }
        }
    }
    result
}

proptest! {
    #[test]
    fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        drop(parse(&bytes));
        drop(parse_latin1(&bytes));
    }

    #[test]
    fn never_panics_on_its_own_punctuation(text in "[a\\\\=: #!\n\r\tu0-9D]{0,60}") {
        drop(parse(text.as_bytes()));
    }

    #[test]
    fn escaped_settings_come_back(settings in proptest::collection::vec((any::<String>(), any::<String>()), 0..6)) {
        let mut text = String::new();
        for (key, value) in &settings {
            text.push_str(&escaped(key));
            text.push('=');
            text.push_str(&escaped(value));
            text.push('\n');
        }
        prop_assert_eq!(pairs(&text), settings);
    }
}
