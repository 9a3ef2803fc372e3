//! The rules, one file each, in one folder per family. The registry is the lists of the families, in order.

mod hardening;
mod health;
mod images;
mod init_containers;
mod network;
mod observability;
pub(crate) mod orchestration;
mod resources;
mod secrets;
mod waivers;

use crate::rule::Rule;

/// Every family, in the order of the rule catalogue.
pub(crate) const FAMILIES: &[&[&Rule]] = &[
    orchestration::RULES,
    hardening::RULES,
    secrets::RULES,
    network::RULES,
    resources::RULES,
    health::RULES,
    init_containers::RULES,
    observability::RULES,
    images::RULES,
    waivers::RULES,
];

/// What several rules of a family want to know of every service.
#[derive(Debug, Default)]
pub(crate) struct Shared<'p> {
    init_containers: init_containers::Shared<'p>,
    secrets: secrets::Shared<'p>,
}
