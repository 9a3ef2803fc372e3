//! Load for the exchange: order-flow files and their generator, a plain matcher that yields their keys, replays through the
//! books of `exchange-core`, differential soaks and benchmarks.
//!
//! Nothing here runs in production, and nothing that does may depend on it. A newcomer needs to know one thing: an
//! order-flow file is the command stream of one instrument, and its *key* (the hashes and sums of its trades and of the
//! book it leaves) is what every implementation must reproduce.

pub mod bench;
pub mod client;
pub mod commands;
pub mod commit;
pub mod differential;
pub mod durable;
pub mod engine;
pub mod faults;
pub mod feed;
pub mod flow;
pub mod key;
pub mod load;
pub mod naive;
pub mod outsiders;
pub mod replay;
pub mod venue;
