//! The binary formats from outside: fixed bytes, malformed input, properties.

mod files;
mod frames;
mod golden;
mod malformed;
mod outcomes;
mod properties;
mod requests;
mod samples;
