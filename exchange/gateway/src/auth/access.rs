//! What a route demands of whoever asks.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;

use super::identity::{Identity, Scope};
use crate::problem::{Code, Problem};

/// What a route demands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Nothing. A token that is there has to hold all the same.
    Public,
    /// To be an account with the scope `read`, or the operator. Whose data it is, is for the handler to compare.
    Read,
    /// To be an account with the scope `trade`.
    Trade,
    /// To be the operator.
    Admin,
}

impl Access {
    /// Lets somebody pass, or not.
    ///
    /// # Errors
    /// What is missing.
    pub fn check(self, identity: Option<&Identity>) -> Result<(), Problem> {
        let Some(identity) = identity else {
            return if self == Self::Public { Ok(()) } else { Err(Problem::new(Code::TOKEN_MISSING)) };
        };
        let scope = |scope: Scope| match identity.scopes.has(scope) {
            true => Ok(()),
            false => Err(Problem::new(Code::SCOPE_MISSING)
                .detail(format!("expected a token with the scope `{}`", scope.name()))),
        };
        match self {
            Self::Public => Ok(()),
            Self::Read if identity.is_admin() => Ok(()),
            Self::Read => scope(Scope::Read),
            Self::Trade => scope(Scope::Trade),
            Self::Admin => {
                scope(Scope::Admin)?;
                match identity.account {
                    None => Ok(()),
                    Some(_) => {
                        Err(Problem::new(Code::ACCOUNT_FORBIDDEN).detail("expected a token of `admin`"))
                    }
                }
            }
        }
    }
}

/// The token of a request, if it has one.
///
/// # Errors
/// Where there is something else than one token.
pub fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let malformed = |what| Problem::new(Code::TOKEN_MALFORMED).detail(what);
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(malformed("expected one `Authorization` header"));
    }
    let text = value.to_str().map_err(|_| malformed("the `Authorization` header is not ASCII"))?;
    match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(Some(token.trim_ascii())),
        _ => Err(malformed("expected `Authorization: Bearer TOKEN`")),
    }
}
