//! What runs have reached: a simulator that never gets anywhere finds nothing.

use std::collections::BTreeMap;

use exchange_types::{CancelCause, Event};

/// How often each kind of event, cause and reject reason has come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    counts: BTreeMap<&'static str, u64>,
}

impl Coverage {
    /// Takes an event in.
    pub fn event(&mut self, event: &Event) {
        let name = match event {
            Event::Trade(_) => "trade",
            Event::Rested { .. } => "rested",
            Event::Cancelled { cause, .. } => cancelled(*cause),
            Event::Reduced { .. } => "reduced",
            Event::Rejected { reason, .. } => reason.name(),
            Event::Deposited { .. } => "deposited",
            Event::Withdrawn { .. } => "withdrawn",
            Event::AccountTierSet { .. } => "account tier set",
            Event::TierDefined { .. } => "tier defined",
            Event::InstrumentListed { .. } => "instrument listed",
            Event::TradingStateSet { .. } => "trading state set",
            Event::Ticked => "ticked",
            Event::Repeated { .. } => "repeated",
            Event::Checkpoint { .. } => "checkpoint",
        };
        *self.counts.entry(name).or_default() += 1;
    }

    /// Takes something else in.
    pub fn happened(&mut self, name: &'static str) {
        *self.counts.entry(name).or_default() += 1;
    }

    /// Takes in what another run has reached.
    pub fn add(&mut self, other: &Self) {
        for (name, count) in &other.counts {
            *self.counts.entry(name).or_default() += count;
        }
    }

    /// How often something has come.
    #[must_use]
    pub fn count(&self, name: &str) -> u64 {
        self.counts.get(name).copied().unwrap_or_default()
    }

    /// Everything that has come, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        self.counts.iter().map(|(name, count)| (*name, *count))
    }
}

fn cancelled(cause: CancelCause) -> &'static str {
    match cause {
        CancelCause::Requested => "cancelled on request",
        CancelCause::MassCancel => "cancelled with all",
        CancelCause::Replaced => "replaced",
        CancelCause::Reduced => "reduced to nothing",
        CancelCause::Immediate => "rest dropped",
        CancelCause::SelfTrade => "cancelled before a self-trade",
        CancelCause::Expired => "expired",
        CancelCause::Killed => "killed",
    }
}
