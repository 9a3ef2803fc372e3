//! Source text: the file table, byte spans, text edits, and a span- and comment-preserving YAML tree.
//!
//! This crate reads no files, no clock and no environment. It is given text and gives back structure whose every
//! part knows the bytes it came from. It knows nothing of Compose.

mod edit;
mod file;
mod span;
pub mod yaml;

pub use edit::{Edit, EditError, apply_edits};
pub use file::{FileId, FileTable, LineColumn, SourceFile};
pub use span::Span;
