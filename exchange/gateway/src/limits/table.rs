//! The buckets that are not full, in bounded memory.
//!
//! A bucket that is full equals none, so it may be forgotten at any time: a hand goes round the entries, a few with each new one,
//! and drops those that have filled up. **When the ceiling is reached and all that the hand sees are in use, the fullest of them is
//! forgotten**: its owner gets back the little that was missing, and nobody is refused because others are many.

use std::collections::HashMap;

use exchange_types::AccountId;

use super::gcra::{Quota, Standing};
use super::proxies::Network;
use super::rate::Class;
use crate::clock::Nanos;

/// How many entries the hand looks at for each new one. Two would keep pace with what comes; a few more make a flood that has
/// passed disappear sooner.
const LOOKS: usize = 4;

/// How many entries the hand looks at when the ceiling is reached. 64 looks are about a microsecond.
const LOOKS_AT_CEILING: usize = 64;

/// Who is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Owner {
    Account(AccountId),
    Operator,
    Address(Network),
}

/// Whose bucket, and which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key {
    /// Whose.
    pub owner: Owner,
    /// Which of the owner's buckets.
    pub bucket: u8,
}

impl std::fmt::Display for Key {
    /// As Redis knows it.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let bucket = Class::ALL.get(usize::from(self.bucket)).map_or("address", |class| class.name());
        match self.owner {
            Owner::Account(account) => write!(formatter, "{bucket}:account:{account}"),
            Owner::Operator => write!(formatter, "{bucket}:operator"),
            Owner::Address(network) => write!(formatter, "{bucket}:address:{network}"),
        }
    }
}

#[derive(Debug)]
struct Entry {
    key: Key,
    full_at: Nanos,
    quota: Quota,
    /// Tokens that have been taken here and not told to the others yet.
    untold: u32,
}

/// What one bucket has to tell the other gateways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Debit {
    pub key: Key,
    pub quota: Quota,
    /// Tokens taken since the last time.
    pub tokens: u32,
    /// Nanoseconds until the bucket was full again, without these tokens.
    pub before: u64,
}

/// Buckets by key.
#[derive(Debug)]
pub(super) struct Table {
    places: HashMap<Key, usize>,
    entries: Vec<Entry>,
    hand: usize,
    ceiling: usize,
    /// Keys with something untold; `None`: nobody is told.
    told: Option<Vec<Key>>,
    forgotten: u64,
}

impl Table {
    /// A table of at most `ceiling` buckets; `shared`: what is taken is told to others.
    pub(super) fn new(ceiling: usize, shared: bool) -> Self {
        Self {
            places: HashMap::new(),
            entries: Vec::new(),
            hand: 0,
            ceiling: ceiling.max(1),
            told: shared.then(Vec::new),
            forgotten: 0,
        }
    }

    /// Takes tokens. True in the second place: enough has been taken to tell the others soon.
    pub(super) fn take(&mut self, key: Key, quota: Quota, now: Nanos, tokens: u32) -> (Standing, bool) {
        let place = match self.places.get(&key) {
            Some(place) => *place,
            None => self.add(key, quota, now),
        };
        let entry = &mut self.entries[place];
        entry.quota = quota;
        let standing = quota.take(&mut entry.full_at, now, tokens);
        let Some(told) = self.told.as_mut().filter(|_| standing.wait == 0) else { return (standing, false) };
        // A flood of new keys between two tellings ends at the ceiling; what is not noted stays local.
        if entry.untold == 0 {
            if told.len() >= self.ceiling {
                return (standing, false);
            }
            told.push(key);
        }
        entry.untold = entry.untold.saturating_add(tokens);
        (standing, entry.untold >= quota.burst() / 8)
    }

    /// What has been taken since the last time, of at most `count` buckets.
    pub(super) fn debits(&mut self, now: Nanos, count: usize) -> Vec<Debit> {
        let Some(told) = &mut self.told else { return Vec::new() };
        let from = told.len().saturating_sub(count);
        let keys = told.split_off(from);
        let debit = |key: Key| {
            let entry = &mut self.entries[*self.places.get(&key)?];
            let tokens = std::mem::take(&mut entry.untold);
            let missing = entry.full_at.saturating_sub(now);
            let before = missing.saturating_sub(entry.quota.span(tokens));
            (tokens > 0).then_some(Debit { key, quota: entry.quota, tokens, before })
        };
        keys.into_iter().filter_map(debit).collect()
    }

    /// Drops what was taken while nobody could be told: the bucket says all of it as soon as it is told of again.
    pub(super) fn forget_untold(&mut self) {
        for key in self.told.iter_mut().flat_map(std::mem::take) {
            if let Some(place) = self.places.get(&key) {
                self.entries[*place].untold = 0;
            }
        }
    }

    /// What all gateways together have taken: `asked` is when they were asked, `full_in` how long the shared bucket needed to be
    /// full then. What was taken here since comes on top.
    pub(super) fn learn(&mut self, key: Key, asked: Nanos, full_in: u64) {
        let Some(place) = self.places.get(&key) else { return };
        let entry = &mut self.entries[*place];
        let full_at = asked.saturating_add(full_in).saturating_add(entry.quota.span(entry.untold));
        entry.full_at = entry.full_at.max(full_at);
    }

    /// How many buckets there are.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// How many were forgotten although they were not full.
    pub(super) fn forgotten(&self) -> u64 {
        self.forgotten
    }

    fn add(&mut self, key: Key, quota: Quota, now: Nanos) -> usize {
        self.sweep(now, LOOKS);
        if self.entries.len() >= self.ceiling {
            self.make_room(now);
        }
        let place = self.entries.len();
        self.entries.push(Entry { key, full_at: 0, quota, untold: 0 });
        self.places.insert(key, place);
        place
    }

    fn sweep(&mut self, now: Nanos, looks: usize) {
        for _ in 0..looks.min(self.entries.len()) {
            if self.hand >= self.entries.len() {
                self.hand = 0;
            }
            if self.entries.get(self.hand).is_some_and(|entry| entry.full_at <= now) {
                self.remove(self.hand);
            } else {
                self.hand += 1;
            }
        }
    }

    /// The ceiling is reached.
    fn make_room(&mut self, now: Nanos) {
        self.sweep(now, LOOKS_AT_CEILING);
        if self.entries.len() < self.ceiling {
            return;
        }
        let count = self.entries.len();
        let seen = (0..LOOKS_AT_CEILING.min(count)).map(|step| (self.hand + step) % count);
        if let Some(fullest) = seen.min_by_key(|place| self.entries[*place].full_at) {
            self.forgotten += 1;
            self.remove(fullest);
        }
    }

    fn remove(&mut self, place: usize) {
        let removed = self.entries.swap_remove(place);
        self.places.remove(&removed.key);
        if let Some(moved) = self.entries.get(place) {
            self.places.insert(moved.key, place);
        }
    }
}

#[cfg(test)]
mod tests {
    use exchange_types::AccountId;

    use super::{Key, Owner, Table};
    use crate::limits::gcra::Quota;

    const SECOND: u64 = 1_000_000_000;

    fn key(owner: u32) -> Key {
        Key { owner: Owner::Account(AccountId(owner)), bucket: 0 }
    }

    fn quota() -> Quota {
        Quota::new(10, SECOND, 20, 1_000)
    }

    #[test]
    fn buckets_that_have_filled_up_are_forgotten() {
        let mut table = Table::new(100_000, false);
        for owner in 0..1_000 {
            table.take(key(owner), quota(), 1, 20);
        }
        assert_eq!(table.len(), 1_000);
        for owner in 1_000..1_500 {
            table.take(key(owner), quota(), 1 + 3 * SECOND, 1);
        }
        assert!(table.len() < 600, "{} buckets are left", table.len());
        assert_eq!(table.forgotten(), 0);
        assert_eq!(table.take(key(1_499), quota(), 1 + 3 * SECOND, 0).0.remaining, 19);
    }

    #[test]
    fn at_the_ceiling_the_one_that_owes_least_goes() {
        let mut table = Table::new(8, false);
        for owner in 0..8 {
            table.take(key(owner), quota(), 1, if owner == 5 { 1 } else { 20 });
        }
        table.take(key(100), quota(), 1, 20);
        assert_eq!((table.len(), table.forgotten()), (8, 1));
        for owner in [0, 1, 2, 3, 4, 6, 7, 100] {
            assert!(table.take(key(owner), quota(), 1, 1).0.wait > 0, "{owner} still owes");
        }
    }

    #[test]
    fn a_flood_of_owners_stays_below_the_ceiling_and_is_never_refused() {
        let mut table = Table::new(1_000, true);
        for owner in 0..100_000 {
            assert_eq!(table.take(key(owner), quota(), 1, 1).0.wait, 0);
            assert!(table.len() <= 1_000);
        }
        assert!(table.debits(1, usize::MAX).len() <= 1_000);
    }

    #[test]
    fn what_was_taken_is_told_once_and_what_others_took_counts() {
        let mut table = Table::new(10, true);
        assert!(!table.take(key(1), quota(), 0, 1).1);
        assert!(table.take(key(1), quota(), 0, 1).1, "an eighth of the bucket is told soon");
        let debits = table.debits(0, 10);
        assert_eq!((debits.len(), debits[0].tokens, debits[0].before), (1, 2, 0));
        assert!(table.debits(0, 10).is_empty());
        // One more is taken before the answer comes, which says that others have taken 17.
        table.take(key(1), quota(), 0, 1);
        table.learn(key(1), 0, 19 * SECOND / 10);
        assert!(table.take(key(1), quota(), 0, 1).0.wait > 0);
        assert_eq!(table.debits(0, 10)[0].tokens, 1);
        // An older answer does not give anything back.
        table.learn(key(1), 0, 0);
        assert!(table.take(key(1), quota(), 0, 1).0.wait > 0);
    }
}
