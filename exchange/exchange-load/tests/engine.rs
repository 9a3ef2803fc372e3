//! The load of the engine, small: every pass ends in the state that the generator saw.

use exchange_load::engine::{Traffic, answer, replay, restart};

const TRAFFIC: Traffic =
    Traffic { live_orders: 500, accounts: 50, instruments: 3, commands: 20_000, mean_distance: 12, seed: 4 };

#[test]
fn the_same_traffic_is_answered_replayed_and_restarted_to_the_same_state() {
    let scene = TRAFFIC.generate().unwrap();
    assert_eq!(scene.measured.commands, TRAFFIC.commands);
    let (answered, replayed) = (answer(&scene).unwrap(), replay(&scene).unwrap());
    assert_eq!((answered.commands, answered.events), (scene.measured.commands, scene.measured.events));
    assert_eq!((replayed.commands, replayed.events), (scene.measured.commands, scene.measured.events));
    let back = restart(&scene, 5_000).unwrap();
    assert!((5_000..5_100).contains(&back.tail.events), "{} events", back.tail.events);
    assert!(back.bytes > 500 * 50);
}

#[test]
fn traffic_is_a_function_of_its_seed() {
    let (one, same) = (TRAFFIC.generate().unwrap(), TRAFFIC.generate().unwrap());
    assert_eq!((one.measured.bytes, one.state_hash), (same.measured.bytes, same.state_hash));
    let other = Traffic { seed: 5, ..TRAFFIC }.generate().unwrap();
    assert_ne!(one.state_hash, other.state_hash);
}

/// A damaged log is an error and not a figure.
#[test]
fn a_damaged_log_is_not_measured() {
    let mut scene = TRAFFIC.generate().unwrap();
    let middle = scene.measured.bytes.len() / 2;
    scene.measured.bytes[middle] ^= 1;
    assert!(replay(&scene).is_err() && answer(&scene).is_err() && restart(&scene, 5_000).is_err());
}
