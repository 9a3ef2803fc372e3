//! Values of fields.

use std::borrow::Cow;

use exchange_service::markets::{Asset, DecimalError, Market, parse_decimal};
use exchange_types::{
    AccountId, Amount, OrderId, OrderType, Price, Quantity, SelfTradePrevention, Side, TimeInForce,
    TradingState,
};

/// The longest symbol or name that is looked up.
const NAME_BYTES_MAX: usize = 32;

type Expected = Cow<'static, str>;

/// One of a few words.
macro_rules! words {
    ($($(#[doc = $doc:literal])* $name:ident -> $type:ty { $($word:literal => $value:expr,)+ })+) => {
        $(
            $(#[doc = $doc])*
            pub(in crate::api) fn $name(text: &str) -> Result<$type, &'static str> {
                match text {
                    $($word => Ok($value),)+
                    _ => Err(concat!("expected one of", $(" `", $word, "`"),+)),
                }
            }
        )+
    };
}

words! {
    /// Which way an order trades.
    side -> Side { "buy" => Side::Buy, "sell" => Side::Sell, }
    /// What an order does about its price.
    order_type -> OrderType {
        "limit" => OrderType::Limit, "market" => OrderType::Market, "post-only" => OrderType::PostOnly,
    }
    /// How long an order lives.
    time_in_force -> TimeInForce {
        "gtc" => TimeInForce::Gtc, "ioc" => TimeInForce::Ioc, "fok" => TimeInForce::Fok,
        "gtd" => TimeInForce::Gtd,
    }
    /// What happens when an order meets one of its own account.
    self_trade -> SelfTradePrevention {
        "cancel-taker" => SelfTradePrevention::CancelTaker,
        "cancel-maker" => SelfTradePrevention::CancelMaker,
        "cancel-both" => SelfTradePrevention::CancelBoth,
    }
    /// What may happen in a part of the venue.
    state -> TradingState {
        "open" => TradingState::Open, "halted" => TradingState::Halted, "killed" => TradingState::Killed,
    }
    /// Which orders are listed.
    status -> &'static str { "open" => "open", "closed" => "closed", "all" => "all", }
}

/// The symbol of a market, or another name: whether there is such a one is for the caller to find out.
pub(in crate::api) fn symbol(text: &str) -> Result<String, &'static str> {
    if text.is_empty() || text.len() > NAME_BYTES_MAX { Err("expected a name") } else { Ok(text.to_owned()) }
}

/// The number of an account, written without zeros before it.
pub(in crate::api) fn account(text: &str) -> Result<AccountId, &'static str> {
    let plain = digits(text) && (text == "0" || !text.starts_with('0'));
    let number = plain.then(|| text.parse().ok()).flatten();
    number.map(AccountId).ok_or("expected the number of an account")
}

/// A whole number in a range.
pub(in crate::api) fn whole_number(low: u64, high: u64) -> impl Fn(&str) -> Result<u64, Expected> {
    move |text| {
        let number = digits(text).then(|| text.parse().ok()).flatten();
        number
            .filter(|number| (low..=high).contains(number))
            .ok_or_else(|| format!("expected a whole number from {low} to {high}").into())
    }
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The id of an order: a number above zero, written without zeros before it.
pub(in crate::api) fn order_id(text: &str) -> Result<OrderId, &'static str> {
    let plain = digits(text) && !text.starts_with('0');
    let number = plain.then(|| text.parse().ok()).flatten();
    number.map(OrderId).ok_or("expected the id of an order")
}

/// A price in a market. Where the market is not known, only its form is looked at.
pub(in crate::api) fn price(market: Option<&Market>) -> impl Fn(&str) -> Result<Price, Expected> {
    let decimals = market.map_or(u8::MAX, |market| market.quote_decimals);
    move |text| decimal(text, decimals).map(Price)
}

/// A quantity in a market. Where the market is not known, only its form is looked at.
pub(in crate::api) fn quantity(market: Option<&Market>) -> impl Fn(&str) -> Result<Quantity, Expected> {
    let decimals = market.map_or(u8::MAX, |market| market.instrument.spec().base_decimals);
    move |text| decimal(text, decimals).map(Quantity)
}

/// An amount of an asset. Where the asset is not known, only its form is looked at.
pub(in crate::api) fn amount(asset: Option<&Asset>) -> impl Fn(&str) -> Result<Amount, Expected> {
    let decimals = asset.map_or(u8::MAX, |asset| asset.decimals);
    move |text| decimal(text, decimals).map(Amount)
}

fn decimal(text: &str, decimals: u8) -> Result<u64, Expected> {
    match parse_decimal(text, decimals) {
        // Any number is too large for 255 decimals: nobody looks at the value then.
        Err(DecimalError::TooLarge) if decimals == u8::MAX => Ok(0),
        result => result.map_err(|error| error.to_string().into()),
    }
}
