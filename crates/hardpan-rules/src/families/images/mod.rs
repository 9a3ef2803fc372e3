//! HP-DKR and HP-IMG: Dockerfiles and image references (RULES.md, section 8).
//!
//! Judged are the Dockerfiles that services build, each for every service that builds it.

mod base_image_without_digest;
mod built_for_one_processor;
mod cargo_without_lock_file;
mod dockerfile_user_is_root;
mod dockerfile_without_healthcheck;
mod file_added_from_network;
mod packages_unpinned_or_lists_kept;
mod secret_in_build;
mod shell_form_start;
mod unpinned_image;

use crate::builds::Build;
use crate::rule::Rule;
use crate::{Scope, Service};

/// The rules of the family, in the order of their codes.
pub(crate) const RULES: &[&Rule] = &[
    &dockerfile_user_is_root::RULE,
    &dockerfile_without_healthcheck::RULE,
    &base_image_without_digest::RULE,
    &file_added_from_network::RULE,
    &packages_unpinned_or_lists_kept::RULE,
    &secret_in_build::RULE,
    &shell_form_start::RULE,
    &cargo_without_lock_file::RULE,
    &built_for_one_processor::RULE,
    &unpinned_image::RULE,
];

/// The services whose Dockerfile is at hand.
fn builds<'s, 'p>(scope: &'s Scope<'p>) -> impl Iterator<Item = (&'s Service<'p>, &'s Build)> {
    scope.services().iter().filter_map(|service| Some((service, scope.image_source(service).build()?)))
}
