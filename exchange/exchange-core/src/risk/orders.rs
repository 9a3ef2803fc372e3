//! The resting orders as risk sees them: one record each, found by id, listed by account in the order of arrival.
//!
//! It does not know priority or prices levels; the book does. A newcomer needs to know one thing: the table holds exactly the
//! orders that rest in the books. An order on its way through a book is not in it yet.

use exchange_types::{
    AccountId, InstrumentId, OrderId, PriceTicks, QuantityLots, SelfTradePrevention, Side, TimestampNs,
};

use prefetch_index::prefetch_index;

use super::money::Fees;
use crate::book::RestingOrder;
use crate::book::index::{IdIndex, OpaqueIndex, Vacancy};
use crate::mixer::mix;

/// No record: the end of a list, or an id that is not there.
pub(super) const NONE: u32 = 0;

/// A live order. One cache line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(align(64))]
pub(super) struct Record {
    pub(super) id: OrderId,
    /// What stands behind it: of the quote asset for a buy, of the base asset for a sell, in minor units.
    pub(super) reserved: u64,
    /// Its number among all orders that ever rested: the priority inside a price.
    pub(super) arrival: u64,
    /// When it ends; zero: when it is cancelled or filled.
    pub(super) expires_at: TimestampNs,
    pub(super) fees: Fees,
    pub(super) account: AccountId,
    pub(super) ticks: PriceTicks,
    pub(super) remaining: QuantityLots,
    /// Neighbours in the list of its account.
    pub(super) previous: u32,
    pub(super) next: u32,
    /// Its instrument. Bound: there are fewer instruments than 2^16.
    pub(super) place: u16,
    pub(super) side: Side,
    pub(super) self_trade: SelfTradePrevention,
}

const _: () = assert!(size_of::<Record>() == 64);
const _: () = assert!(super::limits::INSTRUMENTS_MAX <= 1 << 16);

impl Record {
    /// The record of an order that has not arrived in a book.
    pub(super) fn new(
        id: OrderId,
        account: AccountId,
        instrument: InstrumentId,
        side: Side,
        self_trade: SelfTradePrevention,
        expires_at: TimestampNs,
    ) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "below INSTRUMENTS_MAX")]
        let place = instrument.0 as u16;
        Self {
            id,
            reserved: 0,
            arrival: 0,
            expires_at,
            fees: Fees::default(),
            account,
            ticks: PriceTicks(0),
            remaining: QuantityLots(0),
            previous: NONE,
            next: NONE,
            place,
            side,
            self_trade,
        }
    }

    #[inline]
    pub(super) fn instrument(&self) -> InstrumentId {
        InstrumentId(u32::from(self.place))
    }

    /// The order as its book has it.
    #[inline]
    pub(super) fn resting(&self) -> RestingOrder {
        RestingOrder {
            id: self.id,
            account: self.account,
            price: self.ticks,
            remaining: self.remaining,
            side: self.side,
            self_trade: self.self_trade,
            expires_at: self.expires_at,
        }
    }

    /// What it adds to the digest.
    #[inline]
    pub(super) fn mixed(&self) -> u64 {
        mix([
            self.id.0,
            u64::from(self.account.0) << 32
                | u64::from(self.place) << 16
                | (self.side as u64) << 8
                | self.self_trade as u64,
            u64::from(self.ticks.0) << 32 | u64::from(self.remaining.0),
            self.arrival,
            self.reserved,
            self.fees.word(),
            self.expires_at.0,
            0x0bde_0bde,
        ])
    }
}

/// The two ends of an account's list, and its length.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct List {
    first: u32,
    last: u32,
    pub(super) length: u32,
}

/// All live orders.
#[derive(Debug, Clone)]
pub(super) struct OrderTable {
    /// The record with number 0 is never used. A free record has the id 0 and leads to the next one.
    records: Vec<Record>,
    free: u32,
    index: OpaqueIndex,
    live: usize,
    digest: u64,
}

impl OrderTable {
    pub(super) fn new(index_seed: u64) -> Self {
        let index = OpaqueIndex::with_seed(index_seed);
        Self { records: vec![vacant(NONE)], free: NONE, index, live: 0, digest: 0 }
    }

    pub(super) fn live(&self) -> usize {
        self.live
    }

    /// The sum of the entries of all orders.
    pub(super) fn digest(&self) -> u64 {
        self.digest
    }

    /// The number of the record of this order, or [`NONE`].
    #[inline]
    pub(super) fn find(&self, id: OrderId) -> u32 {
        self.index.find(id.0, |number| self.records[number as usize].id == id).map_or(NONE, |found| found.0)
    }

    /// Starts to load the place where this id is found or added.
    #[inline]
    pub(super) fn prefetch_place(&self, id: OrderId) {
        self.index.prefetch(id.0);
    }

    /// Starts to load the record that this id probably has, and returns its number.
    #[inline]
    pub(super) fn prefetch_record(&self, id: OrderId) -> u32 {
        let number = self.index.guess(id.0);
        prefetch_index(&self.records, number as usize);
        number
    }

    /// Starts to load the neighbours of a record in the list of its account.
    #[inline]
    pub(super) fn prefetch_neighbours(&self, number: u32) {
        if let Some(record) = self.records.get(number as usize) {
            prefetch_index(&self.records, record.previous as usize);
            prefetch_index(&self.records, record.next as usize);
        }
    }

    #[inline]
    pub(super) fn get(&self, number: u32) -> &Record {
        &self.records[number as usize]
    }

    /// Every live order, in no order that means anything.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Record> {
        self.records.iter().filter(|record| record.id.0 != 0)
    }

    /// The orders of an account, the oldest first.
    pub(super) fn of(&self, list: List) -> impl Iterator<Item = &Record> {
        let mut number = list.first;
        std::iter::from_fn(move || {
            let record = (number != NONE).then(|| self.get(number))?;
            number = record.next;
            Some(record)
        })
    }

    /// Makes room for this many orders.
    pub(super) fn reserve(&mut self, orders: usize) {
        self.records.reserve(orders);
        self.index.reserve(orders);
    }

    /// Adds an order at the end of its account's list. The caller has made sure that its id is not there.
    #[inline]
    pub(super) fn insert(&mut self, record: &Record, list: &mut List) {
        self.digest = self.digest.wrapping_add(record.mixed());
        let number = self.take_free();
        let linked = Record { previous: list.last, next: NONE, ..*record };
        self.records[number as usize] = linked;
        match self.index.vacancy(record.id.0, |_| false) {
            Vacancy::Free(place) => self.index.fill(place, record.id.0, number),
            Vacancy::Taken | Vacancy::OutOfRange => unreachable!("an index of opaque ids takes any new id"),
        }
        match list.last {
            NONE => list.first = number,
            last => self.records[last as usize].next = number,
        }
        list.last = number;
        list.length = list.length.wrapping_add(1);
        self.live = self.live.wrapping_add(1);
    }

    #[inline]
    fn take_free(&mut self) -> u32 {
        if self.free == NONE {
            // Bound: there are at most `ORDERS_MAX` live orders, and the records that were ever used at once are as many.
            let number = u32::try_from(self.records.len()).expect("a record's number fits 32 bits");
            self.records.push(vacant(NONE));
            return number;
        }
        let number = self.free;
        self.free = self.records[number as usize].next;
        number
    }

    /// Takes an order out.
    #[inline]
    pub(super) fn remove(&mut self, number: u32, list: &mut List) {
        let record = self.records[number as usize];
        self.digest = self.digest.wrapping_sub(record.mixed());
        self.index.remove(record.id.0, number);
        match record.previous {
            NONE => list.first = record.next,
            previous => self.records[previous as usize].next = record.next,
        }
        match record.next {
            NONE => list.last = record.previous,
            next => self.records[next as usize].previous = record.previous,
        }
        list.length = list.length.wrapping_sub(1);
        self.live = self.live.wrapping_sub(1);
        self.records[number as usize] = vacant(self.free);
        self.free = number;
    }

    /// Writes back a record whose quantity, reservation or credit has changed.
    #[inline]
    pub(super) fn update(&mut self, number: u32, changed: &Record) {
        let record = &mut self.records[number as usize];
        self.digest = self.digest.wrapping_sub(record.mixed()).wrapping_add(changed.mixed());
        *record = *changed;
    }
}

fn vacant(next: u32) -> Record {
    let nobody = Record::new(
        OrderId(0),
        AccountId(0),
        InstrumentId(0),
        Side::Buy,
        SelfTradePrevention::CancelTaker,
        TimestampNs(0),
    );
    Record { next, ..nobody }
}
