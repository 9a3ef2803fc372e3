//! `exchange token`: a signed token for whoever tries the exchange out, and for tests.
//!
//! Not responsible for what a token looks like; that is the gateway's. A newcomer needs to know one thing: whoever holds the private
//! key is any account and the operator, so the services never get it.

use std::time::{SystemTime, UNIX_EPOCH};

use exchange_service::config::{ConfigErrors, Environment};
use exchange_service::service::Ending;
use exchange_types::AccountId;
use gateway::auth::{DEFAULT_AUDIENCE, DEFAULT_ISSUER, Grant, Scope, Scopes};

use crate::arguments::{ScopeName, TokenArguments};
use crate::home;
use crate::keys::{self, KeysError};

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TokenError {
    #[error(transparent)]
    Keys(#[from] KeysError),
    #[error(transparent)]
    Environment(#[from] ConfigErrors),
    #[error("an account's token cannot have the scope `admin`: use `--admin` for the operator's")]
    AccountAsAdmin,
    #[error("the operator has no orders: the scope `trade` needs `--account`")]
    AdminTrades,
    #[error("the clock of this machine stands before 1970")]
    Clock,
}

impl TokenError {
    /// Whose fault it is.
    pub(crate) fn ending(&self) -> Ending {
        match self {
            Self::Environment(_) | Self::AccountAsAdmin | Self::AdminTrades => Ending::Usage,
            Self::Keys(KeysError::Exists(_) | KeysError::Unusable { .. }) => Ending::Usage,
            Self::Keys(_) | Self::Clock => Ending::Environment,
        }
    }
}

/// The token on a line of its own.
pub(crate) fn mint(asked: &TokenArguments) -> Result<String, TokenError> {
    // The same variables as the gateway's, so that a token made beside it is taken by it.
    let mut environment = Environment::of_process();
    let issuer: String = environment.or("JWT_ISSUER", DEFAULT_ISSUER, "the `iss` of tokens");
    let audience: String = environment.or("JWT_AUDIENCE", DEFAULT_AUDIENCE, "the `aud` of tokens");
    environment.finish()?;
    let scopes = scopes(asked)?;
    let key_file = match (&asked.key_file, &asked.home) {
        (Some(file), _) => file.clone(),
        (None, Some(folder)) => home::keys(folder).join(keys::PRIVATE),
        // The arguments demand one of them.
        (None, None) => keys::PRIVATE.into(),
    };
    let key = keys::read(&key_file)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_err(|_| TokenError::Clock)?.as_secs();
    let token = key.token(&Grant {
        issuer: asked.issuer.as_ref().unwrap_or(&issuer),
        audience: asked.audience.as_ref().unwrap_or(&audience),
        account: asked.account.map(AccountId),
        scopes,
        tier: asked.tier.as_deref(),
        issued_at: now,
        expires_at: now.saturating_add(asked.expires.as_secs()),
    });
    Ok(format!("{token}\n"))
}

fn scopes(asked: &TokenArguments) -> Result<Scopes, TokenError> {
    let named = |name: &ScopeName| match name {
        ScopeName::Read => Scope::Read,
        ScopeName::Trade => Scope::Trade,
        ScopeName::Admin => Scope::Admin,
    };
    let scopes = asked.scope.iter().map(named).fold(Scopes::default(), Scopes::with);
    match (asked.admin, asked.scope.is_empty()) {
        (true, true) => Ok(Scopes::default().with(Scope::Admin).with(Scope::Read)),
        (false, true) => Ok(Scopes::default().with(Scope::Trade).with(Scope::Read)),
        (true, false) if scopes.has(Scope::Trade) => Err(TokenError::AdminTrades),
        (false, false) if scopes.has(Scope::Admin) => Err(TokenError::AccountAsAdmin),
        _ => Ok(scopes),
    }
}
