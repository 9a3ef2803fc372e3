//! A YAML tree that knows where every part of it was written, and what go-yaml would make of its scalars.
//!
//! [`parse`] turns one text into trees, errors and comments; [`resolve_scalar`] says what a scalar means. The yardstick
//! for both is what the reference binary embeds (go.yaml.in/yaml/v3 3.0.4), not the YAML specification. This module
//! does not look for duplicate keys, does not expand aliases or merge keys, and knows nothing of Compose.
//!
//! The scanner and the grammar here are our own and follow go-yaml's (a port of libyaml) rule by rule. General parsers
//! for YAML 1.2 differ from it in tabs, directives, quoted lines, flow scalars and last lines without a line break.
//!
//! The one thing to know before reading on: nodes live in one flat arena per text and refer to each other by
//! [`NodeIndex`], so nothing here recurses on the depth of the input, not even dropping a tree.

mod build;
mod cursor;
mod grammar;
mod grammar_flow;
mod help;
mod number;
mod problem;
mod scalar;
mod scan_block;
mod scan_property;
mod scan_scalar;
mod scanner;
mod simple_key;
mod syntax;
#[cfg(test)]
mod tests;
mod timestamp;
mod token;
mod tree;

pub use build::parse;
pub use scalar::{Resolved, ScalarError, decode_binary, resolve_scalar};
pub use syntax::SyntaxError;
pub use tree::{Anchor, Comment, Document, Kind, Node, NodeIndex, Scalar, ScalarStyle, Stream, Tag};
