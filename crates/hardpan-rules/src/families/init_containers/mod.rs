//! HP-INI: containers that prepare something and end (RULES.md, section 6).

mod aligned;
mod container_files;
mod creation;
mod discarded_exit_status;
mod endpoints;
mod fixed_delay;
mod init_inventory_differs;
mod mangled_command_string;
mod persistent_init_mount;
mod restarted_init_container;
mod scripts;
mod shell_lists;
mod silent_init_container;
mod sql;
mod unawaited_init_container;
mod unbounded_wait;
mod ungated_init_container;
mod unguarded_creation;
mod word_splitting;

use std::cell::OnceCell;

use crate::rule::Rule;
use crate::{Scope, Service, ServiceKind, Verdicts};

/// The rules of the family, in the order of their codes.
pub(crate) const RULES: &[&Rule] = &[
    &restarted_init_container::RULE,
    &ungated_init_container::RULE,
    &discarded_exit_status::RULE,
    &unbounded_wait::RULE,
    &fixed_delay::RULE,
    &unguarded_creation::RULE,
    &persistent_init_mount::RULE,
    &unawaited_init_container::RULE,
    &init_inventory_differs::RULE,
    &mangled_command_string::RULE,
    &silent_init_container::RULE,
];

/// Why the rules of init containers say nothing of another service.
const NOT_INIT: &str = "not an init container";

/// The init containers; of every other service it is noted that the rule does not apply.
fn init_containers<'s, 'p>(scope: &'s Scope<'p>, verdicts: &mut Verdicts<'_>) -> Vec<&'s Service<'p>> {
    let (init, others): (Vec<_>, Vec<_>) =
        scope.services().iter().partition(|service| service.kind == ServiceKind::Init);
    for service in others {
        verdicts.not_applicable(service, NOT_INIT);
    }
    init
}

/// What several rules of the family want to know of a service, by its number.
#[derive(Default)]
pub(crate) struct Shared<'p> {
    scripts: OnceCell<Vec<OnceCell<scripts::Scripts<'p>>>>,
}

impl std::fmt::Debug for Shared<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Shared").finish_non_exhaustive()
    }
}
