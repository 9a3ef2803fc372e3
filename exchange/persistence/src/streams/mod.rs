//! The streams of the log: commands in, records and durable positions out.
//!
//! Not responsible for what is logged. A newcomer needs to know one thing: a gateway's submissions come over one connection at
//! a time, and when it comes back over another, the older one logs nothing any more.

mod commands;
mod sessions;
mod submit;
mod tail;

pub(crate) use commands::commands;
pub(crate) use sessions::Sessions;
pub(crate) use submit::submit;
pub(crate) use tail::Files;
