//! The administrator: sets the venue up, then stops and opens parts of it, moves accounts, and lets time pass.

use exchange_types::{AccountId, Amount, AssetId, Command, InstrumentId, Scope, TimestampNs, TradingState};

use super::market::{self, Market};
use super::mix::Mix;
use crate::random::Random;

/// A source of the administrator's commands.
#[derive(Debug)]
pub struct Administrator {
    market: Market,
    mix: Mix,
    random: Random,
    /// What is still to be said before anybody trades, last first.
    preparations: Vec<Command>,
    /// Scopes that are not open, to be opened again soon.
    stopped: Vec<Scope>,
    accounts: u32,
    instruments: u32,
    tiers: u8,
}

impl Administrator {
    /// An administrator who has everything before him.
    #[must_use]
    pub fn new(market: &Market, mix: &Mix, random: Random) -> Self {
        let mut preparations: Vec<Command> = Vec::new();
        for (tier, limits) in market.tiers.iter().enumerate() {
            preparations.push(Command::DefineTier { tier: tier as u8, limits: *limits });
        }
        for spec in &market.instruments {
            preparations.push(Command::ListInstrument(Box::new(spec.clone())));
        }
        for account in &market.accounts {
            preparations.push(Command::OpenAccount { account: account.account, tier: account.tier });
            for asset in 0..market.assets {
                let asset = AssetId(asset);
                let first = market.instruments.iter().find(|spec| spec.base == asset);
                let base = first.map_or(0, |spec| spec.lot.0 * account.base_lots);
                let quote =
                    if market.instruments.iter().any(|spec| spec.quote == asset) { account.quote } else { 0 };
                let amount = even(base.max(quote));
                preparations.push(Command::Deposit { account: account.account, asset, amount });
            }
        }
        preparations.reverse();
        Self {
            accounts: market.accounts.len() as u32,
            instruments: market.instruments.len() as u32,
            tiers: market.tiers.len() as u8,
            market: market.clone(),
            mix: mix.clone(),
            random,
            preparations,
            stopped: Vec::new(),
        }
    }

    /// True until everything is said that must come before trading.
    #[must_use]
    pub fn prepares(&self) -> bool {
        !self.preparations.is_empty()
    }

    /// The next payload.
    pub fn next(&mut self, _now: TimestampNs) -> Vec<u8> {
        let command = self.preparations.pop().unwrap_or_else(|| self.command());
        let mut payload = Vec::new();
        exchange_types::codec::encode_command(&command, &mut payload);
        payload
    }

    fn command(&mut self) -> Command {
        // What was stopped is opened again soon: a venue that stands still tests nothing.
        if self.random.permille(600)
            && let Some(scope) = self.stopped.pop()
        {
            return Command::SetTradingState { scope, state: TradingState::Open };
        }
        if self.random.permille(self.mix.trading_states) {
            let state = if self.random.permille(500) { TradingState::Halted } else { TradingState::Killed };
            let scope = match self.random.below(8) {
                0 => Scope::Venue,
                1..3 => Scope::Instrument(self.instrument()),
                _ => Scope::Account(self.account()),
            };
            self.stopped.push(scope);
            return Command::SetTradingState { scope, state };
        }
        match self.random.below(12) {
            0 => Command::SetAccountTier { account: self.account(), tier: self.tier() },
            1 => Command::DefineTier { tier: self.tier(), limits: market::tier(&mut self.random) },
            2 => {
                self.tiers = self.tiers.saturating_add(1).min(8);
                Command::DefineTier { tier: self.tiers - 1, limits: market::tier(&mut self.random) }
            }
            // The next number, one too high, or one that is taken.
            3 => {
                let account = AccountId(self.accounts + self.random.below(2) as u32);
                self.accounts = self.accounts.max(account.0 + u32::from(account.0 == self.accounts));
                Command::OpenAccount { account, tier: self.tier() }
            }
            4 => self.list_instrument(),
            5 => {
                let state = TradingState::Open;
                Command::SetTradingState { scope: Scope::Account(AccountId(9_999_999)), state }
            }
            6 => {
                let asset = AssetId(self.random.below(u64::from(self.market.assets)) as u32);
                let amount = even(self.random.magnitude(1, 1 << 44));
                Command::Deposit { account: self.account(), asset, amount }
            }
            _ => Command::Tick,
        }
    }

    /// An instrument that nobody trades, and sometimes one whose definition contradicts itself.
    fn list_instrument(&mut self) -> Command {
        let base = AssetId(self.market.assets);
        let mut spec = market::instrument(&mut self.random, self.instruments, base, AssetId(1));
        match self.random.below(4) {
            0 => spec.quote = spec.base,
            1 => spec.instrument = InstrumentId(0),
            2 if self.instruments < 8 => {
                self.instruments += 1;
                self.market.assets += 1;
            }
            _ => spec.max_quantity.0 = spec.min_quantity.0 - 1,
        }
        Command::ListInstrument(Box::new(spec))
    }

    fn account(&mut self) -> AccountId {
        AccountId(self.random.below(u64::from(self.accounts)) as u32)
    }

    fn instrument(&mut self) -> InstrumentId {
        InstrumentId(self.random.index(self.market.instruments.len()) as u32)
    }

    fn tier(&mut self) -> u8 {
        self.random.below(u64::from(self.tiers) + 1) as u8
    }
}

/// The administrator deals in even amounts and traders in odd ones, so that no two parties ever say the same and whoever asks what
/// became of a command finds its own.
fn even(amount: u64) -> Amount {
    Amount(amount & !1)
}
