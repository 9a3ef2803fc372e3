//! How much of everything there can be. Reaching a limit is an ordinary reject, never an abort.

/// Accounts of a venue. A row of balances is at most 4 KiB, an account itself 16 bytes; a number beyond is `OutOfOrder`,
/// because there is no next one.
pub const ACCOUNTS_MAX: usize = 1 << 20;

/// Assets of a venue: the columns of the balances. One more is `OutOfOrder`.
pub const ASSETS_MAX: usize = 128;

/// Instruments of a venue: as many books. Each has memory of its own, and its terms are part of every state hash. One more is
/// `OutOfOrder`.
pub const INSTRUMENTS_MAX: usize = 1_024;

/// Tiers of a venue: the numbers that fit a byte. One more cannot be said.
pub const TIERS_MAX: usize = 256;

/// Live orders of a venue: 256 MiB of records. One more that may rest is `VenueFull`.
///
/// One command can end all of them: the kill switch, an order that takes a whole book, the first tick after a long silence. What
/// such a command did is one message between services, so there are no more orders than that has room for.
pub const ORDERS_MAX: usize = 4_000_000;

/// How far a market order may go in an instrument without a price band, in millionths of the last trade: up to twice that
/// for a buy, down to the lowest price for a sell. A buy has to be funded at the worst price it may trade at, so "any price"
/// would be a price nobody can fund.
pub const MARKET_REACH_WITHOUT_BAND: u32 = 1_000_000;

/// How long an idempotency key is remembered, in nanoseconds of log time: 24 hours.
pub const REQUEST_REMEMBERED_NS: u64 = 24 * 60 * 60 * 1_000_000_000;

/// Idempotency keys that an account can have remembered at once: 3 MiB of them. One more is `TooManyRequestsRemembered` until
/// the oldest is 24 hours old; without a key its commands go on.
pub const REQUESTS_PER_ACCOUNT_MAX: u32 = 65_536;

/// Idempotency keys of all accounts together: 3 GiB of them. One more is `TooManyRequestsRemembered` too.
pub const REQUESTS_MAX: usize = 1 << 26;
