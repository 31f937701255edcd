//! Masking: wherever text leaves the kit, a known secret is replaced by `***`.

use std::sync::{Arc, PoisonError, RwLock};

use secrecy::{ExposeSecret, SecretSlice};

use super::masker_forms::forms;
use super::secret::Secret;

/// What stands for a secret.
const STARS: &[u8] = b"***";

/// Forms shorter than this are masked only where they stand as whole words: a password `ab` must
/// not turn `table` into `t***le`, and yet not be printed in `password: ab`.
const SHORT: usize = 4;

/// Replaces every known secret, in its plain form and the forms that tools print it in: base64
/// (also inside a longer encoded text, as in a basic authorization header), percent-encoded, JSON,
/// XML, quoted for a shell, escaped for an option file. Clones share what they know.
#[derive(Debug, Clone, Default)]
pub struct Masker(Arc<RwLock<Arc<Patterns>>>);

impl Masker {
    /// Knows the secret from now on.
    pub fn add(&self, secret: &Secret) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let mut patterns = Patterns::clone(&known);
        patterns.add(secret.expose());
        *known = Arc::new(patterns);
    }

    /// The text with every secret replaced by `***`.
    pub fn mask(&self, text: &str) -> String {
        let masked = self.mask_bytes(text.as_bytes());
        String::from_utf8(masked)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
    }

    /// The bytes with every secret replaced by `***`.
    pub fn mask_bytes(&self, bytes: &[u8]) -> Vec<u8> {
        let mut masked = Vec::with_capacity(bytes.len());
        self.patterns().scan(bytes, true, &mut None, &mut masked);
        masked
    }

    fn patterns(&self) -> Arc<Patterns> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Masks a stream piece by piece: a secret that is split over pieces is masked all the same. Holds
/// back at most one byte more than the longest form.
#[derive(Debug)]
pub struct StreamMasker {
    masker: Masker,
    pending: Vec<u8>,
    previous: Option<u8>,
}

impl StreamMasker {
    /// At the beginning of a stream. Secrets that become known later are masked from then on.
    pub fn new(masker: &Masker) -> Self {
        Self {
            masker: masker.clone(),
            pending: Vec::new(),
            previous: None,
        }
    }

    /// Takes the next piece and appends to `masked` what can no longer be part of a secret.
    pub fn push(&mut self, piece: &[u8], masked: &mut Vec<u8>) {
        let patterns = self.masker.patterns();
        if self.pending.is_empty() {
            let used = patterns.scan(piece, false, &mut self.previous, masked);
            self.pending.extend_from_slice(&piece[used..]);
        } else {
            self.pending.extend_from_slice(piece);
            let used = patterns.scan(&self.pending, false, &mut self.previous, masked);
            self.pending.drain(..used);
        }
    }

    /// Appends what was held back: the stream is over.
    pub fn finish(&mut self, masked: &mut Vec<u8>) {
        let pending = std::mem::take(&mut self.pending);
        self.masker
            .patterns()
            .scan(&pending, true, &mut self.previous, masked);
    }
}

/// All forms of all known secrets, longest first, so that the form which holds another one wins.
#[derive(Debug, Clone, Default)]
struct Patterns {
    list: Vec<SecretSlice<u8>>,
    /// One bit for every byte that a form begins with.
    first: [u64; 4],
}

/// Whether a form stands at a place.
enum At {
    /// It does, over so many bytes.
    Yes(usize),
    /// None does.
    No,
    /// More bytes are needed to tell.
    Open,
}

impl Patterns {
    fn add(&mut self, secret: &str) {
        for form in forms(secret) {
            let bytes = form.into_bytes();
            let known = |one: &SecretSlice<u8>| one.expose_secret() == bytes;
            if bytes.is_empty() || self.list.iter().any(known) {
                continue;
            }
            self.first[usize::from(bytes[0] >> 6)] |= 1 << (bytes[0] & 63);
            self.list.push(SecretSlice::from(bytes));
        }
        self.list
            .sort_by_key(|form| std::cmp::Reverse(form.expose_secret().len()));
    }

    /// Appends the masked input; tells how many bytes of it were used. All of them if it is the
    /// `last` piece.
    fn scan(
        &self,
        input: &[u8],
        last: bool,
        previous: &mut Option<u8>,
        masked: &mut Vec<u8>,
    ) -> usize {
        if self.list.is_empty() {
            masked.extend_from_slice(input);
            *previous = input.last().copied().or(*previous);
            return input.len();
        }
        let (mut copied, mut at) = (0, 0);
        while at < input.len() {
            let byte = input[at];
            if self.first[usize::from(byte >> 6)] & (1 << (byte & 63)) == 0 {
                at += 1;
                continue;
            }
            let before = if at == 0 {
                *previous
            } else {
                Some(input[at - 1])
            };
            match self.form_at(before, &input[at..], last) {
                At::No => at += 1,
                At::Open => break,
                At::Yes(length) => {
                    masked.extend_from_slice(&input[copied..at]);
                    masked.extend_from_slice(STARS);
                    at += length;
                    copied = at;
                }
            }
        }
        masked.extend_from_slice(&input[copied..at]);
        if at > 0 {
            *previous = Some(input[at - 1]);
        }
        at
    }

    fn form_at(&self, before: Option<u8>, rest: &[u8], last: bool) -> At {
        for form in self.list.iter().map(ExposeSecret::expose_secret) {
            if rest.len() < form.len() {
                if !last && form.starts_with(rest) {
                    return At::Open;
                }
            } else if rest.starts_with(form) {
                if form.len() >= SHORT {
                    return At::Yes(form.len());
                }
                match rest.get(form.len()) {
                    _ if before.is_some_and(is_word) => {}
                    None if !last => return At::Open,
                    Some(&after) if is_word(after) => {}
                    _ => return At::Yes(form.len()),
                }
            }
        }
        At::No
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

#[cfg(test)]
mod tests {
    use super::*;

    fn knowing(secrets: &[&str]) -> Masker {
        let masker = Masker::default();
        for secret in secrets {
            masker.add(&Secret::new((*secret).to_owned()));
        }
        masker
    }

    #[test]
    fn every_printed_form_is_masked() {
        let masker = knowing(&["p\"a\\s's &w/rd"]);
        for text in [
            "p\"a\\s's &w/rd",
            "cCJhXHMncyAmdy9yZA==",
            "cCJhXHMncyAmdy9yZA",
            "p%22a%5Cs%27s%20%26w%2Frd",
            "p%22a%5cs%27s%20%26w%2frd",
            "p%22a%5Cs%27s+%26w%2Frd",
            r#"p\"a\\s's &w/rd"#,
            r#"p"a\s'\''s &w/rd"#,
            "p&quot;a\\s&apos;s &amp;w/rd",
        ] {
            assert_eq!(masker.mask(&format!("<{text}>")), "<***>", "{text}");
        }
    }

    /// What is printed is a file that the secret was written into, as JSON, in a URL, in base64.
    #[test]
    fn an_escaped_secret_is_masked_in_every_form() {
        let masker = knowing(&["p\"a\\s's"]);
        for text in [
            r#"p\"a\\s's"#,
            r#"p\\\"a\\\\s's"#,
            "p%5C%22a%5C%5Cs%27s",
            r#"p\"a\\s'\''s"#,
            "p\\&quot;a\\\\s&apos;s",
            "cFwiYVxccydz",
        ] {
            assert_eq!(masker.mask(&format!("<{text}>")), "<***>", "{text}");
        }
        // `password="` and the same.
        let masked = masker.mask("cGFzc3dvcmQ9InBcImFcXHMncw==");
        assert!(masked.contains("***") && masked.len() < 22, "{masked}");
    }

    #[test]
    fn basic_authorization_is_masked_wherever_the_secret_begins() {
        let masker = knowing(&["correct horse battery"]);
        for header in [
            "YTpjb3JyZWN0IGhvcnNlIGJhdHRlcnk=",
            "YWI6Y29ycmVjdCBob3JzZSBiYXR0ZXJ5",
            "YWJjOmNvcnJlY3QgaG9yc2UgYmF0dGVyeQ==",
        ] {
            let masked = masker.mask(header);
            assert!(masked.contains("***"), "{header} became {masked}");
            assert!(masked.len() < 14, "{header} became {masked}");
        }
    }

    #[test]
    fn the_longest_form_wins() {
        let masker = knowing(&["secret", "secret-longer"]);
        assert_eq!(masker.mask("a secret-longer b secret c"), "a *** b *** c");
    }

    #[test]
    fn short_secrets_are_masked_as_whole_words_only() {
        let masker = knowing(&["ab"]);
        assert_eq!(
            masker.mask("table ab ab_ (ab) ab"),
            "table *** ab_ (***) ***"
        );
    }

    #[test]
    fn a_stream_gives_the_same_as_the_whole_however_it_is_cut() {
        let masker = knowing(&["swordfish", "fishing", "ab", "aaaa"]);
        let text = b"swordswordfishing ab tab aaaaaa ab\nswordfis";
        let whole = masker.mask_bytes(text);
        for size in 1..text.len() {
            let mut stream = StreamMasker::new(&masker);
            let mut masked = Vec::new();
            for piece in text.chunks(size) {
                stream.push(piece, &mut masked);
            }
            stream.finish(&mut masked);
            assert_eq!(
                String::from_utf8_lossy(&masked),
                String::from_utf8_lossy(&whole),
                "pieces of {size}"
            );
        }
    }

    #[test]
    fn nothing_known_changes_nothing() {
        assert_eq!(Masker::default().mask("as it is"), "as it is");
        assert_eq!(knowing(&[""]).mask("as it is"), "as it is");
    }
}
