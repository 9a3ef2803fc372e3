//! A reader of Dockerfiles: instructions with ranges, stages, and what the image of a stage is configured to be.
//!
//! It builds nothing and knows no image: what a base image brings along is not here, and a variable that only the
//! builder knows is named as unresolved. The one thing to know: ask [`Dockerfile::image`] for a target, which follows
//! the stages that the target is built from.

mod entries;
mod expand;
mod image;
mod instruction;
mod lines;
mod query;
mod stages;
mod variables;
mod words;

pub use entries::{Entry, EntryKind};
pub use expand::{Expanded, Value, expand};
pub use image::{CommandSetting, EnvironmentEntry, Healthcheck, Image, Port, Setting};
pub use instruction::{Directive, Dockerfile, Flag, Form, HeredocBody, Instruction, parse};
pub use stages::{BuildArguments, Stage};
pub use words::Argument;

#[cfg(test)]
mod tests;
