//! The forms in which tools print a secret.

/// Base64 forms of a secret in the middle of a longer text are masked from this length on; shorter
/// ones would hit innocent words.
const SHORTEST_INNER: usize = 6;

/// The secret itself and the forms in which tools print it, also those of what it becomes in an option
/// file or an argument file: a tool that prints such a file may disguise it once more. May hold doubles.
pub(super) fn forms(secret: &str) -> Vec<String> {
    if secret.is_empty() {
        return Vec::new();
    }
    let mut forms = forms_of(secret);
    let mut escaped = vec![quoted(secret)];
    escaped.extend(json(secret));
    escaped.dedup();
    for escaped in escaped.iter().filter(|escaped| *escaped != secret) {
        forms.extend(forms_of(escaped));
    }
    forms
}

fn forms_of(secret: &str) -> Vec<String> {
    let upper = percent(secret, false);
    let lower = percent(secret, true);
    let mut forms = vec![
        secret.to_owned(),
        upper.replace("%20", "+"),
        lower.replace("%20", "+"),
        upper,
        lower,
        secret.replace('\'', r"'\''"),
        quoted(secret),
        xml(secret),
    ];
    forms.extend(json(secret));
    let encoded = base64(secret.as_bytes());
    forms.push(encoded.trim_end_matches('=').to_owned());
    forms.push(encoded);
    forms.extend((0..3).filter_map(|offset| inner_base64(secret.as_bytes(), offset)));
    for at in 0..forms.len() {
        if forms[at].contains(['+', '/']) {
            forms.push(forms[at].replace('+', "-").replace('/', "_"));
        }
    }
    forms
}

/// Between the double quotes of an option file.
fn quoted(text: &str) -> String {
    text.replace('\\', r"\\").replace('"', "\\\"")
}

/// Between the double quotes of JSON.
fn json(text: &str) -> Option<String> {
    let json = serde_json::to_string(text).ok()?;
    Some(json[1..json.len() - 1].to_owned())
}

fn percent(text: &str, lower: bool) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let digits = if lower {
                b"0123456789abcdef"
            } else {
                b"0123456789ABCDEF"
            };
            encoded.push('%');
            encoded.push(char::from(digits[usize::from(byte >> 4)]));
            encoded.push(char::from(digits[usize::from(byte & 15)]));
        }
    }
    encoded
}

fn xml(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&apos;")
}

/// Standard base64 with padding. Written out here: a crate for 15 lines that only masks would be
/// one more to trust with secrets.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut encoded = String::new();
    for three in bytes.chunks(3) {
        let bits = three
            .iter()
            .chain([&0, &0])
            .take(3)
            .fold(0_usize, |bits, &byte| bits << 8 | usize::from(byte));
        for letter in 0..4 {
            if letter <= three.len() {
                encoded.push(char::from(LETTERS[bits >> (18 - 6 * letter) & 63]));
            } else {
                encoded.push('=');
            }
        }
    }
    encoded
}

/// The letters that the secret alone decides when it stands `offset` (mod 3) bytes into a longer
/// text that is encoded, as the password does in `user:password`.
fn inner_base64(secret: &[u8], offset: usize) -> Option<String> {
    let mut shifted = vec![0; offset];
    shifted.extend_from_slice(secret);
    let first = (offset * 8).div_ceil(6);
    let end = shifted.len() * 8 / 6;
    let inner = base64(&shifted).get(first..end)?.to_owned();
    (inner.len() >= SHORTEST_INNER).then_some(inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_the_standard_one() {
        for (text, encoded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
        ] {
            assert_eq!(base64(text.as_bytes()), encoded);
        }
    }
}
