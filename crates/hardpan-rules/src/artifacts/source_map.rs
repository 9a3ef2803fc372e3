//! The way back from a text that was put together to the file it came from.

use std::ops::Range;

/// Where the bytes of a text come from. Built by a reader that drops quotes or joins lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceMap {
    /// Offsets in the text and where they come from, in the order of the text.
    pieces: Vec<(usize, Range<usize>)>,
}

impl SourceMap {
    /// Notes that the text from `text_start` on comes from `source`.
    pub(crate) fn push(&mut self, text_start: usize, source: Range<usize>) {
        self.pieces.push((text_start, source));
    }

    /// The range in the source of a range in the text; an empty one stays empty. Inside of `$'…'` with escapes it is off
    /// by them and may cut a character, but it never leaves the string: slice with `get`.
    #[must_use]
    pub fn range(&self, range: &Range<usize>) -> Range<usize> {
        let start = self.offset(range.start);
        if range.end <= range.start {
            return start..start;
        }
        let end = match self.piece(range.end - 1) {
            Some((text, source)) => (source.start + (range.end - text)).min(source.end),
            None => start,
        };
        start..end.max(start)
    }

    /// The map of the text without its first `skipped` bytes.
    pub(crate) fn without(&self, skipped: usize) -> Self {
        let mut map = Self::default();
        for (index, (text, source)) in self.pieces.iter().enumerate() {
            let next = self.pieces.get(index + 1).map_or(usize::MAX, |(text, _)| *text);
            if next <= skipped {
                continue;
            }
            let cut = skipped.saturating_sub(*text);
            let start = (source.start + cut).min(source.end);
            map.push(text.saturating_sub(skipped), start..source.end);
        }
        map
    }

    fn offset(&self, at: usize) -> usize {
        match self.piece(at) {
            Some((text, source)) => (source.start + (at - text)).min(source.end),
            None => self.pieces.first().map_or(0, |(_, source)| source.start),
        }
    }

    fn piece(&self, at: usize) -> Option<&(usize, Range<usize>)> {
        let index = self.pieces.partition_point(|(text, _)| *text <= at);
        index.checked_sub(1).and_then(|index| self.pieces.get(index))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_lead_back_to_their_pieces() {
        let mut map = SourceMap::default();
        map.push(0, 10..14);
        map.push(4, 20..23);
        assert_eq!(map.range(&(1..3)), 11..13);
        assert_eq!(map.range(&(2..6)), 12..22);
        assert_eq!(map.range(&(4..7)), 20..23);
        assert_eq!(map.range(&(5..99)), 21..23);
        assert_eq!(map.range(&(3..3)), 13..13);
        assert_eq!(map.without(2).range(&(0..3)), 12..21);
        assert_eq!(map.without(5).range(&(0..2)), 21..23);
        assert_eq!(SourceMap::default().range(&(1..2)), 0..0);
    }
}
