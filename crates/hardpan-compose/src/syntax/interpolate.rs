//! Variable references in text: `$NAME`, `${NAME}`, `${NAME:-default}` and the other operators.
//!
//! This module does not decide which text is interpolated, nor what the variables are. It keeps one oddity of the
//! reference that a newcomer must know: a reference with an operator reaches to the *last* `}` of its line, and only
//! then is the brace looked for that really closes it. Hence an operator whose text spans lines is an error.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::ops::Range;

use super::quote::quote;
use super::scan::{self, Operator, Token};

/// How deep defaults can nest. Hand-written files use two or three levels; the limit keeps a hostile one from
/// exhausting the stack and the time that each level costs.
pub const NESTING_MAX: usize = 100;

/// How many bytes one substitution can produce, those of unused defaults included. A text can repeat a long variable
/// many times, and in a dotenv file each line can repeat the one before.
pub const TEXT_BYTES_MAX: usize = 16 << 20;

/// Where the values of variables come from.
pub trait Lookup {
    /// The value of a variable, which may be empty, or `None` when it is not set.
    fn lookup(&self, name: &str) -> Option<&str>;
}

impl Lookup for HashMap<String, String> {
    fn lookup(&self, name: &str) -> Option<&str> {
        self.get(name).map(String::as_str)
    }
}

impl Lookup for BTreeMap<String, String> {
    fn lookup(&self, name: &str) -> Option<&str> {
        self.get(name).map(String::as_str)
    }
}

/// No variables at all.
impl Lookup for () {
    fn lookup(&self, _name: &str) -> Option<&str> {
        None
    }
}

/// A variable reference that was evaluated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// The name of the variable.
    pub name: Box<str>,
    /// The bytes of the whole reference in the template, from `$` to the closing brace.
    pub range: Range<usize>,
    /// What became of it.
    pub outcome: Outcome,
    /// Whether the result is not part of the text: the reference evaluates (and warns about) the default of a
    /// variable that is set, and then does not use it.
    pub discarded: bool,
}

/// What became of a variable reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The value of the variable was taken.
    Set,
    /// The default was taken, because the variable is unset, or empty and the operator is `:-`.
    Defaulted,
    /// The variable is unset and there is no default: the text is empty and the reference warns.
    Blank,
    /// The text after `+` was taken, because the variable is set.
    Alternate,
    /// The operator is `+` and the variable is unset: the text is empty, without a warning.
    Absent,
}

/// A text without variable references.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Substituted {
    /// The text.
    pub text: String,
    /// The references, in the order in which the reference evaluates them: a default before its variable.
    pub uses: Vec<Use>,
}

impl Substituted {
    /// The names of the variables about which the reference warns, once for each use.
    pub fn unset(&self) -> impl Iterator<Item = &str> {
        self.uses
            .iter()
            .filter(|reference| reference.outcome == Outcome::Blank)
            .map(|reference| &*reference.name)
    }
}

/// Why a text cannot be substituted.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TemplateError {
    /// `${` is not followed by a name, or not closed on its line, or an unknown operator follows the name.
    Invalid {
        /// The offset of the `$`.
        at: usize,
        /// The part of the template that the reference shows: the innermost default, or what follows a reference
        /// with an operator on the same line, or all of it.
        template: String,
    },
    /// A variable with `?` is unset, or empty and the operator is `:?`.
    Required {
        /// The name of the variable.
        name: String,
        /// The text after the operator, substituted.
        reason: String,
        /// The bytes of the whole reference.
        range: Range<usize>,
    },
    /// Defaults nest deeper than [`NESTING_MAX`]. The reference has no such limit.
    TooDeep {
        /// The offset of the `$` that is too deep.
        at: usize,
    },
    /// The substitution produces more than [`TEXT_BYTES_MAX`]. The reference has no such limit.
    TooLong {
        /// The offset of the `$` whose value is too much.
        at: usize,
    },
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid { template, .. } => write!(f, "Invalid template: {}", quote(template)),
            Self::Required { name, reason, .. } if reason.is_empty() => {
                write!(f, "required variable {name} is missing a value")
            }
            Self::Required { name, reason, .. } => {
                write!(f, "required variable {name} is missing a value: {reason}")
            }
            Self::TooDeep { .. } => write!(f, "variable defaults nest deeper than {NESTING_MAX} levels"),
            Self::TooLong { .. } => write!(f, "substitution yields more than {TEXT_BYTES_MAX} bytes"),
        }
    }
}

impl std::error::Error for TemplateError {}

/// Replaces every variable reference in a text (compose-spec, interpolation; compose-go 2.9.1
/// `template.Substitute`). A text without `$` comes back as it is; callers on a hot path test for that first.
///
/// # Errors
/// [`TemplateError`], for the first reference that fails; the reference goes on and warns about the rest.
pub fn substitute(template: &str, lookup: &dyn Lookup) -> Result<Substituted, TemplateError> {
    let mut substituter = Substituter { template, lookup, uses: Vec::new(), produced: 0 };
    let text = substituter.run(0..template.len(), 0)?;
    Ok(Substituted { text, uses: substituter.uses })
}

struct Substituter<'a> {
    template: &'a str,
    lookup: &'a dyn Lookup,
    uses: Vec<Use>,
    produced: usize,
}

impl Substituter<'_> {
    /// Substitutes a part of the template: all of it, or the text after an operator.
    fn run(&mut self, part: Range<usize>, depth: usize) -> Result<String, TemplateError> {
        let (template, lookup) = (self.template, self.lookup);
        let mut out = String::with_capacity(part.len());
        let mut scanner = scan::Scanner::new(template, part.clone());
        while let Some(token) = scanner.next() {
            match token {
                Token::Literal(text) => out.push_str(text),
                Token::Invalid { at, shown } => {
                    return Err(TemplateError::Invalid { at, template: template[shown].to_owned() });
                }
                Token::Reference { name, range, operation: None } => {
                    let value = lookup.lookup(name);
                    let outcome = if value.is_some() { Outcome::Set } else { Outcome::Blank };
                    self.append(&mut out, value.unwrap_or_default(), range.start)?;
                    self.uses.push(Use { name: name.into(), range, outcome, discarded: false });
                }
                Token::Reference { name, range, operation: Some((operator, operand)) } => {
                    if depth == NESTING_MAX {
                        return Err(TemplateError::TooDeep { at: range.start });
                    }
                    self.operate(&mut out, name, range, operator, operand, depth)?;
                }
            }
        }
        Ok(out)
    }

    fn append(&mut self, out: &mut String, text: &str, at: usize) -> Result<(), TemplateError> {
        self.produced = self.produced.saturating_add(text.len());
        if self.produced > TEXT_BYTES_MAX {
            return Err(TemplateError::TooLong { at });
        }
        out.push_str(text);
        Ok(())
    }

    /// Evaluates a reference with an operator. The operand comes first, even where it is not needed, because that is
    /// the order of the reference's warnings and errors.
    fn operate(
        &mut self,
        out: &mut String,
        name: &str,
        range: Range<usize>,
        operator: Operator,
        operand: Range<usize>,
        depth: usize,
    ) -> Result<(), TemplateError> {
        let uses_before = self.uses.len();
        let operand = if operand.is_empty() { String::new() } else { self.run(operand, depth + 1)? };
        let value = self.lookup.lookup(name);
        let is_there = |empty_counts| value.is_some_and(|value| empty_counts || !value.is_empty());
        let outcome = match operator {
            Operator::Default { empty_counts } if !is_there(empty_counts) => Outcome::Defaulted,
            Operator::Alternate { empty_counts } if is_there(empty_counts) => Outcome::Alternate,
            Operator::Required { empty_counts } if !is_there(empty_counts) => {
                return Err(TemplateError::Required { name: name.to_owned(), reason: operand, range });
            }
            _ if value.is_none() => Outcome::Absent,
            _ => Outcome::Set,
        };
        if matches!(outcome, Outcome::Defaulted | Outcome::Alternate) {
            self.append(out, &operand, range.start)?;
        } else {
            self.append(out, value.unwrap_or_default(), range.start)?;
            self.uses[uses_before..].iter_mut().for_each(|nested| nested.discarded = true);
        }
        self.uses.push(Use { name: name.into(), range, outcome, discarded: false });
        Ok(())
    }
}
