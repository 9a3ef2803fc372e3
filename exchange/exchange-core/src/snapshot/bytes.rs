//! Numbers to bytes and back, little-endian, with the position for whoever has to be told.

use super::{SnapshotError, SnapshotFault};

/// Appends numbers.
#[derive(Debug)]
pub(crate) struct Writer<'a>(pub(crate) &'a mut Vec<u8>);

impl Writer<'_> {
    pub(crate) fn u8(&mut self, value: u8) {
        self.0.push(value);
    }

    pub(crate) fn u32(&mut self, value: u32) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    pub(crate) fn u64(&mut self, value: u64) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    pub(crate) fn u128(&mut self, value: u128) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    /// How many of something follow.
    pub(crate) fn count(&mut self, count: usize) {
        self.u64(count as u64);
    }
}

/// Takes numbers, front to back.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// How many bytes are left.
    fn left(&self) -> usize {
        self.bytes.len().saturating_sub(self.at)
    }

    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], SnapshotError> {
        let end = self.at.saturating_add(count);
        match self.bytes.get(self.at..end) {
            Some(taken) => {
                self.at = end;
                Ok(taken)
            }
            None => {
                let missing = count.saturating_sub(self.left());
                Err(SnapshotError { offset: self.bytes.len(), fault: SnapshotFault::Truncated { missing } })
            }
        }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], SnapshotError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, SnapshotError> {
        Ok(u8::from_le_bytes(self.array()?))
    }

    pub(crate) fn u32(&mut self) -> Result<u32, SnapshotError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub(crate) fn u64(&mut self) -> Result<u64, SnapshotError> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    pub(crate) fn u128(&mut self) -> Result<u128, SnapshotError> {
        Ok(u128::from_le_bytes(self.array()?))
    }

    /// How many of something follow. The count is within its limit, and at least `bytes_each` bytes are there for each: it can
    /// be trusted with an allocation.
    pub(crate) fn count(
        &mut self,
        what: &'static str,
        limit: usize,
        bytes_each: usize,
    ) -> Result<usize, SnapshotError> {
        let found = self.u64()?;
        let limit = limit as u64;
        let fitting = usize::try_from(found).ok().filter(|_| found <= limit);
        let Some(count) = fitting else {
            return Err(self.fault_before(8, SnapshotFault::TooMany { what, found, limit }));
        };
        let needed = count.saturating_mul(bytes_each);
        if needed > self.left() {
            let missing = needed.saturating_sub(self.left());
            return Err(SnapshotError {
                offset: self.bytes.len(),
                fault: SnapshotFault::Truncated { missing },
            });
        }
        Ok(count)
    }

    /// What `decode` makes of the next byte.
    pub(crate) fn choice<T>(
        &mut self,
        rule: &'static str,
        decode: impl FnOnce(u8) -> Option<T>,
    ) -> Result<T, SnapshotError> {
        let byte = self.u8()?;
        decode(byte).ok_or_else(|| self.fault_before(1, SnapshotFault::Invalid { rule }))
    }

    /// The error that a rule does not hold for what was read last.
    pub(crate) fn invalid(&self, rule: &'static str) -> SnapshotError {
        self.fault_before(0, SnapshotFault::Invalid { rule })
    }

    /// Refuses what was read last unless a rule holds.
    pub(crate) fn hold(&self, rule: &'static str, holds: bool) -> Result<(), SnapshotError> {
        if holds { Ok(()) } else { Err(self.invalid(rule)) }
    }

    /// The error for what began so many bytes ago.
    pub(crate) fn fault_before(&self, bytes: usize, fault: SnapshotFault) -> SnapshotError {
        SnapshotError { offset: self.at.saturating_sub(bytes), fault }
    }

    pub(crate) fn end(&self) -> Result<(), SnapshotError> {
        match self.left() {
            0 => Ok(()),
            bytes => Err(self.fault_before(0, SnapshotFault::Trailing { bytes })),
        }
    }
}
