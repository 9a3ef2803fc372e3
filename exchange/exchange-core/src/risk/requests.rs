//! Which requests came under which idempotency key, so that one that comes again is not carried out again.
//!
//! Not responsible for what a request did: the answer to a repetition names the place in the log where that stands. A newcomer
//! needs to know one thing: a key is remembered for exactly 24 hours of log time and never given up earlier, so where there is
//! no more room a new key is refused instead.
//!
//! The requests stand in a list, the oldest first. Time in the log does not go back, so it is also the order in which they end,
//! and each is added once and taken out once: forgetting costs as much as remembering did. Where the log was silent for long, the
//! first record after that pays for all that ended meanwhile.

use exchange_types::{
    AccountId, Command, CommandHeader, Event, EventBuffer, IdempotencyKey, RejectReason, Sequence,
    TimestampNs, encode_command,
};

use super::admit::rejected;
use super::limits::{REQUEST_REMEMBERED_NS, REQUESTS_MAX, REQUESTS_PER_ACCOUNT_MAX};
use super::orders::NONE;
use super::{Admitted, Risk};
use crate::Digest;
use crate::book::index::{IdIndex, OpaqueIndex, Vacancy};
use crate::mixer::mix;

/// A request that came under a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Remembered {
    /// Its key; zero in a place that is free.
    pub(super) key: u128,
    pub(super) sequence: Sequence,
    pub(super) time: TimestampNs,
    /// What [`Requests::content`] says of its command.
    pub(super) content: u64,
    pub(super) account: AccountId,
    /// The one that came next, or the next place that is free.
    next: u32,
}

impl Remembered {
    pub(super) const fn new(
        key: u128,
        sequence: Sequence,
        time: TimestampNs,
        content: u64,
        account: AccountId,
    ) -> Self {
        Self { key, sequence, time, content, account, next: NONE }
    }

    const fn vacant(next: u32) -> Self {
        Self { next, ..Self::new(0, Sequence(0), TimestampNs(0), 0, AccountId(0)) }
    }

    /// Whether it is to be forgotten.
    pub(super) const fn has_ended(&self, now: TimestampNs) -> bool {
        now.0.saturating_sub(self.time.0) >= REQUEST_REMEMBERED_NS
    }

    /// Until when it is worth no look whether it [has ended](Self::has_ended).
    const fn ends_at(&self) -> TimestampNs {
        TimestampNs(self.time.0.saturating_add(REQUEST_REMEMBERED_NS))
    }

    /// What it adds to the digest.
    fn mixed(&self) -> u64 {
        let [low, high] = halves(self.key);
        mix([
            u64::from(self.account.0) << 32 | 0x001d_e4b0,
            low,
            high,
            self.sequence.0,
            self.time.0,
            self.content,
        ])
    }
}

/// What is known of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    /// Nothing, and it can be remembered.
    New,
    /// This command came under it.
    Repeated(Sequence),
    /// It may not be used.
    Refused(RejectReason),
}

/// All requests that are remembered.
#[derive(Debug, Clone)]
pub(super) struct Requests {
    /// The place with number 0 is never used.
    places: Vec<Remembered>,
    free: u32,
    oldest: u32,
    newest: u32,
    index: OpaqueIndex,
    /// How many each account has, as far as accounts have had any.
    counts: Vec<u32>,
    live: usize,
    digest: u64,
    /// When the oldest ends at the earliest; the end of time where there is none.
    ends_at: TimestampNs,
    /// [`REQUESTS_PER_ACCOUNT_MAX`] and [`REQUESTS_MAX`], or less in a test.
    account_max: u32,
    venue_max: usize,
    /// The message of a command, kept so that the next one allocates nothing.
    message: Vec<u8>,
}

/// When nothing ends.
const NEVER: TimestampNs = TimestampNs(u64::MAX);

impl Requests {
    pub(super) fn new(index_seed: u64) -> Self {
        Self {
            places: vec![Remembered::vacant(NONE)],
            free: NONE,
            oldest: NONE,
            newest: NONE,
            index: OpaqueIndex::with_seed(index_seed),
            counts: Vec::new(),
            live: 0,
            digest: 0,
            ends_at: NEVER,
            account_max: REQUESTS_PER_ACCOUNT_MAX,
            venue_max: REQUESTS_MAX,
            message: Vec::new(),
        }
    }

    pub(super) fn live(&self) -> usize {
        self.live
    }

    /// The sum of the entries of all requests.
    pub(super) fn digest(&self) -> u64 {
        self.digest
    }

    /// Every request, the oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Remembered> {
        let mut number = self.oldest;
        std::iter::from_fn(move || {
            let request = (number != NONE).then(|| &self.places[number as usize])?;
            number = request.next;
            Some(request)
        })
    }

    /// How many are remembered of an account.
    pub(super) fn count_of(&self, account: AccountId) -> u32 {
        self.counts.get(account.0 as usize).copied().unwrap_or(0)
    }

    fn find(&self, account: AccountId, key: u128) -> u32 {
        let is_it = |number: u32| {
            let place = &self.places[number as usize];
            place.key == key && place.account == account
        };
        self.index.find(hash(account, key), is_it).map_or(NONE, |found| found.0)
    }

    /// Whether this account has this key.
    pub(super) fn contains(&self, account: AccountId, key: u128) -> bool {
        self.find(account, key) != NONE
    }

    /// Whether one more fits, of this account.
    pub(super) fn has_room(&self, account: AccountId) -> bool {
        self.count_of(account) < self.account_max && self.live < self.venue_max
    }

    fn look_up(&self, account: AccountId, key: u128, content: u64) -> Known {
        match self.find(account, key) {
            NONE if self.has_room(account) => Known::New,
            NONE => Known::Refused(RejectReason::TooManyRequestsRemembered),
            number => {
                let before = &self.places[number as usize];
                if before.content == content {
                    Known::Repeated(before.sequence)
                } else {
                    Known::Refused(RejectReason::RequestConflict)
                }
            }
        }
    }

    /// What tells the content of a command from that of any other: a digest of its message. Whoever finds two commands with the
    /// same has only his own repetition mistaken.
    fn content(&mut self, command: &Command) -> u64 {
        self.message.clear();
        encode_command(command, &mut self.message);
        let mut digest = Digest::new();
        let (words, rest) = self.message.as_chunks();
        debug_assert!(rest.is_empty(), "the length of a message is a multiple of 8");
        for (place, word) in (0..).zip(words) {
            digest.word(mix([u64::from_le_bytes(*word), place]));
        }
        digest.value()
    }

    /// Remembers a request. The caller has made sure that its key is new, that there is room, and that none is newer.
    pub(super) fn remember(&mut self, request: Remembered) {
        self.digest = self.digest.wrapping_add(request.mixed());
        let number = self.take_free();
        self.places[number as usize] = request;
        let hash = hash(request.account, request.key);
        match self.index.vacancy(hash, |_| false) {
            Vacancy::Free(place) => self.index.fill(place, hash, number),
            Vacancy::Taken | Vacancy::OutOfRange => unreachable!("an index of opaque ids takes any new id"),
        }
        match self.newest {
            NONE => {
                self.oldest = number;
                self.ends_at = request.ends_at();
            }
            newest => self.places[newest as usize].next = number,
        }
        self.newest = number;
        self.live = self.live.wrapping_add(1);
        let account = request.account.0 as usize;
        if account >= self.counts.len() {
            self.counts.resize(account.saturating_add(1), 0);
        }
        self.counts[account] = self.counts[account].wrapping_add(1);
    }

    fn take_free(&mut self) -> u32 {
        if self.free == NONE {
            // Bound: there are at most `REQUESTS_MAX` at once, and so many places.
            let number = u32::try_from(self.places.len()).expect("a request's number fits 32 bits");
            self.places.push(Remembered::vacant(NONE));
            return number;
        }
        let number = self.free;
        self.free = self.places[number as usize].next;
        number
    }

    /// Forgets what has ended.
    #[inline]
    pub(super) fn pass_time(&mut self, now: TimestampNs) {
        if now >= self.ends_at {
            self.forget(now);
        }
    }

    #[cold]
    fn forget(&mut self, now: TimestampNs) {
        while self.oldest != NONE && self.places[self.oldest as usize].has_ended(now) {
            let number = self.oldest;
            let request = self.places[number as usize];
            self.digest = self.digest.wrapping_sub(request.mixed());
            self.index.remove(hash(request.account, request.key), number);
            let count = &mut self.counts[request.account.0 as usize];
            // Bound: it was counted when it was remembered.
            *count = count.wrapping_sub(1);
            self.live = self.live.wrapping_sub(1);
            self.places[number as usize] = Remembered::vacant(self.free);
            self.free = number;
            self.oldest = request.next;
        }
        if self.oldest == NONE {
            self.newest = NONE;
        }
        self.ends_at = if self.oldest == NONE { NEVER } else { self.places[self.oldest as usize].ends_at() };
    }

    /// Whether everything that is kept step by step is what a recount gives, and the requests stand in the order of the log.
    pub(super) fn is_sound(&self) -> bool {
        let (mut live, mut digest, mut found, mut before) =
            (0_usize, 0_u64, true, (Sequence(0), TimestampNs(0)));
        let mut in_order = true;
        let mut counts = vec![0_u32; self.counts.len()];
        for request in self.iter() {
            live = live.wrapping_add(1);
            digest = digest.wrapping_add(request.mixed());
            found &= self.contains(request.account, request.key);
            in_order &= before.0 < request.sequence && before.1 <= request.time;
            before = (request.sequence, request.time);
            if let Some(count) = counts.get_mut(request.account.0 as usize) {
                *count = count.wrapping_add(1);
            }
        }
        let ends_at = self.iter().next().map_or(NEVER, Remembered::ends_at);
        found
            && in_order
            && ends_at == self.ends_at
            && (live, digest, &counts) == (self.live, self.digest, &self.counts)
            && self.index.live_ids() == live
    }

    /// Lowers the ceilings, which are too high to be reached in most tests.
    #[cfg(test)]
    pub(super) fn lower_ceilings(&mut self, account_max: u32, venue_max: usize) {
        (self.account_max, self.venue_max) = (account_max, venue_max);
    }
}

impl Risk {
    /// Decides about a command under a key: carried out, and remembered whatever comes of it, or answered with what is known.
    ///
    /// A command that is not an account's own has no key. An account that is not there remembers nothing; one that the command
    /// opens does.
    #[inline(never)]
    pub(crate) fn admit_under(
        &mut self,
        header: &CommandHeader,
        key: IdempotencyKey,
        command: &Command,
        admitted: &mut Vec<Admitted>,
        events: &mut EventBuffer,
    ) {
        let owner = owner_of(command);
        let content = self.requests.content(command);
        let opens = matches!(command, Command::OpenAccount { .. });
        if let Some(account) = owner
            && (opens || self.accounts.get(account).is_some())
        {
            match self.requests.look_up(account, key.get(), content) {
                Known::New => {}
                Known::Repeated(original) => return events.push(Event::Repeated { account, original }),
                Known::Refused(reason) => return events.push(rejected(header, command, reason)),
            }
        }
        self.admit(header, command, admitted, events);
        // Asked again, because the command may have opened it.
        if let Some(account) = owner
            && self.accounts.get(account).is_some()
        {
            let CommandHeader { sequence, time } = *header;
            self.requests.remember(Remembered::new(key.get(), sequence, time, content, account));
        }
    }
}

/// The account whose keys a command is looked up in.
fn owner_of(command: &Command) -> Option<AccountId> {
    match command {
        Command::NewOrder(new) => Some(new.account),
        Command::CancelOrder { account, .. }
        | Command::MassCancel { account, .. }
        | Command::ReduceOrder { account, .. }
        | Command::ReplaceOrder { account, .. }
        | Command::Deposit { account, .. }
        | Command::Withdraw { account, .. }
        | Command::OpenAccount { account, .. }
        | Command::SetAccountTier { account, .. } => Some(*account),
        Command::DefineTier { .. }
        | Command::ListInstrument(_)
        | Command::SetTradingState { .. }
        | Command::Tick => None,
    }
}

/// Where a key of an account is looked for.
fn hash(account: AccountId, key: u128) -> u64 {
    let [low, high] = halves(key);
    mix([u64::from(account.0), low, high, 0x4b5e_91e5])
}

fn halves(key: u128) -> [u64; 2] {
    #[expect(clippy::cast_possible_truncation, reason = "the halves are taken on purpose")]
    let low = key as u64;
    [low, (key >> 64) as u64]
}

#[cfg(test)]
mod tests;
