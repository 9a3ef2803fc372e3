//! Edits of a text by byte ranges, which leave every other byte alone.

use std::error::Error;
use std::fmt;

use crate::Span;

/// Replaces the bytes of `span` by `replacement`; an empty span inserts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The bytes to replace.
    pub span: Span,
    /// What to write instead.
    pub replacement: String,
}

/// Why a set of edits cannot be applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EditError {
    /// Two edits replace a common byte, or one inserts inside what the other replaces.
    Overlap {
        /// The edit that comes first in the text.
        first: Span,
        /// The edit that begins before the first one ends.
        second: Span,
    },
    /// A span ends before it starts or reaches past the end of the text.
    OutOfRange {
        /// The span of the edit.
        span: Span,
        /// The length of the text in bytes.
        text_len: usize,
    },
    /// A span starts or ends inside a character.
    NotAtCharBoundary {
        /// The span of the edit.
        span: Span,
    },
}

impl fmt::Display for EditError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Overlap { first, second } => write!(
                formatter,
                "edit of bytes {}..{} overlaps edit of bytes {}..{}",
                second.start, second.end, first.start, first.end
            ),
            Self::OutOfRange { span, text_len } => {
                write!(formatter, "edit of bytes {}..{} in a text of {text_len} bytes", span.start, span.end)
            }
            Self::NotAtCharBoundary { span } => {
                write!(formatter, "edit of bytes {}..{} cuts a character in two", span.start, span.end)
            }
        }
    }
}

impl Error for EditError {}

/// Applies all edits to the text at once: every span means bytes of the text as given, in whatever order they come.
///
/// Edits may touch. Several insertions at one place are written in the order in which they are given, and before what
/// replaces the bytes that follow. The edits are all meant for this text: the file in their spans is not looked at.
///
/// # Errors
/// Refuses the whole set when two edits overlap, or when a span is not a range of whole characters of the text.
pub fn apply_edits(text: &str, edits: &[Edit]) -> Result<String, EditError> {
    let mut sorted: Vec<&Edit> = edits.iter().collect();
    // Sorting is stable, which is what keeps insertions at one place in their order.
    sorted.sort_by_key(|edit| (edit.span.start, edit.span.end));

    let grown: usize = edits.iter().map(|edit| edit.replacement.len()).sum();
    let mut result = String::with_capacity(text.len() + grown);
    let mut copied = 0;
    let mut previous: Option<Span> = None;
    for edit in sorted {
        let (start, end) = range_in(text, edit.span)?;
        if let Some(first) = previous
            && edit.span.start < first.end
        {
            return Err(EditError::Overlap { first, second: edit.span });
        }
        result.push_str(&text[copied..start]);
        result.push_str(&edit.replacement);
        copied = end;
        previous = Some(edit.span);
    }
    result.push_str(&text[copied..]);
    Ok(result)
}

fn range_in(text: &str, span: Span) -> Result<(usize, usize), EditError> {
    let (start, end) = (span.start as usize, span.end as usize);
    if start > end || end > text.len() {
        return Err(EditError::OutOfRange { span, text_len: text.len() });
    }
    if !text.is_char_boundary(start) || !text.is_char_boundary(end) {
        return Err(EditError::NotAtCharBoundary { span });
    }
    Ok((start, end))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{FileId, FileTable};

    fn file() -> FileId {
        FileTable::new().add("a.yml", "")
    }

    fn edit(start: u32, end: u32, replacement: &str) -> Edit {
        Edit { span: Span::new(file(), start, end), replacement: replacement.to_owned() }
    }

    fn check(text: &str, edits: &[(u32, u32, &str)], expected: Result<&str, &str>) {
        let edits: Vec<Edit> = edits.iter().map(|&(start, end, with)| edit(start, end, with)).collect();
        let result = apply_edits(text, &edits).map_err(|error| error.to_string());
        assert_eq!(result.as_deref().map_err(String::as_str), expected);
    }

    #[test]
    fn edits_apply_in_any_order() {
        check("a: b\n", &[], Ok("a: b\n"));
        check("a: b\n", &[(3, 4, "c"), (0, 1, "key")], Ok("key: c\n"));
        check("a: b\n", &[(0, 5, "")], Ok(""));
        check("é: b", &[(2, 2, "t")], Ok("ét: b"));
    }

    #[test]
    fn edits_may_touch_and_insertions_keep_their_order() {
        check("abcd", &[(1, 2, "X"), (2, 3, "Y")], Ok("aXYd"));
        check("ab", &[(1, 1, "X"), (1, 1, "Y")], Ok("aXYb"));
        check("ab", &[(1, 2, "B"), (1, 1, "X"), (0, 1, "A")], Ok("AXB"));
        check("ab", &[(2, 2, "!")], Ok("ab!"));
    }

    #[test]
    fn overlapping_edits_are_refused() {
        check("abcd", &[(1, 3, ""), (2, 4, "")], Err("edit of bytes 2..4 overlaps edit of bytes 1..3"));
        check("abcd", &[(2, 2, "X"), (1, 3, "")], Err("edit of bytes 2..2 overlaps edit of bytes 1..3"));
        check("abcd", &[(1, 3, "x"), (1, 3, "x")], Err("edit of bytes 1..3 overlaps edit of bytes 1..3"));
    }

    #[test]
    fn edits_outside_the_text_or_inside_a_character_are_refused() {
        check("ab", &[(1, 3, "")], Err("edit of bytes 1..3 in a text of 2 bytes"));
        check("ab", &[(2, 1, "")], Err("edit of bytes 2..1 in a text of 2 bytes"));
        check("é", &[(1, 2, "")], Err("edit of bytes 1..2 cuts a character in two"));
        check("é", &[(0, 1, "")], Err("edit of bytes 0..1 cuts a character in two"));
    }

    proptest! {
        /// Applying disjoint edits at once is applying them one by one from the back.
        #[test]
        fn disjoint_edits_equal_naive_application(
            pieces in prop::collection::vec(("[a-zé\\n]{0,6}", prop::option::of("[A-Z]{0,4}")), 0..12),
            seed in any::<prop::sample::Index>(),
        ) {
            let mut text = String::new();
            let mut edits = Vec::new();
            for (piece, replacement) in &pieces {
                let start = text.len() as u32;
                text.push_str(piece);
                // Two insertions at one place are not disjoint in any order, so every edit replaces something.
                if let Some(replacement) = replacement && !piece.is_empty() {
                    edits.push(edit(start, text.len() as u32, replacement));
                }
            }
            let mut expected = text.clone();
            for edit in edits.iter().rev() {
                expected.replace_range(edit.span.start as usize..edit.span.end as usize, &edit.replacement);
            }
            if !edits.is_empty() {
                let by = seed.index(edits.len());
                edits.rotate_left(by);
            }
            prop_assert_eq!(apply_edits(&text, &edits), Ok(expected));
        }
    }
}
