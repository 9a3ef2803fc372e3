//! What an admitted command changes, and what matching is told about it.

use exchange_types::{
    AccountId, CancelCause, Command, CommandHeader, Event, EventBuffer, InstrumentId, NewOrder, OrderId,
    RejectReason, Request, Side, TimestampNs,
};

use super::ladder::Terms;
use super::orders::{NONE, Record};
use super::{Admitted, Risk, Taking};
use crate::book::{BookCommand, Order};

/// The id that an order gets: the one that was asked for, or for zero the position of the command in the log, which is nobody
/// else's for ever.
#[inline]
pub(crate) const fn order_id(header: &CommandHeader, asked: OrderId) -> OrderId {
    if asked.0 == 0 { OrderId(header.sequence.0) } else { asked }
}

impl Risk {
    /// Decides about a command. What is to be done in a book is appended to `admitted`, what has happened already to `events`;
    /// a command that is rejected changes nothing and appends one [`Event::Rejected`].
    ///
    /// # Panics
    /// If the events of the command before have not all been [settled](Self::settle).
    #[inline]
    pub fn admit(
        &mut self,
        header: &CommandHeader,
        command: &Command,
        admitted: &mut Vec<Admitted>,
        events: &mut EventBuffer,
    ) {
        assert!(self.taking.is_none(), "a command is settled before the next one is admitted");
        if let Err(reason) = self.try_admit(header, command, admitted, events) {
            events.push(rejected(header, command, reason));
        }
    }

    /// Lets time pass, up to the record that comes next: keys are forgotten that have had their time. Every record passes
    /// through here, whatever it holds.
    #[inline]
    pub fn pass_time(&mut self, now: TimestampNs) {
        self.requests.pass_time(now);
    }

    /// Decides about a request. One that came before under its key is answered with [`Event::Repeated`].
    ///
    /// # Panics
    /// As [`admit`](Self::admit).
    #[inline]
    pub fn admit_request(
        &mut self,
        header: &CommandHeader,
        request: &Request,
        admitted: &mut Vec<Admitted>,
        events: &mut EventBuffer,
    ) {
        match request.key {
            None => self.admit(header, &request.command, admitted, events),
            Some(key) => self.admit_under(header, key, &request.command, admitted, events),
        }
    }

    #[inline]
    fn try_admit(
        &mut self,
        header: &CommandHeader,
        command: &Command,
        admitted: &mut Vec<Admitted>,
        events: &mut EventBuffer,
    ) -> Result<(), RejectReason> {
        match command {
            Command::NewOrder(new) => self.new_order(header, new, admitted),
            Command::CancelOrder { instrument, account, order } => {
                self.check_cancel(*instrument, *account, *order)?;
                admitted.push(cancel(*instrument, *order, CancelCause::Requested));
                Ok(())
            }
            Command::ReduceOrder { instrument, account, order, by } => {
                let by = self.check_reduction(*instrument, *account, *order, *by)?;
                let command = BookCommand::Reduce { order: *order, by };
                admitted.push(Admitted::Book { instrument: *instrument, command });
                Ok(())
            }
            Command::ReplaceOrder { instrument, account, order, new_order, price, quantity } => {
                let ids = (*order, order_id(header, *new_order));
                let (number, terms) =
                    self.check_replacement(*instrument, *account, ids, (*price, *quantity))?;
                self.replace(number, ids.1, &terms, admitted);
                Ok(())
            }
            Command::MassCancel { account, instrument, side } => {
                self.mass_cancel(*account, *instrument, *side, admitted)
            }
            other => self.administer(other, admitted, events),
        }
    }

    #[inline]
    fn new_order(
        &mut self,
        header: &CommandHeader,
        new: &NewOrder,
        admitted: &mut Vec<Admitted>,
    ) -> Result<(), RejectReason> {
        let id = order_id(header, new.order);
        let terms = self.check_new_order(header.time, id, new)?;
        let record = Record::new(id, new.account, new.instrument, new.side, new.self_trade, new.expires_at);
        self.set_out(record, &terms, NONE);
        let order = Order {
            id,
            account: new.account,
            price: terms.ticks,
            quantity: terms.lots,
            expires_at: new.expires_at,
            side: new.side,
            order_type: new.order_type,
            time_in_force: new.time_in_force,
            self_trade: new.self_trade,
        };
        admitted.push(Admitted::Book { instrument: new.instrument, command: BookCommand::Submit(order) });
        Ok(())
    }

    /// Ends the reservation of the old order and begins that of the new one in one step. The old record stays until the book
    /// says that the order is gone.
    fn replace(&mut self, number: u32, new_order: OrderId, terms: &Terms, admitted: &mut Vec<Admitted>) {
        let old = *self.orders.get(number);
        self.end_reservation(&old);
        let record =
            Record::new(new_order, old.account, old.instrument(), old.side, old.self_trade, old.expires_at);
        self.set_out(record, terms, number);
        let command =
            BookCommand::Replace { order: old.id, new_order, price: terms.ticks, quantity: terms.lots };
        admitted.push(Admitted::Book { instrument: old.instrument(), command });
    }

    /// Reserves for an order and sends it on its way.
    #[inline]
    fn set_out(&mut self, record: Record, terms: &Terms, replaces: u32) {
        let record = Record {
            reserved: terms.reserved,
            fees: terms.fees,
            ticks: terms.ticks,
            remaining: terms.lots,
            ..record
        };
        self.begin_reservation(&record);
        self.taking = Some(Taking { record, taker_rate: terms.taker_rate, replaces });
    }

    /// Sets aside what an order has reserved.
    #[inline]
    pub(super) fn begin_reservation(&mut self, record: &Record) {
        let market = &self.markets[record.instrument().0 as usize];
        let asset = match record.side {
            Side::Sell => market.base(),
            Side::Buy => {
                let quantity = market.base_quantity(record.remaining);
                self.ledger.await_incoming(record.account, market.base(), quantity);
                market.quote()
            }
        };
        self.ledger.reserve(record.account, asset, record.reserved);
        self.ledger.claim(asset, 0, record.reserved);
    }

    /// Gives back everything that an order still has reserved.
    #[inline]
    pub(super) fn end_reservation(&mut self, record: &Record) {
        let market = &self.markets[record.instrument().0 as usize];
        let asset = match record.side {
            Side::Sell => market.base(),
            Side::Buy => {
                let quantity = market.base_quantity(record.remaining);
                self.ledger.forgo_incoming(record.account, market.base(), quantity);
                market.quote()
            }
        };
        self.ledger.claim(asset, record.reserved, 0);
        self.ledger.release(record.account, asset, record.reserved);
    }

    fn mass_cancel(
        &mut self,
        account: AccountId,
        instrument: Option<InstrumentId>,
        side: Option<Side>,
        admitted: &mut Vec<Admitted>,
    ) -> Result<(), RejectReason> {
        let owner = self.accounts.get(account).ok_or(RejectReason::UnknownAccount)?;
        if instrument.is_some_and(|instrument| instrument.0 as usize >= self.markets.len()) {
            return Err(RejectReason::UnknownInstrument);
        }
        let concerned = |record: &&Record| {
            instrument.is_none_or(|instrument| record.instrument() == instrument)
                && side.is_none_or(|side| record.side == side)
        };
        let orders = self.orders.of(owner.orders).filter(concerned);
        admitted.extend(orders.map(|record| cancel(record.instrument(), record.id, CancelCause::MassCancel)));
        Ok(())
    }
}

#[inline]
pub(super) fn cancel(instrument: InstrumentId, order: OrderId, cause: CancelCause) -> Admitted {
    Admitted::Book { instrument, command: BookCommand::Cancel { order, cause } }
}

/// The event for a command that changed nothing: it names what the command names.
#[cold]
pub(super) fn rejected(header: &CommandHeader, command: &Command, reason: RejectReason) -> Event {
    let nothing = (OrderId(0), InstrumentId(0), AccountId(0));
    let (order, instrument, account) = match command {
        Command::NewOrder(new) => (order_id(header, new.order), new.instrument, new.account),
        Command::CancelOrder { instrument, account, order }
        | Command::ReduceOrder { instrument, account, order, .. } => (*order, *instrument, *account),
        Command::ReplaceOrder { instrument, account, order, new_order, .. } => {
            // As in a book: the reject of an id that is taken names that id.
            let taken = reason == RejectReason::DuplicateOrderId;
            (if taken { order_id(header, *new_order) } else { *order }, *instrument, *account)
        }
        Command::MassCancel { account, instrument, .. } => {
            (OrderId(0), instrument.unwrap_or_default(), *account)
        }
        Command::Deposit { account, .. }
        | Command::Withdraw { account, .. }
        | Command::OpenAccount { account, .. }
        | Command::SetAccountTier { account, .. } => (OrderId(0), InstrumentId(0), *account),
        Command::ListInstrument(spec) => (OrderId(0), spec.instrument, AccountId(0)),
        Command::SetTradingState { scope, .. } => match scope {
            exchange_types::Scope::Venue => nothing,
            exchange_types::Scope::Instrument(instrument) => (OrderId(0), *instrument, AccountId(0)),
            exchange_types::Scope::Account(account) => (OrderId(0), InstrumentId(0), *account),
        },
        Command::DefineTier { .. } | Command::Tick => nothing,
    };
    Event::Rejected { order, instrument, account, reason }
}
