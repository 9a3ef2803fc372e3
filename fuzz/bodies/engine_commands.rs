//! The fold: whatever the commands, both books give the same events and the same state, and every rule holds; and matching that
//! is told steps alone gives the same events too.
//!
//! An input is a program in bytes, so that most of what the fuzzer writes means something: first a choice of venue, then
//! commands about what is there, or about what nearly is, among them messages with a damaged byte. An input that ends early
//! goes on with zeros for its last command.

#[path = "engine_commands/program.rs"]
mod program;

use exchange_core::book::ReferenceBook;
use exchange_core::matching::{BookMaker, Matching};
use exchange_core::step::StepBuffer;
use exchange_core::{Engine, FastEngine};
use exchange_types::{
    AccountId, AssetId, Command, CommandHeader, Event, EventBuffer, Scope, Sequence, TimestampNs,
    TradingState, decode_event, decode_request, encode_command, encode_event,
};
use program::Program;

/// Commands of one input: enough for a checkpoint of the engine, which comes every 1,000 events.
const COMMANDS_MAX: usize = 1_000;
/// Commands between two full recounts.
const AUDIT_EVERY: u64 = 16;

/// Carries out one input.
pub fn run(bytes: &[u8]) {
    let mut venue = Venue::new();
    let mut program = Program::new(bytes);
    let mut payload = Vec::new();
    for command in program.setup() {
        venue.command(0, &command);
    }
    for _ in 0..COMMANDS_MAX {
        let Some(delay) = program.next(venue.fast.risk(), venue.now, &mut payload) else { break };
        venue.fold(delay, &payload);
    }
    venue.audit();
    venue.check_snapshot();
    venue.close();
}

/// Two engines, one on each book.
struct Venue {
    fast: FastEngine,
    reference: Engine<ReferenceBook>,
    /// Follows the steps of the fast one.
    matching: Matching<ReferenceBook>,
    steps: StepBuffer,
    now: TimestampNs,
    events: EventBuffer,
    reference_events: EventBuffer,
    message: Vec<u8>,
}

impl Venue {
    fn new() -> Self {
        Self {
            fast: Engine::new(BookMaker::fast().with_seed(7)),
            reference: Engine::new(BookMaker::reference()),
            matching: Matching::new(BookMaker::reference()),
            steps: StepBuffer::new(),
            now: TimestampNs(1_000),
            events: EventBuffer::new(),
            reference_events: EventBuffer::new(),
            message: Vec::new(),
        }
    }

    fn command(&mut self, delay: u64, command: &Command) {
        let mut payload = Vec::new();
        encode_command(command, &mut payload);
        self.fold(delay, &payload);
    }

    /// Folds a record into both engines.
    fn fold(&mut self, delay: u64, payload: &[u8]) {
        self.now.0 = self.now.0.saturating_add(delay);
        let header = CommandHeader { sequence: self.fast.sequence().next(), time: self.now };
        self.events.clear();
        self.reference_events.clear();
        self.fast.apply_encoded(&header, payload, &mut self.events);
        self.reference.apply_encoded(&header, payload, &mut self.reference_events);
        assert_eq!(*self.events, *self.reference_events, "both books answer alike");
        assert_eq!(self.fast.state_hash(), self.reference.state_hash(), "and are the same afterwards");
        assert!(!self.events.is_empty() || is_sweep(payload), "a command has an outcome");
        self.follow();
        for event in &*self.events {
            check_event(header.sequence, event, &mut self.message);
        }
        if header.sequence.0.is_multiple_of(AUDIT_EVERY) {
            self.audit();
        }
    }

    /// Tells matching the step of the last record, in bytes.
    fn follow(&mut self) {
        self.message.clear();
        self.fast.step(&self.events).encode(&mut self.message);
        let (step, length) = self.steps.decode(&self.message).expect("a step is read as it was written");
        assert_eq!(length, self.message.len(), "and whole");
        self.reference_events.clear();
        self.matching.carry_out(&step, &mut self.reference_events).expect("the books do as risk says");
        assert_eq!(*self.events, *self.reference_events, "matching alone answers alike");
        assert_eq!(step.outcome(&self.reference_events), self.fast.outcome(&self.events));
    }

    /// Counts everything again, in both.
    fn audit(&mut self) {
        self.fast.audit().expect("every rule holds");
        self.reference.audit().expect("every rule holds");
        let books = self.fast.matching().books().zip(self.reference.matching().books());
        for ((instrument, fast), (_, reference)) in books {
            use exchange_core::book::OrderBook;
            assert_eq!(fast.state_hash(), reference.state_hash(), "the books of {instrument} are equal");
        }
    }

    /// What is written down is the state, and says nothing of books.
    fn check_snapshot(&mut self) {
        let (mut bytes, mut again) = (Vec::new(), Vec::new());
        self.fast.snapshot(&mut bytes);
        self.reference.snapshot(&mut again);
        assert_eq!(bytes, again, "a snapshot knows no book");
        let restored: FastEngine =
            Engine::restore(BookMaker::fast().with_seed(8), &bytes).expect("an engine reads what it wrote");
        again.clear();
        restored.snapshot(&mut again);
        assert_eq!(bytes, again, "there is one way to write a state");
        // From here on the restored ones go on in place of those that ran.
        let books: Engine<ReferenceBook> =
            Engine::restore(BookMaker::reference(), &bytes).expect("whatever its books are");
        self.matching = books.into_matching();
        self.fast = restored;
    }

    /// The kill switch ends every order and every reservation; all money is in balances and fees.
    fn close(&mut self) {
        let killed = Command::SetTradingState { scope: Scope::Venue, state: TradingState::Killed };
        self.command(0, &killed);
        self.audit();
        let risk = self.fast.risk();
        assert_eq!(risk.live_orders(), 0, "the kill switch leaves no order");
        for asset in (0..risk.assets() as u32).map(AssetId) {
            let mut total = risk.fees(asset).expect("it is there");
            for account in (0..risk.accounts() as u32).map(AccountId) {
                let balance = risk.balance(account, asset).expect("both are there");
                assert_eq!(balance.reserved, 0, "a reservation ends with its order");
                total = total.checked_add(balance.free).expect("no more than was deposited");
            }
            assert_eq!(Some(total), risk.supply(asset), "deposits minus withdrawals of asset {asset}");
        }
    }
}

/// A mass cancel of nothing says nothing.
fn is_sweep(payload: &[u8]) -> bool {
    decode_request(payload).is_ok_and(|request| matches!(request.command, Command::MassCancel { .. }))
}

/// Every event has a message that says it.
fn check_event(cause: Sequence, event: &Event, message: &mut Vec<u8>) {
    message.clear();
    encode_event(cause, event, message);
    assert_eq!(decode_event(message), Ok((cause, *event)), "nothing is lost on the way");
}
