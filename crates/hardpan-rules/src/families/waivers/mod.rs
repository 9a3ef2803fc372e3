//! HP-WVR: exceptions that have run out, cover nothing or have no record (RULES.md, section 8).
//!
//! These come last: by then it is known which waivers have covered something.

mod unmatched_waiver;
mod void_waiver;
mod waiver_without_decision;

use crate::rule::Rule;

/// The rules of the family, in the order of their codes.
pub(crate) const RULES: &[&Rule] =
    &[&void_waiver::RULE, &unmatched_waiver::RULE, &waiver_without_decision::RULE];
