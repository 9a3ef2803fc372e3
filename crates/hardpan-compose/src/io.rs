//! How the resolver reaches the world: through a loader that the caller gives it, read-only.

use std::fmt;

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathKind {
    /// A file, or something that reads like one.
    File,
    /// A directory.
    Directory,
}

/// Read-only access to the files of a project. Paths are absolute. The resolver calls nothing else of the outside world.
pub trait Loader: Sync {
    /// The bytes of a file; at most `limit` of them may be read before giving up with [`ReadError::TooLarge`].
    ///
    /// # Errors
    /// [`ReadError`] says why the file could not be read.
    fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, ReadError>;

    /// What stands at a path, links followed; `None` where nothing does.
    fn kind(&self, path: &str) -> Option<PathKind>;

    /// The path with its symbolic links resolved; `None` where nothing stands there.
    fn real_path(&self, path: &str) -> Option<String>;

    /// The names in a directory with what stands there, links not followed, sorted by name; empty where there is no
    /// such directory or it may not be read. The resolver never asks; what judges a project beside it does.
    fn list(&self, path: &str) -> Vec<(String, PathKind)> {
        let _ = path;
        Vec::new()
    }
}

/// Why a file could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReadError {
    /// Nothing stands at the path.
    NotFound,
    /// A directory stands at the path.
    IsDirectory,
    /// The process may not read it.
    PermissionDenied,
    /// It is larger than the limit.
    TooLarge,
    /// Anything else, in the system's words.
    Other(String),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str("no such file or directory"),
            Self::IsDirectory => f.write_str("is a directory"),
            Self::PermissionDenied => f.write_str("permission denied"),
            Self::TooLarge => f.write_str("file is too large"),
            Self::Other(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for ReadError {}

/// Compose files above this size are refused at once. The largest real ones are below one megabyte; 64 MiB still loads
/// in seconds, and byte offsets fit their type with room to spare.
pub const COMPOSE_FILE_BYTES_MAX: u64 = 64 << 20;

/// Env files above this size are refused at once: they hold a few kilobytes in real projects.
pub const ENV_FILE_BYTES_MAX: u64 = 16 << 20;

/// A file that is not text all through.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NotText {
    /// The file with a replacement character for each byte that is not text.
    pub(crate) text: String,
    /// Where in that text the first of them is.
    pub(crate) at: usize,
}

/// The text of a file's bytes: UTF-8 with or without a byte order mark, or UTF-16 with one, as go-yaml reads it.
///
/// # Errors
/// [`NotText`], to show where the bytes stop being text.
pub(crate) fn decode(bytes: Vec<u8>) -> Result<String, NotText> {
    let utf16 = match bytes.get(..2) {
        Some([0xFF, 0xFE]) => Some(u16::from_le_bytes as fn([u8; 2]) -> u16),
        Some([0xFE, 0xFF]) => Some(u16::from_be_bytes as fn([u8; 2]) -> u16),
        _ => None,
    };
    let Some(unit) = utf16 else { return decode_utf8(bytes) };
    let units = bytes[2..].chunks(2).map(|pair| unit([pair[0], pair.get(1).copied().unwrap_or(0)]));
    let (mut text, mut at) = (String::with_capacity(bytes.len() / 2), None);
    for unit in char::decode_utf16(units) {
        if unit.is_err() {
            at = at.or(Some(text.len()));
        }
        text.push(unit.unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    match at {
        Some(at) => Err(NotText { text, at }),
        None => Ok(text),
    }
}

/// The text of UTF-8.
///
/// # Errors
/// [`NotText`], whose text is what Go makes of such bytes.
pub(crate) fn decode_utf8(bytes: Vec<u8>) -> Result<String, NotText> {
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let mut text = String::with_capacity(error.as_bytes().len());
        for chunk in error.as_bytes().utf8_chunks() {
            text.push_str(chunk.valid());
            text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
        }
        NotText { text, at }
    })
}

#[cfg(test)]
mod tests {
    use super::{NotText, decode};

    #[test]
    fn decodes_what_go_yaml_decodes() {
        assert_eq!(decode("é".into()), Ok("é".to_owned()));
        assert_eq!(decode(vec![0xFF, 0xFE, b'a', 0, b':', 0]), Ok("a:".to_owned()));
        assert_eq!(decode(vec![0xFE, 0xFF, 0, b'a']), Ok("a".to_owned()));
    }

    #[test]
    fn what_is_not_text_is_shown_as_go_shows_it() {
        let check = |bytes: &[u8], text: &str, at| {
            assert_eq!(decode(bytes.to_vec()), Err(NotText { text: text.to_owned(), at }), "{bytes:?}");
        };
        check(b"a\xC3(", "a\u{FFFD}(", 1);
        check(b"a\xFF\xE2\x82b", "a\u{FFFD}\u{FFFD}\u{FFFD}b", 1);
        check(b"\xFF\xFEa\0\0\xD8b\0", "a\u{FFFD}b", 1);
    }
}
