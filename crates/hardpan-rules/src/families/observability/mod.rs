//! HP-OBS: logs, labels, metrics and alerts (RULES.md, section 7).

use crate::rule::Rule;

/// The rules of the family, in the order of their codes.
pub(crate) const RULES: &[&Rule] = &[];
