//! What nodes of one cluster do not agree on yet: who has which slots, and who replicates whom.
//!
//! Not responsible for what is missing (`formation`). A newcomer needs to know one thing: a primary that comes back after
//! a failover claims its slots until it hears that they have another owner. Whoever takes its word for it in that moment sees
//! a cluster that does not fit the plan, refuses it for ever, or resets a node that serves.

use super::formation::Waiting;
use super::nodes::{Known, Said};
use super::slots::Slots;

/// What is contested within a group of nodes that know each other; nodes settle it by themselves.
pub(super) fn contested(names: &[String], nodes: &[Said], groups: &[Vec<usize>]) -> Option<Waiting> {
    groups
        .iter()
        .find_map(|group| claimed_twice(names, nodes, group).or_else(|| outvoted(names, nodes, group)))
}

/// Two nodes that both claim a slot in their own views.
fn claimed_twice(names: &[String], nodes: &[Said], group: &[usize]) -> Option<Waiting> {
    let mut pairs =
        group.iter().enumerate().flat_map(|(at, &one)| group[..at].iter().map(move |&other| (other, one)));
    pairs.find_map(|(one, other)| {
        let common = nodes[one].own.slots.common(&nodes[other].own.slots);
        (!common.is_empty()).then(|| Waiting {
            waiting_for: format!("{} and {} to agree whose slots are whose", names[one], names[other]),
            answer: format!("both claim {common}"),
        })
    })
}

/// A node that says of itself what most others that know it say otherwise.
fn outvoted(names: &[String], nodes: &[Said], group: &[usize]) -> Option<Waiting> {
    group.iter().find_map(|&node| {
        let own = &nodes[node].own;
        let others = group.iter().filter(|other| **other != node).map(|other| &nodes[*other]);
        let views: Vec<bool> =
            others.filter_map(|other| Some(is_disputed(own, other.of(&own.id)?, other))).collect();
        let against = views.iter().filter(|is_disputed| **is_disputed).count();
        (against * 2 > views.len()).then(|| Waiting {
            waiting_for: format!("{} and the others to agree on its slots and its primary", names[node]),
            answer: format!("{against} of {} nodes see it otherwise than it does", views.len()),
        })
    })
}

/// True if a node cannot be what it says if the other one is right. That the other one has not heard yet of slots that
/// nobody had, or of a primary where there was none, is no dispute.
fn is_disputed(own: &Known, seen: &Known, by: &Said) -> bool {
    let rest = by.others.iter().filter(|other| other.id != own.id);
    let taken = rest.fold(by.own.slots.clone(), |all, other| all.union(&other.slots));
    let is_claimed = own.slots.minus(&seen.slots).common(&taken) != Slots::default();
    let is_disclaimed = !seen.slots.minus(&own.slots).is_empty();
    let is_demoted = seen.is_replica && !own.is_replica && !own.slots.is_empty();
    let is_moved = matches!((&own.primary, &seen.primary), (Some(own), Some(seen)) if own != seen);
    is_claimed || is_disclaimed || is_demoted || is_moved
}
