//! Payloads of records: requests with and without keys, bare commands, and now and then something that is no command.

use exchange_load::engine::Traffic;
use exchange_load::flow::Random;
use exchange_types::{IdempotencyKey, RequestHead, RequestId, decode_command, decode_frame, encode_request};

/// The commands that open a venue and fill its books with so many orders, as they are.
pub fn opening(seed: u64, live_orders: usize) -> Vec<Vec<u8>> {
    let traffic = Traffic { live_orders, accounts: 20, instruments: 3, commands: 1, mean_distance: 8, seed };
    let mut rest = &traffic.generate().unwrap().opening.bytes[..];
    let mut payloads = Vec::new();
    while !rest.is_empty() {
        let frame = decode_frame(rest).unwrap();
        payloads.push(frame.payload.to_vec());
        rest = &rest[frame.bytes()..];
    }
    payloads
}

/// The commands that open a venue and fill its books, then so many that trade there.
pub fn payloads(seed: u64, commands: usize) -> Vec<Vec<u8>> {
    let traffic =
        Traffic { live_orders: 200, accounts: 20, instruments: 3, commands, mean_distance: 8, seed };
    let scene = traffic.generate().unwrap();
    let mut random = Random::new(seed);
    let mut payloads: Vec<Vec<u8>> = Vec::new();
    for log in [&scene.opening.bytes, &scene.measured.bytes] {
        let mut rest = &log[..];
        while !rest.is_empty() {
            let frame = decode_frame(rest).unwrap();
            payloads.push(dressed(frame.payload, &mut random));
            if random.one_in(50) {
                // The same again: a repetition where it has a key, and somebody else's mistake where it has none.
                payloads.push(payloads[payloads.len() - 1].clone());
            }
            rest = &rest[frame.bytes()..];
        }
    }
    payloads
}

fn dressed(payload: &[u8], random: &mut Random) -> Vec<u8> {
    if random.one_in(100) {
        return payload[..1 + random.below(payload.len() as u64 - 1) as usize].to_vec();
    }
    let id = RequestId(if random.one_in(4) { 0 } else { random.next() });
    let key = if random.one_in(3) { IdempotencyKey::new(u128::from(random.next()) + 1) } else { None };
    let mut out = Vec::new();
    encode_request(&RequestHead { id, key }, &decode_command(payload).unwrap(), &mut out);
    out
}
