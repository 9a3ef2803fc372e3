//! What the reference page needs to know of a format.
//!
//! Not responsible for reading or writing. A newcomer needs to know one thing: the tables of messages come out of the same
//! declarations as the codecs, so they cannot disagree with them.

/// One field of a format, or a group of fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Its name.
    pub name: &'static str,
    /// Its length in bytes; zero where another field says it.
    pub bytes: usize,
    /// What may stand there.
    pub holds: &'static str,
    /// The fields of a group, in order; empty for a single field.
    pub group: &'static [Self],
}

impl Row {
    /// The name of a row whose bytes must be zero.
    pub const RESERVED: &'static str = "reserved";

    pub(crate) const fn new(name: &'static str, bytes: usize, holds: &'static str) -> Self {
        Self { name, bytes, holds, group: &[] }
    }

    pub(crate) const fn grouped(
        name: &'static str,
        bytes: usize,
        holds: &'static str,
        group: &'static [Self],
    ) -> Self {
        Self { name, bytes, holds, group }
    }

    pub(crate) const fn reserved(bytes: usize) -> Self {
        Self::new(Self::RESERVED, bytes, "zero")
    }
}

/// One kind of message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageLayout {
    /// The name of the variant.
    pub name: &'static str,
    /// The number in the second byte.
    pub kind: u8,
    /// The length of every message of this kind, in bytes.
    pub bytes: usize,
    /// The fields behind the header, in order. With the header their lengths add up to [`bytes`](Self::bytes).
    pub rows: &'static [Row],
}
