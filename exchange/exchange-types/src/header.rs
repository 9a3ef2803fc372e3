//! What comes with a command beside the command itself.

use crate::{Sequence, TimestampNs};

/// Where a command stands in the log and when the sequencer took it.
///
/// Both are assigned once, before the command is durable, and replay brings the same. The time never goes back from one
/// command to the next.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommandHeader {
    /// The position in the log.
    pub sequence: Sequence,
    /// The event time.
    pub time: TimestampNs,
}
