//! The Compose model and its resolver.
//!
//! [`load`] reads a project exactly as Docker Compose 2.40.3 does and gives a [`Project`] in which every value knows
//! the bytes it came from and the way it travelled. It reads only through a given [`Loader`] and never touches the
//! network, the clock, the environment or the file system itself.
//!
//! A load goes through these stages, one module each: `discover` (what to load), `document` (YAML to model),
//! `interpolation`, `extends`, `include`, `merge`, `unicity`, `schema`, `canonical`, `defaults`, `validation`, `paths`,
//! `normalize`, `typed`, `selection`, `consistency`, `service_environment`; `file` and `load` hold the order.

mod alias_sites;
mod canonical;
mod codes;
mod consistency;
mod defaults;
mod dependency_cycles;
mod discover;
mod document;
mod env_file;
mod environment;
mod extends;
mod file;
mod include;
mod interpolation;
mod io;
mod keys;
mod load;
mod merge;
mod normalize;
mod origin;
mod path;
mod paths;
mod project;
mod render;
mod request;
mod schema;
mod selection;
mod service_environment;
mod session;
mod short_forms;
pub mod syntax;
mod text;
mod tree;
mod typed;
mod unicity;
mod validation;

pub use codes::{CODES, CodeInfo};
pub use io::{COMPOSE_FILE_BYTES_MAX, ENV_FILE_BYTES_MAX, Loader, PathKind, ReadError};
pub use load::{Loaded, load, with_deep_stack};
pub use origin::{Chain, Hop, Origin, VariableSource};
pub use project::{NodeRef, Project};
pub use request::Request;
pub use session::Stages;
pub use tree::Value;
