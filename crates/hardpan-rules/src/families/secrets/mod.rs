//! HP-SCR: where credentials are and where they must not be (RULES.md, section 3).

use crate::rule::Rule;

/// The rules of the family, in the order of their codes.
pub(crate) const RULES: &[&Rule] = &[];
