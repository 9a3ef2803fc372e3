//! The loader that reads the real file system.

use std::fs;
use std::io::{ErrorKind, Read as _};

use hardpan_compose::{Loader, PathKind, ReadError};

/// Reads files of this machine; `-` is standard input.
#[derive(Clone, Copy, Debug, Default)]
pub struct Disk;

impl Loader for Disk {
    fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, ReadError> {
        if path == "-" {
            return read_at_most(std::io::stdin().lock(), limit);
        }
        let file = fs::File::open(path).map_err(|error| reason(&error))?;
        let metadata = file.metadata().map_err(|error| reason(&error))?;
        if metadata.is_dir() {
            return Err(ReadError::IsDirectory);
        }
        if metadata.len() > limit {
            return Err(ReadError::TooLarge);
        }
        read_at_most(file, limit)
    }

    fn kind(&self, path: &str) -> Option<PathKind> {
        let metadata = fs::metadata(path).ok()?;
        Some(if metadata.is_dir() { PathKind::Directory } else { PathKind::File })
    }

    fn real_path(&self, path: &str) -> Option<String> {
        fs::canonicalize(path).ok().map(|path| path.to_string_lossy().into_owned())
    }

    fn list(&self, path: &str) -> Vec<(String, PathKind)> {
        let entries = fs::read_dir(path).into_iter().flatten().flatten();
        let mut names: Vec<_> = entries
            .filter_map(|entry| {
                let kind = entry.file_type().ok()?;
                let kind = if kind.is_dir() { PathKind::Directory } else { PathKind::File };
                Some((entry.file_name().into_string().ok()?, kind))
            })
            .collect();
        names.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        names
    }
}

/// Reads a stream whose size is not known beforehand without trusting it to end.
fn read_at_most(stream: impl std::io::Read, limit: u64) -> Result<Vec<u8>, ReadError> {
    let mut bytes = Vec::new();
    stream.take(limit + 1).read_to_end(&mut bytes).map_err(|error| reason(&error))?;
    if bytes.len() as u64 > limit { Err(ReadError::TooLarge) } else { Ok(bytes) }
}

fn reason(error: &std::io::Error) -> ReadError {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => ReadError::NotFound,
        ErrorKind::PermissionDenied => ReadError::PermissionDenied,
        ErrorKind::IsADirectory => ReadError::IsDirectory,
        _ => ReadError::Other(error.to_string()),
    }
}
