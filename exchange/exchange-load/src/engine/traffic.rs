//! What the engine is measured with: a venue of many accounts and a few instruments, and commands as they stand in the log.
//!
//! The generator runs an engine of its own, because only that knows which orders live. A newcomer needs to know one thing:
//! the stream is a pure function of its [`Traffic`], frames and all.

use std::collections::HashMap;

use exchange_core::book::OrderBook;
use exchange_core::matching::BookMaker;
use exchange_core::{Engine, FastEngine};
use exchange_types::codec::{FrameHeader, PayloadError, encode_frame_with};
use exchange_types::{
    AccountId, AccountTier, Amount, AssetId, Command, CommandHeader, Epoch, Event, EventBuffer, FeeRate,
    InstrumentId, InstrumentSpec, NewOrder, OrderId, OrderType, Price, Quantity, SelfTradePrevention, Side,
    Symbol, TimeInForce, TimestampNs, encode_command,
};

use crate::flow::{Random, scrambled};

/// What kind of stream.
#[derive(Debug, Clone, Copy)]
pub struct Traffic {
    /// Orders that live when the measured part begins, and about as many until its end.
    pub live_orders: usize,
    /// Accounts, each with more money than it can use.
    pub accounts: u32,
    /// Instruments, all with the same quote asset.
    pub instruments: u32,
    /// Commands of the measured part.
    pub commands: usize,
    /// The mean distance of a resting order from the best price, in ticks.
    pub mean_distance: u64,
    /// What it is made from.
    pub seed: u64,
}

/// Commands as the log has them: frames, one behind the other.
#[derive(Debug, Clone, Default)]
pub struct Log {
    /// The frames.
    pub bytes: Vec<u8>,
    /// How many.
    pub commands: usize,
    /// How many events they make, checkpoints included.
    pub events: usize,
}

/// A venue and what happens there next.
#[derive(Debug)]
pub struct Scene {
    /// The commands that open the venue and fill its books.
    pub opening: Log,
    /// The commands that are measured.
    pub measured: Log,
    /// The state hash after all of them.
    pub state_hash: u64,
}

const TICK: u64 = 10_000;
const LOT: u64 = 10_000;
const QUOTE: AssetId = AssetId(1);
const REFERENCE_TICKS: u64 = 100_000;

impl Traffic {
    /// Makes the stream.
    ///
    /// # Errors
    /// None in practice: a command always fits a frame.
    pub fn generate(&self) -> Result<Scene, PayloadError> {
        let mut generator = Generator::new(self);
        let mut opening = Log::default();
        for command in self.opening() {
            generator.fold(&command, &mut opening)?;
        }
        while generator.live.len() < self.live_orders {
            let command = generator.passive();
            generator.fold(&command, &mut opening)?;
        }
        let mut measured = Log::default();
        for _ in 0..self.commands {
            let command = generator.next();
            generator.fold(&command, &mut measured)?;
        }
        Ok(Scene { opening, measured, state_hash: generator.engine.state_hash() })
    }

    /// Tiers, instruments, accounts and money.
    fn opening(&self) -> Vec<Command> {
        let limits = AccountTier {
            open_orders_max: 1_000_000,
            order_notional_max: u64::MAX,
            balance_max: u64::MAX,
            fee_discount: 0,
        };
        let discounted = AccountTier { fee_discount: 250_000, ..limits };
        let mut commands = vec![
            Command::DefineTier { tier: 0, limits },
            Command::DefineTier { tier: 1, limits: discounted },
        ];
        commands.extend((0..self.instruments).map(|number| Command::ListInstrument(Box::new(spec(number)))));
        for account in (0..self.accounts).map(AccountId) {
            commands.push(Command::OpenAccount { account, tier: (account.0 % 2) as u8 });
            for asset in (0..=self.instruments).map(AssetId) {
                commands.push(Command::Deposit { account, asset, amount: Amount(1 << 53) });
            }
        }
        commands
    }
}

fn spec(number: u32) -> InstrumentSpec {
    // No constant of the engine depends on the name, and it may be the same everywhere.
    let symbol = Symbol::new("BASE-USD").expect("a symbol of upper-case letters and a dash");
    InstrumentSpec {
        instrument: InstrumentId(number),
        symbol,
        base: if number == 0 { AssetId(0) } else { AssetId(number + 1) },
        quote: QUOTE,
        base_decimals: 8,
        tick: Price(TICK),
        lot: Quantity(LOT),
        min_quantity: Quantity(LOT),
        max_quantity: Quantity(1_000_000 * LOT),
        position_limit: Quantity(1 << 60),
        maker_fee: FeeRate(200),
        taker_fee: FeeRate(500),
        price_band: 200_000,
        reference_price: Price(REFERENCE_TICKS * TICK),
    }
}

/// A live order, as far as the generator has to know it.
#[derive(Debug, Clone, Copy)]
struct Live {
    order: OrderId,
    instrument: InstrumentId,
    account: AccountId,
}

/// Makes commands that fit the state of an engine.
struct Generator<'a> {
    traffic: &'a Traffic,
    random: Random,
    engine: FastEngine,
    events: EventBuffer,
    live: Vec<Live>,
    places: HashMap<OrderId, usize>,
    orders: u64,
}

impl<'a> Generator<'a> {
    fn new(traffic: &'a Traffic) -> Self {
        Self {
            traffic,
            random: Random::new(traffic.seed),
            engine: Engine::new(BookMaker::fast()),
            events: EventBuffer::new(),
            live: Vec::new(),
            places: HashMap::new(),
            orders: 0,
        }
    }

    /// Appends a command to a log and carries it out.
    fn fold(&mut self, command: &Command, log: &mut Log) -> Result<(), PayloadError> {
        let time = TimestampNs(self.engine.time().0 + 150 + self.random.below(100));
        let sequence = self.engine.sequence().next();
        let header = FrameHeader { epoch: Epoch(1), sequence, time };
        encode_frame_with(header, &mut log.bytes, |out| encode_command(command, out))?;
        self.events.clear();
        self.engine.apply(&CommandHeader { sequence, time }, command, &mut self.events);
        log.commands += 1;
        log.events += self.events.len();
        for event in &self.events {
            match *event {
                Event::Rested { order, instrument, account, .. } => {
                    self.places.insert(order, self.live.len());
                    self.live.push(Live { order, instrument, account });
                }
                Event::Cancelled { order, rested: true, .. } => {
                    forget(&mut self.live, &mut self.places, order)
                }
                Event::Trade(trade) if trade.maker_remaining.0 == 0 => {
                    forget(&mut self.live, &mut self.places, trade.maker);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Of a hundred commands 50 add to the book, 36 cancel, 8 take, 4 replace, 2 reduce; more or fewer add and cancel where
    /// the number of live orders has drifted by a hundredth. One cancel in two hundred comes too late.
    fn next(&mut self) -> Command {
        let (target, live) = (self.traffic.live_orders, self.live.len());
        let kind = self.random.below(100);
        let adds = if live > target + target / 100 {
            25
        } else if live + target / 100 < target {
            75
        } else {
            50
        };
        match kind {
            _ if self.live.is_empty() => self.passive(),
            0..8 => self.aggressive(),
            8..12 => self.replace(),
            12..14 => self.reduce(),
            _ if kind < 14 + adds => self.passive(),
            _ => self.cancel(),
        }
    }

    /// The price this far behind the best opposite one, where an order rests.
    fn resting_price(&mut self, instrument: InstrumentId, side: Side) -> Price {
        // A product of two draws: its mean is a quarter of the bound, and small distances are frequent.
        let spread = self.random.below(4 * self.traffic.mean_distance + 1);
        let distance = 1 + self.random.below(spread + 1);
        let book = self.engine.matching().book(instrument);
        let opposite = book.and_then(|book| book.best(side.opposite()));
        let best = opposite.map_or(REFERENCE_TICKS, |price| u64::from(price.0));
        Price(TICK * if side == Side::Buy { best - distance } else { best + distance })
    }

    fn new_order(
        &mut self,
        instrument: InstrumentId,
        side: Side,
        price: Price,
        time: TimeInForce,
    ) -> NewOrder {
        self.orders += 1;
        let lives = 1_000 + self.random.below(400_000_000);
        let expires_at = if time == TimeInForce::Gtd { self.engine.time().0 + lives } else { 0 };
        NewOrder {
            instrument,
            account: AccountId(self.random.below(self.traffic.accounts.into()) as u32),
            order: OrderId(scrambled(self.orders)),
            side,
            order_type: OrderType::Limit,
            time_in_force: time,
            self_trade: SelfTradePrevention::CancelTaker,
            price,
            quantity: Quantity(LOT * (1 + self.random.below(100))),
            expires_at: TimestampNs(expires_at),
        }
    }

    fn somewhere(&mut self) -> (InstrumentId, Side) {
        let instrument = InstrumentId(self.random.below(self.traffic.instruments.into()) as u32);
        (instrument, if self.random.one_in(2) { Side::Buy } else { Side::Sell })
    }

    fn passive(&mut self) -> Command {
        let (instrument, side) = self.somewhere();
        let price = self.resting_price(instrument, side);
        let time = if self.random.one_in(50) { TimeInForce::Gtd } else { TimeInForce::Gtc };
        Command::NewOrder(self.new_order(instrument, side, price, time))
    }

    /// An order at the best opposite price or up to three ticks through it.
    fn aggressive(&mut self) -> Command {
        let (instrument, side) = self.somewhere();
        let through = TICK * self.random.below(4);
        // One tick behind the best opposite price is what rests closest; from there it is one tick to the touch.
        let best = self.engine.matching().book(instrument).and_then(|book| book.best(side.opposite()));
        let best = TICK * best.map_or(REFERENCE_TICKS, |price| u64::from(price.0));
        let price = Price(if side == Side::Buy { best + through } else { best - through });
        let time = if self.random.one_in(2) { TimeInForce::Ioc } else { TimeInForce::Gtc };
        Command::NewOrder(self.new_order(instrument, side, price, time))
    }

    fn pick(&mut self) -> Live {
        self.live[self.random.below(self.live.len() as u64) as usize]
    }

    fn cancel(&mut self) -> Command {
        let Live { order, instrument, account } = self.pick();
        // An id that never was stands for one that is gone.
        let order = if self.random.one_in(200) { OrderId(order.0 ^ 1) } else { order };
        Command::CancelOrder { instrument, account, order }
    }

    fn reduce(&mut self) -> Command {
        let Live { order, instrument, account } = self.pick();
        let by = Quantity(LOT * (1 + self.random.below(20)));
        Command::ReduceOrder { instrument, account, order, by }
    }

    fn replace(&mut self) -> Command {
        let Live { order, instrument, account } = self.pick();
        let side = self.engine.risk().order(order).map_or(Side::Buy, |open| open.side);
        let price = self.resting_price(instrument, side);
        self.orders += 1;
        let quantity = Quantity(LOT * (1 + self.random.below(100)));
        let new_order = OrderId(scrambled(self.orders));
        Command::ReplaceOrder { instrument, account, order, new_order, price, quantity }
    }
}

fn forget(live: &mut Vec<Live>, places: &mut HashMap<OrderId, usize>, order: OrderId) {
    let Some(place) = places.remove(&order) else { return };
    live.swap_remove(place);
    if let Some(moved) = live.get(place) {
        places.insert(moved.order, place);
    }
}
