//! A trader: submits orders, keeps in mind which of them should rest, and changes or cancels those.
//!
//! Its picture of its own orders is what it was told and no more: orders that others have filled still stand in it, so some of
//! what it asks concerns orders that are gone, as with real clients.

use exchange_types::{
    AccountId, Amount, AssetId, Command, Event, InstrumentId, InstrumentSpec, NewOrder, OrderId, OrderType,
    Price, Quantity, RejectReason, SelfTradePrevention, Side, TimeInForce, TimestampNs,
};

use super::market::Market;
use super::mix::{Mix, TraderOperation};
use super::opaque;
use super::requests::Requests;
use crate::random::Random;

/// Orders a trader keeps in mind at most; older ones are forgotten and rest on.
const REMEMBERED_MAX: usize = 500;

/// An order that rests as far as its owner knows.
#[derive(Debug, Clone, Copy)]
struct Known {
    order: OrderId,
    instrument: InstrumentId,
    account: AccountId,
}

/// A source of one trader's commands.
#[derive(Debug)]
pub struct Trader {
    number: usize,
    traders: usize,
    accounts: Vec<AccountId>,
    instruments: Vec<InstrumentSpec>,
    assets: u32,
    mix: Mix,
    random: Random,
    /// The middle of each instrument as this trader sees it, in ticks.
    middles: Vec<u64>,
    known: Vec<Known>,
    orders_made: u64,
    requests: Requests,
}

impl Trader {
    /// A trader with its accounts.
    #[must_use]
    pub fn new(number: usize, traders: usize, market: &Market, mix: &Mix, random: Random) -> Self {
        let middle = |spec: &InstrumentSpec| spec.reference_price.0 / spec.tick.0;
        Self {
            number,
            traders,
            accounts: market.accounts_of(number).collect(),
            instruments: market.instruments.clone(),
            assets: market.assets,
            mix: mix.clone(),
            random,
            middles: market.instruments.iter().map(middle).collect(),
            known: Vec::new(),
            orders_made: 0,
            requests: Requests::new(number),
        }
    }

    /// Learns from the events of one of its commands.
    pub fn told(&mut self, events: &[Event]) {
        for event in events {
            match *event {
                // A spoilt order may have come to rest where this trader does not trade.
                Event::Rested { order, instrument, account, .. }
                    if self.accounts.contains(&account)
                        && (instrument.0 as usize) < self.instruments.len() =>
                {
                    if self.known.len() == REMEMBERED_MAX {
                        self.known.remove(0);
                    }
                    self.known.push(Known { order, instrument, account });
                }
                Event::Cancelled { order, .. }
                | Event::Rejected { order, reason: RejectReason::UnknownOrder, .. } => {
                    self.known.retain(|known| known.order != order)
                }
                Event::Trade(trade) => {
                    if let Some(middle) = self.middles.get_mut(trade.instrument.0 as usize) {
                        *middle = u64::from(trade.price.0);
                    }
                    if trade.maker_remaining.0 == 0 {
                        self.known.retain(|known| known.order != trade.maker);
                    }
                }
                _ => {}
            }
        }
    }

    /// The next payload, at this time.
    pub fn next(&mut self, now: TimestampNs) -> Vec<u8> {
        let operation = self.mix.draw(&mut self.random);
        let command = self.command(operation, now);
        let mut payload = self.requests.write(&command, &self.mix, &mut self.random);
        if operation == TraderOperation::Malformed {
            let tag = ((self.number as u64) << 32) | self.orders_made;
            super::malformed::spoil(&mut payload, tag, &mut self.random);
        }
        payload
    }

    fn command(&mut self, operation: TraderOperation, now: TimestampNs) -> Command {
        use TraderOperation as Op;
        match operation {
            Op::Cancel => self.cancel(now),
            Op::Reduce => match self.pick_known() {
                Some(known) => {
                    let by = self.quantity(known.instrument);
                    Command::ReduceOrder {
                        instrument: known.instrument,
                        account: known.account,
                        order: known.order,
                        by,
                    }
                }
                None => Command::NewOrder(self.order(Op::Passive, now)),
            },
            Op::Replace => match self.pick_known() {
                Some(known) => {
                    let order = self.order_at(known.instrument, Op::Passive, now);
                    Command::ReplaceOrder {
                        instrument: known.instrument,
                        account: known.account,
                        order: known.order,
                        new_order: order.order,
                        price: order.price,
                        quantity: order.quantity,
                    }
                }
                None => Command::NewOrder(self.order(Op::Passive, now)),
            },
            Op::MassCancel => {
                let instrument = self.random.permille(500).then(|| self.instrument());
                let side = self.random.permille(300).then(|| self.side());
                Command::MassCancel { account: self.account(), instrument, side }
            }
            Op::Deposit => {
                let (asset, amount) = self.money();
                Command::Deposit { account: self.account(), asset, amount }
            }
            Op::Withdraw => {
                let (asset, amount) = self.money();
                Command::Withdraw { account: self.account(), asset, amount }
            }
            Op::Wrong => self.wrong(now),
            _ => Command::NewOrder(self.order(operation, now)),
        }
    }

    fn cancel(&mut self, now: TimestampNs) -> Command {
        match self.pick_known() {
            Some(Known { order, instrument, account }) => Command::CancelOrder { instrument, account, order },
            None => Command::NewOrder(self.order(TraderOperation::Passive, now)),
        }
    }

    fn order(&mut self, operation: TraderOperation, now: TimestampNs) -> NewOrder {
        let instrument = self.instrument();
        self.order_at(instrument, operation, now)
    }

    fn order_at(
        &mut self,
        instrument: InstrumentId,
        operation: TraderOperation,
        now: TimestampNs,
    ) -> NewOrder {
        use TraderOperation as Op;
        let side = self.side();
        let (order_type, time_in_force) = match operation {
            Op::Immediate => (OrderType::Limit, TimeInForce::Ioc),
            Op::FillOrKill => (OrderType::Limit, TimeInForce::Fok),
            Op::Market if self.random.permille(700) => (OrderType::Market, TimeInForce::Ioc),
            Op::Market => (OrderType::Market, TimeInForce::Fok),
            Op::PostOnly => (OrderType::PostOnly, TimeInForce::Gtc),
            Op::GoodTillDate if self.random.permille(200) => (OrderType::PostOnly, TimeInForce::Gtd),
            Op::GoodTillDate => (OrderType::Limit, TimeInForce::Gtd),
            _ => (OrderType::Limit, TimeInForce::Gtc),
        };
        let crossing = matches!(operation, Op::Aggressive | Op::Immediate | Op::FillOrKill);
        let price = match operation {
            Op::Market => Price(0),
            Op::FarAway => self.far_price(instrument),
            _ => self.price(instrument, side, crossing),
        };
        let expires_at = if time_in_force == TimeInForce::Gtd {
            TimestampNs(now.0 + self.random.range(1, self.mix.life_max_ns))
        } else {
            TimestampNs(0)
        };
        let self_trade = match self.random.below(4) {
            0 => SelfTradePrevention::CancelMaker,
            1 => SelfTradePrevention::CancelBoth,
            _ => SelfTradePrevention::CancelTaker,
        };
        let (account, order) = (self.account(), self.next_order());
        let quantity = self.quantity(instrument);
        NewOrder {
            instrument,
            account,
            order,
            side,
            order_type,
            time_in_force,
            self_trade,
            price,
            quantity,
            expires_at,
        }
    }

    /// A command that is wrong in one field, or at odds with another.
    fn wrong(&mut self, now: TimestampNs) -> Command {
        let mut order = self.order(TraderOperation::Passive, now);
        let known = self.pick_known();
        match self.random.below(20) {
            0 => order.price = Price(order.price.0 + 1),
            1 => order.price = Price(u64::MAX - self.random.below(1_000)),
            2 => order.price = Price(0),
            3 => order.quantity = Quantity(order.quantity.0 + 1),
            4 => order.quantity = Quantity(0),
            5 => order.quantity = Quantity(u64::MAX - self.random.below(1_000)),
            6 => order.instrument = InstrumentId(self.random.magnitude(1, u64::from(u32::MAX)) as u32 + 3),
            7 => order.account = AccountId(1_000_000 + self.number as u32),
            8 => {
                let (instrument, account) = (self.instrument(), self.account());
                return Command::CancelOrder { instrument, account, order: OrderId(0) };
            }
            9 => order.expires_at = TimestampNs(now.0 + 1_000_000),
            10 => {
                order.time_in_force = TimeInForce::Gtd;
                order.expires_at = TimestampNs(self.random.below(now.0 + 1));
            }
            11 => order.order_type = OrderType::Market,
            12 => {
                order.order_type = OrderType::PostOnly;
                order.time_in_force = TimeInForce::Ioc;
            }
            13 => {
                if let Some(known) = known {
                    order.order = known.order;
                }
            }
            // Another account's order, or nobody's.
            14 => {
                let order = OrderId(self.random.bits());
                return Command::CancelOrder {
                    instrument: self.instrument(),
                    account: self.account(),
                    order,
                };
            }
            15 => {
                if let Some(known) = known {
                    let account = self.account();
                    return Command::CancelOrder {
                        instrument: known.instrument,
                        account,
                        order: known.order,
                    };
                }
            }
            16 => {
                let asset = AssetId(self.assets + self.random.below(3) as u32);
                return Command::Deposit { account: self.account(), asset, amount: Amount(1) };
            }
            17 => {
                let amount = Amount(u64::MAX - self.random.below(3));
                return Command::Deposit { account: self.account(), asset: AssetId(0), amount };
            }
            18 => {
                let amount = Amount(self.random.below(2) * u64::MAX);
                return Command::Withdraw { account: self.account(), asset: AssetId(0), amount };
            }
            _ => order.quantity = Quantity(order.quantity.0.saturating_mul(1_000_000)),
        }
        Command::NewOrder(order)
    }

    fn next_order(&mut self) -> OrderId {
        let number = self.orders_made * self.traders as u64 + self.number as u64 + 1;
        self.orders_made += 1;
        if self.random.permille(self.mix.unnamed) {
            return OrderId(0);
        }
        OrderId(if self.mix.dense_ids { number } else { opaque(number) })
    }

    fn price(&mut self, instrument: InstrumentId, side: Side, crossing: bool) -> Price {
        let index = instrument.0 as usize;
        if self.random.permille(100) {
            let step = self.random.range(1, 4);
            let middle = self.middles[index];
            self.middles[index] =
                if self.random.permille(500) { middle + step } else { middle.saturating_sub(step).max(2) };
        }
        let distance = 1 + self.random.geometric(self.mix.distance_ticks);
        let up = (side == Side::Sell) != crossing;
        let middle = self.middles[index];
        let ticks = if up { middle + distance } else { middle.saturating_sub(distance).max(1) };
        Price(ticks.saturating_mul(self.instruments[index].tick.0))
    }

    fn far_price(&mut self, instrument: InstrumentId) -> Price {
        let ticks = self.random.magnitude(1, 1 << 33);
        Price(ticks.saturating_mul(self.instruments[instrument.0 as usize].tick.0))
    }

    fn quantity(&mut self, instrument: InstrumentId) -> Quantity {
        let spec = &self.instruments[instrument.0 as usize];
        Quantity(spec.lot.0 * self.random.magnitude(1, self.mix.lots_max))
    }

    fn money(&mut self) -> (AssetId, Amount) {
        let asset = AssetId(self.random.below(u64::from(self.assets)) as u32);
        // Odd: see the administrator.
        (asset, Amount(self.random.magnitude(1, 1 << 40) | 1))
    }

    fn pick_known(&mut self) -> Option<Known> {
        self.random.pick(&self.known).copied()
    }

    fn instrument(&mut self) -> InstrumentId {
        InstrumentId(self.random.index(self.instruments.len()) as u32)
    }

    fn account(&mut self) -> AccountId {
        self.random.pick(&self.accounts).copied().unwrap_or_default()
    }

    fn side(&mut self) -> Side {
        if self.random.permille(500) { Side::Buy } else { Side::Sell }
    }
}
