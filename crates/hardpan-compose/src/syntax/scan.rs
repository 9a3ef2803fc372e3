//! Finding variable references in a text: the grammar that substitution and variable extraction share.
//!
//! The reference finds them with a regular expression and then corrects its greed by counting braces. This scanner
//! gives the same answers in one pass, without the expression.

use std::ops::Range;

/// What stands between a name and the closing brace. `empty_counts` is false for the forms with a colon, for which
/// an empty variable is as good as none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Default { empty_counts: bool },
    Alternate { empty_counts: bool },
    Required { empty_counts: bool },
}

/// A piece of a template.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// Text that stands for itself; `$$` gives `$`.
    Literal(&'a str),
    /// A variable reference, its operator and the bytes of the text after that.
    Reference { name: &'a str, range: Range<usize>, operation: Option<(Operator, Range<usize>)> },
    /// A `${` that begins nothing. `shown` is the part of the template that an error shows.
    Invalid { at: usize, shown: Range<usize> },
}

/// Yields the tokens of a part of a template. Offsets are those of the whole template.
pub(super) struct Scanner<'a> {
    template: &'a str,
    part: Range<usize>,
    position: usize,
    /// The rest of a line behind a reference with an operator; the reference substitutes it as a template of its own.
    tail: Range<usize>,
    line: Line,
}

/// The line around the position, as far as it has been looked at.
struct Line {
    end: usize,
    last_brace: Option<usize>,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(template: &'a str, part: Range<usize>) -> Self {
        let line = Line { end: part.start, last_brace: None };
        Self { template, position: part.start, tail: part.start..part.start, part, line }
    }

    /// Whether what comes next is on the rest of a line that the reference treats as a template of its own.
    pub(super) fn is_in_tail(&self) -> bool {
        self.position < self.tail.end
    }

    pub(super) fn next(&mut self) -> Option<Token<'a>> {
        let start = self.position;
        let rest = self.template.get(start..self.part.end).filter(|rest| !rest.is_empty())?;
        let Some(dollar) = rest.find('$') else {
            return Some(self.literal(start..self.part.end));
        };
        if dollar > 0 {
            return Some(self.literal(start..start + dollar));
        }
        match rest.as_bytes().get(1) {
            Some(b'$') => {
                self.position = start + 2;
                Some(Token::Literal("$"))
            }
            Some(b'{') => Some(self.braced(start)),
            _ => match name_len(&rest[1..]) {
                // A dollar sign that begins nothing stands for itself.
                0 => Some(self.literal(start..start + 1)),
                len => {
                    let range = start..start + 1 + len;
                    self.position = range.end;
                    Some(Token::Reference { name: &rest[1..=len], range, operation: None })
                }
            },
        }
    }

    fn literal(&mut self, range: Range<usize>) -> Token<'a> {
        self.position = range.end;
        Token::Literal(&self.template[range])
    }

    /// The token at `${`.
    fn braced(&mut self, start: usize) -> Token<'a> {
        let name_start = start + 2;
        let len = name_len(&self.template[name_start..self.part.end]);
        let name_end = name_start + len;
        let name = &self.template[name_start..name_end];
        let after = &self.template.as_bytes()[name_end..self.part.end];
        if len > 0 && after.first() == Some(&b'}') {
            self.position = name_end + 1;
            return Token::Reference { name, range: start..name_end + 1, operation: None };
        }
        let operation = if len > 0 { operator(after) } else { None };
        let reach = operation.and_then(|(_, operator_len)| {
            let operand_start = name_end + operator_len;
            self.last_brace(name_end)
                .filter(|&brace| brace >= operand_start)
                .map(|brace| (operand_start, brace))
        });
        let (Some((operator, _)), Some((operand_start, last_brace))) = (operation, reach) else {
            // Whoever collects variables goes on behind the brace.
            self.position = name_start;
            let shown = if self.tail.contains(&start) { self.tail.clone() } else { self.part.clone() };
            return Token::Invalid { at: start, shown };
        };
        let reach_end = last_brace + 1;
        let closing = match closing_brace(&self.template.as_bytes()[start..reach_end]) {
            Some(closing) => {
                self.tail = start + closing + 1..reach_end;
                start + closing
            }
            None => last_brace,
        };
        self.position = closing + 1;
        Token::Reference {
            name,
            range: start..closing + 1,
            operation: Some((operator, operand_start..closing)),
        }
    }

    /// The last closing brace on the line of `from`.
    fn last_brace(&mut self, from: usize) -> Option<usize> {
        if self.line.end <= from {
            let bytes = &self.template.as_bytes()[from..self.part.end];
            let len = bytes.iter().position(|&byte| byte == b'\n').unwrap_or(bytes.len());
            self.line = Line {
                end: from + len,
                last_brace: bytes[..len].iter().rposition(|&byte| byte == b'}').map(|at| from + at),
            };
        }
        self.line.last_brace
    }
}

/// The operator at the beginning and its length.
fn operator(text: &[u8]) -> Option<(Operator, usize)> {
    let (empty_counts, sign, len) = match text {
        [b':', sign, ..] => (false, *sign, 2),
        [sign, ..] => (true, *sign, 1),
        [] => return None,
    };
    let operator = match sign {
        b'-' => Operator::Default { empty_counts },
        b'+' => Operator::Alternate { empty_counts },
        b'?' => Operator::Required { empty_counts },
        _ => return None,
    };
    Some((operator, len))
}

/// The offset of the brace that closes the reference at the beginning. As in the reference, every `{` counts, not
/// only `${`, and the byte behind it is not looked at, so that `{}` opens and does not close.
fn closing_brace(text: &[u8]) -> Option<usize> {
    let mut open = 0_usize;
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'}' if open == 1 => return Some(at),
            b'}' => open = open.saturating_sub(1),
            b'{' => {
                open += 1;
                at += 1;
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// The length of the name at the beginning.
fn name_len(text: &str) -> usize {
    let is_name = |at: usize, c: char| match c {
        '_' | 'a'..='z' | 'A'..='Z' => true,
        '0'..='9' => at > 0,
        // A long s and a Kelvin sign fold to `s` and `k`, which is enough for the reference's pattern.
        '\u{17f}' | '\u{212a}' => true,
        _ => false,
    };
    text.char_indices().find(|&(at, c)| !is_name(at, c)).map_or(text.len(), |(at, _)| at)
}
