//! HP-DKR and HP-IMG: Dockerfiles and image references (RULES.md, section 8).

mod unpinned_image;

use crate::rule::Rule;

/// The rules of the family, in the order of their codes.
pub(crate) const RULES: &[&Rule] = &[&unpinned_image::RULE];
