//! HP-NET: who can reach whom, and by which name (RULES.md, section 4).

use crate::rule::Rule;

/// The rules of the family, in the order of their codes.
pub(crate) const RULES: &[&Rule] = &[];
