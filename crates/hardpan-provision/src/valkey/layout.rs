//! Who is to be a primary, of which slots, and who replicates whom.
//!
//! Not responsible for commands. A newcomer needs to know one thing: the layout follows from the order of nodes in the plan and
//! from what is there already, and from nothing else, so that a run that finishes what another one began (or that works at
//! the same time) wants exactly the same.

use super::slots::Slots;

/// A cluster has at least as many, or no majority could be left when one fails.
const PRIMARIES_MIN: usize = 3;

/// What a node is so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Role {
    /// Slots that it has, or is to have.
    pub(super) slots: Slots,
    /// The node that it replicates, or is to.
    pub(super) replica_of: Option<usize>,
}

/// What cannot be had without taking something away from somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Misfit {
    /// So many nodes have slots or could get some.
    Primaries(usize),
    /// All slots of this node's share belong to others.
    Slots(usize),
    /// The node has so many replicas, and there is nobody left.
    Replicas(usize, usize),
}

/// What every node is to be. `hosts` are the machines that nodes run on.
///
/// # Errors
/// What does not fit.
pub(super) fn layout(hosts: &[String], replicas: usize, found: &[Role]) -> Result<Vec<Role>, Misfit> {
    let blank = vec![Role::default(); hosts.len()];
    let ideal = adapt(hosts, replicas, &blank)?;
    let fits = |(found, ideal): (&Role, &Role)| {
        let has_its_slots = found.slots.minus(&ideal.slots).is_empty();
        has_its_slots && (found.replica_of.is_none() || found.replica_of == ideal.replica_of)
    };
    if found.iter().zip(&ideal).all(fits) { Ok(ideal) } else { adapt(hosts, replicas, found) }
}

/// Nodes in an order that takes turns between hosts.
fn turns(hosts: &[String]) -> Vec<usize> {
    let turn = |node: usize| hosts[..node].iter().filter(|host| **host == hosts[node]).count();
    let mut order: Vec<usize> = (0..hosts.len()).collect();
    order.sort_by_key(|node| (turn(*node), *node));
    order
}

fn adapt(hosts: &[String], replicas: usize, found: &[Role]) -> Result<Vec<Role>, Misfit> {
    let order = turns(hosts);
    let primaries = primaries(&order, replicas, found)?;
    let mut roles: Vec<Role> = vec![Role::default(); found.len()];
    for (node, slots) in shares(&primaries, found) {
        if slots.is_empty() {
            return Err(Misfit::Slots(node));
        }
        roles[node].slots = slots;
    }
    for (node, role) in found.iter().enumerate().filter(|(node, _)| !primaries.contains(node)) {
        roles[node].replica_of = role.replica_of.filter(|primary| primaries.contains(primary));
    }
    let free: Vec<usize> = order
        .iter()
        .copied()
        .filter(|node| !primaries.contains(node) && roles[*node].replica_of.is_none())
        .collect();
    replicate(hosts, &primaries, free, &mut roles);
    move_surplus(&order, &primaries, replicas, &mut roles);
    let has = |primary: usize| roles.iter().filter(|role| role.replica_of == Some(primary)).count();
    match primaries.iter().find(|primary| has(**primary) < replicas) {
        Some(primary) => Err(Misfit::Replicas(*primary, has(*primary))),
        None => Ok(roles),
    }
}

/// Nodes with slots, and as long as there are slots without an owner, nodes that could have some.
fn primaries(order: &[usize], replicas: usize, found: &[Role]) -> Result<Vec<usize>, Misfit> {
    let mut primaries: Vec<usize> =
        order.iter().copied().filter(|node| !found[*node].slots.is_empty()).collect();
    let wanted = found.len() / (replicas + 1);
    let owned = found.iter().fold(Slots::default(), |all, role| all.union(&role.slots));
    if owned != Slots::all() {
        let could = |node: &usize| found[*node].slots.is_empty() && found[*node].replica_of.is_none();
        let more = wanted.saturating_sub(primaries.len());
        primaries.extend(order.iter().copied().filter(could).take(more));
        if primaries.len() < wanted {
            return Err(Misfit::Primaries(primaries.len()));
        }
    }
    if primaries.len() < PRIMARIES_MIN {
        return Err(Misfit::Primaries(primaries.len()));
    }
    Ok(primaries)
}

/// The slots of every primary: those it has, and what nobody has of one of as many even parts as there are primaries. Each
/// takes the part that it has most of.
fn shares(primaries: &[usize], found: &[Role]) -> Vec<(usize, Slots)> {
    let count = primaries.len();
    let owned = found.iter().fold(Slots::default(), |all, role| all.union(&role.slots));
    let parts: Vec<Slots> = (0..count).map(|index| Slots::part(index, count)).collect();
    let mut matches: Vec<(usize, usize, usize)> = Vec::with_capacity(count * count);
    for (at, node) in primaries.iter().enumerate() {
        for (part, slots) in parts.iter().enumerate() {
            matches.push((slots.common(&found[*node].slots).count(), at, part));
        }
    }
    matches.sort_by_key(|(count, at, part)| (std::cmp::Reverse(*count), *at, *part));
    let mut part_of: Vec<Option<usize>> = vec![None; count];
    let mut is_taken = vec![false; count];
    for (_, at, part) in matches {
        if part_of[at].is_none() && !is_taken[part] {
            part_of[at] = Some(part);
            is_taken[part] = true;
        }
    }
    let share = |(node, part): (&usize, Option<usize>)| {
        let left = part.map(|part| parts[part].minus(&owned)).unwrap_or_default();
        (*node, found[*node].slots.union(&left))
    };
    primaries.iter().zip(part_of).map(share).collect()
}

/// How bad it is that a node replicates a primary: the same host is the worst, then the host of another replica.
fn cost(hosts: &[String], roles: &[Role], node: usize, primary: usize) -> usize {
    let others = roles.iter().enumerate();
    let shared = others.filter(|(other, role)| {
        *other != node && role.replica_of == Some(primary) && hosts[*other] == hosts[node]
    });
    let is_same = usize::from(hosts[primary] == hosts[node]);
    is_same * (roles.len() + 1) + shared.count()
}

/// Gives free nodes to primaries, always to the one with the fewest replicas, and exchanges them afterwards as long as this
/// parts more of them from their primaries' hosts.
fn replicate(hosts: &[String], primaries: &[usize], mut free: Vec<usize>, roles: &mut [Role]) {
    let given = free.clone();
    while !free.is_empty() {
        let has = |primary: &usize| roles.iter().filter(|role| role.replica_of == Some(*primary)).count();
        let Some(primary) = primaries.iter().copied().min_by_key(has) else { return };
        let best = (0..free.len()).min_by_key(|at| cost(hosts, roles, free[*at], primary));
        let node = free.remove(best.unwrap_or(0));
        roles[node].replica_of = Some(primary);
    }
    let price = |roles: &[Role]| -> usize {
        let costs = given.iter().filter_map(|node| Some(cost(hosts, roles, *node, roles[*node].replica_of?)));
        costs.sum()
    };
    // Every exchange makes it cheaper, so this ends; the bound is for the reader.
    for _ in 0..given.len() {
        let mut is_better = false;
        for (at, one) in given.iter().enumerate() {
            for other in &given[at + 1..] {
                let before = price(roles);
                exchange(roles, *one, *other);
                if price(roles) < before { is_better = true } else { exchange(roles, *one, *other) }
            }
        }
        if !is_better {
            return;
        }
    }
}

fn exchange(roles: &mut [Role], one: usize, other: usize) {
    let primary = roles[one].replica_of;
    roles[one].replica_of = roles[other].replica_of;
    roles[other].replica_of = primary;
}

/// Moves replicas from primaries that have more than they need to those that have too few.
fn move_surplus(order: &[usize], primaries: &[usize], replicas: usize, roles: &mut [Role]) {
    loop {
        let has = |primary: usize| roles.iter().filter(|role| role.replica_of == Some(primary)).count();
        let Some(poor) = primaries.iter().copied().find(|primary| has(*primary) < replicas) else { return };
        let Some(rich) = primaries.iter().copied().find(|primary| has(*primary) > replicas) else { return };
        let last = order.iter().rev().copied().find(|node| roles[*node].replica_of == Some(rich));
        let Some(node) = last else { return };
        roles[node].replica_of = Some(poor);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Misfit, Role, layout};
    use crate::valkey::slots::Slots;

    fn hosts(text: &str) -> Vec<String> {
        text.chars().map(String::from).collect()
    }

    fn blank(count: usize) -> Vec<Role> {
        vec![Role::default(); count]
    }

    fn primary(first: u16, last: u16) -> Role {
        Role { slots: Slots::range(first, last), replica_of: None }
    }

    fn replica(of: usize) -> Role {
        Role { slots: Slots::default(), replica_of: Some(of) }
    }

    #[test]
    fn primaries_take_turns_between_hosts_and_replicas_are_on_another_one() {
        for names in ["abcabc", "aabbcc", "abcdef", "aaabbb", "abccba", "aaabbbccc"] {
            let hosts = hosts(names);
            let roles = layout(&hosts, 1, &blank(hosts.len())).unwrap();
            for (node, role) in roles.iter().enumerate() {
                let shares_host = role.replica_of.is_some_and(|primary| hosts[primary] == hosts[node]);
                assert!(!shares_host, "{names}: {node} is on the host of its primary: {roles:?}");
            }
        }
        let roles = layout(&hosts("aabbcc"), 1, &blank(6)).unwrap();
        let is_primary: Vec<bool> = roles.iter().map(|role| role.replica_of.is_none()).collect();
        assert_eq!(is_primary, [true, false, true, false, true, false]);
    }

    #[test]
    fn a_formed_cluster_stays_as_it_is_also_after_a_failover_and_with_uneven_slots() {
        let all = [
            replica(4),
            primary(0, 9000),
            primary(9001, 9001),
            replica(2),
            primary(9002, 16_383),
            replica(1),
        ];
        assert_eq!(layout(&hosts("aaaaaa"), 1, &all).unwrap(), all);
    }

    #[test]
    fn what_was_begun_otherwise_is_finished_around_what_is_there() {
        // The last node has the first slots, and a node replicates it already.
        let mut found = blank(6);
        found[5] = primary(0, 99);
        found[0] = replica(5);
        let roles = layout(&hosts("abcabc"), 1, &found).unwrap();
        assert_eq!(roles[5].slots, Slots::part(0, 3));
        assert_eq!(roles[0].replica_of, Some(5));
        let all = roles.iter().fold(Slots::default(), |all, role| all.union(&role.slots));
        assert_eq!(all, Slots::all());
    }

    #[test]
    fn replicas_move_from_where_there_are_too_many() {
        let found = [
            primary(0, 5000),
            primary(5001, 9000),
            primary(9001, 16_383),
            replica(0),
            replica(0),
            replica(1),
        ];
        let roles = layout(&hosts("abcabc"), 1, &found).unwrap();
        assert_eq!(roles[4], replica(2));
        assert_eq!(roles[3], replica(0));
    }

    #[test]
    fn what_would_take_slots_from_somebody_does_not_fit() {
        let mut found = blank(6);
        found[0] = primary(0, 16_383);
        assert_eq!(layout(&hosts("abcabc"), 1, &found), Err(Misfit::Primaries(1)));
        found[0] = primary(0, 11_000);
        assert_eq!(layout(&hosts("abcabc"), 1, &found), Err(Misfit::Slots(1)));
        let found =
            [primary(0, 5), primary(6, 9), primary(10, 500), primary(501, 16_383), replica(0), replica(1)];
        assert_eq!(layout(&hosts("abcabc"), 1, &found), Err(Misfit::Replicas(2, 0)));
        let found = [replica(4), replica(4), replica(4), replica(4), primary(0, 9), primary(10, 20)];
        assert_eq!(layout(&hosts("abcabc"), 1, &found), Err(Misfit::Primaries(2)));
    }

    proptest! {
        #[test]
        fn what_a_run_has_done_so_far_never_changes_what_is_wanted(
            names in prop::collection::vec(0..4_u8, 3..13),
            replicas in 0..3_usize,
            done in prop::collection::vec(any::<(bool, u16)>(), 13),
        ) {
            let hosts: Vec<String> = names.iter().map(u8::to_string).collect();
            prop_assume!(hosts.len() / (replicas + 1) >= 3);
            let wanted = layout(&hosts, replicas, &blank(hosts.len())).unwrap();
            let all = wanted.iter().fold(Slots::default(), |all, role| all.union(&role.slots));
            prop_assert_eq!(all, Slots::all());
            let so_far: Vec<Role> = wanted.iter().zip(&done).map(|(role, (is_done, cut))| {
                let slots = if *is_done { role.slots.minus(&Slots::range(*cut, u16::MAX)) } else { Slots::default() };
                Role { slots, replica_of: role.replica_of.filter(|_| *is_done) }
            }).collect();
            prop_assert_eq!(layout(&hosts, replicas, &so_far).unwrap(), wanted);
        }
    }
}
