//! Syntax errors: where they are, and how go-yaml words them.

use crate::yaml::help;
use crate::yaml::problem::Fault;
use crate::{FileId, Span};

/// A place that go-yaml would refuse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// The offending bytes. Where something is missing at the end, what it is missing to: the opening quote or bracket.
    pub span: Span,
    /// What is wrong, in go-yaml's words where it has any.
    pub message: String,
    /// The change that usually cures it.
    pub help: Option<String>,
}

pub(super) fn explain(fault: Fault, text: &str, file: FileId) -> SyntaxError {
    let advice = help::advice(fault, text);
    let (start, end) = advice.range;
    let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    SyntaxError {
        span: Span::new(file, offset(start), offset(end)),
        message: fault.problem.message().to_owned(),
        help: advice.help,
    }
}

/// The error for an alias of a name that nothing before it carries.
pub(super) fn unknown_anchor<'name>(
    name: &str,
    known: impl Iterator<Item = &'name str>,
    span: Span,
) -> SyntaxError {
    SyntaxError {
        span,
        message: format!("unknown anchor '{name}' referenced"),
        help: help::similar(name, known).map(|similar| format!("there is an anchor `&{similar}`")),
    }
}
