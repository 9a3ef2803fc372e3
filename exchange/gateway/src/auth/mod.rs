//! Who asks: tokens, and what they allow.
//!
//! Not responsible for whom tokens are issued to. A newcomer needs to know one thing: a token is an account's, or the operator's
//! ("admin"); what it may do is the list of its scopes, and nothing in a token can widen what its account owns. Why tokens are
//! verified here and not by a library is ADR 0012.

mod access;
mod cache;
mod claims;
mod identity;
mod issuer;
mod keys;
mod verifier;

pub use access::{Access, bearer};
pub use identity::{Identity, Scope, Scopes};
pub use issuer::{Grant, Issuer, IssuerError};
pub use keys::{KeyError, PublicKeys};
pub use verifier::{TokenSettings, Verifier};

/// The issuer of tokens where none is named.
pub const DEFAULT_ISSUER: &str = "exchange";
/// The audience of tokens where none is named.
pub const DEFAULT_AUDIENCE: &str = "exchange-gateway";
/// How far the clocks of issuer and gateway may differ, in seconds.
pub const LEEWAY_S: u64 = 30;
