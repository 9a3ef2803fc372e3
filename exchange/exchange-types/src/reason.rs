//! Why a command was rejected. The order of the variants is the order in which the reasons are tested.

macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal, $slug:literal;)+) => {
        /// The first reason that applied to a command, in the order in which they are tested.
        ///
        /// The numbers are part of the wire and journal formats: they are never reused, and a new reason takes a free one
        /// inside its group. The name is what clients see.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u16)]
        pub enum RejectReason {
            $($(#[doc = $doc])+ $name = $code,)+
        }

        impl RejectReason {
            /// All reasons in the order in which they are tested.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The name clients see, in kebab case.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $slug,)+
                }
            }

            /// What it means, in a sentence.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self {
                    $(Self::$name => concat!($($doc),+),)+
                }
            }

            /// The reason with this number.
            #[must_use]
            pub const fn from_code(code: u16) -> Option<Self> {
                match code {
                    $($code => Some(Self::$name),)+
                    _ => None,
                }
            }

            /// Its number on the wire and in the journal.
            #[must_use]
            pub const fn code(self) -> u16 {
                self as u16
            }
        }
    };
}

reasons! {
    /// The message is shorter than a header or not as long as its kind demands.
    WrongLength = 100, "wrong-length";
    /// The version of the message is not one this venue reads.
    UnknownVersion = 101, "unknown-version";
    /// The kind of the message is not a command, or not an event where an event is read.
    UnknownCommand = 102, "unknown-command";
    /// A reserved byte or bit is not zero.
    ReservedNotZero = 103, "reserved-not-zero";
    /// The side is neither buy nor sell, nor, for a mass cancel, both.
    MalformedSide = 104, "malformed-side";
    /// The order type is none of limit, market, post-only.
    MalformedOrderType = 105, "malformed-order-type";
    /// The time in force is none of GTC, IOC, FOK, GTD.
    MalformedTimeInForce = 106, "malformed-time-in-force";
    /// The self-trade choice is none of cancel taker, cancel maker, cancel both.
    MalformedSelfTrade = 107, "malformed-self-trade";
    /// The scope is none of those that the kind knows: venue, instrument, account; for a mass cancel everywhere, instrument.
    MalformedScope = 108, "malformed-scope";
    /// The trading state is none of open, halted, killed.
    MalformedTradingState = 109, "malformed-trading-state";
    /// A text is empty, has a character that is not allowed, or goes on after its end.
    MalformedText = 110, "malformed-text";
    /// The cause of a cancellation is unknown. Events only.
    MalformedCause = 111, "malformed-cause";
    /// A flag is neither 0 nor 1. Events only.
    MalformedFlag = 112, "malformed-flag";
    /// The number of a reject reason is unknown. Events only.
    MalformedReason = 113, "malformed-reason";
    /// A request has neither an id nor a key, so it is to be written as the command alone.
    EmptyRequest = 114, "empty-request";
    /// The parts of an outcome or of a step are not what its head says. Between the services of the venue only.
    MalformedParts = 115, "malformed-parts";

    /// The idempotency key stands for another command of this account, not yet 24 hours old.
    RequestConflict = 190, "request-conflict";
    /// The account has as many idempotency keys of the last 24 hours as can be remembered, or the venue has.
    TooManyRequestsRemembered = 191, "too-many-requests-remembered";

    /// The account does not exist.
    UnknownAccount = 200, "unknown-account";
    /// The instrument is not listed.
    UnknownInstrument = 201, "unknown-instrument";
    /// The asset belongs to no listed instrument.
    UnknownAsset = 202, "unknown-asset";
    /// The tier is not defined.
    UnknownTier = 203, "unknown-tier";
    /// The number is not the next one of its kind.
    OutOfOrder = 204, "out-of-order";
    /// The definition of the instrument or tier contradicts itself.
    InvalidDefinition = 205, "invalid-definition";
    /// The venue is halted.
    VenueHalted = 210, "venue-halted";
    /// The instrument is halted.
    InstrumentHalted = 211, "instrument-halted";
    /// The account is halted.
    AccountHalted = 212, "account-halted";

    /// The order id is zero, which means "none".
    ZeroOrderId = 300, "zero-order-id";
    /// No live order of the instrument has this id.
    UnknownOrder = 301, "unknown-order";
    /// The order belongs to another account.
    NotOrderOwner = 302, "not-order-owner";
    /// A live order has this id already.
    DuplicateOrderId = 303, "duplicate-order-id";
    /// A market order must be IOC or FOK.
    MarketMustNotRest = 304, "market-must-not-rest";
    /// A post-only order must be GTC or GTD.
    PostOnlyMustRest = 305, "post-only-must-rest";
    /// A market order carries a price.
    MarketWithPrice = 306, "market-with-price";
    /// A GTD order carries no expiry, or another order carries one.
    ExpiryMismatch = 307, "expiry-mismatch";
    /// The expiry is not after the event time.
    ExpiryInPast = 308, "expiry-in-past";

    /// The quantity is zero.
    QuantityZero = 400, "quantity-zero";
    /// The quantity is not a multiple of the lot.
    QuantityOffLot = 401, "quantity-off-lot";
    /// The quantity is below the instrument's minimum.
    QuantityBelowMinimum = 402, "quantity-below-minimum";
    /// The quantity is above the instrument's maximum.
    QuantityAboveMaximum = 403, "quantity-above-maximum";
    /// The price is zero.
    PriceZero = 404, "price-zero";
    /// The price is not a multiple of the tick.
    PriceOffTick = 405, "price-off-tick";
    /// The price is more ticks than a book can hold.
    PriceOverflow = 406, "price-overflow";
    /// The price is outside the band around the last trade.
    PriceOutsideBand = 407, "price-outside-band";
    /// The notional does not fit the numbers of the venue.
    NotionalOverflow = 408, "notional-overflow";
    /// The notional is above what the account's tier allows for one order.
    NotionalAboveMaximum = 409, "notional-above-maximum";

    /// The amount is zero.
    AmountZero = 500, "amount-zero";
    /// The account has as many open orders as its tier allows.
    OpenOrdersLimit = 501, "open-orders-limit";
    /// The position could grow above what the instrument allows.
    PositionLimit = 502, "position-limit";
    /// The balance would grow above what the account's tier allows.
    BalanceLimit = 503, "balance-limit";
    /// The balance would not fit the numbers of the venue.
    BalanceOverflow = 504, "balance-overflow";
    /// The free balance does not cover the order, its fee, or the withdrawal.
    InsufficientFunds = 505, "insufficient-funds";
    /// The venue has as many live orders as it can.
    VenueFull = 506, "venue-full";

    /// The post-only order would have traded.
    PostOnlyWouldCross = 600, "post-only-would-cross";
    /// The fill-or-kill order could not have been filled whole.
    FillOrKillUnfillable = 601, "fill-or-kill-unfillable";
    /// The book holds as many orders as it can.
    BookFull = 602, "book-full";
    /// The id is not in the range that a book with dense ids takes now.
    OrderIdOutOfRange = 603, "order-id-out-of-range";
}

#[cfg(test)]
mod tests {
    use super::RejectReason;

    #[test]
    fn codes_ascend_in_the_order_of_testing_and_round_trip() {
        assert!(RejectReason::ALL.windows(2).all(|pair| pair[0].code() < pair[1].code()));
        for reason in RejectReason::ALL {
            assert_eq!(RejectReason::from_code(reason.code()), Some(*reason));
        }
    }
}
