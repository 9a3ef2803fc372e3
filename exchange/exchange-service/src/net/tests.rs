//! Rings, frames and streams over real connections.
