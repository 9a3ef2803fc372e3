//! HP-NET: who can reach whom, and by which name (RULES.md, section 4).

mod address;
mod gateway;
mod hosts;
mod literal_address;
mod mismatched_port;
mod off_internal_network;
mod public_access_past_gateway;
mod reach;
mod static_address;
mod static_subnet;
mod texts;
mod traefik;
mod unguarded_router;
mod unregistered;
mod unresolvable_host;
mod zone_breach;

use crate::rule::Rule;

/// The rules of the family, in the order of their codes.
pub(crate) const RULES: &[&Rule] = &[
    &static_address::RULE,
    &literal_address::RULE,
    &static_subnet::RULE,
    &off_internal_network::RULE,
    &unresolvable_host::RULE,
    &zone_breach::RULE,
    &public_access_past_gateway::RULE,
    &unguarded_router::RULE,
    &mismatched_port::RULE,
];
