//! Readers of the text that lies beside the Compose model: shell scripts, commands and image references.
//!
//! Each reader is pure: text in, a tree with byte ranges out. None of them judges, and none of them fails: what could
//! not be understood is said by a flag, and the rest is still there. A newcomer needs to know one thing: a range is a
//! range of the text that was handed in, so the caller adds the offset of that text in its file.

pub mod command;
pub mod dockerfile;
pub mod image;
pub mod shell;
mod source_map;

pub use source_map::SourceMap;
