//! Whether a token holds.
//!
//! Not responsible for what a route demands. A newcomer needs to know one thing, the order of the tests: form, algorithm,
//! signature, then claims. Nothing that a token claims is read before its signature holds, except the name of the algorithm, which
//! must be `EdDSA` and chooses nothing.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest;

use super::LEEWAY_S;
use super::cache::{Cache, TokenHash};
use super::claims::{Claims, Header};
use super::identity::Identity;
use super::keys::PublicKeys;
use crate::problem::{Code, Problem};

/// The longest token, in bytes. Ours have 300.
const TOKEN_BYTES_MAX: usize = 4_096;

/// What tokens have to say.
#[derive(Debug, Clone)]
pub struct TokenSettings {
    /// Who signs them.
    pub keys: PublicKeys,
    /// Who issues them.
    pub issuer: String,
    /// Whom they are for.
    pub audience: String,
    /// How long they may live. What is stolen ends some time.
    pub lifetime_max: Duration,
}

/// Verifies tokens. Cloning gives another handle to the same keys and the same cache.
#[derive(Debug, Clone)]
pub struct Verifier {
    settings: Arc<TokenSettings>,
    cache: Arc<Cache>,
}

impl Verifier {
    /// A verifier that has seen no token.
    #[must_use]
    pub fn new(settings: TokenSettings) -> Self {
        Self { settings: Arc::new(settings), cache: Arc::default() }
    }

    /// What a token says. `now`: seconds since the Unix epoch.
    ///
    /// # Errors
    /// The answer to somebody whose token does not hold.
    pub fn verify(&self, token: &str, now: u64) -> Result<Arc<Identity>, Problem> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(malformed("the token is too long"));
        }
        let hash = sha256(token);
        if let Some(identity) = self.cache.get(&hash) {
            if now < identity.expires_at.saturating_add(LEEWAY_S) {
                return Ok(identity);
            }
            self.cache.remove(&hash);
            return Err(Problem::new(Code::TOKEN_EXPIRED));
        }
        let identity = Arc::new(self.check(token, now)?);
        self.cache.put(hash, Arc::clone(&identity));
        Ok(identity)
    }

    fn check(&self, token: &str, now: u64) -> Result<Identity, Problem> {
        let mut parts = token.split('.');
        let (Some(header), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(malformed("expected three parts"));
        };
        check_header(&decode(header)?)?;
        let signed = &token.as_bytes()[..header.len() + 1 + payload.len()];
        if !self.settings.keys.verify(signed, &decode(signature)?) {
            return Err(Problem::new(Code::TOKEN_SIGNATURE));
        }
        let claims: Claims = serde_json::from_slice(&decode(payload)?)
            .map_err(|_| malformed("a claim is missing or of the wrong type"))?;
        self.check_claims(&claims, now)?;
        claims
            .identity()
            .ok_or_else(|| malformed("the subject is neither an account nor `admin`, or the tier is none"))
    }

    fn check_claims(&self, claims: &Claims, now: u64) -> Result<(), Problem> {
        if claims.iss != self.settings.issuer {
            return Err(Problem::new(Code::TOKEN_ISSUER));
        }
        if !claims.aud.iter().any(|audience| audience == self.settings.audience) {
            return Err(Problem::new(Code::TOKEN_AUDIENCE));
        }
        if now >= claims.exp.saturating_add(LEEWAY_S) {
            return Err(Problem::new(Code::TOKEN_EXPIRED));
        }
        let lifetime_max = self.settings.lifetime_max.as_secs();
        let from_now = claims.exp.saturating_sub(now) > lifetime_max.saturating_add(LEEWAY_S);
        let as_issued = claims.iat.is_some_and(|issued| claims.exp.saturating_sub(issued) > lifetime_max);
        if from_now || as_issued {
            return Err(Problem::new(Code::TOKEN_LIFETIME));
        }
        let latest = now.saturating_add(LEEWAY_S);
        if claims.nbf.is_some_and(|from| from > latest) || claims.iat.is_some_and(|issued| issued > latest) {
            return Err(Problem::new(Code::TOKEN_NOT_YET_VALID));
        }
        Ok(())
    }
}

/// Where a key stands in the token (`kid`, `jwk`, `jku`, `x5u`) is not looked at: the keys are those of the configuration.
fn check_header(bytes: &[u8]) -> Result<(), Problem> {
    let header: Header = serde_json::from_slice(bytes).map_err(|_| malformed("the header is not one"))?;
    if header.alg != "EdDSA" {
        return Err(Problem::new(Code::TOKEN_ALGORITHM));
    }
    if header.typ.is_some_and(|kind| !kind.eq_ignore_ascii_case("JWT")) {
        return Err(malformed("the type is not JWT"));
    }
    if header.crit {
        return Err(malformed("there are critical extensions"));
    }
    Ok(())
}

fn decode(part: &str) -> Result<Vec<u8>, Problem> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| malformed("a part is not Base64 for URLs without padding"))
}

fn malformed(what: &'static str) -> Problem {
    Problem::new(Code::TOKEN_MALFORMED).detail(what)
}

fn sha256(token: &str) -> TokenHash {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, token.as_bytes()).as_ref());
    hash
}
