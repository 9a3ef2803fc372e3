//! What stands in a token.
//!
//! Not responsible for believing it. A newcomer needs to know one thing: a claim of the wrong type makes the token malformed, and
//! so does one that occurs twice; claims that the gateway does not know are ignored.

use std::sync::Arc;

use exchange_types::AccountId;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

use super::identity::{Identity, Scope, Scopes};

/// The longest name of a class of limits.
const TIER_BYTES_MAX: usize = 32;

/// The first part of a token.
#[derive(Debug, Deserialize)]
pub(super) struct Header {
    pub(super) alg: String,
    #[serde(default)]
    pub(super) typ: Option<String>,
    /// Whether there are extensions that must be understood.
    #[serde(default, deserialize_with = "present")]
    pub(super) crit: bool,
}

/// The second part of a token.
#[derive(Debug, Deserialize)]
pub(super) struct Claims {
    pub(super) iss: String,
    pub(super) aud: OneOrMany,
    pub(super) sub: String,
    /// Seconds since the Unix epoch, as all times here.
    pub(super) exp: u64,
    #[serde(default)]
    pub(super) nbf: Option<u64>,
    #[serde(default)]
    pub(super) iat: Option<u64>,
    #[serde(default)]
    scope: OneOrMany,
    #[serde(default)]
    tier: Option<String>,
}

/// One text or a list of texts.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl Default for OneOrMany {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl OneOrMany {
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        let texts = match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::Many(texts) => texts,
        };
        texts.iter().map(String::as_str)
    }
}

impl Claims {
    /// Whom the claims speak of; `None`: of nobody the gateway knows.
    pub(super) fn identity(&self) -> Option<Identity> {
        let account = match self.sub.as_str() {
            "admin" => None,
            digits => Some(account(digits)?),
        };
        let words = self.scope.iter().flat_map(|text| text.split(' '));
        let scopes = words.filter_map(|word| Scope::ALL.into_iter().find(|scope| scope.name() == word));
        let tier = match &self.tier {
            Some(tier) if tier.is_empty() || tier.len() > TIER_BYTES_MAX => return None,
            tier => tier.as_deref().map(Arc::from),
        };
        Some(Identity {
            account,
            scopes: scopes.fold(Scopes::default(), Scopes::with),
            tier,
            expires_at: self.exp,
        })
    }
}

/// An account as its number is written: digits without zeros before them.
fn account(digits: &str) -> Option<AccountId> {
    let plain =
        digits.bytes().all(|byte| byte.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    plain.then(|| digits.parse().ok().map(AccountId)).flatten()
}

fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}
