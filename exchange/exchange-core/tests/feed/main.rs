//! The feed, seen from outside: scenarios a trader can read, properties over random streams, and the books beside it.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub)]

mod against_book;
mod ceilings;
mod properties;
mod scenarios;
mod script;
mod snapshots;
mod stream;
