//! A venue at work, made from a seed: requests of every kind, some of them wrong, some of them repeated.

use exchange_service::markets::Markets;
use exchange_types::{
    AccountId, Amount, Command, IdempotencyKey, InstrumentId, NewOrder, OrderId, OrderType, Price, Quantity,
    RequestHead, RequestId, SelfTradePrevention, Side, TimeInForce, TimestampNs, encode_request,
};

/// How many accounts trade.
pub(crate) const ACCOUNTS: u32 = 4;

/// How many markets they trade in.
pub(crate) const MARKETS: u32 = 2;

/// Makes requests.
pub(crate) struct Flow {
    markets: Markets,
    random: u64,
    sequence: u64,
    /// What was sent last under a key, to be sent again.
    keyed: Option<(Command, u128)>,
}

impl Flow {
    pub(crate) fn new(seed: u64) -> Self {
        Self { markets: Markets::embedded(), random: seed, sequence: 0, keyed: None }
    }

    /// SplitMix64.
    fn next(&mut self, below: u64) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut number = self.random;
        number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (number ^ (number >> 31)) % below
    }

    /// The next payloads of a log that begins with the first.
    pub(crate) fn payloads(&mut self, count: usize) -> Vec<Vec<u8>> {
        (0..count).map(|_| self.payload()).collect()
    }

    fn payload(&mut self) -> Vec<u8> {
        self.sequence += 1;
        let opening = self.opening();
        let (command, key) = match (opening, self.next(20)) {
            (Some(command), _) => (command, None),
            (None, 0) => {
                self.keyed.clone().map_or((Command::Tick, None), |(command, key)| (command, Some(key)))
            }
            (None, 1..6) => {
                let (command, key) = (self.command(), u128::from(self.sequence));
                self.keyed = Some((command.clone(), key));
                (command, Some(key))
            }
            (None, _) => (self.command(), None),
        };
        let mut payload = Vec::new();
        let head = RequestHead { id: RequestId(self.sequence), key: key.and_then(IdempotencyKey::new) };
        encode_request(&head, &command, &mut payload);
        payload
    }

    /// What comes first: tiers, instruments, accounts, money.
    fn opening(&self) -> Option<Command> {
        let mut commands = Vec::new();
        for (tier, found) in (0..).zip(&self.markets.tiers) {
            commands.push(Command::DefineTier { tier, limits: found.limits });
        }
        for market in &self.markets.markets {
            commands.push(Command::ListInstrument(Box::new(market.instrument.spec().clone())));
        }
        for account in (0..ACCOUNTS).map(AccountId) {
            commands.push(Command::OpenAccount { account, tier: 0 });
            for (asset, found) in (0..).zip(&self.markets.assets) {
                let amount = Amount(100_000 * 10_u64.pow(found.decimals.into()));
                commands.push(Command::Deposit { account, asset: exchange_types::AssetId(asset), amount });
            }
        }
        commands.into_iter().nth(usize::try_from(self.sequence).unwrap_or(usize::MAX) - 1)
    }

    fn command(&mut self) -> Command {
        let account = AccountId(self.next(u64::from(ACCOUNTS)) as u32);
        let instrument = InstrumentId(self.next(u64::from(MARKETS)) as u32);
        // Most orders that are named lived not long ago.
        let order = OrderId(self.sequence.saturating_sub(1 + self.next(12)));
        match self.next(20) {
            0..12 => self.new_order(account, instrument),
            12..15 => Command::CancelOrder { instrument, account, order },
            15 => Command::ReduceOrder { instrument, account, order, by: self.quantity(instrument) },
            16 | 17 => {
                let (price, quantity) = (self.price(instrument), self.quantity(instrument));
                Command::ReplaceOrder { instrument, account, order, new_order: OrderId(0), price, quantity }
            }
            18 if self.next(4) == 0 => {
                Command::MassCancel { account, instrument: Some(instrument), side: None }
            }
            _ => Command::Tick,
        }
    }

    fn new_order(&mut self, account: AccountId, instrument: InstrumentId) -> Command {
        let side = if self.next(2) == 0 { Side::Buy } else { Side::Sell };
        let (order_type, time_in_force) = match self.next(10) {
            0 => (OrderType::Market, TimeInForce::Ioc),
            1 => (OrderType::PostOnly, TimeInForce::Gtc),
            2 => (OrderType::Limit, TimeInForce::Ioc),
            3 => (OrderType::Limit, TimeInForce::Fok),
            4 => (OrderType::Limit, TimeInForce::Gtd),
            _ => (OrderType::Limit, TimeInForce::Gtc),
        };
        let price = if order_type == OrderType::Market { Price(0) } else { self.price(instrument) };
        // Long after any test, or long before it.
        let expires_at = match time_in_force {
            TimeInForce::Gtd => TimestampNs(u64::MAX >> (8 * self.next(2))),
            _ => TimestampNs(0),
        };
        Command::NewOrder(NewOrder {
            instrument,
            account,
            order: OrderId(0),
            side,
            order_type,
            time_in_force,
            self_trade: SelfTradePrevention::CancelMaker,
            price,
            quantity: self.quantity(instrument),
            expires_at,
        })
    }

    /// Around the reference price, so that orders meet.
    fn price(&mut self, instrument: InstrumentId) -> Price {
        let steps = self.next(11);
        let spec = self.markets.markets[instrument.0 as usize].instrument.spec();
        Price(spec.reference_price.0 + spec.tick.0 * steps - 5 * spec.tick.0)
    }

    fn quantity(&mut self, instrument: InstrumentId) -> Quantity {
        let lots = self.next(5);
        let spec = self.markets.markets[instrument.0 as usize].instrument.spec();
        // One in five is no quantity at all.
        Quantity(spec.min_quantity.0 * lots)
    }
}
