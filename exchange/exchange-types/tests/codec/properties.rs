//! What holds for all values and for all bytes.

use exchange_types::codec::{COMMAND_LAYOUTS, EVENT_LAYOUTS, MessageLayout};
use exchange_types::{
    AccountId, AccountTier, Amount, AssetId, CancelCause, Command, Event, FeeRate, InstrumentId,
    InstrumentSpec, NewOrder, OrderId, OrderType, Price, PriceTicks, Quantity, QuantityLots, RejectReason,
    Scope, SelfTradePrevention, Sequence, Side, Symbol, TimeInForce, TimestampNs, Trade, TradingState,
    decode_command, decode_event, encode_command, encode_event,
};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_command_comes_back(command in command()) {
        let mut bytes = b"before".to_vec();
        encode_command(&command, &mut bytes);
        prop_assert!(bytes.starts_with(b"before"));
        prop_assert_eq!(decode_command(&bytes[6..]), Ok(command));
    }

    #[test]
    fn an_event_comes_back(cause in any::<u64>().prop_map(Sequence), event in event()) {
        let mut bytes = b"before".to_vec();
        encode_event(cause, &event, &mut bytes);
        prop_assert!(bytes.starts_with(b"before"));
        prop_assert_eq!(decode_event(&bytes[6..]), Ok((cause, event)));
    }

    #[test]
    fn any_bytes_decode_to_what_encodes_to_them(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
        canonical(&bytes);
    }

    #[test]
    fn bytes_of_the_right_kind_and_length_decode_to_what_encodes_to_them(bytes in near_message()) {
        canonical(&bytes);
    }

    #[test]
    fn a_changed_command_is_refused_or_means_something_else(
        command in command(), at in any::<prop::sample::Index>(), change in 1..=u8::MAX,
    ) {
        let mut bytes = Vec::new();
        encode_command(&command, &mut bytes);
        let at = at.index(bytes.len());
        bytes[at] ^= change;
        canonical(&bytes);
        prop_assert_ne!(decode_command(&bytes), Ok(command));
    }

    #[test]
    fn a_changed_event_is_refused_or_means_something_else(
        event in event(), at in any::<prop::sample::Index>(), change in 1..=u8::MAX,
    ) {
        let mut bytes = Vec::new();
        encode_event(Sequence(1), &event, &mut bytes);
        let at = at.index(bytes.len());
        bytes[at] ^= change;
        canonical(&bytes);
        prop_assert_ne!(decode_event(&bytes), Ok((Sequence(1), event)));
    }
}

fn canonical(bytes: &[u8]) {
    let mut again = Vec::new();
    match decode_command(bytes) {
        Ok(command) => {
            encode_command(&command, &mut again);
            assert_eq!(again, bytes, "{command:?}");
        }
        Err(malformed) => assert!(malformed.offset <= bytes.len(), "{malformed}"),
    }
    again.clear();
    match decode_event(bytes) {
        Ok((command, event)) => {
            encode_event(command, &event, &mut again);
            assert_eq!(again, bytes, "{event:?}");
        }
        Err(malformed) => assert!(malformed.offset <= bytes.len(), "{malformed}"),
    }
}

/// Bytes with the version, a kind and the length it demands, otherwise mostly small numbers: many of them decode.
fn near_message() -> impl Strategy<Value = Vec<u8>> {
    let layouts: Vec<MessageLayout> = COMMAND_LAYOUTS.iter().chain(EVENT_LAYOUTS).copied().collect();
    let byte = any::<u8>().prop_map(|byte| match byte {
        0..=204 => 0,
        205..=244 => byte % 4,
        _ => byte,
    });
    (select(layouts), proptest::collection::vec(byte, 96)).prop_map(|(layout, mut bytes)| {
        bytes.truncate(layout.bytes);
        bytes[0] = 1;
        bytes[1] = layout.kind;
        bytes
    })
}

prop_compose! {
    fn ids()(instrument: u32, account: u32, order: u64) -> (InstrumentId, AccountId, OrderId) {
        (InstrumentId(instrument), AccountId(account), OrderId(order))
    }
}

fn side() -> impl Strategy<Value = Side> {
    select(vec![Side::Buy, Side::Sell])
}

fn scope() -> impl Strategy<Value = Scope> {
    prop_oneof![
        Just(Scope::Venue),
        any::<u32>().prop_map(|id| Scope::Instrument(InstrumentId(id))),
        any::<u32>().prop_map(|id| Scope::Account(AccountId(id))),
    ]
}

fn state() -> impl Strategy<Value = TradingState> {
    select(vec![TradingState::Open, TradingState::Halted, TradingState::Killed])
}

prop_compose! {
    fn new_order()(
        (instrument, account, order) in ids(),
        side in side(),
        order_type in select(vec![OrderType::Limit, OrderType::Market, OrderType::PostOnly]),
        time_in_force in select(vec![TimeInForce::Gtc, TimeInForce::Ioc, TimeInForce::Fok, TimeInForce::Gtd]),
        self_trade in select(vec![
            SelfTradePrevention::CancelTaker, SelfTradePrevention::CancelMaker, SelfTradePrevention::CancelBoth,
        ]),
        [price, quantity, expires_at] in any::<[u64; 3]>(),
    ) -> NewOrder {
        NewOrder {
            instrument, account, order, side, order_type, time_in_force, self_trade,
            price: Price(price), quantity: Quantity(quantity), expires_at: TimestampNs(expires_at),
        }
    }
}

prop_compose! {
    fn spec()(
        symbol in "[A-Z0-9-]{1,16}",
        base_decimals: u8,
        [instrument, base, quote, maker_fee, taker_fee, price_band] in any::<[u32; 6]>(),
        [tick, lot, min, max, limit, reference] in any::<[u64; 6]>(),
    ) -> InstrumentSpec {
        InstrumentSpec {
            instrument: InstrumentId(instrument),
            symbol: Symbol::new(&symbol).expect("the pattern is that of symbols"),
            base: AssetId(base),
            quote: AssetId(quote),
            base_decimals,
            tick: Price(tick),
            lot: Quantity(lot),
            min_quantity: Quantity(min),
            max_quantity: Quantity(max),
            position_limit: Quantity(limit),
            maker_fee: FeeRate(maker_fee),
            taker_fee: FeeRate(taker_fee),
            price_band,
            reference_price: Price(reference),
        }
    }
}

fn limits() -> impl Strategy<Value = AccountTier> {
    any::<(u32, u64, u64, u32)>().prop_map(
        |(open_orders_max, order_notional_max, balance_max, fee_discount)| AccountTier {
            open_orders_max,
            order_notional_max,
            balance_max,
            fee_discount,
        },
    )
}

pub(crate) fn command() -> impl Strategy<Value = Command> {
    let money = || any::<(u32, u32, u64)>().prop_map(|(a, b, c)| (AccountId(a), AssetId(b), Amount(c)));
    let tiers = || any::<(u32, u8)>().prop_map(|(account, tier)| (AccountId(account), tier));
    prop_oneof![
        new_order().prop_map(Command::NewOrder),
        ids().prop_map(|(instrument, account, order)| Command::CancelOrder { instrument, account, order }),
        (ids(), option::of(side()), any::<bool>()).prop_map(|((instrument, account, _), side, narrow)| {
            Command::MassCancel { account, instrument: narrow.then_some(instrument), side }
        }),
        (ids(), any::<u64>()).prop_map(|((instrument, account, order), by)| {
            Command::ReduceOrder { instrument, account, order, by: Quantity(by) }
        }),
        (ids(), any::<[u64; 3]>()).prop_map(
            |((instrument, account, order), [new_order, price, quantity])| {
                Command::ReplaceOrder {
                    instrument,
                    account,
                    order,
                    new_order: OrderId(new_order),
                    price: Price(price),
                    quantity: Quantity(quantity),
                }
            }
        ),
        money().prop_map(|(account, asset, amount)| Command::Deposit { account, asset, amount }),
        money().prop_map(|(account, asset, amount)| Command::Withdraw { account, asset, amount }),
        tiers().prop_map(|(account, tier)| Command::OpenAccount { account, tier }),
        tiers().prop_map(|(account, tier)| Command::SetAccountTier { account, tier }),
        (any::<u8>(), limits()).prop_map(|(tier, limits)| Command::DefineTier { tier, limits }),
        spec().prop_map(|spec| Command::ListInstrument(Box::new(spec))),
        (scope(), state()).prop_map(|(scope, state)| Command::SetTradingState { scope, state }),
        Just(Command::Tick),
    ]
}

pub(crate) fn event() -> impl Strategy<Value = Event> {
    let causes = vec![
        CancelCause::Requested,
        CancelCause::MassCancel,
        CancelCause::Replaced,
        CancelCause::Reduced,
        CancelCause::Immediate,
        CancelCause::SelfTrade,
        CancelCause::Expired,
        CancelCause::Killed,
    ];
    let level = || (ids(), side(), any::<[u32; 3]>());
    let money = || any::<(u32, u32, u64)>().prop_map(|(a, b, c)| (AccountId(a), AssetId(b), Amount(c)));
    prop_oneof![
        (level(), any::<(u64, u32, u32, u32)>()).prop_map(
            |(((instrument, account, order), side, numbers), more)| {
                Event::Trade(Trade {
                    maker: order,
                    taker: OrderId(more.0),
                    instrument,
                    maker_account: account,
                    taker_account: AccountId(more.1),
                    price: PriceTicks(numbers[0]),
                    quantity: QuantityLots(numbers[1]),
                    maker_remaining: QuantityLots(more.2),
                    taker_remaining: QuantityLots(more.3),
                    taker_side: side,
                })
            }
        ),
        level().prop_map(|((instrument, account, order), side, [price, quantity, _])| Event::Rested {
            order,
            instrument,
            account,
            side,
            price: PriceTicks(price),
            quantity: QuantityLots(quantity),
        }),
        (level(), select(causes), any::<bool>()).prop_map(|(level, cause, rested)| {
            let ((instrument, account, order), side, [price, quantity, _]) = level;
            let (price, quantity) = (PriceTicks(price), QuantityLots(quantity));
            Event::Cancelled { order, instrument, account, side, price, quantity, cause, rested }
        }),
        level().prop_map(|((instrument, account, order), side, [price, by, remaining])| Event::Reduced {
            order,
            instrument,
            account,
            side,
            price: PriceTicks(price),
            by: QuantityLots(by),
            remaining: QuantityLots(remaining),
        }),
        (ids(), select(RejectReason::ALL)).prop_map(|((instrument, account, order), reason)| {
            Event::Rejected { order, instrument, account, reason }
        }),
        money().prop_map(|(account, asset, amount)| Event::Deposited { account, asset, amount }),
        money().prop_map(|(account, asset, amount)| Event::Withdrawn { account, asset, amount }),
        any::<(u32, u8)>().prop_map(|(id, tier)| Event::AccountTierSet { account: AccountId(id), tier }),
        any::<u8>().prop_map(|tier| Event::TierDefined { tier }),
        any::<u32>().prop_map(|id| Event::InstrumentListed { instrument: InstrumentId(id) }),
        (scope(), state()).prop_map(|(scope, state)| Event::TradingStateSet { scope, state }),
        any::<[u64; 2]>().prop_map(|[events, state_hash]| Event::Checkpoint { events, state_hash }),
        Just(Event::Ticked),
        any::<(u32, u64)>().prop_map(|(account, original)| Event::Repeated {
            account: AccountId(account),
            original: Sequence(original),
        }),
    ]
}
