//! The way from the value of a YAML scalar, as Compose hands it on, back to the bytes it is written with.
//!
//! On the way from the file to the container quotes, indentation and escapes go, `$$` becomes `$` and variables are
//! replaced. Instead of doing all of it again, the two texts are walked side by side: what is only in the file is
//! skipped. Where they cannot be matched the place is off by a few bytes, never outside of the scalar.

/// How far the walk looks ahead for a character before it takes it for one that the file does not have.
const LOOK_AHEAD_BYTES_MAX: usize = 400;

/// How many characters after a variable are looked for to find where its value ends.
const ANCHOR_CHARS_MAX: usize = 12;

/// Walks one scalar; words of a split string are asked for in order.
pub(super) struct Aligner<'s> {
    source: &'s str,
    at: usize,
    has_variables: bool,
}

impl<'s> Aligner<'s> {
    /// Begins at the first content byte of a scalar's source.
    pub(super) fn new(source: &'s str) -> Self {
        let is_block = source.starts_with(['|', '>']);
        let at = if is_block { source.find('\n').map_or(source.len(), |end| end + 1) } else { 0 };
        Self { source, at, has_variables: true }
    }

    /// As [`Aligner::new`], for a text in which no variable was replaced yet.
    pub(super) fn without_variables(source: &'s str) -> Self {
        Self { has_variables: false, ..Self::new(source) }
    }

    /// Goes on where an earlier walk over the same scalar has ended.
    pub(super) fn resume(&mut self, at: usize) {
        self.at = at.min(self.source.len());
    }

    /// Where the walk is.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// For each byte of the text, and for its end, the offset in the source.
    pub(super) fn offsets(&mut self, text: &str) -> Vec<u32> {
        let mut offsets = Vec::with_capacity(text.len() + 1);
        let mut last = self.at;
        let mut at = 0;
        while let Some(letter) = text.get(at..).and_then(|rest| rest.chars().next()) {
            match self.find(letter) {
                Found::Letter { start, end } => {
                    offsets.resize(at + letter.len_utf8(), small(start));
                    (self.at, last) = (end, start + 1);
                    at += letter.len_utf8();
                }
                Found::Variable { start, end } => {
                    self.at = end;
                    last = end;
                    let length = self.value_length(&text[at..]);
                    offsets.resize(at + length, small(start));
                    at += length;
                }
                Found::Nothing => {
                    offsets.resize(at + letter.len_utf8(), small(self.at.min(self.source.len())));
                    at += letter.len_utf8();
                }
            }
        }
        offsets.push(small(last.min(self.source.len())));
        offsets
    }

    /// Looks for the letter from here on; a variable on the way comes first.
    fn find(&self, letter: char) -> Found {
        let mut at = self.at;
        while let Some(found) = self.source.get(at..).and_then(|rest| rest.chars().next()) {
            let rest = &self.source[at..];
            if found == '$' && self.has_variables {
                if rest.starts_with("$$") {
                    if letter == '$' {
                        return Found::Letter { start: at, end: at + 2 };
                    }
                    at += 2;
                    continue;
                }
                if let Some(length) = reference_length(rest) {
                    return Found::Variable { start: at, end: at + length };
                }
            }
            if found == letter {
                return Found::Letter { start: at, end: at + found.len_utf8() };
            }
            if letter.is_whitespace() && found == '\n' {
                return Found::Letter { start: at, end: at + 1 };
            }
            if found == '\\' && is_escape_of(rest, letter) {
                return Found::Letter { start: at, end: at + 2 };
            }
            at += found.len_utf8();
            if at - self.at > LOOK_AHEAD_BYTES_MAX {
                break;
            }
        }
        Found::Nothing
    }

    /// How much of the text is the value of the variable that ends here: up to what follows it in the source.
    fn value_length(&self, text: &str) -> usize {
        let rest = self.source.get(self.at..).unwrap_or_default();
        let anchor: String = rest
            .chars()
            .take(ANCHOR_CHARS_MAX)
            .take_while(|letter| !matches!(letter, '$' | '\\' | '\n' | '\'' | '"'))
            .collect();
        if anchor.is_empty() {
            let ends = |letter: char| letter.is_whitespace() || matches!(letter, '\'' | '"' | '$');
            return text.find(ends).unwrap_or(text.len());
        }
        text.find(&anchor).unwrap_or_else(|| text.find(char::is_whitespace).unwrap_or(text.len()))
    }
}

enum Found {
    Letter { start: usize, end: usize },
    Variable { start: usize, end: usize },
    Nothing,
}

/// Whether the text begins with the escape of a double-quoted YAML scalar for this letter.
fn is_escape_of(text: &str, letter: char) -> bool {
    let expected = match letter {
        '\n' => 'n',
        '\t' => 't',
        '"' => '"',
        '\\' => '\\',
        '/' => '/',
        _ => return false,
    };
    text.chars().nth(1) == Some(expected)
}

/// The length of `$NAME` or `${…}` at the start of the text.
pub(super) fn reference_length(text: &str) -> Option<usize> {
    let rest = text.strip_prefix('$')?;
    let is_name = |letter: char| letter == '_' || letter.is_ascii_alphanumeric();
    if let Some(inner) = rest.strip_prefix('{') {
        let mut depth = 1;
        for (at, letter) in inner.char_indices() {
            match letter {
                '{' => depth += 1,
                '}' => depth -= 1,
                '\n' => return None,
                _ => {}
            }
            if depth == 0 {
                return Some(at + 3);
            }
        }
        return None;
    }
    let length = rest.find(|letter| !is_name(letter)).unwrap_or(rest.len());
    (length > 0 && !rest.starts_with(|letter: char| letter.is_ascii_digit())).then_some(length + 1)
}

fn small(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::Aligner;

    fn check(source: &str, texts: &[&str], part: &str, expected: &str) {
        let mut aligner = Aligner::new(source);
        for text in texts {
            let offsets = aligner.offsets(text);
            assert_eq!(offsets.len(), text.len() + 1, "{source}");
            if let Some(at) = text.find(part) {
                let start = offsets[at] as usize;
                let end = offsets[at + part.len() - 1] as usize + 1;
                assert_eq!(&source[start..end], expected, "{source}");
            }
        }
    }

    #[test]
    fn values_lead_back_to_what_is_written() {
        check("sh -c 'a b'", &["sh", "-c", "a b"], "a b", "a b");
        check("|\n      set -e\n      mc mb $$X/y", &["set -e\nmc mb $X/y"], "mc mb $X", "mc mb $$X");
        check(
            ">\n   sh -c \"\n   one ${A:-x} two;\n   exit 0\"",
            &["sh", "-c", " one 1 two; exit 0"],
            "exit 0",
            "exit 0",
        );
        check("\"a\\nb \\\"c\\\"\"", &["a\nb \"c\""], "b ", "b ");
        check("x ${A}${B} y", &["x 12 y"], "y", "y");
        check("ü${A} ö", &["ü1 ö"], "1", "$");
    }

    #[test]
    fn texts_that_do_not_belong_together_are_survived() {
        for source in ["", "|", "a", "${", "$$", "$", "\"\\", "ü\n", "${A}"] {
            for text in ["", "b", "ü\nx", "$$$", "a very long text"] {
                assert_eq!(Aligner::new(source).offsets(text).len(), text.len() + 1);
            }
        }
    }
}
