//! Walking over a message whose length has been checked.
//!
//! Not responsible for lengths: whoever makes a cursor hands it exactly the bytes that the fields take. A newcomer needs to
//! know one thing: positions are constants once the calls are inlined, so neither a check of bounds nor an addition is left
//! in the compiled codec.

use super::Malformed;
use super::field::Field;

/// Takes fields from a message, front to back.
pub(crate) struct Reader<'message> {
    bytes: &'message [u8],
    at: usize,
}

impl<'message> Reader<'message> {
    #[inline(always)]
    pub(crate) const fn new(bytes: &'message [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    /// The next bytes and where they begin.
    #[inline(always)]
    fn advance(&mut self, count: usize) -> (&'message [u8], usize) {
        let start = self.at;
        self.at = after(start, count);
        (&self.bytes[start..self.at], start)
    }

    /// Where the first byte that is not zero stands, if the next bytes are reserved.
    #[inline(always)]
    pub(crate) fn check_zero(&mut self, count: usize) -> Option<usize> {
        let (bytes, start) = self.advance(count);
        first_set(bytes).map(|index| after(start, index))
    }

    /// Where the first reserved byte that is not zero stands inside the next field.
    #[inline(always)]
    pub(crate) fn check<T: Field>(&mut self) -> Option<usize> {
        let (bytes, start) = self.advance(T::SIZE);
        T::reserved(bytes).map(|index| after(start, index))
    }

    #[inline(always)]
    pub(crate) fn skip(&mut self, count: usize) {
        self.at = after(self.at, count);
    }

    #[inline(always)]
    pub(crate) fn take<T: Field>(&mut self) -> Result<T, Malformed> {
        let (bytes, start) = self.advance(T::SIZE);
        T::get(bytes).map_err(|malformed| malformed.shifted(start))
    }
}

/// Puts fields into a message that is all zeros, front to back.
pub(crate) struct Writer<'message> {
    bytes: &'message mut [u8],
    at: usize,
}

impl<'message> Writer<'message> {
    #[inline(always)]
    pub(crate) const fn new(bytes: &'message mut [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    #[inline(always)]
    pub(crate) fn skip(&mut self, count: usize) {
        self.at = after(self.at, count);
    }

    #[inline(always)]
    pub(crate) fn put<T: Field>(&mut self, value: &T) {
        let start = self.at;
        self.at = after(start, T::SIZE);
        value.put(&mut self.bytes[start..self.at]);
    }
}

/// The position of the first byte that is not zero.
#[inline(always)]
pub(crate) fn first_set(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|byte| *byte != 0)
}

impl Malformed {
    /// The same inside something that begins `by` bytes earlier.
    #[inline(always)]
    pub(crate) const fn shifted(self, by: usize) -> Self {
        Self { reason: self.reason, offset: after(by, self.offset) }
    }
}

/// Positions stay inside one message, whose length is a constant below 1,024, so they cannot overflow.
#[inline(always)]
#[expect(
    clippy::arithmetic_side_effects,
    reason = "both are positions inside one message, far below the largest usize"
)]
pub(crate) const fn after(position: usize, count: usize) -> usize {
    position + count
}
