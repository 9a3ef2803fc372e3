//! The end of a run: faults are over, everybody comes up to date, and everything is compared.

use super::Simulation;
use crate::check::{self, Violation, ensure};
use crate::plan::FAULTS_MIN;

/// Virtual time after the last fault within which everybody is up to date, in ns.
const UP_TO_DATE_NS: u64 = 60_000_000_000;
/// Whether everybody is up to date is looked at after so many steps.
const LOOK_EVERY: u64 = 64;

impl Simulation {
    /// Ends the faults, waits until everybody is up to date, and compares.
    pub(super) fn end(&mut self) -> Result<(), Violation> {
        self.stage.kernel.end_faults();
        self.stage.disk.with(|disk| {
            disk.disarm();
            disk.make_room();
        });
        // Matching may have carried out a record that a crash has taken since, and learns of that with the next one. So one more
        // comes; and after all that went wrong the venue must still take it.
        if let Some(administrator) = self.clients.last_mut() {
            administrator.submit_last(&mut self.stage);
        }
        let deadline = self.stage.kernel.now_ns() + UP_TO_DATE_NS;
        let mut steps = 0_u64;
        loop {
            if steps.is_multiple_of(LOOK_EVERY)
                && let Err(late) = self.late()
            {
                ensure(
                    self.stage.kernel.now_ns() < deadline,
                    "everybody comes up to date in bounded time",
                    || late,
                )?;
            } else if steps.is_multiple_of(LOOK_EVERY) {
                break;
            }
            self.step()?;
            steps += 1;
        }
        self.compare()?;
        ensure(self.stage.commands() >= crate::plan::COMMANDS_MIN, "a run has enough commands", String::new)?;
        ensure(self.faults >= FAULTS_MIN as u64, "a run has enough faults", || self.faults.to_string())?;
        check::check_replay(&mut self.stage)
    }

    /// Who is not up to date yet.
    fn late(&self) -> Result<(), String> {
        let oracle = &self.stage.oracle;
        let last = oracle.durable_commands();
        let check = |fine: bool, who: &str| if fine { Ok(()) } else { Err(who.to_owned()) };
        check(oracle.unanswered() == 0, "a client")?;
        let risk = self.risk.as_ref().and_then(|risk| risk.half());
        check(risk.is_some_and(|(_, sequence)| sequence.0 == last), "risk")?;
        let matching = self.matching.as_ref().and_then(|matching| matching.books());
        check(matching.is_some_and(|(_, sequence)| sequence.0 == last), "matching")?;
        for feed in &self.feeds {
            let events = feed.as_ref().map(|feed| feed.feed().sequence().0);
            check(events == Some(oracle.event_count()), "a feed")?;
        }
        for (number, subscriber) in self.subscribers.iter().enumerate() {
            let feed = self.feeds[number % self.feeds.len()].as_ref().map(|feed| feed.feed());
            let Some((subscriber, feed)) = subscriber.as_ref().zip(feed) else {
                return Err("a subscriber".to_owned());
            };
            let fine = (0..feed.instruments() as u32).all(|instrument| {
                let instrument = exchange_types::InstrumentId(instrument);
                let expected = feed.depth(instrument).ok().flatten();
                let expected = expected.filter(|depth| depth.seq.0 > 0);
                let found = subscriber.books().map(|book| book.snapshot());
                let found =
                    found.filter(|depth| depth.seq.0 > 0).find(|depth| depth.instrument == instrument);
                found == expected
            });
            check(fine, "a subscriber")?;
        }
        match &self.follower {
            Some(_) => Ok(()),
            None => Err("the follower".to_owned()),
        }
    }

    /// Everybody is up to date: everybody must have the same.
    fn compare(&mut self) -> Result<(), Violation> {
        let oracle = &self.stage.oracle;
        let engine = &oracle.venue().engine;
        if let Some((half, _)) = self.risk.as_ref().and_then(|risk| risk.half()) {
            ensure(
                half.state_hash() == engine.state_hash(),
                "risk apart equals risk in the engine",
                String::new,
            )?;
        }
        if let Some((matching, _)) = self.matching.as_ref().and_then(|matching| matching.books()) {
            use exchange_core::book::OrderBook;
            for (instrument, book) in engine.matching().books() {
                let apart = matching.book(instrument).map(OrderBook::state_hash);
                ensure(
                    apart == Some(book.state_hash()),
                    "matching apart equals matching in the engine",
                    || format!("instrument {instrument}"),
                )?;
            }
        }
        for feed in self.feeds.iter().flatten() {
            ensure(
                feed.feed().state_hash() == oracle.feed().state_hash(),
                "every feed of the same events is the same",
                String::new,
            )?;
        }
        Ok(())
    }
}
