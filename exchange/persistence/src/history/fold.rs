//! From outcomes to rows.
//!
//! An outcome says what happened, its command says what was asked: an order's terms are in the command alone.

use std::collections::{BTreeMap, BTreeSet};

use exchange_types::{
    Command, Event, NewOrder, OrderId, OrderType, OutcomeHeader, Request, TimeInForce, Trade,
};

use super::rows::{OrderRow, Status, TradeRow};
use super::store::Changes;

/// An outcome with its command.
#[derive(Debug, Clone)]
pub(super) struct Happened {
    pub(super) header: OutcomeHeader,
    /// `None`: the record is no request.
    pub(super) request: Option<Request>,
    pub(super) events: Vec<Event>,
    /// The outcome as it came.
    pub(super) bytes: Vec<u8>,
}

/// The orders that outcomes are about.
pub(super) fn orders_in(run: &[Happened]) -> BTreeSet<u64> {
    let mut ids = BTreeSet::new();
    for happened in run {
        if let Some(Command::ReplaceOrder { order, .. }) =
            happened.request.as_ref().map(|request| &request.command)
        {
            ids.insert(order.0);
        }
        for event in &happened.events {
            match *event {
                Event::Trade(Trade { maker, taker, .. }) => ids.extend([maker.0, taker.0]),
                Event::Rested { order, .. }
                | Event::Cancelled { order, .. }
                | Event::Reduced { order, .. } => {
                    ids.insert(order.0);
                }
                _ => {}
            }
        }
    }
    ids
}

/// Folds a run of outcomes. `orders` are those of [`orders_in`] as they were before.
pub(super) fn fold(
    from: u64,
    run: Vec<Happened>,
    known: &mut BTreeMap<u64, (u64, u64)>,
    orders: impl IntoIterator<Item = OrderRow>,
) -> Changes {
    let mut folding = Folding {
        changes: Changes { from, position: from, ..Changes::default() },
        before: orders.into_iter().map(|row| (row.order_id, row)).collect(),
        known,
    };
    run.into_iter().for_each(|happened| folding.outcome(happened));
    folding.changes
}

struct Folding<'known> {
    changes: Changes,
    before: BTreeMap<u64, OrderRow>,
    /// Tick and lot of every instrument.
    known: &'known mut BTreeMap<u64, (u64, u64)>,
}

impl Folding<'_> {
    fn outcome(&mut self, happened: Happened) {
        let Happened { header, request, events, bytes } = happened;
        let (sequence, time) = (header.sequence.0, header.time.0);
        self.changes.position = sequence;
        self.changes.time = time;
        let repeated = events.iter().any(|event| matches!(event, Event::Repeated { .. }));
        if let Some(request) = request.filter(|_| !repeated) {
            self.command(&request.command, &header, &events);
            if request.key.is_some() {
                self.changes.outcomes.push((sequence, time, bytes));
            }
        }
        for (number, event) in (header.first_event..).zip(&events) {
            self.event(number, event, &header);
        }
    }

    fn command(&mut self, command: &Command, header: &OutcomeHeader, events: &[Event]) {
        let rejected = events.iter().find_map(|event| match event {
            Event::Rejected { reason, .. } => Some(*reason),
            _ => None,
        });
        let own = |id: OrderId| if id.0 == 0 { OrderId(header.sequence.0) } else { id };
        let (order, replaces) = match *command {
            Command::NewOrder(order) => (NewOrder { order: own(order.order), ..order }, 0),
            Command::ReplaceOrder { order: old, new_order, price, quantity, .. } => {
                let Some(order) = self.order(old.0).map(|row| replacement(row, own(new_order))) else {
                    return;
                };
                (NewOrder { price, quantity, ..order }, old.0)
            }
            Command::ListInstrument(ref spec) if rejected.is_none() => {
                let (id, steps) = (spec.instrument.0.into(), (spec.tick.0, spec.lot.0));
                self.known.insert(id, steps);
                self.changes.instruments.insert(id, steps);
                return;
            }
            _ => return,
        };
        let steps = self.known.get(&order.instrument.0.into()).copied();
        let mut row = OrderRow::new(&order, header.sequence.0, header.time.0, steps);
        row.replaces = replaces;
        if let Some(reason) = rejected {
            // One with an id of its own choosing may have been rejected because another order has that id.
            if order.order.0 != header.sequence.0 {
                return;
            }
            row.reject(reason);
        }
        self.changes.orders.insert(row.order_id, row);
    }

    fn event(&mut self, number: u64, event: &Event, header: &OutcomeHeader) {
        match *event {
            Event::Trade(trade) => self.trade(number, &trade, header),
            Event::Rested { order, quantity, .. } => self.change(order, header, |row| {
                row.remaining_lots = quantity.0.into();
            }),
            Event::Reduced { order, remaining, .. } => self.change(order, header, |row| {
                row.remaining_lots = remaining.0.into();
            }),
            Event::Cancelled { order, quantity, cause, .. } => self.change(order, header, |row| {
                row.remaining_lots = quantity.0.into();
                row.cancel(cause);
            }),
            _ => {}
        }
    }

    fn trade(&mut self, number: u64, trade: &Trade, header: &OutcomeHeader) {
        let sides = [
            (trade.maker, trade.maker_account, trade.maker_remaining, trade.taker_side.opposite()),
            (trade.taker, trade.taker_account, trade.taker_remaining, trade.taker_side),
        ];
        for (role, (order, account, remaining, side)) in (0..).zip(sides) {
            let (ticks, lots) = (u64::from(trade.price.0), u64::from(trade.quantity.0));
            self.change(order, header, |row| {
                row.filled_lots += lots;
                row.filled_notional = row.filled_notional.wrapping_add(ticks.wrapping_mul(lots));
                row.remaining_lots = remaining.0.into();
                if remaining.0 == 0 {
                    row.end(Status::Filled);
                }
            });
            self.changes.trades.push(TradeRow {
                account: account.0.into(),
                trade: number,
                instrument: trade.instrument.0.into(),
                order_id: order.0,
                side: side as u64,
                role,
                price_ticks: ticks,
                quantity_lots: lots,
                sequence: header.sequence.0,
                time: header.time.0,
            });
        }
    }

    fn order(&self, id: u64) -> Option<&OrderRow> {
        self.changes.orders.get(&id).or_else(|| self.before.get(&id))
    }

    /// Changes an order; one that the history has never seen stays unknown.
    fn change(&mut self, order: OrderId, header: &OutcomeHeader, change: impl FnOnce(&mut OrderRow)) {
        let Some(mut row) = self.order(order.0).copied() else { return };
        change(&mut row);
        row.updated_sequence = header.sequence.0;
        row.updated_time = header.time.0;
        self.changes.orders.insert(order.0, row);
    }
}

/// What a replacement takes over from the order before: all but price and quantity. It is a plain limit order.
fn replacement(row: &OrderRow, order: OrderId) -> NewOrder {
    use exchange_types::{AccountId, InstrumentId, Price, Quantity, SelfTradePrevention, Side, TimestampNs};
    // Bound: these columns were made from numbers of 32 bits.
    let small = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    NewOrder {
        instrument: InstrumentId(small(row.instrument)),
        account: AccountId(small(row.account)),
        order,
        side: if row.side == 0 { Side::Buy } else { Side::Sell },
        order_type: OrderType::Limit,
        time_in_force: if row.expires_at == 0 { TimeInForce::Gtc } else { TimeInForce::Gtd },
        self_trade: SelfTradePrevention::default(),
        price: Price(0),
        quantity: Quantity(0),
        expires_at: TimestampNs(row.expires_at),
    }
}
