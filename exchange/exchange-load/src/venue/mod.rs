//! The services as processes of this machine: started, killed, stopped, watched.
//!
//! Not responsible for what they are asked. A newcomer needs to know one thing: these are the real programs with the environment
//! that an operator would give them, on free ports, with their data in a folder of the caller's.

mod accounts;
mod keys;
mod metrics;
mod ports;
mod process;
mod services;
mod usage;

pub use accounts::{DEPOSITS, open_accounts};
pub use keys::Keys;
pub use metrics::Buckets;
pub use ports::free_ports;
pub use process::{Process, READY_MAX};
pub use services::{Name, Programs, SERVICES, Settings, Venue, folder_beside};
pub use usage::{Usage, processor_time, resident_bytes};
