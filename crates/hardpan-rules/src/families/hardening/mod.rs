//! HP-SEC: what a container may do to its host (RULES.md, section 2).

mod added_capability;
mod capabilities_not_dropped;
mod copied_hardening;
mod data_paths;
mod disabled_confinement;
mod engine_socket_mounted;
mod entry_points;
mod hardening_breaks_start;
mod host_mount;
mod image;
mod missing_init_process;
mod namespace_of_host;
mod paths;
mod port_on_all_interfaces;
mod privilege_escalation_possible;
mod privileged_or_device;
mod root_user;
mod sensitive_host_path;
mod unreachable_published_port;
mod writable_bind_mount;
mod writable_root_file_system;

use hardpan_compose::{Hop, NodeRef, Value, VariableSource};

use crate::rule::Rule;
use crate::{Scope, Service, Verdicts};

/// The rules of the family, in the order of their codes.
pub(crate) const RULES: &[&Rule] = &[
    &privilege_escalation_possible::RULE,
    &capabilities_not_dropped::RULE,
    &added_capability::RULE,
    &missing_init_process::RULE,
    &privileged_or_device::RULE,
    &namespace_of_host::RULE,
    &root_user::RULE,
    &writable_root_file_system::RULE,
    &disabled_confinement::RULE,
    &engine_socket_mounted::RULE,
    &sensitive_host_path::RULE,
    &writable_bind_mount::RULE,
    &port_on_all_interfaces::RULE,
    &unreachable_published_port::RULE,
    &copied_hardening::RULE,
    &hardening_breaks_start::RULE,
];

/// The services that run a container. Of the others, which a provider runs, no rule about containers says anything.
fn containers<'s, 'p>(scope: &'s Scope<'p>, verdicts: &mut Verdicts<'_>) -> Vec<&'s Service<'p>> {
    let (provided, containers): (Vec<_>, Vec<_>) =
        scope.services().iter().partition(|service| service.get("provider").is_some());
    for service in provided {
        verdicts.not_applicable(service, "a provider runs it, not a container");
    }
    containers
}

/// The variable without a value that a text is made of: what the text will be cannot be told.
fn unset_variable<'p>(node: NodeRef<'p>) -> Option<&'p str> {
    node.hops().find_map(|hop| match hop {
        Hop::Variable { name, set: VariableSource::Unset } => Some(&**name),
        _ => None,
    })
}

/// The item of a list that is nothing but a variable without a value, and that variable.
fn open_item<'p>(list: NodeRef<'p>) -> Option<(NodeRef<'p>, &'p str)> {
    list.items().find_map(|item| {
        let is_empty = item.as_str().is_some_and(|text| text.trim().is_empty());
        unset_variable(item).filter(|_| is_empty).map(|variable| (item, variable))
    })
}

/// Where the service says that it is privileged.
fn privileged<'p>(service: &Service<'p>) -> Option<NodeRef<'p>> {
    service.get("privileged").filter(|node| matches!(node.value(), Value::Bool(true)))
}

/// A capability as the engine takes it: upper case, without `CAP_`.
fn capability(text: &str) -> String {
    let upper = text.trim().to_ascii_uppercase();
    upper.strip_prefix("CAP_").map_or_else(|| upper.clone(), str::to_owned)
}

/// Every capability of Linux 5.9 and later.
const CAPABILITIES: [&str; 41] = [
    "AUDIT_CONTROL",
    "AUDIT_READ",
    "AUDIT_WRITE",
    "BLOCK_SUSPEND",
    "BPF",
    "CHECKPOINT_RESTORE",
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "IPC_LOCK",
    "IPC_OWNER",
    "KILL",
    "LEASE",
    "LINUX_IMMUTABLE",
    "MAC_ADMIN",
    "MAC_OVERRIDE",
    "MKNOD",
    "NET_ADMIN",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_RAW",
    "PERFMON",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYSLOG",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_CHROOT",
    "SYS_MODULE",
    "SYS_NICE",
    "SYS_PACCT",
    "SYS_PTRACE",
    "SYS_RAWIO",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "WAKE_ALARM",
];

/// Whether the service drops every capability: by `ALL` in any case, or one by one.
fn drops_all(service: &Service<'_>) -> bool {
    let dropped: Vec<&str> = service.items("cap_drop").filter_map(NodeRef::as_str).collect();
    dropped.iter().any(|name| name.trim().eq_ignore_ascii_case("all"))
        || (dropped.len() >= CAPABILITIES.len() && {
            let dropped: Vec<String> = dropped.iter().map(|name| capability(name)).collect();
            CAPABILITIES.iter().all(|one| dropped.iter().any(|name| name == one))
        })
}
