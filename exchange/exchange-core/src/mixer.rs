//! A digest of a set: every entry is mixed into one number, and the numbers are added.
//!
//! Adding makes the digest of a large state cheap to keep: an entry that changes is taken out and put back in. It is not
//! responsible for order; where order is part of the state, the entry carries its place. A newcomer needs to know one
//! thing: sums wrap on purpose, and an entry is taken out by subtracting exactly what was added.

/// Odd constants without structure: the fractional parts of the square roots of primes.
const KEYS: [u64; 8] = [
    0x6a09_e667_f3bc_c909,
    0xbb67_ae85_84ca_a73b,
    0x3c6e_f372_fe94_f82b,
    0xa54f_f53a_5f1d_36f1,
    0x510e_527f_ade6_82d1,
    0x9b05_688c_2b3e_6c1f,
    0x1f83_d9ab_fb41_bd6b,
    0x5be0_cd19_137e_2179,
];

/// Multiplies to 128 bits and folds: every bit of the result depends on every bit of both.
#[inline]
const fn fold(left: u64, right: u64) -> u64 {
    let product = (left as u128).wrapping_mul(right as u128);
    #[expect(clippy::cast_possible_truncation, reason = "the halves of the product are folded on purpose")]
    let folded = product as u64 ^ (product >> 64) as u64;
    folded
}

/// The number that stands for an entry of up to eight words.
///
/// The first word names the kind of the entry, so that entries of different kinds cannot stand for one another.
#[inline]
pub(crate) const fn mix<const WORDS: usize>(words: [u64; WORDS]) -> u64 {
    const { assert!(WORDS >= 2 && WORDS <= KEYS.len() && WORDS.is_multiple_of(2)) }
    let mut mixed = KEYS[7];
    let mut at = 0_usize;
    while at < WORDS {
        let next = at.wrapping_add(1);
        mixed = mixed.rotate_left(29) ^ fold(words[at] ^ KEYS[at], words[next] ^ KEYS[next]);
        at = next.wrapping_add(1);
    }
    fold(mixed ^ KEYS[0], mixed.rotate_left(32) ^ KEYS[1])
}

#[cfg(test)]
mod tests {
    use super::mix;

    #[test]
    fn every_bit_of_every_word_counts() {
        let zero = mix([0; 8]);
        for word in 0..8 {
            for bit in 0..64 {
                let mut words = [0; 8];
                words[word] = 1 << bit;
                assert_ne!(mix(words), zero, "bit {bit} of word {word}");
            }
        }
    }

    #[test]
    fn the_place_of_a_word_counts() {
        assert_ne!(mix([1, 2, 3, 4]), mix([2, 1, 3, 4]));
        assert_ne!(mix([1, 2, 3, 4]), mix([3, 4, 1, 2]));
    }
}
