//! Identifiers. Each is a newtype, so that one cannot be passed where another is meant.

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(transparent)]
        pub struct $name(pub $inner);

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(formatter)
            }
        }
    };
}

id! {
    /// An instrument: a base asset traded against a quote asset. Numbered from 0 in the order of listing.
    InstrumentId(u32)
}
id! {
    /// An asset that accounts hold. Numbered from 0 in the order in which it was first named.
    AssetId(u32)
}
id! {
    /// An account of the venue. Numbered from 0 in the order of opening.
    AccountId(u32)
}
id! {
    /// An order: unique among the live orders of the venue. Either dense (assigned in arrival order) or opaque.
    OrderId(u64)
}
id! {
    /// The position of a command in the log, or of an event in the stream of events. Starts at 1, has no gaps.
    Sequence(u64)
}
id! {
    /// The reign of one writer of the log; a new writer takes a higher one, which fences the old.
    Epoch(u32)
}
id! {
    /// Nanoseconds since the Unix epoch, UTC. The sequencer stamps it; nothing inside reads a clock.
    TimestampNs(u64)
}

id! {
    /// Who waits for the answer to a command: a number that the gateway gives, which comes back with the outcome. Zero is
    /// nobody. The venue never looks at it.
    RequestId(u64)
}

impl Sequence {
    /// The next position. A log of 2^64 records cannot be written, so this saturates in theory only.
    #[inline]
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}
