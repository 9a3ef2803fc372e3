//! The Compose specification's schema, as version 2.9.1 of the reference embeds it: which keys there are and which
//! types they take. It judges the merged model before short forms become long ones.
//!
//! It is a table and a walk instead of a JSON-schema library: start-up costs nothing, every problem has a span, and all
//! problems are reported, not the first (ADR 0003).

mod compose;
mod resources;
mod rule;
mod service;
mod validate;

pub(crate) use validate::validate;
