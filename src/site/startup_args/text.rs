//! Letters that remember the line they were written on, so that an option pieced together from several
//! assignments can still name its place.

/// Stands for a piece that cannot be known without running the script. A noncharacter: no text that is
/// read contains it, because [`written`] replaces it.
const UNKNOWN: char = '\u{FFFF}';

/// One letter and the line it was written on; line 0 is the environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Letter {
    pub(super) value: char,
    pub(super) line: u32,
}

impl Letter {
    pub(super) fn is_unknown(self) -> bool {
        self.value == UNKNOWN
    }
}

/// A text of such letters.
pub(super) type Text = Vec<Letter>;

/// A script's letters with their lines.
pub(super) fn written(script: &str) -> Text {
    let mut line = 1;
    let mut text = Text::with_capacity(script.len());
    let mut letters = script.chars().peekable();
    while let Some(value) = letters.next() {
        // A script edited on Windows; the shell would choke on the carriage returns, people do not see them.
        if value == '\r' && letters.peek() == Some(&'\n') {
            continue;
        }
        text.push(Letter {
            value: if value == UNKNOWN {
                char::REPLACEMENT_CHARACTER
            } else {
                value
            },
            line,
        });
        line += u32::from(value == '\n');
    }
    text
}

/// A value that was there before the script.
pub(super) fn given(value: &str) -> Text {
    let mut text = written(value);
    for letter in &mut text {
        letter.line = 0;
    }
    text
}

/// A piece that cannot be known.
pub(super) const fn unknown(line: u32) -> Letter {
    Letter {
        value: UNKNOWN,
        line,
    }
}

/// The text, unless a piece of it is unknown.
pub(super) fn known(text: &[Letter]) -> Option<String> {
    let known = !text.iter().any(|letter| letter.is_unknown());
    known.then(|| text.iter().map(|letter| letter.value).collect())
}
