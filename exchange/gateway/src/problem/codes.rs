//! The table of codes.

use std::sync::LazyLock;

use exchange_types::RejectReason;

/// A kind of problem. Its name is public and never changes its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// What a program looks at, in kebab case.
    pub name: &'static str,
    /// The status of the answer.
    pub status: u16,
    /// What it means, in a sentence.
    pub meaning: &'static str,
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $constant:ident = $status:literal, $name:literal;)+) => {
        impl Code {
            $($(#[doc = $doc])+ pub const $constant: Self =
                Self { name: $name, status: $status, meaning: concat!($($doc),+).trim_ascii_start() };)+
        }

        /// All codes but those of [rejected commands](RejectReason), which are the names of their reasons.
        pub const CODES: &[Code] = &[$(Code::$constant,)+];
    };
}

codes! {
    /// A field, a parameter or a header is missing, unknown or malformed; `fields` names each.
    INVALID_REQUEST = 400, "invalid-request";
    /// The body is not a JSON object.
    MALFORMED_JSON = 400, "malformed-json";
    /// There is no token.
    TOKEN_MISSING = 401, "token-missing";
    /// The token is not one, or lacks a claim.
    TOKEN_MALFORMED = 401, "token-malformed";
    /// The token is signed by another algorithm than EdDSA.
    TOKEN_ALGORITHM = 401, "token-algorithm";
    /// The signature of the token is not that of the issuer.
    TOKEN_SIGNATURE = 401, "token-signature";
    /// The token is of another issuer.
    TOKEN_ISSUER = 401, "token-issuer";
    /// The token is for another audience.
    TOKEN_AUDIENCE = 401, "token-audience";
    /// The token has expired.
    TOKEN_EXPIRED = 401, "token-expired";
    /// The token lives longer than is allowed.
    TOKEN_LIFETIME = 401, "token-lifetime";
    /// The token is not valid yet.
    TOKEN_NOT_YET_VALID = 401, "token-not-yet-valid";
    /// The token does not have the scope that this needs.
    SCOPE_MISSING = 403, "scope-missing";
    /// The token is of another account, or of none where one is needed.
    ACCOUNT_FORBIDDEN = 403, "account-forbidden";
    /// The page that asks is not one of those that may open the stream.
    ORIGIN_FORBIDDEN = 403, "origin-forbidden";
    /// There is nothing at this path.
    NOT_FOUND = 404, "not-found";
    /// There is no such market.
    UNKNOWN_MARKET = 404, "unknown-market";
    /// The account has no such order, or none that is live where a live one is needed.
    UNKNOWN_ORDER = 404, "unknown-order";
    /// There is no such account.
    UNKNOWN_ACCOUNT = 404, "unknown-account";
    /// The path does not have this method; `Allow` names those it has.
    METHOD_NOT_ALLOWED = 405, "method-not-allowed";
    /// The head of the request did not arrive in time.
    HEADER_TIMEOUT = 408, "header-timeout";
    /// The time in `X-Request-Expires` has passed: nothing was done.
    STALE_REQUEST = 408, "stale-request";
    /// The body did not arrive in time.
    BODY_TIMEOUT = 408, "body-timeout";
    /// The body, or the command made of it, is too long.
    TOO_LARGE = 413, "too-large";
    /// The body is not declared as `application/json`.
    UNSUPPORTED_MEDIA_TYPE = 415, "unsupported-media-type";
    /// This is a WebSocket: the request does not ask for one.
    UPGRADE_REQUIRED = 426, "upgrade-required";
    /// There are as many connections already as there may be, in all, of the address or of the account.
    TOO_MANY_CONNECTIONS = 429, "too-many-connections";
    /// Requests come faster than is allowed; `Retry-After` says when to go on.
    RATE_LIMITED = 429, "rate-limited";
    /// The gateway has made a mistake, which is in its log.
    INTERNAL = 500, "internal";
    /// A service has answered with something that the gateway does not understand.
    BAD_UPSTREAM = 502, "bad-upstream";
    /// Too much waits already. Nothing was done; safe to send again.
    BUSY = 503, "busy";
    /// The log is stopped, for example because its disk is full. Nothing was done; safe to send again.
    LOG_STOPPED = 503, "log-stopped";
    /// The connection to the log broke before the command reached it. Nothing was done; safe to send again.
    NOT_TAKEN = 503, "not-taken";
    /// Persistence is not there. Nothing was done; safe to send again.
    PERSISTENCE_UNAVAILABLE = 503, "persistence-unavailable";
    /// The risk engine is not there. Nothing was done; safe to send again.
    RISK_ENGINE_UNAVAILABLE = 503, "risk-engine-unavailable";
    /// The matching engine is not there. Nothing was done; safe to send again.
    MATCHING_ENGINE_UNAVAILABLE = 503, "matching-engine-unavailable";
    /// Market data is not there.
    MARKET_DATA_UNAVAILABLE = 503, "market-data-unavailable";
    /// The venue carries out no commands at the moment. Nothing was done; safe to send again.
    VENUE_STALLED = 503, "venue-stalled";
    /// The command was carried out before under the same key, and what it did cannot be looked up at the moment.
    REPLAY_UNAVAILABLE = 503, "replay-unavailable";
    /// The command was sent and its outcome did not come in time: it may have been carried out, or may still be. Ask again with the
    /// same `Idempotency-Key`, or look at the orders.
    OUTCOME_UNKNOWN = 504, "outcome-unknown";
}

/// The code of a rejected command. An order of somebody else is not told from one that does not exist.
#[must_use]
pub fn reject_code(reason: RejectReason) -> Code {
    match reason {
        RejectReason::UnknownOrder | RejectReason::NotOrderOwner => Code::UNKNOWN_ORDER,
        RejectReason::UnknownInstrument => Code::UNKNOWN_MARKET,
        RejectReason::UnknownAccount => Code::UNKNOWN_ACCOUNT,
        reason => Code { name: reason.name(), status: 422, meaning: reason.meaning().trim_ascii() },
    }
}

/// The codes of rejected commands that are no codes of the gateway's own.
pub static REJECT_CODES: LazyLock<Vec<Code>> = LazyLock::new(|| {
    let codes = RejectReason::ALL.iter().map(|reason| reject_code(*reason));
    codes.filter(|code| code.status == 422).collect()
});
