//! In which reign each record was written.
//!
//! Not responsible for comparing whole logs. A newcomer needs to know one thing: reigns only grow along the log, so it is enough
//! to remember where each began, and few are ever needed, because whoever resumes is not far behind.

use std::collections::VecDeque;

/// How many beginnings are remembered. Each is a restart of the log's owner.
const REIGNS_MAX: usize = 64;

/// Where reigns began.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reigns {
    /// The first record of a reign, and the reign.
    began: VecDeque<(u64, u32)>,
}

impl Reigns {
    /// A record was written in this reign. Returns whether it is another one than before.
    pub(crate) fn add(&mut self, sequence: u64, epoch: u32) -> bool {
        if self.began.back().is_some_and(|(_, last)| *last == epoch) {
            return false;
        }
        if self.began.len() == REIGNS_MAX {
            self.began.pop_front();
        }
        self.began.push_back((sequence, epoch));
        true
    }

    /// The reign of a record. `None`: it is too old to be known.
    pub(crate) fn of(&self, sequence: u64) -> Option<u32> {
        let after = self.began.partition_point(|(first, _)| *first <= sequence);
        after.checked_sub(1).and_then(|at| self.began.get(at)).map(|(_, epoch)| *epoch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_of_the_reign_that_began_last_before_it() {
        let mut reigns = Reigns::default();
        assert_eq!(reigns.of(5), None);
        assert!(reigns.add(10, 3));
        assert!(!reigns.add(11, 3));
        assert!(reigns.add(12, 7));
        let found: Vec<_> = (9..14).map(|sequence| reigns.of(sequence)).collect();
        assert_eq!(found, [None, Some(3), Some(3), Some(7), Some(7)]);
    }

    #[test]
    fn only_so_many_are_remembered() {
        let mut reigns = Reigns::default();
        for number in 0..200 {
            reigns.add(u64::from(number), number);
        }
        assert_eq!((reigns.began.len(), reigns.of(10), reigns.of(199)), (REIGNS_MAX, None, Some(199)));
    }
}
