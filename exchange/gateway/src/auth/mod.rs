//! Who asks: tokens, and what they allow.
//!
//! Not responsible for issuing them. A newcomer needs to know one thing: a token is an account's, or the operator's ("admin"); what
//! it may do is the list of its scopes, and nothing in a token can widen what its account owns.

mod identity;

pub use identity::{Identity, Scope, Scopes};

/// Verifies tokens. Cloning gives another handle to the same keys and the same cache.
#[derive(Debug, Clone)]
pub struct Verifier {}

impl Verifier {
    /// What a token says. `now`: seconds since the Unix epoch.
    ///
    /// # Errors
    /// The answer to somebody whose token does not hold.
    pub fn verify(
        &self,
        _token: &str,
        _now: u64,
    ) -> Result<std::sync::Arc<Identity>, crate::problem::Problem> {
        Err(crate::problem::Problem::new(crate::problem::Code::TOKEN_SIGNATURE))
    }
}
