//! Ports that nobody uses.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

use anyhow::{Result, bail};

/// The range that is searched: below the one from which the system gives ports to outgoing connections, so that a service that was
/// killed finds its port free when it comes back.
const RANGE: std::ops::Range<u16> = 18_000..30_000;

/// Ports given to different callers of this process differ even before they are bound.
static NEXT: AtomicU16 = AtomicU16::new(0);

/// This many ports on which nobody listens.
///
/// # Errors
/// When the range is full.
pub fn free_ports(count: usize) -> Result<Vec<u16>> {
    let length = RANGE.end - RANGE.start;
    // Processes begin at different places, so that two of them seldom meet.
    let begin = (std::process::id().wrapping_mul(97) % u32::from(length)) as u16;
    let mut ports = Vec::new();
    for _ in 0..length {
        let offset = begin.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % length;
        let port = RANGE.start + offset;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            ports.push(port);
            if ports.len() == count {
                return Ok(ports);
            }
        }
    }
    bail!("found {} free ports from {} to {}, expected {count}", ports.len(), RANGE.start, RANGE.end)
}
