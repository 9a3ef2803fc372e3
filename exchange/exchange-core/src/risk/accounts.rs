//! Accounts, and the tiers that say what they may do.

use exchange_types::{AccountId, AccountTier, TradingState};

use super::limits::{ACCOUNTS_MAX, TIERS_MAX};
use super::orders::List;
use crate::Digest;
use crate::mixer::mix;

/// One account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) orders: List,
    pub(super) tier: u8,
    pub(super) state: TradingState,
}

impl Account {
    fn mixed(&self, number: u32) -> u64 {
        mix([u64::from(number), 0xacc0_0417 << 32 | u64::from(self.tier) << 8 | self.state as u64])
    }
}

/// All accounts and tiers.
#[derive(Debug, Clone, Default)]
pub(super) struct Accounts {
    accounts: Vec<Account>,
    tiers: Vec<AccountTier>,
    digest: u64,
}

impl Accounts {
    pub(super) fn len(&self) -> usize {
        self.accounts.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Account> {
        self.accounts.iter()
    }

    #[inline]
    pub(super) fn get(&self, account: AccountId) -> Option<&Account> {
        self.accounts.get(account.0 as usize)
    }

    /// The list of the orders of an account that is there.
    #[inline]
    pub(super) fn list_mut(&mut self, account: AccountId) -> &mut List {
        &mut self.accounts[account.0 as usize].orders
    }

    /// The tier of an account. An account has a tier that is defined, because tiers are never taken away.
    #[inline]
    pub(super) fn tier_of(&self, account: &Account) -> &AccountTier {
        &self.tiers[account.tier as usize]
    }

    pub(super) fn tier(&self, tier: u8) -> Option<&AccountTier> {
        self.tiers.get(tier as usize)
    }

    pub(super) fn tiers(&self) -> &[AccountTier] {
        &self.tiers
    }

    /// Whether this is the number of the account to be opened next.
    pub(super) fn is_next(&self, account: AccountId) -> bool {
        account.0 as usize == self.accounts.len() && self.accounts.len() < ACCOUNTS_MAX
    }

    /// Opens the next account.
    pub(super) fn open(&mut self, tier: u8, state: TradingState) {
        let account = Account { orders: List::default(), tier, state };
        // Bound: there are at most `ACCOUNTS_MAX`, so the number fits.
        let number = u32::try_from(self.accounts.len()).expect("an account's number fits 32 bits");
        self.digest = self.digest.wrapping_add(account.mixed(number));
        self.accounts.push(account);
    }

    pub(super) fn set_tier(&mut self, account: AccountId, tier: u8) {
        self.change(account, |account| account.tier = tier);
    }

    pub(super) fn set_state(&mut self, account: AccountId, state: TradingState) {
        self.change(account, |account| account.state = state);
    }

    fn change(&mut self, number: AccountId, change: impl FnOnce(&mut Account)) {
        let account = &mut self.accounts[number.0 as usize];
        self.digest = self.digest.wrapping_sub(account.mixed(number.0));
        change(account);
        self.digest = self.digest.wrapping_add(account.mixed(number.0));
    }

    /// Whether this is the number of a tier, or of the one to be defined next.
    pub(super) fn is_tier_or_next(&self, tier: u8) -> bool {
        (tier as usize) <= self.tiers.len() && (tier as usize) < TIERS_MAX
    }

    pub(super) fn define_tier(&mut self, tier: u8, limits: AccountTier) {
        match self.tiers.get_mut(tier as usize) {
            Some(defined) => *defined = limits,
            None => self.tiers.push(limits),
        }
    }

    /// The sum of the entries of all accounts.
    pub(super) fn digest(&self) -> u64 {
        self.digest
    }

    /// The same from scratch.
    pub(super) fn recounted_digest(&self) -> u64 {
        (0..)
            .zip(&self.accounts)
            .fold(0, |digest: u64, (number, account)| digest.wrapping_add(account.mixed(number)))
    }

    pub(super) fn digest_tiers_into(&self, digest: &mut Digest) {
        for tier in &self.tiers {
            digest.word(u64::from(tier.open_orders_max));
            digest.word(tier.order_notional_max);
            digest.word(tier.balance_max);
            digest.word(u64::from(tier.fee_discount));
            digest.end_record();
        }
    }
}
