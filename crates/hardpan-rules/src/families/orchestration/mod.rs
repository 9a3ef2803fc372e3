//! HP-ORC: how the project is put together (RULES.md, section 1).

mod unresolvable_project;

use crate::rule::Rule;

/// The rules of the family, in the order of their codes.
pub(crate) const RULES: &[&Rule] = &[&unresolvable_project::RULE];
