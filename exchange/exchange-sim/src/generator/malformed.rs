//! Payloads that are no commands.

use crate::random::Random;

/// Bytes of noise at the end that tell this payload from every other.
const TAG_BYTES: usize = 8;

/// Makes something that is most likely no command out of the encoding of one. The tag keeps two spoilt payloads apart.
pub(super) fn spoil(payload: &mut Vec<u8>, tag: u64, random: &mut Random) {
    match random.below(40) {
        // It is far too long for a command; some are too long for the log as well.
        0 => {
            payload.resize(random.magnitude(1_000, 100_000) as usize, tag as u8);
            payload.extend_from_slice(&tag.to_le_bytes());
        }
        // A byte is something else.
        1..10 => {
            let index = random.index(payload.len());
            payload[index] = payload[index].wrapping_add(random.range(1, 255) as u8);
        }
        // The end is missing.
        10..20 => {
            let length = random.index(payload.len());
            payload.truncate(length);
            payload.extend_from_slice(&tag.to_le_bytes());
        }
        // There is more than there should be.
        20..30 => payload.extend_from_slice(&tag.to_le_bytes()),
        // Noise.
        _ => {
            payload.clear();
            payload.extend((0..random.range(0, 200)).map(|_| random.bits() as u8));
            payload.extend_from_slice(&tag.to_le_bytes());
        }
    }
    debug_assert!(payload.len() >= TAG_BYTES);
}
