//! Words and what they are made of.

use std::ops::Range;

use crate::artifacts::SourceMap;

use super::tree::{Assignment, Block};

/// One word of a command, after splitting and before expansion.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Word {
    /// Where it is, quotes included.
    pub range: Range<usize>,
    /// As it is written.
    pub raw: String,
    /// What it stands for with quotes and escapes removed, if nothing in it is expanded. Patterns (`*`) and `~` are
    /// left as written.
    pub plain: Option<String>,
    /// What it is made of, in order.
    pub parts: Vec<Part>,
}

impl Word {
    /// A word out of its parts; `plain` follows from them.
    pub(super) fn new(range: Range<usize>, raw: &str, parts: Vec<Part>) -> Self {
        let mut plain = Some(String::new());
        for part in &parts {
            match (part, plain.as_mut()) {
                (Part::Literal(literal), Some(text)) => text.push_str(&literal.text),
                _ => plain = None,
            }
        }
        Self { range, raw: raw.to_owned(), plain, parts }
    }

    /// Whether it is exactly this text, without quotes or expansions around or in it.
    #[must_use]
    pub fn is_bare(&self, text: &str) -> bool {
        self.raw == text && self.parts.len() == 1 && !self.is_quoted()
    }

    /// Whether all of it is quoted or escaped, so that no part is split at blanks after expansion.
    #[must_use]
    pub fn is_quoted(&self) -> bool {
        !self.parts.is_empty() && self.parts.iter().all(Part::quoted)
    }

    /// The variables that are expanded in it, also those in defaults (`${A:-$B}`) and in `$((…))`, but not those inside
    /// of a command substitution.
    #[must_use]
    pub fn variables(&self) -> Vec<&Expansion> {
        let mut found = Vec::new();
        each_part(&self.parts, &mut |part| {
            if let Part::Variable(expansion) = part {
                found.push(expansion);
            }
        });
        found
    }

    /// Whether a variable of this name is expanded in it.
    #[must_use]
    pub fn expands(&self, name: &str) -> bool {
        self.variables().iter().any(|expansion| expansion.name == name)
    }

    /// The commands that are run to make it, outermost only: their own are in their blocks.
    #[must_use]
    pub fn substitutions(&self) -> Vec<&Substitution> {
        let mut found = Vec::new();
        each_part(&self.parts, &mut |part| {
            if let Part::Substitution(substitution) = part {
                found.push(substitution);
            }
        });
        found
    }

    /// The word as it would be if each expansion yielded its own text: quotes and escapes removed, `$NAME` kept.
    /// This is what `sh -c "… $NAME …"` is best read as.
    #[must_use]
    pub fn unquoted(&self) -> String {
        let mut text = String::new();
        self.unquote_into(&mut text, &mut SourceMap::default());
        text
    }

    /// As [`Word::unquoted`], noting where each piece comes from.
    pub(super) fn unquote_into(&self, text: &mut String, map: &mut SourceMap) {
        for part in &self.parts {
            let range = part.range();
            map.push(text.len(), range.clone());
            match part {
                Part::Literal(literal) => text.push_str(&literal.text),
                _ => {
                    let from = range.start.saturating_sub(self.range.start);
                    let to = range.end.saturating_sub(self.range.start);
                    text.push_str(self.raw.get(from..to).unwrap_or_default());
                }
            }
        }
    }

    /// The word as `NAME=value`, if it begins with an unquoted name and `=` or `+=`.
    #[must_use]
    pub fn as_assignment(&self) -> Option<Assignment> {
        let Some(Part::Literal(first)) = self.parts.first() else {
            return None;
        };
        if first.quoted {
            return None;
        }
        let (name, append, value_at) = split_name(&self.raw)?;
        let cut = self.range.start + value_at;
        let mut parts = Vec::new();
        for part in &self.parts {
            match part {
                Part::Literal(literal) if literal.range.start < cut => {
                    // Unquoted text is written as it stands, so the same number of bytes goes.
                    let skip = (cut - literal.range.start).min(literal.text.len());
                    let rest = literal.text.get(skip..).unwrap_or_default();
                    if !rest.is_empty() {
                        parts.push(Part::Literal(Literal {
                            range: cut..literal.range.end,
                            text: rest.to_owned(),
                            quoted: literal.quoted,
                        }));
                    }
                }
                part if part.range().start < cut => {}
                part => parts.push(part.clone()),
            }
        }
        let value = Self::new(cut..self.range.end, self.raw.get(value_at..).unwrap_or_default(), parts);
        Some(Assignment { range: self.range.clone(), name, append, value })
    }
}

/// `NAME`, `NAME[…]`, then `=` or `+=`: the name, whether it appends, and where the value begins.
fn split_name(raw: &str) -> Option<(String, bool, usize)> {
    let bytes = raw.as_bytes();
    let mut end = 0;
    while bytes.get(end).is_some_and(|byte| is_name_byte(*byte, end == 0)) {
        end += 1;
    }
    if end == 0 {
        return None;
    }
    let name = raw.get(..end)?.to_owned();
    let mut at = end;
    if bytes.get(at) == Some(&b'[') {
        at += bytes.get(at..)?.iter().position(|byte| *byte == b']')? + 1;
    }
    let append = bytes.get(at) == Some(&b'+');
    at += usize::from(append);
    (bytes.get(at) == Some(&b'=')).then_some((name, append, at + 1))
}

/// Whether the byte may be in a variable's name.
pub(super) fn is_name_byte(byte: u8, first: bool) -> bool {
    byte == b'_' || byte.is_ascii_alphabetic() || (!first && byte.is_ascii_digit())
}

/// Calls `each` for all parts and for those inside of operands and arithmetic. As deep as the reader went.
pub(super) fn each_part<'a>(parts: &'a [Part], each: &mut dyn FnMut(&'a Part)) {
    for part in parts {
        each(part);
        match part {
            Part::Variable(expansion) => {
                if let Some(operand) = &expansion.operand {
                    each_part(&operand.parts, each);
                }
            }
            Part::Arithmetic(arithmetic) => each_part(&arithmetic.parts, each),
            Part::Literal(_) | Part::Substitution(_) => {}
        }
    }
}

/// A piece of a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Text.
    Literal(Literal),
    /// `$NAME` or `${…}`.
    Variable(Expansion),
    /// `$(…)`, `` `…` ``, `<(…)` or `>(…)`.
    Substitution(Substitution),
    /// `$((…))`.
    Arithmetic(Arithmetic),
}

impl Part {
    /// Where it is; for quoted or escaped text without the quotes or the backslash.
    #[must_use]
    pub fn range(&self) -> &Range<usize> {
        match self {
            Self::Literal(part) => &part.range,
            Self::Variable(part) => &part.range,
            Self::Substitution(part) => &part.range,
            Self::Arithmetic(part) => &part.range,
        }
    }

    /// Whether it is in quotes or escaped.
    #[must_use]
    pub fn quoted(&self) -> bool {
        match self {
            Self::Literal(part) => part.quoted,
            Self::Variable(part) => part.quoted,
            Self::Substitution(part) => part.quoted,
            Self::Arithmetic(part) => part.quoted,
        }
    }
}

/// Text that is not expanded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Literal {
    /// Where it is, without the quotes or the backslash.
    pub range: Range<usize>,
    /// What it stands for, escapes resolved.
    pub text: String,
    /// Whether it is in quotes or escaped.
    pub quoted: bool,
}

/// The expansion of a variable or parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expansion {
    /// From `$` to the end of the name or `}`.
    pub range: Range<usize>,
    /// The name; a digit or `@ * # ? - $ !` for a parameter of the shell.
    pub name: String,
    /// Whether it is inside double quotes, a here-document or `$((…))`, where nothing is split at blanks.
    pub quoted: bool,
    /// Whether it is `${#NAME}`, which yields only the length.
    pub length: bool,
    /// What follows the name in braces, such as `:-`, `?`, `%%`, `[`.
    pub operator: Option<String>,
    /// What follows the operator.
    pub operand: Option<Word>,
}

/// Commands whose output becomes text, or a file name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Substitution {
    /// All of it, parentheses or backticks included.
    pub range: Range<usize>,
    /// Which form it is.
    pub kind: SubstitutionKind,
    /// Whether it is inside double quotes.
    pub quoted: bool,
    /// What it runs.
    pub body: Block,
}

/// Which form a substitution has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubstitutionKind {
    /// `$(…)`
    Command,
    /// `` `…` ``. Its inner backslashes are read as in `$(…)`, not removed first.
    Backticks,
    /// `<(…)` or `>(…)`
    Process,
}

/// `$((…))`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arithmetic {
    /// All of it, parentheses included.
    pub range: Range<usize>,
    /// What stands between the parentheses.
    pub text: String,
    /// Whether it is inside double quotes.
    pub quoted: bool,
    /// The expansions in it. A name without `$` is only in `text`.
    pub parts: Vec<Part>,
}
