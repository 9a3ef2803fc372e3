//! A project as text: the JSON and YAML that `docker compose config` prints.
//!
//! A project is first laid out as a plain [`Out`] tree (which attributes are printed, in which order and form), then
//! written by one of the two writers, which decide nothing.

mod json;
mod layout;
mod order;
mod scalar;
mod yaml;

pub(crate) use json::write as json;
pub(crate) use layout::{Format, Out, project, raw, service};
pub(crate) use yaml::write as yaml;
