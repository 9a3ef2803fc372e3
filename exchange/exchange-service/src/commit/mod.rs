//! Group commit: many submit, one thread writes and syncs once for all of them, then each is told.
//!
//! Not responsible for what a payload means, nor for when it is too late to wait: a caller with a deadline drops its
//! [`Commit`], and the record is in the log all the same. A newcomer needs to know one thing: sequences are given in the order
//! of submission, at once, under one short lock; everything slow happens outside of it, on the writer's thread.
//!
//! # The cycle
//!
//! Two buffers: one gathers, the other is written. The writer takes what has been gathered, appends it, shows it to the
//! [`Follower`], syncs, publishes the durable position, and wakes the waiters of that batch, each by its own waker and only
//! when its record is durable.
//!
//! Waiters in a closed loop come back as soon as they are woken. Whoever comes back first must not get a sync of his own while
//! the others are still on their way: then batches of one and of all the rest alternate, and half the syncs are wasted. So after
//! a batch the writer *lingers*: see [`Linger`](linger::Linger).

mod linger;
mod queue;
mod wait;
mod writer;

#[cfg(test)]
mod tests;

pub use linger::{LINGER_MAX, LINGER_SHARE};
pub use queue::{Commit, CommitError, Submitter};
pub use writer::{Committer, Follower, Streamed};
