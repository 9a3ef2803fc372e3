//! The archive: outcomes of any time, made again from the log.
//!
//! Not responsible for the newest outcomes: matching has those. A newcomer needs to know one thing: nobody stores outcomes. What
//! a command did follows from the log alone, so the archive begins with the nearest snapshot, folds the log behind it as the
//! venue did, and says the same again, byte for byte.

mod replay;
mod serve;

pub(crate) use replay::REPLAYS_MAX;
pub(crate) use serve::archive;
