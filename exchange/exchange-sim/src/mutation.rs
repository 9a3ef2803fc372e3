//! Mistakes that the simulator's own adapters can make on purpose, to prove that they would be found.
//!
//! Nothing here touches the code under test. A newcomer needs to know one thing: a check that has never failed proves nothing,
//! so every kind of promise has a mistake that breaks it and a test that demands a violation.

/// A mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mutation {
    /// The sequencer answers when the outcome is known, durable or not.
    AcknowledgeBeforeSync,
    /// The disk confirms syncs that it has not done.
    LyingSync,
    /// A client submits again without asking what became of its command.
    ResubmitWithoutAsking,
    /// The sequencer says "not in the log" while the command waits to be put there.
    ForgetQueueWhenAsked,
    /// Whoever recovers risk leaves out the last record before the durable end.
    SkipRecordOnRecovery,
    /// Whoever recovers matching folds the first record behind the snapshot twice.
    RepeatRecordOnRecovery,
    /// Risk settles the events of a record twice when it is told them twice.
    SettleTwice,
    /// Matching keeps what it did with records that the log has lost.
    KeepLostRecords,
    /// A resumed consumer misses an event.
    DropEventOnResume,
    /// A resumed consumer gets a command's events twice.
    RepeatEventOnResume,
    /// Events are published before their command is durable.
    PublishBeforeDurable,
    /// A subscriber to depth carries on over a gap.
    IgnoreDepthGap,
    /// Time is stamped as the clock says, even if that is before the last record.
    TimeGoesBack,
    /// Risk asks matching before it has settled what came before.
    AdmitBeforeSettling,
    /// An answer gets lost between the sequencer and the client, and the client is not told.
    ForgetToAnswer,
}

impl Mutation {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::AcknowledgeBeforeSync,
        Self::LyingSync,
        Self::ResubmitWithoutAsking,
        Self::ForgetQueueWhenAsked,
        Self::SkipRecordOnRecovery,
        Self::RepeatRecordOnRecovery,
        Self::SettleTwice,
        Self::KeepLostRecords,
        Self::DropEventOnResume,
        Self::RepeatEventOnResume,
        Self::PublishBeforeDurable,
        Self::IgnoreDepthGap,
        Self::TimeGoesBack,
        Self::AdmitBeforeSettling,
        Self::ForgetToAnswer,
    ];
}
