//! Logical lines: continuations joined, comments within them dropped, with the way back to the source.

use std::ops::Range;

use crate::artifacts::SourceMap;

/// An instruction's text as the builder sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Logical {
    pub(super) text: String,
    pub(super) map: SourceMap,
    /// The whole of it in the source, without the last line end.
    pub(super) range: Range<usize>,
    /// The first line, from one.
    pub(super) line: usize,
}

impl Logical {
    fn push(&mut self, text: &str, source: usize) {
        if !text.is_empty() {
            self.map.push(self.text.len(), source..source + text.len());
            self.text.push_str(text);
        }
    }

    /// The range in the source of a range in `text`. An empty one lies where its neighbour ends.
    pub(super) fn source(&self, range: &Range<usize>) -> Range<usize> {
        self.map.range(range)
    }
}

/// Walks over the physical lines of a Dockerfile.
pub(super) struct Lines<'a> {
    text: &'a str,
    pub(super) pos: usize,
    /// The number of the line at `pos`, from one.
    pub(super) line: usize,
    pub(super) escape: char,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let pos = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        Self { text, pos, line: 1, escape: '\\' }
    }

    /// The next physical line without its end: its offset and its text.
    pub(super) fn physical(&mut self) -> Option<(usize, &'a str)> {
        let rest = self.text.get(self.pos..).filter(|rest| !rest.is_empty())?;
        let start = self.pos;
        let length = rest.find('\n').unwrap_or(rest.len());
        self.pos = (start + length + 1).min(self.text.len());
        self.line += 1;
        let line = rest.get(..length).unwrap_or_default();
        Some((start, line.strip_suffix('\r').unwrap_or(line)))
    }

    /// The next instruction's logical line; comments and empty lines before it are stepped over.
    pub(super) fn logical(&mut self) -> Option<Logical> {
        let mut logical = Logical::default();
        let mut begun = false;
        loop {
            let number = self.line;
            let Some((start, line)) = self.physical() else {
                return begun.then_some(logical);
            };
            let trimmed = line.trim_start();
            if trimmed.is_empty() || trimmed.starts_with('#') {
                // Also inside of a continuation, where the builder warns of an empty line but goes on.
                continue;
            }
            let (text, offset) =
                if begun { (line, start) } else { (trimmed, start + line.len() - trimmed.len()) };
            if !begun {
                begun = true;
                logical.line = number;
                logical.range.start = offset;
            }
            logical.range.end = start + line.len();
            match text.trim_end_matches([' ', '\t']).strip_suffix(self.escape) {
                Some(before) => logical.push(before, offset),
                None => {
                    logical.push(text.trim_end(), offset);
                    return Some(logical);
                }
            }
        }
    }
}
