//! Who has how much: balances by account and asset, totals by asset, and the rule that nothing appears or disappears.
//!
//! It does not know why money moves. A newcomer needs to know one thing: every balance has two parts. *Free* may be
//! withdrawn or reserved; *reserved* stands behind resting orders and comes back by release, or goes away by settlement.
//!
//! Bound: no sum here overflows. A deposit is refused unless the supply of its asset stays below 2^64, every balance is a part
//! of that supply, and money that moves is taken away before it is given.

use exchange_types::{AccountId, AssetId};

use prefetch_index::prefetch_index;

use super::limits::{ACCOUNTS_MAX, ASSETS_MAX};
use crate::mixer::mix;

/// What an account has of an asset, in minor units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Balance {
    /// May be withdrawn or reserved.
    pub free: u64,
    /// Stands behind the account's orders.
    pub reserved: u64,
}

/// What makes the entry of a balance differ from any other entry.
const BALANCE: u64 = 0xba1a_9ce0_0000_0000;

/// A balance as it is kept: two to a cache line.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cell {
    pub(super) free: u64,
    pub(super) reserved: u64,
    /// What the account's open buy orders would bring in: only the position limit looks at it. It follows from the orders.
    pub(super) incoming: u64,
    /// What this entry adds to the digest, so that taking it out costs nothing.
    mixed: u64,
}

impl Cell {
    /// Zero for an empty balance, so that it makes no difference whether an account ever had one.
    #[inline]
    fn mixed(&self, account: AccountId, asset: usize) -> u64 {
        if self.free | self.reserved == 0 {
            return 0;
        }
        // Account and asset stand in both words, in different places, so that no shift of an amount makes up for another account.
        let place = u64::from(account.0) << 32 | asset as u64;
        mix([self.free ^ place.rotate_left(8), self.reserved ^ place.rotate_left(40) ^ BALANCE])
    }
}

/// One asset over all accounts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Totals {
    /// Deposits minus withdrawals.
    pub(super) supply: u64,
    /// All balances, both parts.
    pub(super) held: u64,
    /// What the venue has earned.
    pub(super) fees: u64,
    /// The reserved parts of all balances.
    pub(super) reserved: u64,
    /// What the orders say they have reserved: kept by those who change orders, while `reserved` is kept by those who move
    /// money. The two agree after every command.
    pub(super) claimed: u64,
}

/// All balances.
#[derive(Debug, Clone, Default)]
pub(super) struct Ledger {
    /// Row by account, column by asset.
    cells: Vec<Cell>,
    accounts: usize,
    totals: Vec<Totals>,
    /// One bit for each asset that was touched since the last check.
    touched: u128,
    digest: u64,
}

// One bit for each asset.
const _: () = assert!(ASSETS_MAX <= u128::BITS as usize);

impl Ledger {
    pub(super) fn assets(&self) -> usize {
        self.totals.len()
    }

    pub(super) fn totals(&self) -> &[Totals] {
        &self.totals
    }

    pub(super) fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// The sum of the entries of all balances.
    pub(super) fn digest(&self) -> u64 {
        self.digest
    }

    pub(super) fn open_account(&mut self) {
        assert!(self.accounts < ACCOUNTS_MAX, "an account beyond the limit is refused before it is opened");
        self.accounts = self.accounts.wrapping_add(1);
        self.cells.resize(self.accounts.wrapping_mul(self.totals.len()), Cell::default());
    }

    pub(super) fn name_asset(&mut self) {
        assert!(self.totals.len() < ASSETS_MAX, "an asset beyond the limit is refused before it is named");
        let columns = self.totals.len();
        self.totals.push(Totals::default());
        let mut cells = Vec::with_capacity(self.accounts.wrapping_mul(self.totals.len()));
        for account in 0..self.accounts {
            let row = account.wrapping_mul(columns);
            cells.extend_from_slice(&self.cells[row..row.wrapping_add(columns)]);
            cells.push(Cell::default());
        }
        self.cells = cells;
    }

    /// Where a balance is. Bound: at most `ACCOUNTS_MAX * ASSETS_MAX`, far below 2^64.
    #[inline]
    pub(super) fn place(&self, account: AccountId, asset: AssetId) -> usize {
        (account.0 as usize).wrapping_mul(self.totals.len()).wrapping_add(asset.0 as usize)
    }

    /// Starts to load a balance.
    #[inline]
    pub(super) fn prefetch(&self, account: AccountId, asset: AssetId) {
        prefetch_index(&self.cells, self.place(account, asset));
    }

    #[inline]
    pub(super) fn cell(&self, account: AccountId, asset: AssetId) -> &Cell {
        &self.cells[self.place(account, asset)]
    }

    #[inline]
    fn change(&mut self, account: AccountId, asset: AssetId, change: impl FnOnce(&mut Cell, &mut Totals)) {
        let place = self.place(account, asset);
        let cell = &mut self.cells[place];
        change(cell, &mut self.totals[asset.0 as usize]);
        let mixed = cell.mixed(account, asset.0 as usize);
        self.digest = self.digest.wrapping_sub(cell.mixed).wrapping_add(mixed);
        cell.mixed = mixed;
        self.touched |= 1 << asset.0;
    }

    /// Credits from outside the venue.
    pub(super) fn deposit(&mut self, account: AccountId, asset: AssetId, amount: u64) {
        self.change(account, asset, |cell, totals| {
            totals.supply = plus(totals.supply, amount);
            totals.held = plus(totals.held, amount);
            cell.free = plus(cell.free, amount);
        });
    }

    /// Debits to outside the venue.
    pub(super) fn withdraw(&mut self, account: AccountId, asset: AssetId, amount: u64) {
        self.change(account, asset, |cell, totals| {
            cell.free = minus(cell.free, amount);
            totals.held = minus(totals.held, amount);
            totals.supply = minus(totals.supply, amount);
        });
    }

    /// Sets aside.
    #[inline]
    pub(super) fn reserve(&mut self, account: AccountId, asset: AssetId, amount: u64) {
        self.change(account, asset, |cell, totals| {
            cell.free = minus(cell.free, amount);
            cell.reserved = plus(cell.reserved, amount);
            totals.reserved = plus(totals.reserved, amount);
        });
    }

    /// Gives back what was set aside.
    #[inline]
    pub(super) fn release(&mut self, account: AccountId, asset: AssetId, amount: u64) {
        self.change(account, asset, |cell, totals| {
            cell.reserved = minus(cell.reserved, amount);
            cell.free = plus(cell.free, amount);
            totals.reserved = minus(totals.reserved, amount);
        });
    }

    /// Takes `spent` out of what was set aside, for somebody else, and gives `released` of it back.
    #[inline]
    pub(super) fn spend(&mut self, account: AccountId, asset: AssetId, spent: u64, released: u64) {
        let gone = plus(spent, released);
        self.change(account, asset, |cell, totals| {
            cell.reserved = minus(cell.reserved, gone);
            cell.free = plus(cell.free, released);
            totals.reserved = minus(totals.reserved, gone);
            totals.held = minus(totals.held, spent);
        });
    }

    /// Credits what a fill brings, of which `awaited` had been announced by [`await_incoming`](Self::await_incoming).
    #[inline]
    pub(super) fn receive(&mut self, account: AccountId, asset: AssetId, amount: u64, awaited: u64) {
        self.change(account, asset, |cell, totals| {
            cell.free = plus(cell.free, amount);
            cell.incoming = minus(cell.incoming, awaited);
            totals.held = plus(totals.held, amount);
        });
    }

    /// Credits the venue.
    #[inline]
    pub(super) fn collect(&mut self, asset: AssetId, fee: u64) {
        let totals = &mut self.totals[asset.0 as usize];
        totals.fees = plus(totals.fees, fee);
    }

    /// Notes what an order may bring in.
    #[inline]
    pub(super) fn await_incoming(&mut self, account: AccountId, asset: AssetId, quantity: u64) {
        let place = self.place(account, asset);
        let cell = &mut self.cells[place];
        cell.incoming = plus(cell.incoming, quantity);
    }

    /// Notes what an order will not bring in any more.
    #[inline]
    pub(super) fn forgo_incoming(&mut self, account: AccountId, asset: AssetId, quantity: u64) {
        let place = self.place(account, asset);
        let cell = &mut self.cells[place];
        cell.incoming = minus(cell.incoming, quantity);
    }

    /// Notes that an order changed what it says it has reserved.
    #[inline]
    pub(super) fn claim(&mut self, asset: AssetId, before: u64, after: u64) {
        let totals = &mut self.totals[asset.0 as usize];
        totals.claimed = plus(minus(totals.claimed, before), after);
        self.touched |= 1 << asset.0;
    }

    /// Asserts the conservation of every asset touched since the last call.
    ///
    /// # Panics
    /// If money has appeared or disappeared, or a reservation without an order or an order without its reservation exists.
    #[inline]
    pub(super) fn assert_conserved(&mut self) {
        while self.touched != 0 {
            let asset = self.touched.trailing_zeros() as usize;
            self.touched &= self.touched.wrapping_sub(1);
            let totals = &self.totals[asset];
            assert!(totals.is_conserved(), "balances and fees of asset {asset} are what was deposited");
            assert!(
                totals.reserved == totals.claimed,
                "what is reserved of asset {asset} is what the live orders reserve"
            );
        }
    }

    /// Puts the totals of an asset back as a snapshot has them. What is held follows from the balances.
    pub(super) fn restore_totals(&mut self, asset: AssetId, supply: u64, fees: u64) {
        let totals = &mut self.totals[asset.0 as usize];
        (totals.supply, totals.fees) = (supply, fees);
    }

    /// Puts the free part of a balance back. `None`: balances would not sum up to a number of 64 bits.
    pub(super) fn restore_free(&mut self, account: AccountId, asset: AssetId, free: u64) -> Option<()> {
        self.restore_held(asset, free)?;
        self.change(account, asset, |cell, _| cell.free = free);
        Some(())
    }

    /// Puts a reservation back, and what its order awaits. `None` as before.
    pub(super) fn restore_reserved(
        &mut self,
        account: AccountId,
        (asset, reserved): (AssetId, u64),
        (base, incoming): (AssetId, u64),
    ) -> Option<()> {
        self.restore_held(asset, reserved)?;
        self.change(account, asset, |cell, totals| {
            // Bound: what is reserved is held, and that sum has just been made.
            cell.reserved = plus(cell.reserved, reserved);
            totals.reserved = plus(totals.reserved, reserved);
            totals.claimed = plus(totals.claimed, reserved);
        });
        let place = self.place(account, base);
        let cell = &mut self.cells[place];
        cell.incoming = cell.incoming.checked_add(incoming)?;
        Some(())
    }

    fn restore_held(&mut self, asset: AssetId, amount: u64) -> Option<()> {
        let totals = &mut self.totals[asset.0 as usize];
        totals.held = totals.held.checked_add(amount)?;
        Some(())
    }

    /// Every balance with a free part: account, asset, amount.
    pub(super) fn free_balances(&self) -> impl Iterator<Item = (AccountId, AssetId, u64)> {
        let rows = self.cells.chunks_exact(self.totals.len().max(1));
        (0..).zip(rows).flat_map(|(account, row)| {
            let row = (0..).zip(row).filter(|(_, cell)| cell.free > 0);
            row.map(move |(asset, cell)| (AccountId(account), AssetId(asset), cell.free))
        })
    }

    /// What all balances sum up to, by asset, from scratch.
    pub(super) fn recount(&self, sums: &mut Vec<Sums>) {
        sums.clear();
        sums.resize(self.totals.len(), Sums::default());
        for row in self.cells.chunks_exact(self.totals.len().max(1)) {
            for (cell, sums) in row.iter().zip(sums.iter_mut()) {
                // Bound: fewer than 2^32 numbers below 2^64, in 128 bits.
                sums.reserved = sums.reserved.wrapping_add(cell.reserved.into());
                sums.held = sums.held.wrapping_add(cell.free.into()).wrapping_add(cell.reserved.into());
            }
        }
    }

    /// The digest of all balances, from scratch.
    pub(super) fn recounted_digest(&self) -> u64 {
        let rows = self.cells.chunks_exact(self.totals.len().max(1));
        (0..).zip(rows).fold(0, |digest, (account, row)| {
            let mixed = row.iter().enumerate().map(|(asset, cell)| cell.mixed(AccountId(account), asset));
            mixed.fold(digest, u64::wrapping_add)
        })
    }
}

/// What the balances of an asset sum up to.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sums {
    pub(super) held: u128,
    pub(super) reserved: u128,
}

impl Totals {
    #[inline]
    pub(super) fn is_conserved(&self) -> bool {
        self.held.checked_add(self.fees) == Some(self.supply)
    }
}

#[inline]
fn plus(left: u64, right: u64) -> u64 {
    left.checked_add(right).expect("no sum of balances is above the supply of its asset")
}

#[inline]
fn minus(left: u64, right: u64) -> u64 {
    left.checked_sub(right).expect("no balance, reservation or total becomes negative")
}
