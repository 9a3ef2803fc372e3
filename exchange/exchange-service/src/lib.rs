//! What the services of the exchange stand on: the frame they run in, how they speak to one another, the embedded log, group
//! commit, snapshots made by a follower.
//!
//! This crate knows no book, no risk and no command: a record is bytes in a frame, and who folds them is a trait
//! ([`snapshot::Fold`]). A newcomer needs to know one thing: nobody is told anything before the log says it is durable, and
//! after the first failed write or sync the log says nothing any more.

pub mod commit;
pub mod config;
pub mod health;
pub mod http;
pub mod log;
pub mod markets;
pub mod metrics;
pub mod net;
pub mod service;
pub mod snapshot;
pub mod stop;
pub mod storage;
pub mod telemetry;
mod trace;
