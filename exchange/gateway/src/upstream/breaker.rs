//! The circuit breaker of one service, as a state machine without a clock.
//!
//! | state | asked | a success | a failure |
//! |---|---|---|---|
//! | closed | yes | forgets the failures before it | counts; at the limit: open |
//! | open | no, until its time is over: half-open | | |
//! | half-open | one at a time | counts; at the limit: closed | open again |
//!
//! A question that was asked in an earlier state says nothing about the present one: its answer is not counted.

use std::time::Duration;

use crate::clock::{Nanos, nanos};

/// How patient a breaker is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerSettings {
    /// So many failures in a row open it.
    pub failures: u32,
    /// So long it stays open.
    pub open: Duration,
    /// So many successes in a row of single trials close it.
    pub successes: u32,
}

/// What the breaker lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Everything.
    Closed,
    /// Nothing.
    Open,
    /// One question at a time.
    HalfOpen,
}

/// The breaker of one service.
#[derive(Debug)]
pub(super) struct Breaker {
    settings: BreakerSettings,
    state: Inner,
    /// Grows with every change of state, so that late answers are known.
    generation: u64,
}

#[derive(Debug)]
enum Inner {
    Closed { failures: u32 },
    Open { until: Nanos },
    HalfOpen { successes: u32, trial: bool },
}

/// The right to ask once. It is to be given back with [`Breaker::report`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Permit {
    generation: u64,
}

/// What came of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The service answered.
    Success,
    /// It did not, or said that it cannot.
    Failure,
    /// Nobody waited for the answer.
    Abandoned,
}

impl Breaker {
    pub(super) fn new(settings: BreakerSettings) -> Self {
        Self { settings, state: Inner::Closed { failures: 0 }, generation: 0 }
    }

    /// May the service be asked now?
    ///
    /// # Errors
    /// No: when to come again.
    pub(super) fn admit(&mut self, now: Nanos) -> Result<Permit, Duration> {
        if let Inner::Open { until } = self.state {
            if now < until {
                return Err(Duration::from_nanos(until - now));
            }
            self.change(Inner::HalfOpen { successes: 0, trial: false });
        }
        match &mut self.state {
            // The trial that is under way ends soon, one way or the other.
            Inner::HalfOpen { trial: true, .. } => return Err(Duration::from_secs(1)),
            Inner::HalfOpen { trial, .. } => *trial = true,
            Inner::Closed { .. } | Inner::Open { .. } => {}
        }
        Ok(Permit { generation: self.generation })
    }

    /// What came of it.
    pub(super) fn report(&mut self, permit: Permit, verdict: Verdict, now: Nanos) {
        if permit.generation != self.generation {
            return;
        }
        let settings = self.settings;
        match (&mut self.state, verdict) {
            (Inner::Closed { failures }, Verdict::Success) => *failures = 0,
            (Inner::Closed { failures }, Verdict::Failure) => {
                *failures += 1;
                if *failures >= settings.failures {
                    self.open(now);
                }
            }
            (Inner::HalfOpen { successes, trial }, Verdict::Success) => {
                *trial = false;
                *successes += 1;
                if *successes >= settings.successes {
                    self.change(Inner::Closed { failures: 0 });
                }
            }
            (Inner::HalfOpen { .. }, Verdict::Failure) => self.open(now),
            (Inner::HalfOpen { trial, .. }, Verdict::Abandoned) => *trial = false,
            (Inner::Closed { .. }, Verdict::Abandoned) | (Inner::Open { .. }, _) => {}
        }
    }

    /// Whether it is open and its time is not over: whoever asks now is refused.
    pub(super) fn is_resting(&self, now: Nanos) -> bool {
        matches!(self.state, Inner::Open { until } if now < until)
    }

    pub(super) fn state(&self) -> State {
        match self.state {
            Inner::Closed { .. } => State::Closed,
            Inner::Open { .. } => State::Open,
            Inner::HalfOpen { .. } => State::HalfOpen,
        }
    }

    fn open(&mut self, now: Nanos) {
        self.change(Inner::Open { until: now.saturating_add(nanos(self.settings.open)) });
    }

    fn change(&mut self, state: Inner) {
        self.state = state;
        self.generation += 1;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Breaker, BreakerSettings, Permit, State, Verdict};

    const SECOND: u64 = 1_000_000_000;

    fn breaker() -> Breaker {
        Breaker::new(BreakerSettings { failures: 5, open: Duration::from_secs(30), successes: 3 })
    }

    fn ask(breaker: &mut Breaker, now: u64, verdict: Verdict) {
        let permit = breaker.admit(now).unwrap();
        breaker.report(permit, verdict, now);
    }

    fn opened(now: u64) -> Breaker {
        let mut breaker = breaker();
        (0..5).for_each(|_| ask(&mut breaker, now, Verdict::Failure));
        assert_eq!(breaker.state(), State::Open);
        breaker
    }

    #[test]
    fn five_failures_in_a_row_open_it() {
        let mut breaker = breaker();
        for _ in 0..3 {
            (0..4).for_each(|_| ask(&mut breaker, 0, Verdict::Failure));
            ask(&mut breaker, 0, Verdict::Success);
        }
        (0..4).for_each(|_| ask(&mut breaker, 0, Verdict::Failure));
        ask(&mut breaker, 0, Verdict::Abandoned);
        assert_eq!(breaker.state(), State::Closed);
        ask(&mut breaker, 0, Verdict::Failure);
        assert_eq!(breaker.state(), State::Open);
    }

    #[test]
    fn while_open_nothing_passes_and_it_says_for_how_long() {
        let mut breaker = opened(SECOND);
        assert_eq!(breaker.admit(11 * SECOND), Err(Duration::from_secs(20)));
        assert_eq!(breaker.admit(31 * SECOND - 1), Err(Duration::from_nanos(1)));
        assert!(breaker.is_resting(31 * SECOND - 1) && !breaker.is_resting(31 * SECOND));
        assert!(breaker.admit(31 * SECOND).is_ok());
        assert_eq!(breaker.state(), State::HalfOpen);
    }

    #[test]
    fn half_open_it_lets_one_through_at_a_time_and_three_successes_close_it() {
        let mut breaker = opened(0);
        let now = 30 * SECOND;
        for _ in 0..3 {
            assert_ne!(breaker.state(), State::Closed);
            let trial = breaker.admit(now).unwrap();
            assert!(breaker.admit(now).is_err(), "a second one waits");
            breaker.report(trial, Verdict::Success, now);
        }
        assert_eq!(breaker.state(), State::Closed);
        // The failures of before are forgotten.
        (0..4).for_each(|_| ask(&mut breaker, now, Verdict::Failure));
        assert_eq!(breaker.state(), State::Closed);
    }

    #[test]
    fn a_failed_trial_opens_it_for_the_whole_time_again() {
        let mut breaker = opened(0);
        ask(&mut breaker, 30 * SECOND, Verdict::Success);
        ask(&mut breaker, 31 * SECOND, Verdict::Failure);
        assert_eq!(breaker.state(), State::Open);
        assert_eq!(breaker.admit(31 * SECOND), Err(Duration::from_secs(30)));
        assert!(breaker.admit(61 * SECOND).is_ok());
    }

    #[test]
    fn a_trial_that_nobody_waits_for_makes_room_for_the_next() {
        let mut breaker = opened(0);
        ask(&mut breaker, 30 * SECOND, Verdict::Abandoned);
        assert_eq!(breaker.state(), State::HalfOpen);
        assert!(breaker.admit(30 * SECOND).is_ok());
    }

    #[test]
    fn answers_to_questions_of_an_earlier_state_do_not_count() {
        let mut breaker = breaker();
        let early: Vec<Permit> = (0..20).map(|_| breaker.admit(0).unwrap()).collect();
        early[..5].iter().for_each(|permit| breaker.report(*permit, Verdict::Failure, 0));
        let trial = breaker.admit(30 * SECOND).unwrap();
        for permit in &early[5..] {
            breaker.report(*permit, Verdict::Failure, 30 * SECOND);
            breaker.report(*permit, Verdict::Success, 30 * SECOND);
        }
        assert_eq!(breaker.state(), State::HalfOpen);
        assert!(breaker.admit(30 * SECOND).is_err(), "the trial is still under way");
        breaker.report(trial, Verdict::Success, 30 * SECOND);
        assert!(breaker.admit(30 * SECOND).is_ok());
    }
}
