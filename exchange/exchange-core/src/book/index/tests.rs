//! Both indexes against a plain map, with ids chosen to hurt.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{DenseIndex, IdIndex, OpaqueIndex, Vacancy};

/// An index beside the map it should equal.
struct Pair<I> {
    index: I,
    handles: BTreeMap<u64, u32>,
    /// Who has a handle: what the records are to a book.
    ids: BTreeMap<u32, u64>,
    next: u32,
}

impl<I: IdIndex> Pair<I> {
    fn new(index: I) -> Self {
        Self { index, handles: BTreeMap::new(), ids: BTreeMap::new(), next: 1 }
    }

    fn find(&self, id: u64) -> Option<(u32, I::Place)> {
        self.index.find(id, |handle| self.ids.get(&handle) == Some(&id))
    }

    fn vacancy(&self, id: u64) -> Vacancy<I::Place> {
        self.index.vacancy(id, |handle| self.ids.get(&handle) == Some(&id))
    }

    /// Adds an id if it is not there and accepted. Returns whether the index accepted or had it.
    fn add(&mut self, id: u64) -> bool {
        match self.vacancy(id) {
            Vacancy::Free(place) => {
                assert!(!self.handles.contains_key(&id), "id {id} is there");
                self.index.fill(place, id, self.next);
                self.handles.insert(id, self.next);
                self.ids.insert(self.next, id);
                self.next += 1;
                true
            }
            Vacancy::Taken => {
                assert!(self.handles.contains_key(&id), "id {id} is not there");
                true
            }
            Vacancy::OutOfRange => {
                assert!(!self.handles.contains_key(&id) && !self.handles.is_empty());
                false
            }
        }
    }

    /// Removes an id if it is there, in one of the two ways.
    fn remove(&mut self, id: u64, by_place: bool) {
        let Some((handle, place)) = self.find(id) else {
            assert!(!self.handles.contains_key(&id), "id {id} is there");
            return;
        };
        if by_place {
            self.index.vacate(place)
        } else {
            self.index.remove(id, handle)
        }
        assert_eq!(self.handles.remove(&id), Some(handle));
        self.ids.remove(&handle);
    }

    fn check(&self, pool: &[u64]) {
        for id in pool {
            assert_eq!(self.find(*id).map(|(handle, _)| handle), self.handles.get(id).copied(), "id {id}");
            self.index.prefetch(*id);
            let guess = self.index.guess(*id);
            assert!(guess == 0 || self.ids.contains_key(&guess), "a guess is a handle");
        }
        assert_eq!(self.index.live_ids(), self.handles.len());
    }

    fn run(&mut self, steps: &[(u8, prop::sample::Index)], pool: &[u64]) {
        for (kind, index) in steps {
            let id = *index.get(pool);
            match kind {
                0..=5 => {
                    self.add(id);
                }
                kind => self.remove(id, *kind < 8),
            }
            self.check(pool);
        }
        for id in pool {
            self.remove(*id, true);
        }
        self.check(pool);
    }
}

fn steps() -> impl Strategy<Value = Vec<(u8, prop::sample::Index)>> {
    prop::collection::vec((0_u8..10, any::<prop::sample::Index>()), 1..300)
}

/// Ids whose tags begin alike in an index with this seed: in a small index they all want the last slot or the one before,
/// so their runs go round the end.
fn ids_of_the_last_slots(seed: u64, count: usize) -> Vec<u64> {
    let index = OpaqueIndex::with_seed(seed);
    (0..).filter(|id| index.tag(*id) >> 25 >= 126).take(count).collect()
}

/// Pairs of ids with one tag.
fn ids_of_one_tag(seed: u64) -> Vec<u64> {
    let index = OpaqueIndex::with_seed(seed);
    let mut by_tag = BTreeMap::new();
    let ids = (0_u64..200_000).map(|id| id.wrapping_mul(0xd134_2543_de82_ef95));
    let mut pairs = Vec::new();
    for id in ids {
        if let Some(other) = by_tag.insert(index.tag(id), id) {
            pairs.extend([id, other]);
        }
    }
    pairs
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn an_opaque_index_is_a_map(
        steps in steps(),
        seed in any::<u64>(),
        pool in prop::collection::vec(any::<u64>(), 1..60),
    ) {
        Pair::new(OpaqueIndex::with_seed(seed)).run(&steps, &pool);
    }

    #[test]
    fn runs_round_the_end_of_an_opaque_index_are_followed(steps in steps(), seed in any::<u64>()) {
        // Up to 100 slots of ids that belong to the last two of 128.
        let pool = ids_of_the_last_slots(seed, 40);
        Pair::new(OpaqueIndex::with_seed(seed)).run(&steps, &pool);
    }

    #[test]
    fn a_dense_index_is_a_map(
        steps in steps(),
        start in prop_oneof![Just(0_u64), Just(u64::MAX - 3_000_000), 0..u64::MAX / 2],
        gaps in prop::collection::vec(0_u64..100_000, 1..60),
    ) {
        let pool: Vec<u64> = gaps
            .iter()
            .scan(start, |id, gap| {
                *id = id.saturating_add(*gap);
                Some(*id)
            })
            .collect();
        Pair::new(DenseIndex::default()).run(&steps, &pool);
    }

    #[test]
    fn a_dense_index_refuses_strange_ids_and_keeps_the_others(
        steps in steps(),
        pool in prop::collection::vec(
            prop_oneof![0_u64..20_000, any::<u64>(), Just(0), Just(u64::MAX), 1_u64 << 24..1 << 27],
            1..40,
        ),
    ) {
        Pair::new(DenseIndex::default()).run(&steps, &pool);
    }

    #[test]
    fn ids_in_arrival_order_are_always_accepted(
        lives in prop::collection::vec(0_u64..200_000, 1..3_000),
        start in any::<u32>(),
        step in 1_u64..2_000,
    ) {
        // The n-th id lives until the id that many steps later has come.
        let mut pair = Pair::new(DenseIndex::default());
        let mut ends: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
        for (n, life) in (0_u64..).zip(&lives) {
            let id = u64::from(start) + n * step;
            prop_assert!(pair.add(id), "id {}", id);
            ends.entry(id + life).or_default().push(id);
            while let Some(entry) = ends.first_entry().filter(|entry| *entry.key() <= id) {
                entry.remove().into_iter().for_each(|old| pair.remove(old, true));
            }
        }
        let all: Vec<u64> = (0..lives.len() as u64).map(|n| u64::from(start) + n * step).collect();
        pair.check(&all);
    }
}

#[test]
fn ids_of_one_tag_are_told_apart() {
    for seed in 0..3 {
        let pool = ids_of_one_tag(seed);
        assert!(pool.len() >= 2, "200,000 ids have some tags twice");
        let mut pair = Pair::new(OpaqueIndex::with_seed(seed));
        for id in &pool {
            pair.add(*id);
            pair.check(&pool);
        }
        // The first of each pair goes, by its handle and not by its tag.
        for id in pool.iter().step_by(2) {
            pair.remove(*id, false);
            pair.check(&pool);
        }
    }
}

#[test]
fn an_opaque_index_grows_from_small_to_large_and_keeps_all_ids() {
    let mut pair = Pair::new(OpaqueIndex::default());
    let ids: Vec<u64> = (1..=100_000).collect();
    for id in &ids {
        pair.add(*id);
    }
    pair.check(&ids);
    // 131,072 slots have room for 81,920 ids, so it is twice that.
    assert_eq!(pair.index.memory_bytes(), 8 << 18);
    for id in ids.iter().filter(|id| *id % 3 != 0) {
        pair.remove(*id, id % 2 == 0);
    }
    pair.check(&ids);
}

#[test]
fn an_opaque_index_with_room_does_not_grow() {
    for ids in [1_u64, 4, 16_383, 16_384, 50_000] {
        let mut pair = Pair::new(OpaqueIndex::default());
        pair.index.reserve(usize::try_from(ids).expect("a small number"));
        let before = pair.index.memory_bytes();
        for id in 0..ids {
            pair.add(id);
        }
        assert_eq!(pair.index.memory_bytes(), before, "{ids} ids");
    }
}
