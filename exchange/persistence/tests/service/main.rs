//! The service over its own port: in this process, or as a process of its own where its end is the point.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod archive;
mod commands;
mod disk;
mod history;
mod postgres;
mod process;
mod resolve;
mod submit;
mod support;
mod venue;
