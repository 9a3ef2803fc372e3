//! What happened in a differential run: a test that never met a case has not tested it.

use std::collections::BTreeMap;
use std::fmt;

use exchange_types::Event;

/// Steps, and events by kind and cause.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    steps: u64,
    events: BTreeMap<String, u64>,
}

impl Tally {
    /// Takes the events of one step in.
    pub fn count(&mut self, events: &[Event]) {
        self.steps += 1;
        for event in events {
            let kind = match event {
                Event::Trade(_) => "trade".to_owned(),
                Event::Rested { .. } => "rested".to_owned(),
                Event::Cancelled { cause, rested: true, .. } => format!("resting order cancelled: {cause:?}"),
                Event::Cancelled { cause, .. } => format!("rest of taker dropped: {cause:?}"),
                Event::Reduced { .. } => "reduced".to_owned(),
                Event::Rejected { reason, .. } => format!("rejected: {}", reason.name()),
                _ => "other".to_owned(),
            };
            *self.events.entry(kind).or_default() += 1;
        }
    }

    /// Adds another tally.
    pub fn add(&mut self, other: &Self) {
        self.steps += other.steps;
        for (kind, count) in &other.events {
            *self.events.entry(kind.clone()).or_default() += count;
        }
    }

    /// How often an event of this kind happened, by the words of the printed table.
    #[must_use]
    pub fn of(&self, kind: &str) -> u64 {
        self.events.get(kind).copied().unwrap_or(0)
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:>12} steps", self.steps)?;
        for (kind, count) in &self.events {
            write!(formatter, "\n{count:>12} {kind}")?;
        }
        Ok(())
    }
}
