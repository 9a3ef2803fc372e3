//! What the oracle knows of idempotency keys: the whole command behind each, in an ordered map.
//!
//! It shares nothing with the table in risk but the message of a request. A newcomer needs to know one thing: it says which of
//! three answers a request must get (carried out, repeated, refused for its key), and leaves to the two engines what carrying out
//! means.

use std::collections::BTreeMap;

use exchange_types::{
    AccountId, CancelCause, Command, Event, RejectReason, Sequence, TimestampNs, decode_request,
};

use super::super::{Violation, ensure};
use crate::message::Entry;

/// How long a key stands, in nanoseconds of the log: a day. Written again, so that the venue's constant is checked too.
const DAY_NS: u64 = 86_400_000_000_000;

/// What came under which key.
#[derive(Debug, Default)]
pub(super) struct Requests {
    known: BTreeMap<(AccountId, u128), (Sequence, TimestampNs, Command)>,
}

impl Requests {
    /// Compares what a record did with what its key says; `accounts` is how many there are after it.
    pub(super) fn fold(&mut self, entry: &Entry, events: &[Event], accounts: usize) -> Result<(), Violation> {
        let request = decode_request(&entry.payload).ok();
        let keyed = request.and_then(|request| Some((request.key?.get(), request.command)));
        let owned = keyed.and_then(|(key, command)| Some(((owner_of(&command)?, key), command)));
        let Some((place, command)) = owned else {
            return ensure(!is_about_keys(events), "a record without a key is carried out", || {
                format!("{entry:?}: {events:?}")
            });
        };
        match self.known.get(&place) {
            Some((original, time, before)) if entry.time.0 - time.0 < DAY_NS => {
                let refused = |event: &Event| {
                    matches!(event, Event::Rejected { reason: RejectReason::RequestConflict, account, .. }
                        if *account == place.0)
                };
                let again = Event::Repeated { account: place.0, original: *original };
                let right = match own(events) {
                    [event] if *before == command => *event == again,
                    [event] => refused(event),
                    _ => false,
                };
                ensure(right, "what comes again under its key is answered and not carried out", || {
                    format!("{entry:?}: {events:?}, {before:?} came as {original}")
                })
            }
            _ => {
                if (place.0.0 as usize) < accounts {
                    self.known.insert(place, (entry.sequence, entry.time, command));
                }
                ensure(!is_about_keys(events), "what comes under a new key is carried out", || {
                    format!("{entry:?}: {events:?}")
                })
            }
        }
    }
}

/// The events of a record without the orders whose time was up before it and without a checkpoint behind it.
fn own(events: &[Event]) -> &[Event] {
    let ended = |event: &&Event| matches!(event, Event::Cancelled { cause: CancelCause::Expired, .. });
    let events = &events[events.iter().take_while(ended).count()..];
    match events {
        [rest @ .., Event::Checkpoint { .. }] => rest,
        all => all,
    }
}

fn is_about_keys(events: &[Event]) -> bool {
    use RejectReason::{RequestConflict, TooManyRequestsRemembered};
    events.iter().any(|event| match event {
        Event::Repeated { .. } => true,
        Event::Rejected { reason, .. } => matches!(reason, RequestConflict | TooManyRequestsRemembered),
        _ => false,
    })
}

/// Whose key it is. Tiers, listings, states and ticks are nobody's.
fn owner_of(command: &Command) -> Option<AccountId> {
    match command {
        Command::NewOrder(new) => Some(new.account),
        Command::CancelOrder { account, .. }
        | Command::MassCancel { account, .. }
        | Command::ReduceOrder { account, .. }
        | Command::ReplaceOrder { account, .. }
        | Command::Deposit { account, .. }
        | Command::Withdraw { account, .. }
        | Command::OpenAccount { account, .. }
        | Command::SetAccountTier { account, .. } => Some(*account),
        Command::DefineTier { .. }
        | Command::ListInstrument(_)
        | Command::SetTradingState { .. }
        | Command::Tick => None,
    }
}
