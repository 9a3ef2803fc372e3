//! What a verified token says.

use std::sync::Arc;

use exchange_types::AccountId;

/// Something that a token may allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Scope {
    /// To see the account, its orders and its trades.
    Read = 1,
    /// To submit, change and cancel orders of the account.
    Trade = 2,
    /// To do what the operator does, and to see every account. Only for the subject "admin".
    Admin = 4,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Read, Self::Trade, Self::Admin];

    /// Its name in a token.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Trade => "trade",
            Self::Admin => "admin",
        }
    }
}

/// A set of scopes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Scopes(u8);

impl Scopes {
    /// Whether a scope is among them.
    #[must_use]
    pub const fn has(self, scope: Scope) -> bool {
        self.0 & scope as u8 != 0
    }

    /// With one more.
    #[must_use]
    pub const fn with(self, scope: Scope) -> Self {
        Self(self.0 | scope as u8)
    }
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The account; `None`: the operator.
    pub account: Option<AccountId>,
    /// What the token allows.
    pub scopes: Scopes,
    /// The class of limits the token asks for, where it names one.
    pub tier: Option<Arc<str>>,
    /// When the token ends, in seconds since the Unix epoch.
    pub expires_at: u64,
}

impl Identity {
    /// Whether it is the operator, with the right to act as one.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.account.is_none() && self.scopes.has(Scope::Admin)
    }
}
