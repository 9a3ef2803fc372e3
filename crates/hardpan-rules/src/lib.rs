//! What a project has to fulfil, and whether it does: the requirements catalogue, the rules, the policy and the engine
//! that runs them.
//!
//! This crate judges and never looks: it has no network, no clock, no environment, no process and no direct file
//! access; files come through the loader that it is given. It renders nothing. A newcomer needs to know one thing: a
//! [`requirements::Requirement`] is a statement of one of the five documents, a [`codes::RuleCode`] is something a
//! machine can decide, a [`Rule`] decides it for a [`Scope`], and [`check`] makes findings of what all rules say.

pub mod artifacts;
pub mod builds;
mod classify;
pub mod codes;
mod custom;
mod engine;
mod families;
pub mod files;
mod finding;
pub mod fix;
mod group;
mod matrix;
pub mod policy;
pub mod requirements;
pub mod rule;
mod scope;
pub mod secret_names;
mod service;
mod waivers;

pub use classify::ServiceKind;
pub use engine::{Outcome, Settings, Tally, check};
pub use finding::{Draft, Finding, Fix, Judgement, Names, Place, Repair, Safety, Subject, Verdict, Verdicts};
pub use matrix::{Declared, Row, Score, Status, matrix, score};
pub use rule::Rule;
pub use scope::{Scope, VariableUse};
pub use service::{Dependency, Grant, Mount, Service, ServiceId, Template};

/// Every rule, in the order of the rule catalogue.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    families::FAMILIES.iter().copied().flatten().copied()
}

/// The rule of that code (`HP-SEC-001`) or name (`privilege-escalation-possible`).
#[must_use]
pub fn find_rule(code_or_name: &str) -> Option<&'static Rule> {
    rules().find(|rule| rule.code.eq_ignore_ascii_case(code_or_name) || rule.name == code_or_name)
}
