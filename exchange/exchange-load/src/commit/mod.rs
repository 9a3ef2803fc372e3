//! Group commit measured against a bare loop, and killed at random.
//!
//! Nothing here is part of the log. A newcomer needs to know one thing: a *waiter* is a closed loop (submit one command, wait
//! until it is durable, submit the next), and waiters are tasks on few threads, as they are in a service.

mod bare;
mod bench;
mod executor;
mod kill;

pub use bench::{Plan, Waiting, report};
pub use kill::{Killed, Soak, soak, write_until_killed};
