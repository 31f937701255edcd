//! The parser counts characters; everything else counts bytes.

use std::ops::Range;

use saphyr_parser::Marker;

/// Characters between two checkpoints: few enough to count on, many enough to keep the list short.
const STRIDE: usize = 256;

/// Character positions to byte positions, with a checkpoint every so many characters.
pub(super) struct Offsets<'a> {
    text: &'a str,
    checkpoints: Vec<usize>,
}

impl<'a> Offsets<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let checkpoints = if text.is_ascii() {
            Vec::new()
        } else {
            text.char_indices()
                .step_by(STRIDE)
                .map(|(at, _)| at)
                .collect()
        };
        Self { text, checkpoints }
    }

    pub(super) fn byte(&self, mark: &Marker) -> usize {
        if self.checkpoints.is_empty() {
            return mark.index().min(self.text.len());
        }
        let Some(&start) = self.checkpoints.get(mark.index() / STRIDE) else {
            return self.text.len();
        };
        self.text[start..]
            .char_indices()
            .nth(mark.index() % STRIDE)
            .map_or(self.text.len(), |(at, _)| start + at)
    }

    /// Without the line breaks and blanks that a block scalar's end takes in.
    pub(super) fn trimmed(&self, range: Range<usize>) -> Range<usize> {
        let text = self.text.get(range.clone()).unwrap_or("");
        range.start..range.start + text.trim_end().len()
    }
}
