//! Sets of hash slots, as ranges.
//!
//! Not responsible for who owns them. A newcomer needs to know one thing: ranges are kept in order, apart from each other and
//! merged where they touch, so that two sets are equal exactly when their ranges are.

use std::fmt;

/// Slots of a cluster, numbered from 0.
pub(super) const SLOTS: u16 = 16_384;

/// A set of slots.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Slots(Vec<(u16, u16)>);

impl Slots {
    /// All slots.
    pub(super) fn all() -> Self {
        Self::range(0, SLOTS - 1)
    }

    /// The slots from `first` to `last`, both included.
    pub(super) fn range(first: u16, last: u16) -> Self {
        let last = last.min(SLOTS - 1);
        Self(if first <= last { vec![(first, last)] } else { Vec::new() })
    }

    /// One of `count` parts as even as can be.
    pub(super) fn part(index: usize, count: usize) -> Self {
        let edge = |index: usize| index * usize::from(SLOTS) / count.max(1);
        let at = |slot: usize| u16::try_from(slot).unwrap_or(SLOTS);
        match edge(index + 1) {
            end if end > edge(index) => Self::range(at(edge(index)), at(end - 1)),
            _ => Self::default(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many slots there are.
    pub(super) fn count(&self) -> usize {
        self.0.iter().map(|(first, last)| usize::from(last - first) + 1).sum()
    }

    /// First and last slot of every range.
    pub(super) fn ranges(&self) -> &[(u16, u16)] {
        &self.0
    }

    /// Slots that are in one of both.
    pub(super) fn union(&self, other: &Self) -> Self {
        let mut ranges: Vec<(u16, u16)> = self.0.iter().chain(&other.0).copied().collect();
        ranges.sort_unstable();
        let mut merged: Vec<(u16, u16)> = Vec::with_capacity(ranges.len());
        for (first, last) in ranges {
            match merged.last_mut() {
                Some(before) if first <= before.1.saturating_add(1) => before.1 = before.1.max(last),
                _ => merged.push((first, last)),
            }
        }
        Self(merged)
    }

    /// Slots that are here and not there.
    pub(super) fn minus(&self, other: &Self) -> Self {
        let mut left = Vec::new();
        for &(first, last) in &self.0 {
            let mut next = first;
            let mut is_done = false;
            for &(from, to) in other.0.iter().filter(|(from, to)| *from <= last && *to >= first) {
                if from > next {
                    left.push((next, from - 1));
                }
                next = to.saturating_add(1);
                is_done = to >= last;
            }
            if !is_done {
                left.push((next, last));
            }
        }
        Self(left)
    }

    /// Slots that are in both.
    pub(super) fn common(&self, other: &Self) -> Self {
        self.minus(&self.minus(other))
    }

    /// The slots of a text such as `0-5460` or `77`; `None` for anything else.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let (first, last) = (first.parse().ok()?, last.parse().ok()?);
        (first <= last && last < SLOTS).then(|| Self::range(first, last))
    }
}

impl fmt::Display for Slots {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// More would fill the screen.
        const SHOWN_MAX: usize = 4;
        if self.is_empty() {
            return formatter.write_str("no slots");
        }
        for (at, (first, last)) in self.0.iter().take(SHOWN_MAX).enumerate() {
            let comma = if at == 0 { "" } else { "," };
            match first == last {
                true => write!(formatter, "{comma}{first}")?,
                false => write!(formatter, "{comma}{first}-{last}")?,
            }
        }
        if self.0.len() > SHOWN_MAX { formatter.write_str(",...") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::{SLOTS, Slots};

    fn set(slots: &Slots) -> BTreeSet<u16> {
        slots.ranges().iter().flat_map(|(first, last)| *first..=*last).collect()
    }

    fn slots(ranges: &[(u16, u16)]) -> Slots {
        ranges.iter().fold(Slots::default(), |all, (first, length)| {
            all.union(&Slots::range(*first, first.saturating_add(*length)))
        })
    }

    proptest! {
        #[test]
        fn sets_of_ranges_behave_as_sets_of_numbers(
            a in prop::collection::vec((0..SLOTS, 0..40_u16), 0..6),
            b in prop::collection::vec((0..SLOTS, 0..9000_u16), 0..6),
        ) {
            let (a, b) = (slots(&a), slots(&b));
            let (one, other) = (set(&a), set(&b));
            prop_assert_eq!(set(&a.union(&b)), &one | &other);
            prop_assert_eq!(set(&b.minus(&a)), &other - &one);
            prop_assert_eq!(set(&a.minus(&b)), &one - &other);
            prop_assert_eq!(set(&a.common(&b)), &one & &other);
            prop_assert_eq!(a.union(&b).count(), (&one | &other).len());
            prop_assert_eq!(a.union(&b).minus(&b).union(&b), a.union(&b));
        }
    }

    #[test]
    fn parts_are_all_slots_and_share_none() {
        for count in 1..40 {
            let mut all = Slots::default();
            for index in 0..count {
                let part = Slots::part(index, count);
                assert!(all.common(&part).is_empty());
                all = all.union(&part);
            }
            assert_eq!(all, Slots::all());
        }
        assert_eq!(Slots::part(0, 3).ranges(), [(0, 5460)]);
        assert_eq!(Slots::part(2, 3).ranges(), [(10922, 16383)]);
    }

    #[test]
    fn slots_are_read_as_a_node_writes_them_and_open_ones_are_none() {
        assert_eq!(Slots::parse("0-5460"), Some(Slots::range(0, 5460)));
        assert_eq!(Slots::parse("77"), Some(Slots::range(77, 77)));
        for text in ["", "-", "5-4", "16384", "0-99999", "[93-<-e7d1]", "a-b"] {
            assert_eq!(Slots::parse(text), None, "{text}");
        }
        assert_eq!(Slots::parse("5-9").unwrap().union(&Slots::range(1, 1)).to_string(), "1,5-9");
    }
}
