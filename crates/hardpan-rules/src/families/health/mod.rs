//! HP-HLT: how a service shows that it works, and who waits for it (RULES.md, section 5).

mod built;
mod healthcheck_cannot_pass;
mod image_tools;
mod missing_healthcheck;
mod ports;
mod probe;
mod state;
mod times;
mod unhealthy_dependency;
mod unstated_dependency_condition;

use crate::rule::Rule;

/// The rules of the family, in the order of their codes.
pub(crate) const RULES: &[&Rule] = &[
    &missing_healthcheck::RULE,
    &unhealthy_dependency::RULE,
    &unstated_dependency_condition::RULE,
    &healthcheck_cannot_pass::RULE,
];
