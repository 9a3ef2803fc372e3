//! Who may do what with which money: the fold of the log that reserves and settles.
//!
//! Not responsible for the order of commands, for their durability, or for the books of record. A newcomer needs to know one
//! thing: this service folds the *whole* engine, its own books included, in the order of the log and without waiting for
//! anybody; for each record it tells matching what to do and, as a digest, what it expects to come of it. Matching compares
//! before it publishes anything. See the decision record 0011.
//!
//! | file | what is in it |
//! |---|---|
//! | `fold` | records in, steps out; nothing else |
//! | `reigns` | which record was written in which reign, for those who resume |
//! | `restore` | the state of a snapshot |
//! | `life` | what lasts as long as one state does |
//! | `task` | the one task that owns the state: begins, follows the log, begins again |
//! | `lead` | how far it is ahead of matching, and when it waits |
//! | `confirm` | what matching says: how far it is, and how it is |
//! | `query`, `routes` | what others may ask |

mod confirm;
mod fold;
mod lead;
mod life;
mod metrics;
mod query;
mod reigns;
mod restore;
mod routes;
mod service;
mod task;

pub use service::{RiskEngine, Settings};
