//! What a terminal can show.

use anstyle::{AnsiColor, Style};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// What the place that is written to can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// ANSI colours.
    pub colour: bool,
    /// Characters beyond ASCII.
    pub unicode: bool,
    /// Columns.
    pub width: usize,
    /// Lines can be drawn over (bars).
    pub redraws: bool,
}

/// Columns of a place that has none.
const DEFAULT_WIDTH: usize = 100;

impl Look {
    /// A file or pipe: no colour, any width.
    pub fn plain() -> Self {
        Self {
            colour: false,
            unicode: true,
            width: DEFAULT_WIDTH,
            redraws: false,
        }
    }

    /// From the environment (`NO_COLOR`, `TERM`, and the locale by `LC_ALL`, `LC_CTYPE`, `LANG`), and
    /// whether the stream is a terminal, of how many columns.
    pub fn of(
        environment: impl Fn(&str) -> Option<String>,
        is_terminal: bool,
        width: Option<usize>,
    ) -> Self {
        let given = |name: &str| environment(name).filter(|value| !value.is_empty());
        let smart = is_terminal && given("TERM").is_some_and(|term| term != "dumb");
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
            .iter()
            .find_map(|name| given(name))
            .unwrap_or_default()
            .to_ascii_uppercase();
        Self {
            colour: smart && given("NO_COLOR").is_none(),
            unicode: locale.contains("UTF-8") || locale.contains("UTF8"),
            width: width.filter(|&width| width > 0).unwrap_or(DEFAULT_WIDTH),
            redraws: smart,
        }
    }

    /// The text in a style, if styles can be shown.
    pub(super) fn paint(self, style: Style, text: &str) -> String {
        if self.colour && !text.is_empty() {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }

    /// One of two spellings.
    pub(super) fn either<'a>(self, unicode: &'a str, ascii: &'a str) -> &'a str {
        if self.unicode { unicode } else { ascii }
    }

    /// At most so many columns of the text; what is cut off leaves a mark.
    pub(super) fn fit(self, text: &str, columns: usize) -> String {
        if text.width() <= columns {
            return text.to_owned();
        }
        let mark = self.either("…", "~");
        let mut left = columns.saturating_sub(1);
        let mut shown = String::new();
        for c in text.chars() {
            let width = c.width().unwrap_or(0);
            if width > left {
                break;
            }
            left -= width;
            shown.push(c);
        }
        shown + mark
    }

    /// The line broken between words where the terminal ends, continued with an indentation. A place
    /// that is not drawn over breaks lines as it likes.
    pub(super) fn wrap(self, line: &str) -> Vec<String> {
        if !self.redraws || visible_width(line) <= self.width {
            return vec![line.to_owned()];
        }
        let indent = line.len() - line.trim_start().len();
        let continued = " ".repeat((indent + 4).min(self.width / 2));
        let mut lines = vec![line[..indent].to_owned()];
        let (mut column, mut fresh) = (indent, true);
        for word in line[indent..].split(' ') {
            let width = visible_width(word);
            let space = usize::from(!fresh);
            if !fresh && column + space + width > self.width {
                if let Some(last) = lines.last_mut() {
                    last.truncate(last.trim_end().len());
                }
                lines.push(continued.clone());
                (column, fresh) = (continued.len(), true);
            }
            if let Some(last) = lines.last_mut() {
                if !fresh {
                    last.push(' ');
                }
                last.push_str(word);
            }
            column += usize::from(!fresh) + width;
            // Blanks that stood at the break are not carried over.
            fresh = fresh && word.is_empty() && lines.len() > 1;
        }
        lines
    }

    /// The text in exactly so many columns, cut off or filled with blanks.
    pub(super) fn column(self, text: &str, columns: usize) -> String {
        let mut text = self.fit(text, columns);
        let missing = columns.saturating_sub(text.width());
        text.extend(std::iter::repeat_n(' ', missing));
        text
    }
}

/// Columns of a text, its colours not counted.
fn visible_width(text: &str) -> usize {
    anstream::adapter::strip_str(text)
        .map(UnicodeWidthStr::width)
        .sum()
}

/// Something went well.
pub(super) const GOOD: Style = AnsiColor::Green.on_default();
/// Something failed.
pub(super) const BAD: Style = AnsiColor::Red.on_default().bold();
/// Somebody should look.
pub(super) const WARN: Style = AnsiColor::Yellow.on_default();
/// Less important.
pub(super) const FAINT: Style = Style::new().dimmed();
/// A heading.
pub(super) const STRONG: Style = Style::new().bold();

#[cfg(test)]
mod tests {
    use super::*;

    fn look(pairs: &[(&str, &str)], terminal: bool) -> Look {
        let find = |name: &str| {
            pairs
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        };
        Look::of(find, terminal, Some(80))
    }

    #[test]
    fn the_environment_decides() {
        let rich = look(&[("TERM", "xterm"), ("LANG", "de_DE.utf8")], true);
        assert!(rich.colour && rich.unicode && rich.redraws);
        let no_colour = look(&[("TERM", "xterm"), ("NO_COLOR", "1"), ("LANG", "C")], true);
        assert!(!no_colour.colour && !no_colour.unicode && no_colour.redraws);
        assert!(!look(&[("TERM", "dumb")], true).redraws);
        assert!(!look(&[], true).redraws);
        assert!(!look(&[("TERM", "xterm")], false).colour);
        assert!(
            look(&[("TERM", "xterm"), ("NO_COLOR", "")], true).colour,
            "empty counts as unset"
        );
        let overridden = look(&[("LC_ALL", "C"), ("LANG", "en_US.UTF-8")], true);
        assert!(!overridden.unicode);
    }

    #[test]
    fn words_stay_whole() {
        let look = Look {
            width: 20,
            redraws: true,
            colour: true,
            ..Look::plain()
        };
        let line = format!(
            "  {} and more words follow",
            look.paint(BAD, "something failed")
        );
        let plain: Vec<String> = look
            .wrap(&line)
            .iter()
            .map(|line| anstream::adapter::strip_str(line).to_string())
            .collect();
        assert_eq!(
            plain,
            ["  something failed", "      and more words", "      follow"]
        );
        assert_eq!(
            look.wrap("x".repeat(50).as_str()).len(),
            1,
            "a long word is not broken"
        );
        assert_eq!(
            look.wrap("a   b   c            d  e"),
            ["a   b   c", "    d  e"]
        );
        assert_eq!(Look::plain().wrap(&line), [line]);
    }

    #[test]
    fn columns_are_columns() {
        let look = Look::plain();
        assert_eq!(look.fit("abcdef", 4), "abc…");
        assert_eq!(look.fit("日本語", 4), "日…");
        assert_eq!(look.column("日本", 6), "日本  ");
        assert_eq!(
            Look {
                unicode: false,
                ..look
            }
            .fit("abcdef", 4),
            "abc~"
        );
        assert_eq!(look.fit("abc", 0), "…");
    }
}
