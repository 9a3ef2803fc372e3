//! HP-RES: what a service may use (RULES.md, section 5).

use crate::rule::Rule;

/// The rules of the family, in the order of their codes.
pub(crate) const RULES: &[&Rule] = &[];
