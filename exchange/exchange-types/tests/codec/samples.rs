//! One value of every kind of command and event, with a different number in every field.

use exchange_types::{
    AccountId, AccountTier, Amount, AssetId, CancelCause, Command, Event, FeeRate, InstrumentId,
    InstrumentSpec, NewOrder, OrderId, OrderType, Price, PriceTicks, Quantity, QuantityLots, RejectReason,
    Scope, SelfTradePrevention, Side, Symbol, TimeInForce, TimestampNs, Trade, TradingState,
};

const INSTRUMENT: InstrumentId = InstrumentId(0x0102_0304);
const ACCOUNT: AccountId = AccountId(0x1112_1314);
const ORDER: OrderId = OrderId(0x2122_2324_2526_2728);
const ASSET: AssetId = AssetId(0x3132_3334);
const AMOUNT: Amount = Amount(0x4142_4344_4546_4748);
const TICKS: PriceTicks = PriceTicks(0x5152_5354);
const LOTS: QuantityLots = QuantityLots(0x6162_6364);

pub(crate) fn commands() -> Vec<Command> {
    vec![
        Command::NewOrder(NewOrder {
            instrument: INSTRUMENT,
            account: ACCOUNT,
            order: ORDER,
            side: Side::Sell,
            order_type: OrderType::PostOnly,
            time_in_force: TimeInForce::Gtd,
            self_trade: SelfTradePrevention::CancelBoth,
            price: Price(0x7172_7374_7576_7778),
            quantity: Quantity(0x8182_8384_8586_8788),
            expires_at: TimestampNs(0x9192_9394_9596_9798),
        }),
        Command::CancelOrder { instrument: INSTRUMENT, account: ACCOUNT, order: ORDER },
        Command::MassCancel { account: ACCOUNT, instrument: Some(INSTRUMENT), side: Some(Side::Sell) },
        Command::MassCancel { account: ACCOUNT, instrument: None, side: None },
        Command::ReduceOrder {
            instrument: INSTRUMENT,
            account: ACCOUNT,
            order: ORDER,
            by: Quantity(0x8182_8384_8586_8788),
        },
        Command::ReplaceOrder {
            instrument: INSTRUMENT,
            account: ACCOUNT,
            order: ORDER,
            new_order: OrderId(0xa1a2_a3a4_a5a6_a7a8),
            price: Price(0x7172_7374_7576_7778),
            quantity: Quantity(0x8182_8384_8586_8788),
        },
        Command::Deposit { account: ACCOUNT, asset: ASSET, amount: AMOUNT },
        Command::Withdraw { account: ACCOUNT, asset: ASSET, amount: AMOUNT },
        Command::OpenAccount { account: ACCOUNT, tier: 0xb1 },
        Command::SetAccountTier { account: ACCOUNT, tier: 0xb1 },
        Command::DefineTier {
            tier: 0xb1,
            limits: AccountTier {
                open_orders_max: 0xc1c2_c3c4,
                order_notional_max: 0xd1d2_d3d4_d5d6_d7d8,
                balance_max: 0xe1e2_e3e4_e5e6_e7e8,
                fee_discount: 0xf1f2_f3f4,
            },
        },
        Command::ListInstrument(Box::new(InstrumentSpec {
            instrument: INSTRUMENT,
            symbol: Symbol::new("BTC-USD").expect("the text is a symbol"),
            base: ASSET,
            quote: AssetId(0x3536_3738),
            base_decimals: 18,
            tick: Price(0x0a01),
            lot: Quantity(0x0a02),
            min_quantity: Quantity(0x0a03),
            max_quantity: Quantity(0x0a04),
            position_limit: Quantity(0x0a05),
            maker_fee: FeeRate(0x0a06),
            taker_fee: FeeRate(0x0a07),
            price_band: 0x0a08,
            reference_price: Price(0x0a09),
        })),
        Command::SetTradingState { scope: Scope::Venue, state: TradingState::Halted },
        Command::SetTradingState { scope: Scope::Instrument(INSTRUMENT), state: TradingState::Killed },
        Command::SetTradingState { scope: Scope::Account(ACCOUNT), state: TradingState::Open },
        Command::Tick,
    ]
}

pub(crate) fn events() -> Vec<Event> {
    let (order, instrument, account) = (ORDER, INSTRUMENT, ACCOUNT);
    vec![
        Event::Trade(Trade {
            maker: ORDER,
            taker: OrderId(0xa1a2_a3a4_a5a6_a7a8),
            instrument,
            maker_account: account,
            taker_account: AccountId(0x1516_1718),
            price: TICKS,
            quantity: LOTS,
            maker_remaining: QuantityLots(0x6566_6768),
            taker_remaining: QuantityLots(0x696a_6b6c),
            taker_side: Side::Sell,
        }),
        Event::Rested { order, instrument, account, side: Side::Sell, price: TICKS, quantity: LOTS },
        Event::Cancelled {
            order,
            instrument,
            account,
            side: Side::Sell,
            price: TICKS,
            quantity: LOTS,
            cause: CancelCause::Killed,
            rested: true,
        },
        Event::Reduced {
            order,
            instrument,
            account,
            side: Side::Sell,
            price: TICKS,
            by: LOTS,
            remaining: QuantityLots(0x6566_6768),
        },
        Event::Rejected { order, instrument, account, reason: RejectReason::BookFull },
        Event::Deposited { account, asset: ASSET, amount: AMOUNT },
        Event::Withdrawn { account, asset: ASSET, amount: AMOUNT },
        Event::AccountTierSet { account, tier: 0xb1 },
        Event::TierDefined { tier: 0xb1 },
        Event::InstrumentListed { instrument },
        Event::TradingStateSet { scope: Scope::Venue, state: TradingState::Halted },
        Event::TradingStateSet { scope: Scope::Account(account), state: TradingState::Killed },
        Event::Checkpoint { events: 0xc1c2_c3c4_c5c6_c7c8, state_hash: 0xd1d2_d3d4_d5d6_d7d8 },
        Event::Ticked,
        Event::Repeated { account, original: exchange_types::Sequence(0xc1c2_c3c4_c5c6_c7c8) },
    ]
}
