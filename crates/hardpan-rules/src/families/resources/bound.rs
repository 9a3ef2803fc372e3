//! A bound of a service, whichever of its attributes states it.

use hardpan_compose::{Hop, NodeRef, Value, VariableSource};

use crate::Service;

/// What the attributes of a service say about one bound.
#[derive(Clone, Copy, Debug)]
pub(super) enum Bound<'p> {
    /// No attribute states it.
    Absent,
    /// It is stated, but as a number that means "no bound".
    Unlimited(NodeRef<'p>),
    /// It depends on a variable that is not set.
    Unset(NodeRef<'p>, &'p str),
    /// Two attributes state it differently: the old one and the one of `deploy`.
    Conflict(NodeRef<'p>, NodeRef<'p>),
    /// It is stated.
    Stated(NodeRef<'p>, f64),
}

/// The memory limit in bytes.
pub(super) fn memory<'p>(service: &Service<'p>) -> Bound<'p> {
    stated(service, "mem_limit", "deploy.resources.limits.memory")
}

/// The CPU limit. Of `cpu_quota` only that it is there is of interest, not its unit.
pub(super) fn cpus<'p>(service: &Service<'p>) -> Bound<'p> {
    match stated(service, "cpus", "deploy.resources.limits.cpus") {
        bound @ (Bound::Absent | Bound::Unlimited(_)) => match service.get("cpu_quota").map(read) {
            Some(quota @ Bound::Stated(..)) => quota,
            Some(quota) if matches!(bound, Bound::Absent) => quota,
            _ => bound,
        },
        bound => bound,
    }
}

/// The limit of processes.
pub(super) fn processes<'p>(service: &Service<'p>) -> Bound<'p> {
    stated(service, "pids_limit", "deploy.resources.limits.pids")
}

/// The memory reserved, in bytes.
pub(super) fn memory_reserved<'p>(service: &Service<'p>) -> Bound<'p> {
    stated(service, "mem_reservation", "deploy.resources.reservations.memory")
}

fn stated<'p>(service: &Service<'p>, old: &str, deploy: &str) -> Bound<'p> {
    match (service.get(old).map(read), service.get(deploy).map(read)) {
        (None, None) => Bound::Absent,
        (Some(one), None) | (None, Some(one)) => one,
        (Some(Bound::Stated(old, a)), Some(Bound::Stated(deploy, b))) if differ(a, b) => {
            Bound::Conflict(old, deploy)
        }
        // Compose takes a zero in the old attribute as "not given" beside the other one.
        (Some(Bound::Unlimited(_)), Some(deploy)) => deploy,
        (Some(Bound::Stated(old, _)), Some(Bound::Unlimited(deploy))) => Bound::Conflict(old, deploy),
        (Some(old), Some(_)) => old,
    }
}

fn differ(a: f64, b: f64) -> bool {
    (a - b).abs() > f64::EPSILON * a.abs().max(b.abs())
}

fn read(node: NodeRef<'_>) -> Bound<'_> {
    let amount = number(node);
    if amount.is_none_or(|amount| amount <= 0.0)
        && let Some(name) = unset_variable(node)
    {
        return Bound::Unset(node, name);
    }
    match amount {
        Some(amount) if amount > 0.0 => Bound::Stated(node, amount),
        _ => Bound::Unlimited(node),
    }
}

/// The number in a value; a CPU limit may still be text.
pub(super) fn number(node: NodeRef<'_>) -> Option<f64> {
    match node.value() {
        // Amounts of memory are far below 2^53.
        Value::Int(number) => Some(*number as f64),
        Value::UInt(number) => Some(*number as f64),
        Value::Float(number) => Some(*number),
        Value::Str(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn unset_variable(node: NodeRef<'_>) -> Option<&str> {
    node.hops().find_map(|hop| match hop {
        Hop::Variable { name, set: VariableSource::Unset } => Some(&**name),
        _ => None,
    })
}

/// True if the service states bounds below `deploy`. Beside them Compose refuses an old attribute whose counterpart is
/// missing, so whatever is added has to be of the same style.
pub(super) fn uses_deploy(service: &Service<'_>) -> bool {
    service.entries("deploy.resources.limits").next().is_some()
}

/// Bytes as people write them: `512 MiB`.
pub(super) fn bytes(amount: f64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let (mut amount, mut unit) = (amount, 0);
    while amount >= 1024.0 && unit + 1 < UNITS.len() {
        amount /= 1024.0;
        unit += 1;
    }
    let text = format!("{amount:.1}");
    format!("{} {}", text.strip_suffix(".0").unwrap_or(&text), UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn bytes_are_written_in_the_largest_unit() {
        assert_eq!(bytes(512.0 * 1024.0 * 1024.0), "512 MiB");
        assert_eq!(bytes(1.5 * 1024.0 * 1024.0 * 1024.0), "1.5 GiB");
        assert_eq!(bytes(10.0), "10 B");
    }
}
