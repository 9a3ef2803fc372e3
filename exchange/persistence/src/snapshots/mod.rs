//! Snapshots: a follower folds the durable log beside the venue and writes its state down, and others begin with that.
//!
//! Not responsible for the format of files, nor for what recovery makes of them: both are in `exchange-service`. A newcomer
//! needs to know one thing: a snapshot has two parts, the engine and the feed, both as of the same record, and each is served by
//! itself to whoever recovers.

mod checkpoints;
mod fold;
mod follower;
mod serve;

pub(crate) use checkpoints::Checkpoints;
pub(crate) use fold::{Part, Venue, part_of};
pub(crate) use follower::Follower;
pub(crate) use serve::{Reader, serve};

/// The part of the service's health that is the snapshots.
pub(crate) const PART: &str = "snapshots";

/// The part that is the comparison of this service's own fold with what matching says.
pub(crate) const CHECKPOINTS_PART: &str = "checkpoints";
