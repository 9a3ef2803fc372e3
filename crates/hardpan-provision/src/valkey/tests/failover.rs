//! Primaries that come back after a failover, and nodes that are gone for good: neither is a reason to reset anybody.
//!
//! Not responsible for the model (`tests`). A newcomer needs to know one thing: every case is asked with every `reset`.

use super::{Known, Model, Next, Reset, SIX, Slots, refused, said};

const RESETS: [Reset; 3] = [Reset::Never, Reset::Empty, Reset::WithData];

/// A formed cluster with keys whose node 0 failed, and whose slots its replica has taken over, as all but node 0 know.
/// Also the replica.
fn failed_over() -> (Model, usize) {
    let mut model = Model::formed(&SIX, 1);
    model.nodes.iter_mut().for_each(|said| said.keys = 9);
    let old = model.nodes[0].own.id.clone();
    let slots = model.nodes[0].own.slots.clone();
    let heir = model.nodes.iter().position(|said| said.own.primary.as_deref() == Some(&old)).unwrap();
    let id = model.nodes[heir].own.id.clone();
    for node in 1..model.nodes.len() {
        let said = &mut model.nodes[node];
        for known in said.others.iter_mut().chain([&mut said.own]) {
            if known.id == id {
                (known.is_replica, known.primary, known.slots, known.epoch) = (false, None, slots.clone(), 9);
            } else if known.id == old {
                (known.is_failed, known.is_connected, known.slots) = (true, false, Slots::default());
            }
        }
    }
    model.judge();
    (model, heir)
}

#[test]
fn a_primary_that_comes_back_after_a_failover_is_waited_for_whatever_may_be_reset() {
    let (mut model, heir) = failed_over();
    for reset in RESETS {
        model.wish.reset = reset;
        let Next::Wait(waiting) = model.next() else { panic!("{reset:?}: {:?}", model.next()) };
        assert!(waiting.waiting_for.contains("vk-0:6379"), "{waiting:?}");
        assert!(waiting.waiting_for.contains(&model.wish.names[heir]), "{waiting:?}");
        assert!(waiting.answer.contains("both claim 0-5460"), "{waiting:?}");
    }
    // It hears of it, and replicates whoever has its slots now.
    let id = model.nodes[heir].own.id.clone();
    for node in 0..model.nodes.len() {
        let said = &mut model.nodes[node];
        for known in said.others.iter_mut().chain([&mut said.own]) {
            if known.id == "a-0" {
                (known.is_replica, known.primary, known.slots) = (true, Some(id.clone()), Slots::default());
                (known.is_failed, known.is_connected) = (false, true);
            } else if known.id == id {
                (known.is_replica, known.primary) = (false, None);
                (known.slots, known.epoch) = (Slots::part(0, 3), 9);
            }
        }
    }
    model.judge();
    for reset in RESETS {
        model.wish.reset = reset;
        assert_eq!(model.next(), Next::Nothing, "{reset:?}");
    }
}

#[test]
fn a_failover_between_two_questions_is_no_lack_of_a_primary() {
    // The replica was asked before it took over, and the old primary after it had heard of that.
    let (mut model, heir) = failed_over();
    let id = model.nodes[heir].own.id.clone();
    let own = &mut model.nodes[0].own;
    (own.is_replica, own.primary, own.slots) = (true, Some(id), Slots::default());
    let own = &mut model.nodes[heir].own;
    (own.is_replica, own.primary, own.slots) = (true, Some("a-0".to_owned()), Slots::default());
    for reset in RESETS {
        model.wish.reset = reset;
        let Next::Wait(waiting) = model.next() else { panic!("{reset:?}: {:?}", model.next()) };
        assert!(waiting.waiting_for.contains(&model.wish.names[heir]), "{waiting:?}");
        assert!(waiting.answer.contains("see it otherwise"), "{waiting:?}");
    }
}

#[test]
fn a_primary_that_comes_back_at_a_new_address_is_introduced_and_not_reset() {
    let (mut model, _) = failed_over();
    model.nodes[0].own.ip = "10.0.7.7".into();
    for reset in RESETS {
        model.wish.reset = reset;
        let Next::Work { commands, differences, .. } = model.next() else { panic!("{:?}", model.next()) };
        assert!(commands.iter().all(|command| matches!(command, super::Command::Meet { other: 0, .. })));
        assert_eq!((commands.len(), differences.len()), (5, 5));
    }
}

/// A formed cluster with keys whose replica lost its memory and came back at a new address.
fn lost_a_replica() -> Model {
    let mut model = Model::formed(&SIX, 1);
    model.nodes.iter_mut().for_each(|said| said.keys = 9);
    model.nodes[5] = said(5, "b");
    model.nodes[5].own.ip = "10.0.7.7".into();
    model
}

fn remembered(model: &mut Model) -> impl Iterator<Item = &mut Known> {
    model.nodes.iter_mut().flat_map(|said| &mut said.others).filter(|known| known.id == "a-5")
}

#[test]
fn nobody_is_reset_for_a_node_that_lost_its_memory_and_its_address() {
    let mut model = lost_a_replica();
    remembered(&mut model).for_each(|known| known.is_connected = false);
    for reset in RESETS {
        model.wish.reset = reset;
        let Next::Wait(waiting) = model.next() else { panic!("{reset:?}: {:?}", model.next()) };
        assert!(waiting.waiting_for.ends_with("to reach 10.0.0.5:6379"), "{waiting:?}");
    }
    // One of them was started just now and has not seen it fail.
    remembered(&mut model).skip(1).for_each(|known| known.is_failed = true);
    for reset in RESETS {
        model.wish.reset = reset;
        let text = refused(&model);
        assert!(text.contains("cluster of vk-0:6379 with 10.0.0.5:6379"), "{text}");
        assert!(
            text.ends_with("(if 10.0.0.5:6379 is gone for good: CLUSTER FORGET a-5 on every node)"),
            "{text}"
        );
    }
    // Somebody has them forget it.
    model.nodes.iter_mut().for_each(|said| said.others.retain(|known| known.id != "a-5"));
    model.finish();
    model.check();
    assert_eq!(model.resets, 0);
}

#[test]
fn a_foreign_node_that_answers_is_refused_with_what_a_reset_costs() {
    let model = lost_a_replica();
    let text = refused(&model);
    assert!(text.contains("`reset: with-data` there, which loses their data"), "{text}");
}
