//! Idempotent provisioning: what has to exist before a service starts, in PostgreSQL, Valkey, Kafka and object stores.
//!
//! A plan is read ([`plan::read`]), its targets are chosen and their secrets read ([`plan::Plan::prepare`]), and it is carried
//! out ([`run`]): for each target open, probe, plan, apply, verify. This crate prints nothing, starts no process, reads no
//! environment, and reads files only through a given loader.
//!
//! A newcomer needs to know one thing: everything can be done again. A second run changes nothing and says so, a run after a
//! crash finishes the work, and what exists but differs is brought in line or refused, never ignored and never deleted.

mod backend;
pub mod error;
mod kafka;
pub mod plan;
mod postgresql;
pub mod report;
mod run;
mod s3;
pub mod secret;
pub mod step;
mod valkey;
pub mod wait;

pub use report::{EXIT_CODES, Event, Report};
pub use run::{Options, run};
