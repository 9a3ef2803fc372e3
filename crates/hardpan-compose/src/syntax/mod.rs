//! The little languages inside a Compose file: interpolation, dotenv, short port and volume syntax, sizes, durations.
//!
//! Every function here is pure: text in, a value or an error out. Nothing reads a file, the environment or a clock,
//! and nothing knows where in a project the text came from; the caller adds paths and spans. Behaviour follows
//! compose-go 2.9.1 as shipped in Docker Compose 2.40.3, including its odd corners: that binary is the arbiter, and
//! the tables in these modules were compared with it.
//!
//! Newcomers: an error's `Display` is the reference's own wording, because the resolver compares messages with it.
//! That is why some of them start with a capital letter, against our house style.

mod chars;
pub mod device;
pub mod dotenv;
pub mod duration;
pub mod gofloat;
mod hexfloat;
pub mod hosts;
pub mod interpolate;
pub mod name;
pub mod path;
pub mod port;
pub mod quote;
mod raw_env;
mod scan;
pub mod shellwords;
pub mod size;
pub(crate) mod timestamp;
pub mod variables;
pub mod volume;

#[cfg(test)]
mod dotenv_tests;
#[cfg(test)]
mod interpolate_tests;
