//! HP-HLT: how a service shows that it works, and who waits for it (RULES.md, section 5).

use crate::rule::Rule;

/// The rules of the family, in the order of their codes.
pub(crate) const RULES: &[&Rule] = &[];
