//! Waivers: exceptions for one rule and one service, with a reason, a decision, an owner and a last day
//! (document 001, section 6; document 004, NFR-SEC-01).

use hardpan_diag::Diagnostic;
use hardpan_source::Span;

use super::Date;
use super::reader::{Value, hold};
use super::shape::{Shape, WAIVER};

/// One entry of `waivers`.
#[derive(Clone, Debug)]
pub struct Waiver {
    /// The code of the rule.
    pub rule: String,
    /// The Compose file, from the project's root.
    pub path: String,
    /// The service, or what else the finding is about.
    pub service: String,
    /// Why the exception is right.
    pub reason: String,
    /// The decision record, from the project's root.
    pub adr: String,
    /// Who answers for it.
    pub owner: String,
    /// The last day it holds; none where it is no day.
    pub expires: Option<Date>,
    /// Where it is written.
    pub span: Span,
    /// Where the last day is written, or else the waiver.
    pub expires_span: Span,
    /// Where the decision is named, or else the waiver.
    pub adr_span: Span,
    /// What is wrong with its form. Such a waiver waives nothing.
    pub problems: Vec<Diagnostic>,
}

impl Waiver {
    pub(super) fn read(value: Value<'_>) -> Self {
        let mut problems = Vec::new();
        hold(value, Shape::Object(WAIVER), &mut problems);
        let field = |key: &str| value.get(key);
        let text = |key: &str| field(key).and_then(Value::text).unwrap_or_default().trim().to_owned();
        for key in ["path", "service"] {
            if let Some(inner) = field(key)
                && inner.text().is_some_and(|text| text.contains(['*', '?']))
            {
                let message = format!("`{key}` has a wildcard");
                problems.push(
                    Diagnostic::error(hardpan_diag::Code("policy::wildcard"), message)
                        .with_span(inner.span())
                        .with_help("write one waiver for each service"),
                );
            }
        }
        let span_of = |key: &str| field(key).map_or(value.span(), Value::span);
        Self {
            rule: text("rule"),
            path: text("path").trim_start_matches("./").to_owned(),
            service: text("service"),
            reason: text("reason"),
            adr: text("adr"),
            owner: text("owner"),
            expires: Date::parse(&text("expires")),
            span: value.span(),
            expires_span: span_of("expires"),
            adr_span: span_of("adr"),
            problems,
        }
    }

    /// True where it is well formed and its last day is not over.
    #[must_use]
    pub fn holds(&self, today: Date) -> bool {
        self.problems.is_empty() && self.expires.is_some_and(|expires| today <= expires)
    }
}
