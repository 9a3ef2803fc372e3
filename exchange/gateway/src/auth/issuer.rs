//! Signing tokens: for tests, and for people who try the exchange out. A real venue has an issuer of its own.
//!
//! Not responsible for deciding who gets one. A newcomer needs to know one thing: the gateway never holds a private key; this is
//! here because whoever verifies knows best what a token has to look like.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use exchange_types::AccountId;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::json;

use super::identity::{Scope, Scopes};
use super::keys::{KeyError, public_pem, read_pem, write_pem};

/// Why there is no issuer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IssuerError {
    /// The system gave no random numbers.
    #[error("the system gave no random numbers")]
    Random,
    /// The file does not hold a private key of the right kind.
    #[error("the private key is not usable: {0}")]
    Key(#[from] KeyError),
}

/// What a token is to say.
#[derive(Debug, Clone)]
pub struct Grant<'a> {
    /// Who issues it.
    pub issuer: &'a str,
    /// Whom it is for.
    pub audience: &'a str,
    /// Whose it is; `None`: the operator's.
    pub account: Option<AccountId>,
    /// What it allows.
    pub scopes: Scopes,
    /// The class of limits it asks for.
    pub tier: Option<&'a str>,
    /// When it is issued, in seconds since the Unix epoch.
    pub issued_at: u64,
    /// When it ends, in seconds since the Unix epoch.
    pub expires_at: u64,
}

/// Signs tokens.
pub struct Issuer {
    pair: Ed25519KeyPair,
}

impl std::fmt::Debug for Issuer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Issuer(..)")
    }
}

impl Issuer {
    /// A new private key, as PEM.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn generate() -> Result<String, IssuerError> {
        let document =
            Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| IssuerError::Random)?;
        Ok(write_pem(document.as_ref(), "PRIVATE KEY"))
    }

    /// The issuer with a private key, as this program or `openssl genpkey -algorithm ed25519` writes it.
    ///
    /// # Errors
    /// When it is not one.
    pub fn from_pem(pem: &[u8]) -> Result<Self, IssuerError> {
        let blocks = read_pem(pem, "PRIVATE KEY")?;
        let [der] = &blocks[..] else { return Err(KeyError::TooMany.into()) };
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).map_err(|_| KeyError::NotEd25519)?;
        Ok(Self { pair })
    }

    /// The public key, as PEM: what the gateway gets.
    #[must_use]
    pub fn public_pem(&self) -> String {
        public_pem(self.pair.public_key().as_ref())
    }

    /// A token.
    #[must_use]
    pub fn token(&self, grant: &Grant<'_>) -> String {
        let subject = grant.account.map_or_else(|| "admin".to_owned(), |account| account.to_string());
        let scopes: Vec<&str> =
            Scope::ALL.into_iter().filter(|scope| grant.scopes.has(*scope)).map(Scope::name).collect();
        let mut claims = json!({
            "iss": grant.issuer, "aud": grant.audience, "sub": subject, "scope": scopes.join(" "),
            "iat": grant.issued_at, "exp": grant.expires_at,
        });
        if let Some(tier) = grant.tier {
            claims["tier"] = tier.into();
        }
        self.sign(&json!({ "alg": "EdDSA", "typ": "JWT" }).to_string(), &claims.to_string())
    }

    /// Signs whatever it is given, for tests of what is to be refused.
    #[must_use]
    pub fn sign(&self, header: &str, claims: &str) -> String {
        let mut token = URL_SAFE_NO_PAD.encode(header);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(claims, &mut token);
        let signature = self.pair.sign(token.as_bytes());
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        token
    }
}
