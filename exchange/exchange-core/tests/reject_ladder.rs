//! The ladder of reject reasons, walked: for every command and every reason it can meet, a command with that fault is rejected
//! with that reason and changes nothing; with two faults, the reason that is tested first is the answer.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::collections::BTreeSet;

use exchange_types::{
    AccountId, AccountTier, Amount, AssetId, Command, InstrumentId, InstrumentSpec, NewOrder, OrderId,
    OrderType, Price, Quantity, RejectReason, Scope, SelfTradePrevention, Side, TimeInForce, TimestampNs,
    TradingState,
};
use support::{GENEROUS, Venue, plain_spec};

/// The commands, and a second form of those whose reasons differ by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    NewOrder,
    Cancel,
    MassCancel,
    Reduce,
    Replace,
    Deposit,
    Withdraw,
    OpenAccount,
    SetAccountTier,
    DefineTier,
    ListInstrument,
    SetInstrumentState,
    SetAccountState,
}

/// Which reasons a command can meet: the table at the head of `risk/ladder.rs`, and the book's reasons.
fn rungs(kind: Kind) -> Vec<RejectReason> {
    use RejectReason::*;
    let halts = [VenueHalted, InstrumentHalted, AccountHalted];
    let terms = [
        QuantityZero,
        QuantityOffLot,
        QuantityBelowMinimum,
        QuantityAboveMaximum,
        PriceZero,
        PriceOffTick,
        PriceOverflow,
        PriceOutsideBand,
        NotionalOverflow,
        NotionalAboveMaximum,
    ];
    let funds = [PositionLimit, BalanceOverflow, InsufficientFunds];
    match kind {
        Kind::NewOrder => [
            &[UnknownAccount, UnknownInstrument],
            &halts[..],
            &[DuplicateOrderId, MarketMustNotRest, PostOnlyMustRest, MarketWithPrice],
            &[ExpiryMismatch, ExpiryInPast],
            &terms,
            &[OpenOrdersLimit],
            &funds,
            &[PostOnlyWouldCross, FillOrKillUnfillable],
        ]
        .concat(),
        Kind::Replace => [
            &[UnknownAccount, UnknownInstrument],
            &halts[..],
            &[ZeroOrderId, UnknownOrder, NotOrderOwner, DuplicateOrderId],
            &terms,
            &funds,
        ]
        .concat(),
        Kind::Cancel => vec![UnknownAccount, UnknownInstrument, ZeroOrderId, UnknownOrder, NotOrderOwner],
        Kind::Reduce => vec![
            UnknownAccount,
            UnknownInstrument,
            ZeroOrderId,
            UnknownOrder,
            NotOrderOwner,
            QuantityZero,
            QuantityOffLot,
        ],
        Kind::MassCancel => vec![UnknownAccount, UnknownInstrument],
        Kind::Deposit => vec![UnknownAccount, UnknownAsset, AmountZero, BalanceLimit, BalanceOverflow],
        Kind::Withdraw => vec![UnknownAccount, UnknownAsset, AmountZero, InsufficientFunds],
        Kind::OpenAccount => vec![UnknownTier, OutOfOrder],
        Kind::SetAccountTier => vec![UnknownAccount, UnknownTier],
        Kind::DefineTier | Kind::ListInstrument => vec![OutOfOrder, InvalidDefinition],
        Kind::SetInstrumentState => vec![UnknownInstrument],
        Kind::SetAccountState => vec![UnknownAccount],
    }
}

const KINDS: [Kind; 13] = [
    Kind::NewOrder,
    Kind::Cancel,
    Kind::MassCancel,
    Kind::Reduce,
    Kind::Replace,
    Kind::Deposit,
    Kind::Withdraw,
    Kind::OpenAccount,
    Kind::SetAccountTier,
    Kind::DefineTier,
    Kind::ListInstrument,
    Kind::SetInstrumentState,
    Kind::SetAccountState,
];

const ALICE: AccountId = AccountId(0);
const BOB: AccountId = AccountId(1);
const USD: AssetId = AssetId(1);
/// Tick 5, lot 10, a band of half the last price, a position limit.
const PLAIN: InstrumentId = InstrumentId(0);
/// One lot at one tick is 2^52.
const HUGE: InstrumentId = InstrumentId(1);
/// No position limit; Alice may have all of its base asset that can be counted.
const UNLIMITED: InstrumentId = InstrumentId(2);
const ORDER: OrderId = OrderId(1);

/// A command in the making, and the venue it will meet.
struct Case {
    venue: Venue,
    limits: AccountTier,
    account: AccountId,
    next_account: AccountId,
    asset: AssetId,
    amount: u64,
    tier: u8,
    next_tier: u8,
    new_limits: AccountTier,
    spec: InstrumentSpec,
    order: NewOrder,
    old_order: OrderId,
}

fn spec_of(instrument: InstrumentId) -> InstrumentSpec {
    let mut spec = match instrument {
        PLAIN => plain_spec(0, "BTC-USD", 0, 1),
        HUGE => plain_spec(1, "HUGE-USD", 2, 1),
        _ => plain_spec(2, "MANY-USD", 3, 1),
    };
    (spec.tick, spec.lot) = match instrument {
        HUGE => (Price(1 << 20), Quantity(1 << 32)),
        _ => (Price(5), Quantity(10)),
    };
    spec.min_quantity = Quantity(2 * spec.lot.0);
    spec.max_quantity = Quantity(100 * spec.lot.0);
    spec.reference_price = Price(100 * spec.tick.0);
    spec.price_band = 500_000;
    spec.position_limit = Quantity(if instrument == UNLIMITED { 0 } else { 1 << 40 });
    spec
}

impl Case {
    fn new(kind: Kind) -> Self {
        let mut venue = Venue::new();
        venue.apply(&Command::DefineTier { tier: 0, limits: GENEROUS });
        for instrument in [PLAIN, HUGE, UNLIMITED] {
            venue.apply(&Command::ListInstrument(Box::new(spec_of(instrument))));
        }
        for account in [ALICE, BOB] {
            venue.apply(&Command::OpenAccount { account, tier: 0 });
            for asset in [AssetId(0), USD] {
                venue.apply(&Command::Deposit { account, asset, amount: Amount(1 << 39) });
            }
        }
        let mut case = Self {
            venue,
            limits: GENEROUS,
            account: ALICE,
            next_account: AccountId(2),
            asset: USD,
            amount: 100,
            tier: 0,
            next_tier: 1,
            new_limits: GENEROUS,
            spec: plain_spec(3, "NEW-USD", 4, 1),
            order: NewOrder {
                instrument: PLAIN,
                account: ALICE,
                order: OrderId(10),
                side: Side::Buy,
                order_type: OrderType::Limit,
                time_in_force: TimeInForce::Gtc,
                self_trade: SelfTradePrevention::CancelTaker,
                price: Price(0),
                quantity: Quantity(0),
                expires_at: TimestampNs(0),
            },
            old_order: ORDER,
        };
        case.trade_in(PLAIN);
        // The order that cancels, reductions and replacements are about, and something for sale.
        case.rest(NewOrder { order: ORDER, ..case.order });
        let ask = NewOrder { order: OrderId(2), account: BOB, side: Side::Sell, ..case.order };
        case.rest(NewOrder { price: Price(600), ..ask });
        if kind == Kind::Replace {
            case.order.order = OrderId(11);
        }
        case
    }

    fn rest(&mut self, order: NewOrder) {
        assert_eq!(self.venue.apply(&Command::NewOrder(order)).len(), 1);
        assert!(self.venue.fast.risk().order(order.order).is_some());
    }

    /// Asks for an order that is valid in this instrument.
    fn trade_in(&mut self, instrument: InstrumentId) {
        let spec = spec_of(instrument);
        self.order.instrument = instrument;
        self.order.quantity = Quantity(3 * spec.lot.0);
        self.order.price = spec.reference_price;
    }

    /// Deposits of the base asset of the instrument until Alice has this much.
    fn hold(&mut self, amount: u64) {
        let asset = spec_of(self.order.instrument).base;
        let has = self.venue.fast.risk().balance(ALICE, asset).unwrap().free;
        let amount = Amount(amount - has);
        self.venue.apply(&Command::Deposit { account: ALICE, asset, amount });
    }

    /// Makes the command faulty.
    fn fault(&mut self, kind: Kind, reason: RejectReason) {
        use RejectReason::*;
        let spec = spec_of(self.order.instrument);
        match reason {
            UnknownAccount => {
                self.account = AccountId(99);
                self.order.account = AccountId(99);
            }
            UnknownInstrument => self.order.instrument = InstrumentId(99),
            UnknownAsset => self.asset = AssetId(99),
            UnknownTier => self.tier = 99,
            OutOfOrder => {
                self.next_account = AccountId(99);
                self.next_tier = 99;
                self.spec.instrument = InstrumentId(99);
            }
            InvalidDefinition => {
                self.new_limits.fee_discount = 1_000_001;
                self.spec.lot = Quantity(0);
            }
            VenueHalted => self.halt(Scope::Venue),
            InstrumentHalted => self.halt(Scope::Instrument(self.order.instrument)),
            AccountHalted => self.halt(Scope::Account(ALICE)),
            ZeroOrderId => self.old_order = OrderId(0),
            UnknownOrder => self.old_order = OrderId(99),
            NotOrderOwner => {
                self.order.instrument = PLAIN;
                self.old_order = OrderId(2);
            }
            DuplicateOrderId => self.order.order = ORDER,
            MarketMustNotRest => {
                self.order.order_type = OrderType::Market;
                self.order.time_in_force = TimeInForce::Gtc;
            }
            PostOnlyMustRest => {
                self.order.order_type = OrderType::PostOnly;
                self.order.time_in_force = TimeInForce::Ioc;
            }
            MarketWithPrice => {
                self.order.order_type = OrderType::Market;
                self.order.time_in_force = TimeInForce::Ioc;
                self.order.price = spec.reference_price;
            }
            ExpiryMismatch => {
                self.order.time_in_force = TimeInForce::Gtc;
                self.order.expires_at = TimestampNs(5_000);
            }
            ExpiryInPast => {
                self.order.time_in_force = TimeInForce::Gtd;
                self.order.expires_at = self.venue.now;
            }
            QuantityZero => self.order.quantity = Quantity(0),
            QuantityOffLot => self.order.quantity = Quantity(spec.lot.0 + 1),
            QuantityBelowMinimum => self.order.quantity = spec.lot,
            QuantityAboveMaximum => self.order.quantity = Quantity(101 * spec.lot.0),
            PriceZero => self.order.price = Price(0),
            PriceOffTick => self.order.price = Price(spec.tick.0 + 1),
            PriceOverflow => self.order.price = Price(u64::MAX / spec.tick.0 * spec.tick.0),
            PriceOutsideBand => self.order.price = Price(151 * spec.tick.0),
            NotionalOverflow => self.overflow(kind),
            NotionalAboveMaximum => self.limits.order_notional_max = 1,
            AmountZero => self.amount = 0,
            OpenOrdersLimit => {
                self.limits.open_orders_max = 1;
                self.order.time_in_force = TimeInForce::Gtc;
            }
            PositionLimit => {
                self.trade_in(PLAIN);
                self.old_order = ORDER;
                self.hold(1 << 40);
            }
            BalanceLimit => self.limits.balance_max = 1,
            BalanceOverflow if kind == Kind::Deposit => {
                let asset = self.asset;
                let amount = Amount(u64::MAX - self.venue.fast.risk().supply(asset).unwrap());
                self.venue.apply(&Command::Deposit { account: BOB, asset, amount });
            }
            BalanceOverflow => {
                self.move_to(kind, UNLIMITED);
                self.hold(u64::MAX);
            }
            InsufficientFunds => {
                let amount = Amount(self.venue.fast.risk().balance(ALICE, USD).unwrap().free);
                self.venue.apply(&Command::Withdraw { account: ALICE, asset: USD, amount });
                if kind == Kind::Replace {
                    self.order.quantity = Quantity(4 * spec.lot.0);
                }
            }
            PostOnlyWouldCross => {
                self.order.order_type = OrderType::PostOnly;
                self.order.time_in_force = TimeInForce::Gtc;
                self.order.price = Price(600);
            }
            FillOrKillUnfillable => self.order.time_in_force = TimeInForce::Fok,
            other => panic!("no command of this table can meet {other:?}"),
        }
    }

    fn overflow(&mut self, kind: Kind) {
        self.move_to(kind, HUGE);
        self.order.quantity = Quantity(100 * spec_of(HUGE).lot.0);
    }

    /// A valid order in another instrument; a replacement needs an order there first.
    fn move_to(&mut self, kind: Kind, instrument: InstrumentId) {
        self.trade_in(instrument);
        if kind == Kind::Replace {
            self.venue.apply(&Command::Deposit { account: ALICE, asset: USD, amount: Amount(1 << 60) });
            self.old_order = OrderId(3 + u64::from(instrument.0));
            let spec = spec_of(instrument);
            let (price, quantity) = (Price(50 * spec.tick.0), spec.min_quantity);
            self.rest(NewOrder { order: self.old_order, price, quantity, ..self.order });
        }
    }

    fn halt(&mut self, scope: Scope) {
        self.venue.apply(&Command::SetTradingState { scope, state: TradingState::Halted });
    }

    fn command(&self, kind: Kind) -> Command {
        let (instrument, account, order) = (self.order.instrument, self.account, self.old_order);
        let state = TradingState::Halted;
        match kind {
            Kind::NewOrder => Command::NewOrder(self.order),
            Kind::Cancel => Command::CancelOrder { instrument, account, order },
            Kind::MassCancel => Command::MassCancel { account, instrument: Some(instrument), side: None },
            Kind::Reduce => Command::ReduceOrder { instrument, account, order, by: self.order.quantity },
            Kind::Replace => Command::ReplaceOrder {
                instrument,
                account,
                order,
                new_order: self.order.order,
                price: self.order.price,
                quantity: self.order.quantity,
            },
            Kind::Deposit => Command::Deposit { account, asset: self.asset, amount: Amount(self.amount) },
            Kind::Withdraw => Command::Withdraw { account, asset: self.asset, amount: Amount(self.amount) },
            Kind::OpenAccount => Command::OpenAccount { account: self.next_account, tier: self.tier },
            Kind::SetAccountTier => Command::SetAccountTier { account, tier: self.tier },
            Kind::DefineTier => Command::DefineTier { tier: self.next_tier, limits: self.new_limits },
            Kind::ListInstrument => Command::ListInstrument(Box::new(self.spec.clone())),
            Kind::SetInstrumentState => {
                Command::SetTradingState { scope: Scope::Instrument(instrument), state }
            }
            Kind::SetAccountState => Command::SetTradingState { scope: Scope::Account(account), state },
        }
    }

    /// Applies the command and returns why it was rejected, having checked that a reject changes nothing.
    fn run(&mut self, kind: Kind) -> Option<RejectReason> {
        self.venue.apply(&Command::DefineTier { tier: 0, limits: self.limits });
        let before = self.venue.holdings_hash();
        let reason = self.venue.reason(&self.command(kind));
        if reason.is_some() {
            assert_eq!(before, self.venue.holdings_hash(), "a reject changes nothing");
        }
        self.venue.audit();
        reason
    }
}

#[test]
fn a_command_without_a_fault_is_not_rejected() {
    for kind in KINDS {
        assert_eq!(Case::new(kind).run(kind), None, "{kind:?}");
    }
}

#[test]
fn every_fault_has_its_reason() {
    for kind in KINDS {
        for reason in rungs(kind) {
            let mut case = Case::new(kind);
            case.fault(kind, reason);
            assert_eq!(case.run(kind), Some(reason), "{kind:?}");
        }
    }
}

/// The later fault is made first, so that where both want the same field the earlier one stands.
#[test]
fn of_two_faults_the_one_tested_first_is_the_answer() {
    for kind in KINDS {
        let rungs = rungs(kind);
        for (at, first) in rungs.iter().enumerate() {
            for second in &rungs[at + 1..] {
                let mut case = Case::new(kind);
                case.fault(kind, *second);
                case.fault(kind, *first);
                assert_eq!(case.run(kind), Some(*first), "{kind:?} with {second:?} too");
            }
        }
    }
}

#[test]
fn reasons_are_tested_in_the_order_of_their_numbers() {
    for kind in KINDS {
        assert!(rungs(kind).windows(2).all(|pair| pair[0] < pair[1]), "{kind:?}");
    }
}

/// The decoder's reasons are tested beside the decoder, those of idempotency keys with the keys; three more need a full book, a full venue, or a book with dense ids.
#[test]
fn no_reason_is_left_out() {
    let walked: BTreeSet<RejectReason> = KINDS.into_iter().flat_map(rungs).collect();
    let elsewhere = [
        RejectReason::RequestConflict,
        RejectReason::TooManyRequestsRemembered,
        RejectReason::VenueFull,
        RejectReason::BookFull,
        RejectReason::OrderIdOutOfRange,
    ];
    for reason in RejectReason::ALL {
        let decoders = reason.code() < RejectReason::RequestConflict.code();
        assert!(walked.contains(reason) || decoders || elsewhere.contains(reason), "{reason:?}");
    }
}

#[test]
fn numbers_out_of_order_are_refused_whatever_is_numbered() {
    let mut venue = Venue::new();
    venue.apply(&Command::DefineTier { tier: 0, limits: GENEROUS });
    let list = |instrument, base, quote| {
        Command::ListInstrument(Box::new(plain_spec(instrument, "A-B", base, quote)))
    };
    let out_of_order = Some(RejectReason::OutOfOrder);
    assert_eq!(venue.reason(&list(0, 1, 0)), out_of_order);
    assert_eq!(venue.reason(&list(0, 0, 2)), out_of_order);
    assert_eq!(venue.reason(&list(0, 0, 1)), None);
    assert_eq!(venue.reason(&list(0, 0, 1)), out_of_order);
    assert_eq!(venue.reason(&list(1, 3, 1)), out_of_order);
    assert_eq!(venue.reason(&list(1, 1, 2)), None);
    let open = |account| Command::OpenAccount { account: AccountId(account), tier: 0 };
    assert_eq!(venue.reason(&open(1)), out_of_order);
    assert_eq!(venue.reason(&open(0)), None);
    assert_eq!(venue.reason(&open(0)), out_of_order);
}

#[test]
fn the_base_of_two_instruments_has_the_same_decimals_in_both() {
    let mut venue = Venue::new();
    let list = |instrument, base_decimals, tick| {
        let mut spec = plain_spec(instrument, "A-B", 0, 1 + instrument);
        spec.base_decimals = base_decimals;
        spec.tick = Price(tick);
        spec.reference_price = Price(tick);
        Command::ListInstrument(Box::new(spec))
    };
    assert_eq!(venue.reason(&list(0, 2, 100)), None);
    assert_eq!(venue.reason(&list(1, 3, 1_000)), Some(RejectReason::InvalidDefinition));
    assert_eq!(venue.reason(&list(1, 2, 100)), None);
}
