//! Load over HTTP, in open and closed loops, and what it found.
//!
//! Not responsible for what stands at the other end: anything that speaks the API. A newcomer needs to know one thing: everything
//! runs on one thread, and requests of the open loop begin when a schedule made beforehand says so.

mod drive;
mod mix;
mod pacer;
mod report;
mod schedule;
mod watch;

use anyhow::Result;

pub use drive::{Mode, Plan, run};
pub use mix::Mix;
pub use report::{Findings, Quantiles};
pub use schedule::Schedule;
pub use watch::Listeners;

/// Runs a plan while others listen on the stream.
///
/// # Errors
/// When nobody can be connected to, or a listener finds something wrong: a stream that ends, a book with a gap.
pub fn run_listened(plan: &Plan, listeners: Listeners) -> Result<Findings> {
    let target = plan.target.clone();
    drive::run_beside(plan, |run| watch::listen(run, target, listeners))
}
