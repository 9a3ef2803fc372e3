//! What an order costs: notional, fees and what has to be set aside for them, in minor units of the quote asset.
//!
//! It moves no money; the [`ledger`](super::ledger) does. A newcomer needs to know one thing: a fee is rounded once for an
//! order and not once for each fill, so that the venue gains less than one minor unit on an order, however it is cut up.
//!
//! # Why a reservation always suffices
//!
//! Notation: an order has been charged for fills of cost `c1, c2, ...` at rates `r1, r2, ...` (millionths, each at most its
//! highest rate `R`). Let `S = sum(ci * ri)`. Charged so far is `C = ceil(S / 1e6)`, and the credit `k = C * 1e6 - S`, in
//! millionths of a minor unit, lies in `0..1e6`: the venue has had `k` more than its due, less than one minor unit.
//!
//! *The next fee.* A fill that adds `x = c * r` is charged `ceil((S + x) / 1e6) - C = ceil((x - k) / 1e6)`. With
//! `x = whole * 1e6 + part` and `part < 1e6` that is `whole`, plus one where `part > k`: [`charge`]. It is never negative.
//!
//! *A buy.* What stays of it costs at most `M` (its rest at its limit), so everything it may still be charged is at most
//! `ceil((M * R - k) / 1e6)`, which is `charge(M, R, k)`: the fee of one fill of the whole rest at the highest rate. This and
//! `M` are what is reserved: [`reservation_of_buy`]. A fill of cost `c`, for a part of the rest worth `m >= c` at the limit,
//! takes `c + f` with `f = ceil((c * r - k) / 1e6)` and leaves a new credit `k' = k + f * 1e6 - c * r`. Afterwards
//! `ceil(((M - m) * R - k') / 1e6) = ceil(((M - m) * R + c * r - k) / 1e6) - f <= ceil((M * R - k) / 1e6) - f`, because
//! `c * r <= m * R`. So the reservation covers the fill and its own successor, and what is over is released: nothing is ever
//! owed, and a release is never negative.
//!
//! *A sell.* Rates are at most 1e6, so `ceil((S + c * r) / 1e6) <= ceil(S / 1e6) + c`: a fee never exceeds the proceeds it is
//! taken from.

use exchange_types::{AccountTier, FeeRate, PriceTicks, QuantityLots};

/// Millionths in a whole.
const MILLION: u64 = 1_000_000;
const MILLION_U32: u32 = 1_000_000;

/// Lots times ticks times the value of one lot at one tick. `None`: more than 2^64 - 1 minor units.
#[inline]
pub(super) fn notional(lots: QuantityLots, ticks: PriceTicks, tick_value: u64) -> Option<u64> {
    // Bound: both are below 2^32, so the first product is below 2^64 and the second below 2^128.
    let steps = u64::from(lots.0).wrapping_mul(u64::from(ticks.0));
    u64::try_from(u128::from(steps).wrapping_mul(u128::from(tick_value))).ok()
}

/// The fee for a fill of this cost at this rate, and the new credit: see the head of the file.
#[inline]
pub(super) fn charge(cost: u64, rate: u32, credit: u32) -> (u64, u32) {
    debug_assert!(rate <= MILLION_U32 && credit < MILLION_U32);
    // cost * rate = whole * 1e6 + part, without a product of more than 64 bits: (cost / 1e6) * rate <= cost, because no
    // rate is above 1e6, and (cost % 1e6) * rate < 1e12.
    let rate = u64::from(rate);
    let rest = (cost % MILLION).wrapping_mul(rate);
    let whole = (cost / MILLION).wrapping_mul(rate).wrapping_add(rest / MILLION);
    let part = (rest % MILLION) as u32;
    if part > credit {
        // Bound: part > 0, so `whole` is below cost * rate / 1e6 <= cost and has a successor.
        (whole.wrapping_add(1), credit.wrapping_add(MILLION_U32.wrapping_sub(part)))
    } else {
        (whole, credit.wrapping_sub(part))
    }
}

/// What a buy with this much left has to have reserved. `None`: more than 2^64 - 1 minor units.
#[inline]
pub(super) fn reservation_of_buy(rest: u64, fees: Fees) -> Option<u64> {
    rest.checked_add(charge(rest, fees.highest(), fees.credit()).0)
}

/// A rate after the tier's discount, rounded up to a millionth: the venue gains less than a millionth of the notional.
#[inline]
fn discounted(rate: FeeRate, tier: &AccountTier) -> u32 {
    // Bound: the rate and what is left of a whole are at most 1e6, so the product is at most 1e12 and the result at most 1e6.
    let left = MILLION.saturating_sub(u64::from(tier.fee_discount));
    #[expect(clippy::cast_possible_truncation, reason = "at most 1e6, see above")]
    let rate = u64::from(rate.0).wrapping_mul(left).div_ceil(MILLION) as u32;
    rate
}

/// The fee terms of an order, fixed at its admission, and its credit: three numbers of 20 bits in one word, because they
/// decide whether the record of an order fits a cache line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Fees(u64);

impl Fees {
    const BITS: u32 = 20;
    const MASK: u64 = (1 << Self::BITS) - 1;

    /// The terms an account of this tier gets, with no credit, and the rate it pays as taker.
    pub(super) fn of(maker: FeeRate, taker: FeeRate, tier: &AccountTier) -> (Self, u32) {
        let (maker, taker) = (discounted(maker, tier), discounted(taker, tier));
        (Self::new(maker, maker.max(taker), 0), taker)
    }

    /// Each number must be at most a million, and the credit below it.
    pub(super) const fn new(maker: u32, highest: u32, credit: u32) -> Self {
        Self(maker as u64 | (highest as u64) << Self::BITS | (credit as u64) << (2 * Self::BITS))
    }

    const fn field(self, shift: u32) -> u32 {
        // Masked to 20 bits, so nothing is cut off.
        (self.0 >> shift & Self::MASK) as u32
    }

    /// What the order pays for a fill as maker, in millionths.
    #[inline]
    pub(super) const fn maker(self) -> u32 {
        self.field(0)
    }

    /// The higher of its two rates.
    #[inline]
    pub(super) const fn highest(self) -> u32 {
        self.field(Self::BITS)
    }

    /// What it has paid beyond its due, in millionths of a minor unit; below a million.
    #[inline]
    pub(super) const fn credit(self) -> u32 {
        self.field(2 * Self::BITS)
    }

    #[inline]
    pub(super) const fn with_credit(self, credit: u32) -> Self {
        Self::new(self.maker(), self.highest(), credit)
    }

    /// All of it as one number, for digests and snapshots.
    #[inline]
    pub(super) const fn word(self) -> u64 {
        self.0
    }

    /// The terms behind such a number, if there are any.
    pub(super) fn from_word(word: u64) -> Option<Self> {
        let fees = Self(word);
        let fits = word >> (3 * Self::BITS) == 0
            && fees.maker() <= fees.highest()
            && fees.highest() <= MILLION_U32
            && fees.credit() < MILLION_U32;
        fits.then_some(fees)
    }
}

#[cfg(test)]
mod tests {
    use exchange_types::{AccountTier, FeeRate};

    use super::{Fees, charge, discounted, reservation_of_buy};

    fn tier(fee_discount: u32) -> AccountTier {
        AccountTier { open_orders_max: 1, order_notional_max: 1, balance_max: 1, fee_discount }
    }

    /// An order cut into fills pays what the uncut order would have paid.
    #[test]
    fn cutting_an_order_up_does_not_change_its_fee() {
        for (costs, rate, total) in [
            (&[1, 1, 1, 1][..], 250_000, 1),
            (&[1, 1, 1, 1, 1], 250_000, 2),
            (&[333, 333, 334], 2_500, 3),
            (&[u64::MAX / 2, u64::MAX / 2, 1], 1_000_000, u64::MAX),
            (&[10, 20, 30], 0, 0),
        ] {
            let (mut credit, mut paid) = (0, 0);
            for cost in costs {
                let (fee, next) = charge(*cost, rate, credit);
                paid += fee;
                credit = next;
            }
            assert_eq!(paid, total, "{costs:?} at {rate}");
            assert!(credit < 1_000_000);
        }
    }

    #[test]
    fn the_largest_cost_at_the_largest_rate_fits() {
        assert_eq!(charge(u64::MAX, 1_000_000, 0), (u64::MAX, 0));
        assert_eq!(charge(u64::MAX, 999_999, 0).0, u64::MAX - u64::MAX / 1_000_000);
    }

    #[test]
    fn a_discount_rounds_in_favour_of_the_venue() {
        assert_eq!(discounted(FeeRate(1_000), &tier(250_000)), 750);
        assert_eq!(discounted(FeeRate(1), &tier(999_999)), 1);
        assert_eq!(discounted(FeeRate(1_000_000), &tier(0)), 1_000_000);
        assert_eq!(discounted(FeeRate(1_000_000), &tier(1_000_000)), 0);
    }

    /// The claim of the head of the file, tried on fills of every small shape.
    #[test]
    fn a_reservation_covers_every_way_of_being_filled() {
        let limit = 7;
        for (maker, taker) in [(0, 3), (1_000, 2_500), (333_333, 1_000_000), (1_000_000, 1)] {
            let (fees, taker) = Fees::of(FeeRate(maker), FeeRate(taker), &tier(0));
            for lots in 1..=6_u64 {
                for pattern in 0..4_u64.pow(6) {
                    let (mut fees, mut left) = (fees, lots);
                    let mut reserved = reservation_of_buy(left * limit, fees).unwrap();
                    let mut shape = pattern;
                    while left > 0 {
                        let quantity = 1 + (shape & 1).min(left - 1);
                        let rate = if shape & 2 == 0 { fees.maker() } else { taker };
                        shape >>= 2;
                        let cost = quantity * (limit - (shape & 1));
                        let (fee, credit) = charge(cost, rate, fees.credit());
                        fees = fees.with_credit(credit);
                        left -= quantity;
                        let keep = reservation_of_buy(left * limit, fees).unwrap();
                        let released = reserved.checked_sub(cost + fee).unwrap().checked_sub(keep);
                        assert!(released.is_some(), "{lots} lots, pattern {pattern}");
                        reserved = if left == 0 { 0 } else { keep };
                    }
                }
            }
        }
    }

    #[test]
    fn terms_survive_their_word_and_nonsense_is_refused() {
        let fees = Fees::new(999_999, 1_000_000, 999_999);
        assert_eq!(Fees::from_word(fees.word()), Some(fees));
        assert_eq!(Fees::from_word(u64::MAX), None);
        assert_eq!(Fees::from_word(Fees::new(2, 1, 0).word()), None);
    }
}
