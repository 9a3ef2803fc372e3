//! The running digest behind every state hash.

/// Folds 64-bit words into 64 bits: FNV-1a by words, with the high half folded down after each.
///
/// It tells two states apart; it does not protect against somebody who wants a collision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digest(u64);

impl Digest {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;

    /// The digest of nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self(Self::OFFSET)
    }

    /// Takes one word in.
    #[inline]
    pub const fn word(&mut self, word: u64) {
        self.0 = (self.0 ^ word).wrapping_mul(Self::PRIME);
    }

    /// Ends a record of several words, so that records of different lengths cannot run into one another.
    #[inline]
    pub const fn end_record(&mut self) {
        self.0 ^= self.0 >> 32;
    }

    /// The digest so far.
    #[inline]
    #[must_use]
    pub const fn value(self) -> u64 {
        self.0
    }
}

impl Default for Digest {
    fn default() -> Self {
        Self::new()
    }
}
