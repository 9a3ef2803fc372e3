//! Many commands in a row: what the next ones will touch is loaded while this one is carried out.
//!
//! It changes nothing about what happens, only how long it takes: an order has a place in two indexes and a record in two
//! tables, each a cache line of its own, and a processor that meets them one after the other mostly waits. A newcomer needs to
//! know one thing: a batch of the log is applied through here, and [`Engine::apply`] is what it means.

use exchange_types::codec::split_request;
use exchange_types::{
    AccountId, Command, CommandHeader, Event, EventBuffer, InstrumentId, OrderId, RejectReason, RequestHead,
    decode_command, peek_request_id,
};

use crate::book::OrderBook;
use crate::engine::Engine;
use crate::risk::order_id;

/// How many commands ahead the places of an order are loaded, then its records, then their neighbours. Each step needs what the
/// one before it loaded.
const PLACE_AHEAD: usize = 6;
const RECORD_AHEAD: usize = 3;
const NEIGHBOURS_AHEAD: usize = 1;

/// Commands that wait their turn: a power of two above the farthest look ahead.
const RING: usize = 8;

const _: () = assert!(PLACE_AHEAD < RING && RING.is_power_of_two());

/// What a command will touch. All zeros name nothing that lives.
#[derive(Debug, Clone, Copy, Default)]
struct Subject {
    order: OrderId,
    account: AccountId,
    instrument: InstrumentId,
    /// The number of its record, probably.
    number: u32,
}

/// A command that waits.
#[derive(Debug)]
struct Waiting {
    header: CommandHeader,
    head: RequestHead,
    command: Result<Command, RejectReason>,
    subject: Subject,
}

impl<B: OrderBook> Engine<B> {
    /// Folds records of the log in, in their order: for each one what [`apply_encoded`](Self::apply_encoded) does. `see` is
    /// shown the events of each command, which are forgotten afterwards.
    ///
    /// # Panics
    /// As [`apply`](Self::apply).
    pub fn apply_all<'log>(
        &mut self,
        log: impl IntoIterator<Item = (CommandHeader, &'log [u8])>,
        events: &mut EventBuffer,
        mut see: impl FnMut(&CommandHeader, &[Event]),
    ) {
        let mut log = log.into_iter();
        let nothing = || Waiting {
            header: CommandHeader::default(),
            head: RequestHead::default(),
            command: Ok(Command::Tick),
            subject: Subject::default(),
        };
        let mut ring: [Waiting; RING] = std::array::from_fn(|_| nothing());
        let (mut taken, mut done) = (0_usize, 0_usize);
        loop {
            while taken < done.wrapping_add(PLACE_AHEAD) {
                let Some((header, payload)) = log.next() else { break };
                let (head, command) = decode(payload);
                let subject = command
                    .as_ref()
                    .map_or_else(|_| Subject::default(), |command| subject_of(&header, command));
                self.risk.prefetch_place(subject.order);
                self.matching.prefetch_place(subject.instrument, subject.order);
                ring[taken % RING] = Waiting { header, head, command, subject };
                taken = taken.wrapping_add(1);
            }
            if taken == done {
                return;
            }
            let soon = &mut ring[done.wrapping_add(RECORD_AHEAD) % RING].subject;
            soon.number = self.risk.prefetch_order(soon.order, soon.account, soon.instrument);
            self.matching.prefetch_order(soon.instrument, soon.order);
            self.risk.prefetch_neighbours(ring[done.wrapping_add(NEIGHBOURS_AHEAD) % RING].subject.number);

            let Waiting { header, head, command, .. } = &ring[done % RING];
            events.clear();
            match command {
                Ok(command) => self.apply_under(header, head, command, events),
                Err(reason) => self.apply_malformed(header, head.id, *reason, events),
            }
            see(header, events);
            done = done.wrapping_add(1);
        }
    }
}

/// The two parts of a request.
#[inline]
fn decode(payload: &[u8]) -> (RequestHead, Result<Command, RejectReason>) {
    match split_request(payload) {
        Ok((head, message)) => (head, decode_command(message).map_err(|malformed| malformed.reason)),
        Err(malformed) => {
            let head = RequestHead { id: peek_request_id(payload), key: None };
            (head, Err(malformed.reason))
        }
    }
}

/// The order that a command names first, and whose and where it is.
#[inline]
fn subject_of(header: &CommandHeader, command: &Command) -> Subject {
    let (order, account, instrument) = match command {
        Command::NewOrder(new) => (order_id(header, new.order), new.account, new.instrument),
        Command::CancelOrder { instrument, account, order }
        | Command::ReduceOrder { instrument, account, order, .. }
        | Command::ReplaceOrder { instrument, account, order, .. } => (*order, *account, *instrument),
        Command::MassCancel { .. }
        | Command::Deposit { .. }
        | Command::Withdraw { .. }
        | Command::OpenAccount { .. }
        | Command::SetAccountTier { .. }
        | Command::DefineTier { .. }
        | Command::ListInstrument(_)
        | Command::SetTradingState { .. }
        | Command::Tick => return Subject::default(),
    };
    Subject { order, account, instrument, number: 0 }
}
