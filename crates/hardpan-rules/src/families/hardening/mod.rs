//! HP-SEC: what a container may do to its host (RULES.md, section 2).

mod missing_init_process;
mod privilege_escalation_possible;

use crate::rule::Rule;

/// The rules of the family, in the order of their codes.
pub(crate) const RULES: &[&Rule] = &[&privilege_escalation_possible::RULE, &missing_init_process::RULE];
