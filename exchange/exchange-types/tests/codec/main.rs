//! The binary formats from outside: fixed bytes, malformed input, properties.

mod files;
mod frames;
mod golden;
mod malformed;
mod properties;
mod samples;
