//! Random commands: twelve bytes become one command, so that a failing stream shrinks to something one can read.

use exchange_types::{
    AccountId, AccountTier, Amount, AssetId, Command, FeeRate, IdempotencyKey, InstrumentId, NewOrder,
    OrderId, OrderType, Price, Quantity, Request, RequestId, Scope, SelfTradePrevention, Side, TimeInForce,
    TimestampNs, TradingState,
};

use super::{GENEROUS, Venue, plain_spec};

/// A command, and how much time passes before it.
pub type Bytes = [u8; 12];

/// Two instruments with one quote asset, three tiers, five accounts with enough money for some orders but not for all.
pub fn venue() -> Venue {
    let mut venue = Venue::new();
    setup().iter().for_each(|command| assert!(venue.reason(command).is_none(), "{command:?}"));
    venue
}

pub fn setup() -> Vec<Command> {
    let mut plain = plain_spec(0, "BTC-USD", 0, 1);
    (plain.maker_fee, plain.taker_fee) = (FeeRate(1_000), FeeRate(333_333));
    let mut stepped = plain_spec(1, "ETH-USD", 2, 1);
    (stepped.tick, stepped.lot) = (Price(5), Quantity(10));
    (stepped.min_quantity, stepped.max_quantity) = (Quantity(10), Quantity(100));
    (stepped.maker_fee, stepped.taker_fee) = (FeeRate(2_500), FeeRate(1_000));
    (stepped.reference_price, stepped.price_band) = (Price(500), 200_000);
    stepped.position_limit = Quantity(500);
    let limited = AccountTier { open_orders_max: 4, order_notional_max: 1_500, ..GENEROUS };
    let cheap = AccountTier { fee_discount: 333_333, balance_max: 50_000, ..GENEROUS };
    let mut commands = vec![
        Command::DefineTier { tier: 0, limits: GENEROUS },
        Command::DefineTier { tier: 1, limits: limited },
        Command::DefineTier { tier: 2, limits: cheap },
        Command::ListInstrument(Box::new(plain)),
        Command::ListInstrument(Box::new(stepped)),
    ];
    for number in 0..5 {
        let account = AccountId(number);
        commands.push(Command::OpenAccount { account, tier: (number % 3) as u8 });
        for (asset, amount) in [(0, 50), (1, 10_000), (2, 300)] {
            commands.push(Command::Deposit { account, asset: AssetId(asset), amount: Amount(amount) });
        }
    }
    commands
}

/// The command that these bytes stand for.
pub fn command(bytes: &Bytes, now: TimestampNs) -> Command {
    let [kind, who, which, other, side, order_type, time, price, quantity, stp, more, _] = *bytes;
    let account = AccountId(u32::from(who % 16 % 6));
    let instrument = InstrumentId(u32::from(which % 16 % 3) % if which < 240 { 2 } else { 3 });
    let order = OrderId(u64::from(other % 48));
    let stepped = instrument.0 == 1;
    let (tick, lot) = if stepped { (5, 10) } else { (1, 1) };
    let ticks = 92 + u64::from(price % 16);
    // One price and one quantity in sixty-four are off.
    let price = Price(ticks * tick + u64::from(price >= 252));
    let quantity = Quantity(u64::from(quantity % 12) * lot + u64::from(quantity >= 252));
    let side = if side % 2 == 0 { Side::Buy } else { Side::Sell };
    match kind {
        0..=129 => {
            let order_type = match order_type {
                0..=199 => OrderType::Limit,
                200..=229 => OrderType::Market,
                _ => OrderType::PostOnly,
            };
            let market = order_type == OrderType::Market;
            let time_in_force = match time {
                0..=139 if !market => TimeInForce::Gtc,
                140..=179 if !market => TimeInForce::Gtd,
                0..=219 => TimeInForce::Ioc,
                _ => TimeInForce::Fok,
            };
            let ends = time_in_force == TimeInForce::Gtd;
            Command::NewOrder(NewOrder {
                instrument,
                account,
                order: OrderId(u64::from(more % 48)),
                side,
                order_type,
                time_in_force,
                self_trade: match stp % 3 {
                    0 => SelfTradePrevention::CancelTaker,
                    1 => SelfTradePrevention::CancelMaker,
                    _ => SelfTradePrevention::CancelBoth,
                },
                price: if market { Price(0) } else { price },
                quantity,
                expires_at: TimestampNs(if ends { now.0 + u64::from(stp % 32) } else { 0 }),
            })
        }
        130..=164 => Command::CancelOrder { instrument, account, order },
        165..=189 => Command::ReduceOrder { instrument, account, order, by: quantity },
        190..=219 => {
            let new_order = OrderId(u64::from(more % 48));
            Command::ReplaceOrder { instrument, account, order, new_order, price, quantity }
        }
        220..=227 => {
            let asset = AssetId(u32::from(which % 16 % 4));
            Command::Deposit { account, asset, amount: Amount(u64::from(more) * 8) }
        }
        228..=233 => {
            let asset = AssetId(u32::from(which % 16 % 4));
            Command::Withdraw { account, asset, amount: Amount(u64::from(more) * 8) }
        }
        234..=238 => Command::MassCancel {
            account,
            instrument: (which % 2 == 0).then_some(instrument),
            side: (stp % 2 == 0).then_some(side),
        },
        239..=246 => Command::SetTradingState {
            scope: match which % 3 {
                0 => Scope::Venue,
                1 => Scope::Instrument(instrument),
                _ => Scope::Account(account),
            },
            // Mostly open again, so that there is something to halt.
            state: match more {
                0..=199 => TradingState::Open,
                200..=227 => TradingState::Halted,
                _ => TradingState::Killed,
            },
        },
        247..=249 => Command::SetAccountTier { account, tier: other % 4 },
        250..=251 => {
            let limits = AccountTier { fee_discount: u32::from(more) * 3_922, ..GENEROUS };
            Command::DefineTier { tier: other % 4, limits }
        }
        252 => Command::OpenAccount { account: AccountId(u32::from(other % 8)), tier: more % 4 },
        _ => Command::Tick,
    }
}

/// How much time passes before a command.
pub fn delay(bytes: &Bytes) -> u64 {
    u64::from(bytes[11] / 64)
}

/// The request that these bytes stand for: a quarter of them have a key, of which there are few.
pub fn request(bytes: &Bytes, now: TimestampNs) -> Request {
    let key = (bytes[11] % 4 == 3).then(|| u128::from(bytes[11] / 4 % 12) + 1).and_then(IdempotencyKey::new);
    Request { id: RequestId(u64::from(bytes[10])), key, command: command(bytes, now) }
}
