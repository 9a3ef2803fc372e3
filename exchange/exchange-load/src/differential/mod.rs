//! Both books side by side: the same commands, and after every one of them the same events and the same state.
//!
//! What is right is not decided here; the reference book says so, and a [`Ledger`] kept from events alone says whether those
//! tell the whole story. A newcomer needs to know one thing: a [`Case`] is made from a seed, holds its steps as values,
//! and can therefore be cut down to the few that fail.

mod ledger;
mod soak;
mod stream;
mod tally;

pub use ledger::Ledger;
pub use soak::{Failure, soak};
pub use stream::{Step, steps};
pub use tally::Tally;

use std::fmt;

use exchange_core::book::index::{DenseIndex, OpaqueIndex};
use exchange_core::book::{FastBook, OrderBook, ReferenceBook};
use exchange_types::{Event, EventBuffer, InstrumentId, OrderId, Side};

use crate::flow::Ids;

/// A stream of steps with the ids it uses.
#[derive(Debug, Clone)]
pub struct Case {
    /// What it was made from.
    pub seed: u64,
    /// How orders are named, which decides the index of the fast book.
    pub ids: Ids,
    /// What the books are told.
    pub steps: Vec<Step>,
}

/// Where and how two books came apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Divergence {
    /// The number of the step, from 0. All before it went well.
    pub step: usize,
    /// What differs.
    pub what: String,
}

impl fmt::Display for Divergence {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "after step {}: {}", self.step, self.what)
    }
}

/// Neither zero nor one, so that a default shows.
const INSTRUMENT: InstrumentId = InstrumentId(3);

impl Case {
    /// The case of a seed: even seeds use dense ids, odd ones opaque ids.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let ids = if seed.is_multiple_of(2) { Ids::Dense } else { Ids::Opaque };
        Self { seed, ids, steps: steps(seed, ids) }
    }

    /// Runs all steps through both books, or as far as they agree. Returns what happened.
    ///
    /// # Errors
    /// The first step after which the books differ in an event, an answer or their state hash; or after which the events do
    /// not add up to the book.
    pub fn run(&self) -> Result<Tally, Divergence> {
        match self.ids {
            Ids::Dense => compare(FastBook::new(INSTRUMENT, DenseIndex::default(), 0), &self.steps),
            Ids::Opaque => compare(FastBook::new(INSTRUMENT, OpaqueIndex::default(), 0), &self.steps),
        }
    }

    /// Cuts a case that fails down to steps of which none can be left out; one that does not fail stays as it is.
    pub fn shrink(&mut self) {
        self.shrink_by(Self::run);
    }

    fn shrink_by(&mut self, run: impl Fn(&Self) -> Result<Tally, Divergence>) {
        let Err(divergence) = run(self) else { return };
        self.steps.truncate(divergence.step + 1);
        let mut size = self.steps.len().div_ceil(2);
        while size > 0 {
            let mut start = 0;
            while start < self.steps.len() {
                let mut shorter = self.clone();
                shorter.steps.drain(start..(start + size).min(shorter.steps.len()));
                match run(&shorter) {
                    Err(divergence) => {
                        shorter.steps.truncate(divergence.step + 1);
                        *self = shorter;
                    }
                    Ok(_) => start += size,
                }
            }
            size /= 2;
        }
    }
}

fn compare(mut fast: impl OrderBook, steps: &[Step]) -> Result<Tally, Divergence> {
    let mut reference = ReferenceBook::new(INSTRUMENT);
    let (mut ledger, mut tally) = (Ledger::default(), Tally::default());
    let (mut expected, mut found) = (EventBuffer::new(), EventBuffer::new());
    for (number, step) in steps.iter().enumerate() {
        expected.clear();
        found.clear();
        step.tell(&mut reference, &mut expected);
        step.tell(&mut fast, &mut found);
        agree(&reference, &fast, &expected, &found, step.order())
            .and_then(|()| ledger.check(&expected, &reference))
            .map_err(|what| Divergence { step: number, what: format!("{what}\n  {step:?}") })?;
        tally.count(&expected);
    }
    Ok(tally)
}

/// Whether both books said the same and are the same.
fn agree(
    reference: &impl OrderBook,
    fast: &impl OrderBook,
    expected: &[Event],
    found: &[Event],
    named: Option<OrderId>,
) -> Result<(), String> {
    if expected != found {
        return Err(format!("events: expected {expected:?}, found {found:?}"));
    }
    let pair = |what: &str, expected: &dyn fmt::Debug, found: &dyn fmt::Debug| {
        let (expected, found) = (format!("{expected:?}"), format!("{found:?}"));
        if expected == found { Ok(()) } else { Err(format!("{what}: expected {expected}, found {found}")) }
    };
    pair("live orders", &reference.live_orders(), &fast.live_orders())?;
    pair("best bid", &reference.best(Side::Buy), &fast.best(Side::Buy))?;
    pair("best ask", &reference.best(Side::Sell), &fast.best(Side::Sell))?;
    if let Some(order) = named {
        pair("order", &reference.order(order), &fast.order(order))?;
    }
    pair("state hash", &reference.state_hash(), &fast.state_hash())
}

#[cfg(test)]
mod tests {
    use exchange_core::book::{BookCommand, OrderBook, ReferenceBook, RestingOrder};
    use exchange_types::{CancelCause, EventBuffer, OrderId, PriceTicks, Side, TimestampNs};

    use super::{Case, INSTRUMENT, compare};

    /// A book with a mistake: an order that is reduced loses its place, and nothing says so.
    struct LosesPlace(ReferenceBook);

    impl OrderBook for LosesPlace {
        fn apply(&mut self, command: &BookCommand, events: &mut EventBuffer) {
            self.0.apply(command, events);
            let BookCommand::Reduce { order, .. } = command else { return };
            if let Some(resting) = self.0.order(*order) {
                let silent = &mut EventBuffer::new();
                self.0.apply(&BookCommand::Cancel { order: *order, cause: CancelCause::Requested }, silent);
                let again = resting.replacement(resting.id, resting.price, resting.remaining);
                self.0.apply(&BookCommand::Submit(again), silent);
            }
        }

        fn expire(&mut self, now: TimestampNs, events: &mut EventBuffer) {
            self.0.expire(now, events);
        }

        fn order(&self, order: OrderId) -> Option<RestingOrder> {
            self.0.order(order)
        }

        fn best(&self, side: Side) -> Option<PriceTicks> {
            self.0.best(side)
        }

        fn live_orders(&self) -> usize {
            self.0.live_orders()
        }

        fn visit(&self, see: &mut dyn FnMut(&RestingOrder)) {
            self.0.visit(see);
        }
    }

    #[test]
    fn a_mistake_is_found_and_cut_down_to_the_steps_that_show_it() {
        let run = |case: &Case| compare(LosesPlace(ReferenceBook::new(INSTRUMENT)), &case.steps);
        let mut case = (0..).map(Case::new).find(|case| run(case).is_err()).expect("some case shows it");
        case.shrink_by(run);
        // Two orders at one price, and a reduction of the first.
        assert_eq!(case.steps.len(), 3, "{:#?}", case.steps);
        let divergence = run(&case).expect_err("what is left still fails");
        assert!(divergence.step == 2 && divergence.what.starts_with("state hash"), "{divergence}");
    }

    #[test]
    fn a_case_without_a_mistake_is_not_cut() {
        let mut case = Case::new(1);
        let length = case.steps.len();
        case.shrink();
        assert_eq!(case.steps.len(), length);
    }
}
