//! Free ports, below those that the system gives to outgoing connections, so that none of these takes one meanwhile.

use std::net::TcpListener;
use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

/// Where ports are looked for. Valkey's second port is 10,000 above the first and must be below the outgoing ones too.
const FIRST: u16 = 12_000;
const COUNT: u16 = 10_000;

/// Between the two ports of a node of a Valkey cluster.
pub const BUS: u16 = 10_000;

/// A port that nobody listens on, and that this process has not given out before.
pub fn free() -> u16 {
    next(is_free)
}

/// The same where the port of the cluster bus is free too.
pub fn free_with_bus() -> u16 {
    next(|port| is_free(port) && is_free(port + BUS))
}

fn next(suits: impl Fn(u16) -> bool) -> u16 {
    static LAST: Mutex<Option<u16>> = Mutex::new(None);
    let mut last = LAST.lock().unwrap();
    // Test programs that run at the same time begin in different places.
    let mut offset = last.unwrap_or_else(|| {
        let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().subsec_nanos();
        let mixed = u64::from(std::process::id()) * 7919 + u64::from(time) / 1000;
        u16::try_from(mixed % u64::from(COUNT)).unwrap()
    });
    for _ in 0..COUNT {
        offset = (offset + 1) % COUNT;
        if suits(FIRST + offset) {
            *last = Some(offset);
            return FIRST + offset;
        }
    }
    panic!("no port is free");
}

fn is_free(port: u16) -> bool {
    TcpListener::bind(("0.0.0.0", port)).is_ok()
}
