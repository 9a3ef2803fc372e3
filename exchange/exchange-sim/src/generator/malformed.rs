//! Payloads that are no commands.

use crate::random::Random;

/// Bytes of noise at the end that tell this payload from every other.
const TAG_BYTES: usize = 8;

/// Makes something that is most likely no command out of the encoding of one. The tag keeps two spoilt payloads apart.
pub(super) fn spoil(payload: &mut Vec<u8>, tag: u64, random: &mut Random) {
    match random.below(4) {
        // A byte is something else.
        0 => {
            let index = random.index(payload.len());
            payload[index] = payload[index].wrapping_add(random.range(1, 255) as u8);
        }
        // The end is missing.
        1 => {
            let length = random.index(payload.len());
            payload.truncate(length);
            payload.extend_from_slice(&tag.to_le_bytes());
        }
        // There is more than there should be.
        2 => payload.extend_from_slice(&tag.to_le_bytes()),
        // Noise.
        _ => {
            payload.clear();
            payload.extend((0..random.range(0, 200)).map(|_| random.bits() as u8));
            payload.extend_from_slice(&tag.to_le_bytes());
        }
    }
    debug_assert!(payload.len() >= TAG_BYTES);
}
