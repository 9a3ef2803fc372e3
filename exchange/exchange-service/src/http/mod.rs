//! Answering HTTP: connections with limits, and the three paths that every service has.
//!
//! Not responsible for what a service answers otherwise. A newcomer needs to know one thing: [`serve`] owns a listener until it
//! is told to stop, then lets what is under way end.

mod common;
mod hold;
mod late;
mod serve;
mod socket;

#[cfg(test)]
mod tests;

pub use common::common_routes;
pub use hold::Hold;
pub use late::{LATE_CODE, LATE_MEANING};
pub use serve::{HEADER_BYTES_LEAST, Limits, PeerAddress, serve};
pub(crate) use socket::Socket;
