//! Secrets: bytes of a file that are never shown.

use std::fmt;
use std::path::Path;

/// The longest secret, in bytes.
const BYTES_MAX: u64 = 64 * 1024;

/// A secret. It cannot be printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    bytes: Vec<u8>,
}

impl Secret {
    /// Reads a file, without the line break at its end.
    ///
    /// # Errors
    /// What is wrong with the file; never what is in it.
    pub fn read(path: &Path) -> Result<Self, String> {
        let problem = |what: String| format!("the file `{}` {what}", path.display());
        let size =
            std::fs::metadata(path).map_err(|error| problem(format!("cannot be read: {error}")))?.len();
        if size > BYTES_MAX {
            return Err(problem(format!("has {size} bytes, expected at most {BYTES_MAX}")));
        }
        let mut bytes = std::fs::read(path).map_err(|error| problem(format!("cannot be read: {error}")))?;
        while bytes.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
            bytes.pop();
        }
        if bytes.is_empty() {
            return Err(problem("is empty".into()));
        }
        Ok(Self { bytes })
    }

    /// A secret that does not come from a file, for tests and for what is generated.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self { bytes }
    }

    /// The bytes, for whoever uses them.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(..)")
    }
}
