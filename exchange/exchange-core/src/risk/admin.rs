//! Commands that no book takes part in: accounts, tiers, listings, money from outside, trading states and the kill switch.

use exchange_types::{
    AccountId, AccountTier, CancelCause, Command, Event, EventBuffer, Instrument, InstrumentSpec,
    RejectReason, Scope, TradingState,
};

use super::admit::cancel;
use super::limits::{ASSETS_MAX, INSTRUMENTS_MAX};
use super::market::Market;
use super::orders::Record;
use super::{Admitted, Listing, Risk};

/// A discount of the whole fee, in millionths.
const WHOLE_DISCOUNT: u32 = 1_000_000;

impl Risk {
    /// Carries out a command that is not about an order.
    #[cold]
    pub(super) fn administer(
        &mut self,
        command: &Command,
        admitted: &mut Vec<Admitted>,
        events: &mut EventBuffer,
    ) -> Result<(), RejectReason> {
        let event = match command {
            Command::Deposit { account, asset, amount } => {
                self.check_deposit(*account, *asset, amount.0)?;
                self.ledger.deposit(*account, *asset, amount.0);
                Event::Deposited { account: *account, asset: *asset, amount: *amount }
            }
            Command::Withdraw { account, asset, amount } => {
                self.check_withdrawal(*account, *asset, amount.0)?;
                self.ledger.withdraw(*account, *asset, amount.0);
                Event::Withdrawn { account: *account, asset: *asset, amount: *amount }
            }
            Command::OpenAccount { account, tier } => self.open_account(*account, *tier)?,
            Command::SetAccountTier { account, tier } => self.set_account_tier(*account, *tier)?,
            Command::DefineTier { tier, limits } => self.define_tier(*tier, *limits)?,
            Command::ListInstrument(spec) => {
                let listing = self.list(spec)?;
                admitted.push(Admitted::Listing(listing));
                Event::InstrumentListed { instrument: listing.instrument }
            }
            Command::SetTradingState { scope, state } => {
                self.set_trading_state(*scope, *state, admitted)?;
                Event::TradingStateSet { scope: *scope, state: *state }
            }
            Command::Tick => Event::Ticked,
            // Commands about orders do not come here.
            Command::NewOrder(_)
            | Command::CancelOrder { .. }
            | Command::MassCancel { .. }
            | Command::ReduceOrder { .. }
            | Command::ReplaceOrder { .. } => return Ok(()),
        };
        events.push(event);
        Ok(())
    }

    fn open_account(&mut self, account: AccountId, tier: u8) -> Result<Event, RejectReason> {
        self.accounts.tier(tier).ok_or(RejectReason::UnknownTier)?;
        if !self.accounts.is_next(account) {
            return Err(RejectReason::OutOfOrder);
        }
        self.accounts.open(tier, TradingState::Open);
        self.ledger.open_account();
        Ok(Event::AccountTierSet { account, tier })
    }

    fn set_account_tier(&mut self, account: AccountId, tier: u8) -> Result<Event, RejectReason> {
        self.accounts.get(account).ok_or(RejectReason::UnknownAccount)?;
        self.accounts.tier(tier).ok_or(RejectReason::UnknownTier)?;
        self.accounts.set_tier(account, tier);
        Ok(Event::AccountTierSet { account, tier })
    }

    /// Checks and defines a tier. Orders that are live keep the fees they were admitted with.
    pub(super) fn define_tier(&mut self, tier: u8, limits: AccountTier) -> Result<Event, RejectReason> {
        if !self.accounts.is_tier_or_next(tier) {
            return Err(RejectReason::OutOfOrder);
        }
        if limits.fee_discount > WHOLE_DISCOUNT {
            return Err(RejectReason::InvalidDefinition);
        }
        self.accounts.define_tier(tier, limits);
        Ok(Event::TierDefined { tier })
    }

    /// Checks and lists an instrument.
    ///
    /// Assets are numbered in the order in which they are first named, the base before the quote. An asset that is the base of
    /// several instruments has the same number of decimal places in all of them: it is one asset.
    pub(super) fn list(&mut self, spec: &InstrumentSpec) -> Result<Listing, RejectReason> {
        let next = self.markets.len();
        if spec.instrument.0 as usize != next || next >= INSTRUMENTS_MAX {
            return Err(RejectReason::OutOfOrder);
        }
        let mut assets = self.ledger.assets();
        for asset in [spec.base, spec.quote] {
            let new = asset.0 as usize == assets;
            if asset.0 as usize > assets || (new && assets >= ASSETS_MAX) {
                return Err(RejectReason::OutOfOrder);
            }
            assets = assets.wrapping_add(usize::from(new));
        }
        let instrument = Instrument::new(spec.clone()).map_err(|_| RejectReason::InvalidDefinition)?;
        let decimals = |market: &Market| {
            market.base() == spec.base && market.instrument().spec().base_decimals != spec.base_decimals
        };
        if self.markets.iter().any(decimals) {
            return Err(RejectReason::InvalidDefinition);
        }
        while self.ledger.assets() < assets {
            self.ledger.name_asset();
        }
        let market = Market::new(instrument);
        let listing = market.listing();
        self.markets.push(market);
        Ok(listing)
    }

    /// Sets what may happen in a scope; the kill switch has its orders cancelled, in the order of their arrival.
    fn set_trading_state(
        &mut self,
        scope: Scope,
        state: TradingState,
        admitted: &mut Vec<Admitted>,
    ) -> Result<(), RejectReason> {
        let killed = state == TradingState::Killed;
        match scope {
            Scope::Venue => {
                self.state = state;
                if killed {
                    self.kill(|_| true, admitted);
                }
            }
            Scope::Instrument(instrument) => {
                let market =
                    self.markets.get_mut(instrument.0 as usize).ok_or(RejectReason::UnknownInstrument)?;
                market.set_state(state);
                if killed {
                    self.kill(|record| record.instrument() == instrument, admitted);
                }
            }
            Scope::Account(account) => {
                let orders = self.accounts.get(account).ok_or(RejectReason::UnknownAccount)?.orders;
                self.accounts.set_state(account, state);
                if killed {
                    admitted.extend(self.orders.of(orders).map(killing));
                }
            }
        }
        Ok(())
    }

    /// Has all orders cancelled that a test picks. It looks at all orders: a kill is rare, and may take as long as it takes.
    fn kill(&self, concerned: impl Fn(&Record) -> bool, admitted: &mut Vec<Admitted>) {
        let mut orders: Vec<&Record> = self.orders.iter().filter(|record| concerned(record)).collect();
        orders.sort_unstable_by_key(|record| record.arrival);
        admitted.extend(orders.into_iter().map(killing));
    }
}

fn killing(record: &Record) -> Admitted {
    cancel(record.instrument(), record.id, CancelCause::Killed)
}
