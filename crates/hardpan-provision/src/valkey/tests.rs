//! The plan of a cluster against a model of one: nodes that hear of each other late, runs that are killed anywhere and runs
//! that come between.
//!
//! Not responsible for real nodes (`tests/valkey.rs`). A newcomer needs to know one thing: the model refuses what a node refuses,
//! and loses nothing, so a plan that leads anywhere else than to a formed cluster shows here.

mod failover;

use proptest::prelude::*;

use super::formation::{Command, Next, Wish, next};
use super::nodes::{Known, Said};
use super::slots::Slots;
use crate::plan::valkey::Reset;

/// Numbers that look random, from a seed.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        // Xorshift: no more is needed to mix.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound.max(1) as u64) as usize
    }
}

#[derive(Clone)]
struct Model {
    wish: Wish,
    nodes: Vec<Said>,
    meetings: Vec<(usize, usize)>,
    resets: usize,
}

impl Model {
    fn blank(hosts: &[u8], replicas: usize) -> Self {
        let wish = Wish {
            names: (0..hosts.len()).map(|node| format!("vk-{node}:6379")).collect(),
            hosts: hosts.iter().map(u8::to_string).collect(),
            replicas,
            reset: Reset::Never,
        };
        let nodes = (0..hosts.len()).map(|node| said(node, "a")).collect();
        Self { wish, nodes, meetings: Vec::new(), resets: 0 }
    }

    fn formed(hosts: &[u8], replicas: usize) -> Self {
        let mut model = Self::blank(hosts, replicas);
        model.finish();
        model
    }

    fn next(&self) -> Next {
        next(&self.wish, &self.nodes)
    }

    fn index(&self, id: &str) -> Option<usize> {
        self.nodes.iter().position(|said| said.own.id == id)
    }

    /// What a node does with a command; it may refuse it.
    fn carry_out(&mut self, command: &Command) {
        match command {
            Command::SetEpoch { node, epoch } => {
                let said = &mut self.nodes[*node];
                if said.others.is_empty() && said.own.epoch == 0 {
                    said.own.epoch = *epoch;
                }
            }
            Command::AddSlots { node, slots } => {
                let said = &mut self.nodes[*node];
                let seen = said.others.iter().fold(said.own.slots.clone(), |all, one| all.union(&one.slots));
                if seen.common(slots).is_empty() && !said.own.is_replica {
                    said.own.slots = said.own.slots.union(slots);
                }
            }
            Command::Meet { node, other } => self.meetings.push((*node, *other)),
            Command::Replicate { node, primary } => {
                let id = self.nodes[*primary].own.id.clone();
                let said = &mut self.nodes[*node];
                if said.of(&id).is_some_and(|known| !known.is_replica) && said.own.slots.is_empty() {
                    said.own.is_replica = true;
                    said.own.primary = Some(id);
                }
            }
            Command::Forget { node, id } => self.nodes[*node].others.retain(|other| other.id != *id),
            Command::Reset { node, .. } => {
                self.resets += 1;
                let next = said(*node, &format!("r{}", self.resets));
                self.nodes[*node] = next;
            }
        }
        self.judge();
    }

    /// `to` hears from `from`, which says who it is, what it has, and whom it knows.
    fn hear(&mut self, from: usize, to: usize) {
        let (own, names) = {
            let said = &self.nodes[from];
            let names: Vec<Known> = said.others.iter().filter(|other| other.is_connected).cloned().collect();
            (said.own.clone(), names)
        };
        let said = &mut self.nodes[to];
        // Slots go to whoever has the higher epoch.
        let mut taken = own.slots.clone();
        for other in said.others.iter_mut().filter(|other| other.id != own.id) {
            if other.epoch < own.epoch {
                other.slots = other.slots.minus(&own.slots)
            } else {
                taken = taken.minus(&other.slots)
            }
        }
        if said.own.epoch < own.epoch {
            said.own.slots = said.own.slots.minus(&own.slots)
        } else {
            taken = taken.minus(&said.own.slots)
        }
        let known = Known { slots: taken, is_connected: true, ..own };
        match said.others.iter_mut().find(|other| other.id == known.id) {
            Some(seen) => *seen = known,
            None => said.others.push(known),
        }
        for name in names {
            if said.own.id != name.id && said.of(&name.id).is_none() {
                let fresh = Known { slots: Slots::default(), primary: None, is_replica: false, ..name };
                said.others.push(fresh);
            }
        }
        self.judge();
    }

    fn gossip(&mut self, random: &mut Random) {
        if !self.meetings.is_empty() && random.below(2) == 0 {
            let (one, other) = self.meetings.swap_remove(random.below(self.meetings.len()));
            self.hear(one, other);
            self.hear(other, one);
            return;
        }
        let from = random.below(self.nodes.len());
        let known: Vec<usize> =
            self.nodes[from].others.iter().filter_map(|one| self.index(&one.id)).collect();
        if let Some(to) = known.get(random.below(known.len())) {
            self.hear(from, *to);
        }
    }

    fn judge(&mut self) {
        for said in &mut self.nodes {
            let all = said.others.iter().fold(said.own.slots.clone(), |all, one| all.union(&one.slots));
            said.is_ok = all == Slots::all();
            let known = said.others.iter().chain([&said.own]);
            said.shards = known.filter_map(|one| Some(vec![one.id.clone(), one.primary.clone()?])).collect();
        }
    }

    /// One run from here to the end, with all the gossip it needs.
    fn finish(&mut self) {
        let mut random = Random(7);
        for _ in 0..60 {
            match self.next() {
                Next::Nothing => return,
                Next::Work { commands, .. } => commands.iter().for_each(|command| self.carry_out(command)),
                Next::Wait(_) => {}
                Next::Refuse(differences, _) => panic!("refused: {differences:?}"),
            }
            (0..60 * self.nodes.len()).for_each(|_| self.gossip(&mut random));
        }
        panic!("it never ends: {:?}\n{:?}", self.next(), self.nodes);
    }

    /// What a formed cluster is, without asking the code under test.
    fn check(&self) {
        let mut owned = Slots::default();
        for said in &self.nodes {
            assert!(owned.common(&said.own.slots).is_empty());
            assert!(said.is_ok && said.others.len() + 1 == self.nodes.len());
            assert!(said.own.is_replica == said.own.slots.is_empty());
            owned = owned.union(&said.own.slots);
        }
        assert_eq!(owned, Slots::all());
        for said in self.nodes.iter().filter(|said| !said.own.is_replica) {
            let replicas = self.nodes.iter().filter(|one| one.own.primary.as_ref() == Some(&said.own.id));
            assert!(replicas.count() >= self.wish.replicas);
        }
    }
}

fn said(node: usize, life: &str) -> Said {
    let own = Known {
        id: format!("{life}-{node}"),
        ip: format!("10.0.0.{node}"),
        port: 6379,
        bus: 16_379,
        is_connected: true,
        ..Known::default()
    };
    Said { own, ..Said::default() }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn a_run_finishes_whatever_others_left_that_were_killed_anywhere_or_are_still_at_it(
        hosts in prop::collection::vec(0..4_u8, 3..10),
        replicas in 0..3_usize,
        seed in 1..u64::MAX,
        kills in prop::collection::vec((0..40_usize, 0..30_usize, any::<bool>()), 0..12),
    ) {
        prop_assume!(hosts.len() / (replicas + 1) >= 3);
        let mut model = Model::blank(&hosts, replicas);
        let mut random = Random(seed);
        let mut old = Vec::new();
        for (count, gossip, is_old) in kills {
            let commands = match model.next() {
                Next::Work { commands, .. } => commands,
                Next::Refuse(differences, _) => panic!("refused: {differences:?}"),
                _ => Vec::new(),
            };
            // A second run may still carry out what it saw reason for before.
            let sent = if is_old { &old } else { &commands };
            sent.iter().take(count).for_each(|command| model.carry_out(command));
            (0..gossip).for_each(|_| model.gossip(&mut random));
            old = commands;
        }
        model.finish();
        model.check();
        prop_assert_eq!(model.resets, 0);
        // Nothing is left to do, and a second look changes its mind about nothing.
        prop_assert_eq!(model.next(), Next::Nothing);
    }

    #[test]
    fn a_cluster_that_lost_parts_is_finished_and_keeps_what_it_has(
        hosts in prop::collection::vec(0..4_u8, 6..10),
        losses in prop::collection::vec((0..10_usize, 0..16_384_u16, 0..3_u8), 1..5),
    ) {
        let mut model = Model::formed(&hosts, 1);
        let count = model.nodes.len();
        for (node, slot, kind) in losses {
            let node = node % count;
            let id = model.nodes[node].own.id.clone();
            match kind {
                // Slots are taken away.
                0 => {
                    let gone = Slots::range(slot, slot + 99);
                    let own = &mut model.nodes[node].own;
                    let left = own.slots.minus(&gone);
                    if !left.is_empty() {
                        own.slots = left;
                        for said in &mut model.nodes {
                            said.others.iter_mut().filter(|one| one.id == id).for_each(|one| one.slots = one.slots.minus(&gone));
                        }
                    }
                }
                // A replica is none any more, and nobody else has heard of it yet.
                1 => {
                    model.nodes[node].own.is_replica = false;
                    model.nodes[node].own.primary = None;
                }
                // A node knows nobody any more, as the others know it.
                _ => model.nodes[node].others.clear(),
            }
        }
        model.judge();
        let before: Vec<Slots> = model.nodes.iter().map(|said| said.own.slots.clone()).collect();
        model.finish();
        model.check();
        for (said, before) in model.nodes.iter().zip(before) {
            prop_assert!(before.minus(&said.own.slots).is_empty(), "slots were moved");
        }
        prop_assert_eq!(model.resets, 0);
    }
}

const SIX: [u8; 6] = [0, 1, 2, 0, 1, 2];

fn refused(model: &Model) -> String {
    let Next::Refuse(differences, help) = model.next() else { panic!("{:?}", model.next()) };
    format!("{} ({help})", differences.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
}

#[test]
fn blank_nodes_get_numbers_slots_and_introductions_at_once_and_replicas_when_they_know_their_primary() {
    let mut model = Model::blank(&SIX, 1);
    let Next::Work { is_blank: true, commands, .. } = model.next() else { panic!("{:?}", model.next()) };
    let count = |is: fn(&Command) -> bool| commands.iter().filter(|command| is(command)).count();
    assert_eq!(count(|one| matches!(one, Command::SetEpoch { .. })), 6);
    assert_eq!(count(|one| matches!(one, Command::AddSlots { .. })), 3);
    assert_eq!(count(|one| matches!(one, Command::Meet { .. })), 15);
    assert_eq!(commands.len(), 24);
    model.finish();
    model.check();
}

#[test]
fn a_node_of_another_cluster_is_refused_and_reset_only_as_far_as_the_plan_says() {
    let mut model = Model::blank(&SIX, 1);
    let stranger =
        Known { id: "x".into(), ip: "10.9.9.9".into(), port: 6379, is_connected: true, ..Known::default() };
    model.nodes[2].others.push(stranger);
    let text = refused(&model);
    assert!(text.contains("cluster of vk-2:6379 with 10.9.9.9:6379, which is not in the plan"), "{text}");
    assert!(text.contains("reset: empty"), "{text}");
    model.nodes[2].keys = 5;
    model.wish.reset = Reset::Empty;
    let text = refused(&model);
    assert!(text.contains("keys in vk-2:6379 5 -> 0") && text.contains("reset: with-data"), "{text}");
    for (reset, keys) in [(Reset::Empty, 0), (Reset::WithData, 5)] {
        let mut model = model.clone();
        model.wish.reset = reset;
        model.nodes[2].keys = keys;
        let Next::Work { commands, .. } = model.next() else { panic!("{:?}", model.next()) };
        assert_eq!(commands, [Command::Reset { node: 2, with_data: reset == Reset::WithData }]);
        model.finish();
        model.check();
        assert_eq!(model.resets, 1);
    }
}

#[test]
fn a_node_with_data_is_refused_also_where_it_is_a_cluster_of_its_own() {
    for slots in [Slots::default(), Slots::range(0, 5460), Slots::all()] {
        let mut model = Model::blank(&SIX, 1);
        model.nodes[0].own.slots = slots;
        model.nodes[0].keys = 1;
        let text = refused(&model);
        assert!(text.contains("keys in vk-0:6379 1 -> 0"), "{text}");
    }
    let mut model = Model::blank(&SIX, 1);
    model.nodes[4].own.slots = Slots::all();
    let text = refused(&model);
    assert!(text.contains("primaries 1 -> 3"), "{text}");
    model.wish.reset = Reset::Empty;
    model.finish();
    model.check();
    assert_eq!(model.resets, 1);
}

#[test]
fn data_stays_in_a_cluster_that_gets_the_nodes_it_lacks() {
    let mut model = Model::formed(&SIX, 1);
    let primary = model.nodes[0].own.slots.clone();
    model.nodes.iter_mut().for_each(|said| said.keys = 9);
    // A replica came back blank, under the address that it had, and the others notice.
    let gone = model.nodes[5].own.id.clone();
    model.nodes[5] = said(5, "b");
    for other in model.nodes.iter_mut().flat_map(|said| &mut said.others).filter(|one| one.id == gone) {
        other.is_connected = false;
    }
    let Next::Work { commands, is_blank: false, .. } = model.next() else { panic!("{:?}", model.next()) };
    assert_eq!(commands.iter().filter(|one| matches!(one, Command::Forget { .. })).count(), 5);
    model.finish();
    model.check();
    assert_eq!((model.resets, &model.nodes[0].own.slots), (0, &primary));
}

#[test]
fn slots_of_a_primary_that_is_gone_are_waited_for_while_a_replica_can_take_them_over() {
    let mut model = Model::formed(&SIX, 1);
    let gone = model.nodes[0].own.id.clone();
    model.nodes[0] = said(0, "b");
    for other in model.nodes.iter_mut().flat_map(|said| &mut said.others).filter(|one| one.id == gone) {
        other.is_gone = true;
        other.is_connected = false;
    }
    let Next::Wait(waiting) = model.next() else { panic!("{:?}", model.next()) };
    assert!(waiting.waiting_for.contains("to take over the slots"), "{waiting:?}");
    // The replica does.
    let heir = model.nodes.iter().position(|said| said.own.primary.as_deref() == Some(&gone)).unwrap();
    let slots = Slots::part(0, 3);
    let heir_id = model.nodes[heir].own.id.clone();
    let own = &mut model.nodes[heir].own;
    (own.is_replica, own.primary, own.slots, own.epoch) = (false, None, slots.clone(), 9);
    for said in &mut model.nodes {
        said.others.iter_mut().filter(|one| one.id == gone).for_each(|one| one.slots = Slots::default());
        for other in said.others.iter_mut().filter(|one| one.id == heir_id) {
            (other.is_replica, other.primary, other.slots, other.epoch) = (false, None, slots.clone(), 9);
        }
    }
    model.finish();
    model.check();
    assert_eq!(model.nodes[0].own.primary, Some(heir_id));
}

#[test]
fn a_node_at_a_new_address_is_introduced_again() {
    let mut model = Model::formed(&SIX, 1);
    model.nodes[3].own.ip = "10.0.7.7".into();
    for said in &mut model.nodes {
        said.others.iter_mut().filter(|one| one.id == "a-3").for_each(|one| one.is_connected = false);
    }
    let Next::Work { commands, .. } = model.next() else { panic!("{:?}", model.next()) };
    let meet = |node| Command::Meet { node, other: 3 };
    assert_eq!(commands, [meet(0), meet(1), meet(2), meet(4), meet(5)]);
    model.finish();
    model.check();
}

#[test]
fn two_names_for_one_node_and_a_cluster_that_is_not_well_are_told() {
    let mut model = Model::formed(&SIX, 1);
    model.nodes[2].is_ok = false;
    let Next::Wait(waiting) = model.next() else { panic!("{:?}", model.next()) };
    assert_eq!(waiting.waiting_for, "vk-2:6379 to say cluster_state:ok");
    model.nodes[2].is_ok = true;
    model.nodes[2].shards.clear();
    let Next::Wait(waiting) = model.next() else { panic!("{:?}", model.next()) };
    assert!(waiting.answer.contains("in one shard with its primary"), "{waiting:?}");
    model.judge();
    model.nodes[1].replicas = Some(0);
    let Next::Wait(waiting) = model.next() else { panic!("{:?}", model.next()) };
    assert_eq!(waiting.waiting_for, "1 replica(s) to log in to vk-1:6379");
    model.nodes[5].own.id = "a-0".into();
    assert!(refused(&model).contains("vk-5:6379 the same node as vk-0:6379"));
}
