//! From bytes to commands: each byte chooses something that is there, or nearly.

use exchange_core::risk::Risk;
use exchange_types::codec::split_request;
use exchange_types::{
    AccountId, AccountTier, Amount, AssetId, Command, FeeRate, IdempotencyKey, InstrumentId, InstrumentSpec,
    NewOrder, OrderId, OrderType, Price, Quantity, RequestHead, RequestId, Scope, SelfTradePrevention, Side,
    Symbol, TimeInForce, TimestampNs, TradingState, encode_command, encode_request,
};

/// Bytes of the shortest command.
const TICK_BYTES: usize = 8;

/// A second, in nanoseconds.
const SECOND: u64 = 1_000_000_000;

const GENEROUS: AccountTier = AccountTier {
    open_orders_max: u32::MAX,
    order_notional_max: u64::MAX,
    balance_max: u64::MAX,
    fee_discount: 0,
};

/// What is left of an input.
pub(super) struct Program<'bytes> {
    bytes: &'bytes [u8],
}

impl<'bytes> Program<'bytes> {
    pub(super) const fn new(bytes: &'bytes [u8]) -> Self {
        Self { bytes }
    }

    /// The commands that make the venue: the first byte says how rich it is, and whether there is anything at all.
    pub(super) fn setup(&mut self) -> Vec<Command> {
        let mut commands = Vec::new();
        let choice = self.byte();
        if choice & 1 == 1 {
            return commands;
        }
        let money = [400, 20_000, 1 << 40, 1 << 61][usize::from(choice >> 1 & 3)];
        let limited = AccountTier { open_orders_max: 3, order_notional_max: 4_000, ..GENEROUS };
        for (tier, limits) in [(0, GENEROUS), (1, AccountTier { fee_discount: 333_333, ..limited })] {
            commands.push(Command::DefineTier { tier, limits });
        }
        let plain = spec(0, 0, 1);
        let stepped = InstrumentSpec {
            tick: Price(5),
            lot: Quantity(10),
            min_quantity: Quantity(20),
            max_quantity: Quantity(1_000),
            position_limit: Quantity(money + 2_000),
            maker_fee: FeeRate(1),
            taker_fee: FeeRate(1_000_000),
            price_band: 200_000,
            reference_price: Price(500),
            ..spec(1, 2, 1)
        };
        // The quote of this one is the base of the first, and a lot at a tick costs a billion.
        let coarse =
            InstrumentSpec { tick: Price(1 << 15), lot: Quantity(1 << 15), ..scaled(spec(2, 2, 0), 1 << 15) };
        commands.extend([plain, stepped, coarse].map(|spec| Command::ListInstrument(Box::new(spec))));
        for number in 0..4 {
            let account = AccountId(number);
            commands.push(Command::OpenAccount { account, tier: u8::from(number == 3) });
            for asset in (0..3).map(AssetId) {
                commands.push(Command::Deposit { account, asset, amount: Amount(money) });
            }
        }
        commands
    }

    /// Writes the next message and returns how much time passes before it. `None`: the input has ended.
    pub(super) fn next(&mut self, risk: &Risk, now: TimestampNs, message: &mut Vec<u8>) -> Option<u64> {
        if self.bytes.is_empty() {
            return None;
        }
        let first = self.byte();
        let delay = u64::from(first >> 6);
        match first & 63 {
            60 => {
                let length = usize::from(self.byte() % 104).min(self.bytes.len());
                let (raw, rest) = self.bytes.split_at(length);
                self.bytes = rest;
                message.clear();
                message.extend_from_slice(raw);
            }
            // The message before once more, with one byte changed.
            61..=63 if !message.is_empty() => {
                let at = usize::from(self.byte()) % message.len();
                message[at] ^= self.byte();
            }
            // The message before once more, as a request, which may have a key. Its command may be damaged.
            59 if !message.is_empty() => self.request(message),
            kind => {
                let command = self.command(kind, risk, now);
                message.clear();
                encode_command(&command, message);
                if kind == 58 {
                    return Some(self.number().min(365 * 86_400 * SECOND));
                }
            }
        }
        Some(delay)
    }

    fn request(&mut self, message: &mut Vec<u8>) {
        let command = match split_request(message) {
            Ok((_, command)) => command.to_vec(),
            Err(_) => message.clone(),
        };
        let choice = self.byte();
        let head = RequestHead {
            id: RequestId(u64::from(choice >> 3)),
            key: IdempotencyKey::new(u128::from(choice & 7) << 60),
        };
        message.clear();
        // Only the head is kept of this; there is none where it says nothing.
        encode_request(&head, &Command::Tick, message);
        message.truncate(message.len() - TICK_BYTES);
        message.extend_from_slice(&command);
    }

    fn command(&mut self, kind: u8, risk: &Risk, now: TimestampNs) -> Command {
        match kind {
            0..=25 => Command::NewOrder(self.order(risk, now)),
            26..=30 => Command::CancelOrder {
                order: self.order_id(),
                instrument: self.instrument(risk),
                account: self.account(risk),
            },
            31..=32 => Command::MassCancel {
                account: self.account(risk),
                instrument: self.flag().then(|| self.instrument(risk)),
                side: self.flag().then(|| self.side()),
            },
            33..=37 => {
                let (order, account) = (self.order_id(), self.account(risk));
                let instrument = self.instrument(risk);
                Command::ReduceOrder { instrument, account, order, by: self.quantity(risk, instrument) }
            }
            38..=43 => {
                let (order, new_order) = (self.order_id(), self.order_id());
                let (account, instrument) = (self.account(risk), self.instrument(risk));
                let price = self.price(risk, instrument);
                let quantity = self.quantity(risk, instrument);
                Command::ReplaceOrder { instrument, account, order, new_order, price, quantity }
            }
            44..=46 => {
                let (account, asset) = (self.account(risk), self.asset(risk));
                Command::Deposit { account, asset, amount: Amount(self.number()) }
            }
            47..=48 => {
                let (account, asset) = (self.account(risk), self.asset(risk));
                Command::Withdraw { account, asset, amount: Amount(self.number()) }
            }
            49 => Command::OpenAccount { account: self.account(risk), tier: self.byte() % 4 },
            50 => Command::SetAccountTier { account: self.account(risk), tier: self.byte() % 4 },
            51 => Command::DefineTier {
                tier: self.byte() % 4,
                limits: AccountTier {
                    open_orders_max: self.number32(),
                    order_notional_max: self.number(),
                    balance_max: self.number(),
                    fee_discount: self.millionths(),
                },
            },
            52..=53 => Command::ListInstrument(Box::new(self.spec(risk))),
            54..=57 => Command::SetTradingState {
                scope: match self.byte() % 3 {
                    0 => Scope::Venue,
                    1 => Scope::Instrument(self.instrument(risk)),
                    _ => Scope::Account(self.account(risk)),
                },
                state: match self.byte() % 4 {
                    0 => TradingState::Halted,
                    1 => TradingState::Killed,
                    _ => TradingState::Open,
                },
            },
            _ => Command::Tick,
        }
    }

    fn order(&mut self, risk: &Risk, now: TimestampNs) -> NewOrder {
        let (order, account) = (self.order_id(), self.account(risk));
        let instrument = self.instrument(risk);
        let shape = self.byte();
        let order_type = [OrderType::Limit, OrderType::Limit, OrderType::Market, OrderType::PostOnly]
            [usize::from(shape & 3)];
        let time_in_force = [TimeInForce::Gtc, TimeInForce::Gtd, TimeInForce::Ioc, TimeInForce::Fok]
            [usize::from(shape >> 2 & 3)];
        let self_trade = [
            SelfTradePrevention::CancelTaker,
            SelfTradePrevention::CancelMaker,
            SelfTradePrevention::CancelBoth,
        ][usize::from(shape >> 4) % 3];
        let market = order_type == OrderType::Market;
        let ends = time_in_force == TimeInForce::Gtd;
        NewOrder {
            instrument,
            account,
            order,
            side: if shape >> 7 == 0 { Side::Buy } else { Side::Sell },
            order_type,
            // A market order cannot rest, and one in four of them asks for it all the same.
            time_in_force: if market && shape & 16 == 0 { TimeInForce::Ioc } else { time_in_force },
            self_trade,
            price: if market { Price(0) } else { self.price(risk, instrument) },
            quantity: self.quantity(risk, instrument),
            expires_at: TimestampNs(if ends { now.0.saturating_add(self.number()) } else { 0 }),
        }
    }

    fn spec(&mut self, risk: &Risk) -> InstrumentSpec {
        let (instrument, base, quote) = (self.instrument(risk), self.asset(risk), self.asset(risk));
        let (tick, lot) = (self.number(), self.number());
        let (min, max) = (self.number(), self.number());
        InstrumentSpec {
            base_decimals: self.byte() % 20,
            tick: Price(tick),
            lot: Quantity(lot),
            min_quantity: Quantity(min.saturating_mul(lot)),
            max_quantity: Quantity(max.saturating_mul(lot)),
            position_limit: Quantity(self.number()),
            maker_fee: FeeRate(self.millionths()),
            taker_fee: FeeRate(self.millionths()),
            price_band: self.millionths(),
            reference_price: Price(self.number().saturating_mul(tick)),
            ..spec(instrument.0, base.0, quote.0)
        }
    }

    /// Around the last trade; one in eight is anywhere.
    fn price(&mut self, risk: &Risk, instrument: InstrumentId) -> Price {
        let tick = risk.instruments().nth(instrument.0 as usize).map_or(1, |found| found.spec().tick.0);
        let last = risk.last_price(instrument).map_or(100, |last| u64::from(last.0));
        let ticks = match self.byte() {
            near @ 0..=223 => (last + u64::from(near % 16)).saturating_sub(8),
            _ => self.number(),
        };
        Price(ticks.saturating_mul(tick))
    }

    /// A few of the smallest; one in eight is any number.
    fn quantity(&mut self, risk: &Risk, instrument: InstrumentId) -> Quantity {
        let smallest =
            risk.instruments().nth(instrument.0 as usize).map_or(1, |found| found.spec().min_quantity.0);
        match self.byte() {
            few @ 0..=223 => Quantity(smallest.saturating_mul(u64::from(few % 12))),
            _ => Quantity(self.number()),
        }
    }

    fn order_id(&mut self) -> OrderId {
        match self.byte() {
            few @ 0..=239 => OrderId(u64::from(few % 24) + 1),
            _ => OrderId(self.number()),
        }
    }

    /// One that is there, or the next one.
    fn account(&mut self, risk: &Risk) -> AccountId {
        AccountId(self.below(risk.accounts()))
    }

    fn instrument(&mut self, risk: &Risk) -> InstrumentId {
        InstrumentId(self.below(risk.instruments().len()))
    }

    fn asset(&mut self, risk: &Risk) -> AssetId {
        AssetId(self.below(risk.assets()))
    }

    /// Below `count`; the largest byte is `count` itself.
    fn below(&mut self, count: usize) -> u32 {
        let byte = usize::from(self.byte());
        let number = if byte == 255 || count == 0 { count } else { byte % count };
        number as u32
    }

    fn side(&mut self) -> Side {
        if self.flag() { Side::Buy } else { Side::Sell }
    }

    fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    /// At most a million, mostly.
    fn millionths(&mut self) -> u32 {
        match self.byte() {
            part @ 0..=249 => u32::from(part) * 4_000,
            250 => 1,
            251 => 999_999,
            252 => 1_000_000,
            _ => self.number32(),
        }
    }

    fn number32(&mut self) -> u32 {
        u32::try_from(self.number()).unwrap_or(u32::MAX)
    }

    /// Any number: small ones, powers of two and the largest by one byte.
    fn number(&mut self) -> u64 {
        match self.byte() {
            small @ 0..=149 => u64::from(small),
            power @ 150..=213 => 1 << (power - 150),
            power @ 214..=237 => (1_u64 << (2 * (power - 214) + 17)) - 1,
            large @ 238..=247 => u64::MAX - u64::from(large - 238),
            248..=249 => 10_u64.pow(u32::from(self.byte() % 20)),
            _ => u64::from_le_bytes(std::array::from_fn(|_| self.byte())),
        }
    }

    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.bytes.split_first() else { return 0 };
        self.bytes = rest;
        *first
    }
}

/// An instrument of whole numbers: one lot at one tick costs one minor unit of the quote asset.
fn spec(instrument: u32, base: u32, quote: u32) -> InstrumentSpec {
    InstrumentSpec {
        instrument: InstrumentId(instrument),
        symbol: Symbol::new("BTC-USD").expect("a symbol"),
        base: AssetId(base),
        quote: AssetId(quote),
        base_decimals: 0,
        tick: Price(1),
        lot: Quantity(1),
        min_quantity: Quantity(1),
        max_quantity: Quantity(1_000_000),
        position_limit: Quantity(0),
        maker_fee: FeeRate(1_000),
        taker_fee: FeeRate(333_333),
        price_band: 0,
        reference_price: Price(100),
    }
}

/// The same in steps that are so many times as large.
fn scaled(spec: InstrumentSpec, times: u64) -> InstrumentSpec {
    InstrumentSpec {
        min_quantity: Quantity(spec.min_quantity.0 * times),
        max_quantity: Quantity(spec.max_quantity.0 * times),
        reference_price: Price(spec.reference_price.0 * times),
        ..spec
    }
}
