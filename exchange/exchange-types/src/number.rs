//! Prices, quantities and amounts. Two scales exist: what a client writes and what the book counts in.

/// A price as commands carry it: minor units of the quote asset for one whole unit of the base asset.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Price(pub u64);

/// A quantity as commands carry it: minor units of the base asset.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Quantity(pub u64);

/// An amount of an asset, in its minor units. Never negative: a debit that would make it so is a reject.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Amount(pub u64);

/// A price in ticks, the price step of its instrument. A resting order has one from 1 to [`PriceTicks::HIGHEST`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct PriceTicks(pub u32);

impl PriceTicks {
    /// The lowest price an order can rest at.
    pub const LOWEST: Self = Self(1);
    /// The highest price an order can rest at. One below the largest `u32`, so that a book can say "no price".
    pub const HIGHEST: Self = Self(u32::MAX - 1);
}

/// A quantity in lots, the quantity step of its instrument. Sums over orders are `u64`: 2^32 orders of 2^32 lots fit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct QuantityLots(pub u32);
