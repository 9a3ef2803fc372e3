//! What went wrong with the disk: operation, file, offset, cause.

use std::fmt;
use std::io;

/// What was asked of the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Opening and locking the folder.
    Lock,
    /// Listing the folder.
    List,
    /// Making a file and filling it with zeroes.
    Create,
    /// Opening a file.
    Open,
    /// Asking for a length.
    Length,
    /// Reading.
    Read,
    /// Writing.
    Write,
    /// Changing a length.
    SetLength,
    /// Making the bytes of a file durable.
    SyncData,
    /// Making names durable.
    SyncDirectory,
    /// Changing a name.
    Rename,
    /// Taking a name away.
    Remove,
}

impl fmt::Display for Operation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Lock => "lock",
            Self::List => "list",
            Self::Create => "create",
            Self::Open => "open",
            Self::Length => "measure",
            Self::Read => "read",
            Self::Write => "write",
            Self::SetLength => "set the length of",
            Self::SyncData => "sync",
            Self::SyncDirectory => "sync the folder of",
            Self::Rename => "rename",
            Self::Remove => "remove",
        })
    }
}

/// The disk did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[error("{operation} `{file}`{}", at(*.offset))]
pub struct StorageError {
    /// What was asked.
    pub operation: Operation,
    /// Of which file; for the folder as a whole, the folder.
    pub file: String,
    /// Where in the file, in bytes, if the operation has a place.
    pub offset: Option<u64>,
    /// What the operating system said.
    #[source]
    pub source: io::Error,
}

impl StorageError {
    /// An error of an operation that has no place in the file.
    pub fn new(operation: Operation, file: impl Into<String>, source: io::Error) -> Self {
        Self { operation, file: file.into(), offset: None, source }
    }

    /// An error at an offset.
    pub fn at(operation: Operation, file: impl Into<String>, offset: u64, source: io::Error) -> Self {
        Self { operation, file: file.into(), offset: Some(offset), source }
    }

    /// True where there is no room left: by size or by quota.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self.source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
    }

    /// True where the file is not there.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        self.source.kind() == io::ErrorKind::NotFound
    }
}

fn at(offset: Option<u64>) -> String {
    offset.map(|offset| format!(" at offset {offset}")).unwrap_or_default()
}
