//! HP-WVR: exceptions that have run out, match nothing or have no record (RULES.md, section 8).

use crate::rule::Rule;

/// The rules of the family, in the order of their codes.
pub(crate) const RULES: &[&Rule] = &[];
