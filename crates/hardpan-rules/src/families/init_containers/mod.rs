//! HP-INI: containers that prepare something and end (RULES.md, section 6).

use crate::rule::Rule;

/// The rules of the family, in the order of their codes.
pub(crate) const RULES: &[&Rule] = &[];
