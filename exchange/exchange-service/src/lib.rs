//! What the services of the exchange stand on: the embedded log, group commit, snapshots made by a follower.
//!
//! This crate knows no book, no risk and no command: a record is bytes in a frame, and who folds them is a trait
//! ([`snapshot::Fold`]). A newcomer needs to know one thing: nobody is told anything before the log says it is durable, and
//! after the first failed write or sync the log says nothing any more.

pub mod commit;
pub mod log;
pub mod snapshot;
pub mod storage;
