//! The keys of a venue, and tokens signed with them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use exchange_types::AccountId;
use gateway::auth::{DEFAULT_AUDIENCE, DEFAULT_ISSUER, Grant, Issuer, Scope, Scopes};

/// How long tokens live, in seconds: as long as a gateway allows where nobody says otherwise, less a minute for clocks.
const LIFETIME_S: u64 = 24 * 60 * 60 - 60;

/// A private key, and where the public one lies.
#[derive(Debug)]
pub struct Keys {
    issuer: Issuer,
    /// `None`: the gateway has it already.
    public: Option<PathBuf>,
}

impl Keys {
    /// New keys. The public one is written into the folder.
    ///
    /// # Errors
    /// When it cannot be written, or the system gives no random numbers.
    pub fn generate(folder: &Path) -> Result<Self> {
        let issuer = Issuer::from_pem(Issuer::generate()?.as_bytes())?;
        let public = folder.join("token.pub");
        std::fs::write(&public, issuer.public_pem())
            .with_context(|| format!("writing {}", public.display()))?;
        Ok(Self { issuer, public: Some(public) })
    }

    /// The keys of a venue that runs.
    ///
    /// # Errors
    /// When the file does not hold a private key.
    pub fn read(private: &Path) -> Result<Self> {
        let pem = std::fs::read(private).with_context(|| format!("reading {}", private.display()))?;
        Ok(Self { issuer: Issuer::from_pem(&pem)?, public: None })
    }

    /// The variables that make a gateway believe these keys.
    pub(super) fn environment(&self) -> BTreeMap<String, String> {
        let public = self.public.iter();
        public.map(|path| ("JWT_PUBLIC_KEY_FILE".to_owned(), path.display().to_string())).collect()
    }

    /// A token of an account that may read and trade.
    ///
    /// # Errors
    /// When there is no such account, or the clock cannot be read.
    pub fn token(&self, account: u64) -> Result<String> {
        let account = AccountId(u32::try_from(account).context("an account is a number below 2^32")?);
        self.sign(Some(account), Scopes::default().with(Scope::Read).with(Scope::Trade))
    }

    /// A token of the operator.
    ///
    /// # Errors
    /// When the clock cannot be read.
    pub fn operator_token(&self) -> Result<String> {
        self.sign(None, Scopes::default().with(Scope::Read).with(Scope::Admin))
    }

    fn sign(&self, account: Option<AccountId>, scopes: Scopes) -> Result<String> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).context("the clock is before 1970")?.as_secs();
        Ok(self.issuer.token(&Grant {
            issuer: DEFAULT_ISSUER,
            audience: DEFAULT_AUDIENCE,
            account,
            scopes,
            tier: None,
            issued_at: now,
            expires_at: now + LIFETIME_S,
        }))
    }
}
