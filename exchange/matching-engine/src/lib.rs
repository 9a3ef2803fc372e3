//! The books of record.
//!
//! Not responsible for money, for the order of commands, or for their durability. A newcomer needs to know one thing: what this
//! service does is published only once the command is durable *and* the events are those that the risk engine has predicted; so
//! nothing that may still be lost, and nothing that two folds of the log disagree on, is ever told to anybody.
//!
//! | file | what is in it |
//! |---|---|
//! | `restore`, `recover` | the books of a snapshot and the log behind it |
//! | `books` | steps in, outcomes out; the comparison with what risk predicts |
//! | `held` | outcomes that wait until their commands are durable |
//! | `durability` | which of them are, and in whose reign |
//! | `publish` | the stream of outcomes, without gap or repetition |
//! | `steps` | the connection to the risk engine |
//! | `task` | the one task that owns all of it |

mod books;
mod durability;
mod held;
mod metrics;
mod publish;
mod recover;
mod restore;
mod routes;
mod service;
mod steps;
mod task;

pub use service::{MatchingEngine, Settings};
