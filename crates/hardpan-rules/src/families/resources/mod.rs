//! HP-RES: what a service may use (RULES.md, section 5).

mod bound;
mod bounds_outside_template;
mod lost_in_merge;
mod memory_reserved_beyond_share;
mod unbounded_process_count;
mod unbounded_resources;

use crate::rule::Rule;

/// The rules of the family, in the order of their codes.
pub(crate) const RULES: &[&Rule] = &[
    &unbounded_resources::RULE,
    &bounds_outside_template::RULE,
    &memory_reserved_beyond_share::RULE,
    &unbounded_process_count::RULE,
];
