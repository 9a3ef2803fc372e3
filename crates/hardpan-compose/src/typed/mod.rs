//! The typed model: which attribute holds what, in the order the reference prints it.
//!
//! [`decode`] turns the canonical model into this shape (sizes into bytes, durations into nanoseconds, lists into maps);
//! [`crate::render`] prints it. Both walk the tables of [`shape`]. Explicit zeros such as `privileged: false` stay in
//! the model, with their origins, and are left out only in print, as the reference does.

mod decode;
mod forms;
mod model;
pub(crate) mod shape;

pub(crate) use decode::decode;
pub(crate) use model::{CONFIG, PROJECT, SERVICE};
