//! Why bytes are not a snapshot.

/// Bytes that were refused: where, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{fault} at byte {offset}")]
pub struct SnapshotError {
    /// Where reading stopped, counted from the first byte.
    pub offset: usize,
    /// What is wrong there.
    #[source]
    pub fault: SnapshotFault,
}

/// What can be wrong with a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotFault {
    /// The bytes do not begin as snapshots do.
    #[error("not a snapshot of the engine")]
    Foreign,
    /// A version this program does not read.
    #[error("found version {found} of the format, expected {expected}")]
    UnknownVersion {
        /// The version that stands there.
        found: u32,
        /// The version this program writes.
        expected: u32,
    },
    /// The bytes end before the snapshot does.
    #[error("cut short, {missing} bytes are missing")]
    Truncated {
        /// How many, at least.
        missing: usize,
    },
    /// There is more after the end.
    #[error("{bytes} bytes follow the end")]
    Trailing {
        /// How many.
        bytes: usize,
    },
    /// A count above what a venue can have.
    #[error("found {found} {what}, a venue has at most {limit}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many.
        found: u64,
        /// The limit.
        limit: u64,
    },
    /// A value that no venue has.
    #[error("{rule} does not hold")]
    Invalid {
        /// The rule, as it should be.
        rule: &'static str,
    },
    /// Every part is valid, and the whole is not what was written.
    #[error("the restored state has the hash {found:016x}, expected {expected:016x}")]
    Hash {
        /// The hash of what was restored.
        found: u64,
        /// The hash that stands in the snapshot.
        expected: u64,
    },
}
