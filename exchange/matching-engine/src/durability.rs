//! Which outcomes are durable, and in whose reign.
//!
//! Not responsible for holding them. A newcomer needs to know one thing: steps and durable positions come over two connections, and
//! between the two the log may have lost its end and gone on with other records under the same numbers. So that a position says
//! something about *our* record, that record must lie before the place that persistence has compared when the connection was
//! opened, or be of the very reign that announces the position: a reign writes each number once, behind what it found.

use exchange_service::net::Place;

use crate::held::Held;

/// What a connection to persistence says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Durability {
    /// The place that persistence has compared: the log has it, and all before it.
    pub(crate) verified: u64,
    /// The reign that announces positions.
    pub(crate) reign: u32,
    /// Up to where the log is durable.
    pub(crate) durable: u64,
}

/// What may be published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Release {
    /// Everything up to here, which may be nothing.
    UpTo(u64),
    /// Everything up to here; what comes behind it is durable only if the log has our record of it, which persistence has to
    /// compare first.
    VerifyBehind(u64),
}

impl Durability {
    /// A connection that was opened at this place.
    pub(crate) fn new(asked: Place, reign: u32) -> Self {
        Self { verified: asked.sequence, reign, durable: 0 }
    }

    /// Which of the outcomes that are held may leave.
    pub(crate) fn release(&self, held: &Held) -> Release {
        let (first, next) = (held.first(), held.next());
        let last = self.durable.min(next - 1);
        if last < first {
            return Release::UpTo(first - 1);
        }
        // Whoever folded the last one in did so behind the records of the log, so it answers for all before it.
        if last <= self.verified || held.epoch(last) == Some(self.reign) {
            return Release::UpTo(last);
        }
        Release::VerifyBehind(self.verified.max(first - 1))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use exchange_types::{OutcomeHeader, Sequence};

    use super::*;

    /// Outcomes 11 to 14 of reign 1, 15 and 16 of reign 2.
    fn held() -> Held {
        let mut held = Held::behind(10);
        for sequence in 11..17 {
            let header = OutcomeHeader { sequence: Sequence(sequence), ..OutcomeHeader::default() };
            held.hold(if sequence < 15 { 1 } else { 2 }, &header, &[], Instant::now());
        }
        held
    }

    #[track_caller]
    fn check(verified: u64, reign: u32, durable: u64, expected: Release) {
        assert_eq!(Durability { verified, reign, durable }.release(&held()), expected);
    }

    #[test]
    fn what_is_not_durable_stays() {
        check(100, 1, 0, Release::UpTo(10));
        check(100, 1, 10, Release::UpTo(10));
        check(100, 1, 12, Release::UpTo(12));
        check(100, 1, 100, Release::UpTo(16));
    }

    #[test]
    fn a_record_of_the_reign_that_announces_the_position_is_the_one_in_the_log() {
        check(10, 1, 13, Release::UpTo(13));
        check(10, 2, 15, Release::UpTo(15));
    }

    #[test]
    fn a_record_of_an_earlier_reign_behind_the_place_that_was_compared_may_have_been_lost() {
        check(10, 2, 13, Release::VerifyBehind(10));
        check(12, 2, 14, Release::VerifyBehind(12));
        check(5, 2, 14, Release::VerifyBehind(10));
    }

    #[test]
    fn a_record_of_a_later_reign_is_not_announced_by_an_earlier_one() {
        check(10, 1, 15, Release::VerifyBehind(10));
    }
}
