//! The table of requests with ceilings that a test can reach; what it means for a venue is in the scenarios of the crate.

use exchange_types::{AccountTier, Amount, AssetId, Request, RequestId};

use super::*;

const HOUR: u64 = 3_600_000_000_000;

/// A risk with two accounts, and how far its log has come.
struct Venue {
    risk: Risk,
    header: CommandHeader,
}

impl Venue {
    fn new(account_max: u32, venue_max: usize) -> Self {
        let mut risk = Risk::new(0);
        risk.requests.lower_ceilings(account_max, venue_max);
        let header = CommandHeader { sequence: Sequence(0), time: TimestampNs(1) };
        let mut venue = Self { risk, header };
        let limits = AccountTier {
            open_orders_max: 9,
            order_notional_max: u64::MAX,
            balance_max: u64::MAX,
            fee_discount: 0,
        };
        venue.ask(None, Command::DefineTier { tier: 0, limits });
        for account in [0, 1] {
            venue.ask(None, Command::OpenAccount { account: AccountId(account), tier: 0 });
        }
        venue
    }

    fn ask(&mut self, key: Option<u128>, command: Command) -> Event {
        self.header.sequence = self.header.sequence.next();
        self.risk.pass_time(self.header.time);
        let key = key.and_then(IdempotencyKey::new);
        let request = Request { id: RequestId(1), key, command };
        let (mut admitted, mut events) = (Vec::new(), EventBuffer::new());
        self.risk.admit_request(&self.header, &request, &mut admitted, &mut events);
        self.risk.audit_requests().expect("every rule holds");
        assert_eq!(events.len(), 1);
        events[0]
    }

    /// Asks for something harmless that is another command for another amount; it is rejected, and that is remembered too.
    fn withdraw(&mut self, account: u32, key: u128, amount: u64) -> Event {
        let (account, asset, amount) = (AccountId(account), AssetId(9), Amount(amount));
        self.ask(Some(key), Command::Withdraw { account, asset, amount })
    }
}

fn reason(event: Event) -> RejectReason {
    match event {
        Event::Rejected { reason, .. } => reason,
        other => panic!("{other:?} is not a reject"),
    }
}

#[test]
fn an_account_with_all_the_keys_it_may_have_gets_no_new_one_until_one_has_had_its_time() {
    let mut venue = Venue::new(2, 9);
    for key in [1, 2] {
        assert_eq!(reason(venue.withdraw(0, key, 5)), RejectReason::UnknownAsset);
        venue.header.time.0 += HOUR;
    }
    assert_eq!(reason(venue.withdraw(0, 3, 5)), RejectReason::TooManyRequestsRemembered);
    assert_eq!(venue.risk.remembered_requests(), 2, "what is refused for its key is not remembered");
    // What is known stays known, others have room, and nothing without a key is held up.
    assert!(matches!(venue.withdraw(0, 1, 5), Event::Repeated { original: Sequence(4), .. }));
    assert_eq!(reason(venue.withdraw(0, 1, 6)), RejectReason::RequestConflict);
    assert_eq!(reason(venue.withdraw(1, 3, 5)), RejectReason::UnknownAsset);
    assert_eq!(venue.ask(None, Command::Tick), Event::Ticked);
    // The first key is forgotten a day after it came, and not a nanosecond earlier.
    venue.header.time.0 = 1 + 24 * HOUR - 1;
    assert_eq!(reason(venue.withdraw(0, 3, 5)), RejectReason::TooManyRequestsRemembered);
    venue.header.time.0 += 1;
    assert_eq!(reason(venue.withdraw(0, 3, 5)), RejectReason::UnknownAsset);
    assert_eq!(
        reason(venue.withdraw(0, 1, 5)),
        RejectReason::TooManyRequestsRemembered,
        "as new as any other"
    );
}

#[test]
fn a_venue_with_all_the_keys_it_can_remember_takes_no_new_one_and_opens_no_account_under_one() {
    let mut venue = Venue::new(9, 2);
    for account in [0, 1] {
        assert_eq!(reason(venue.withdraw(account, 1, 5)), RejectReason::UnknownAsset);
    }
    assert_eq!(reason(venue.withdraw(0, 2, 5)), RejectReason::TooManyRequestsRemembered);
    let open = Command::OpenAccount { account: AccountId(2), tier: 0 };
    assert_eq!(reason(venue.ask(Some(3), open.clone())), RejectReason::TooManyRequestsRemembered);
    assert_eq!(venue.risk.accounts(), 2, "it would not be known when it comes again");
    assert!(matches!(venue.ask(None, open), Event::AccountTierSet { .. }));
}

#[test]
fn places_are_used_again_and_the_index_finds_what_is_left() {
    let mut venue = Venue::new(100, 100);
    let mut known = std::collections::VecDeque::new();
    for (at, round) in (0..2_000_u64).enumerate() {
        venue.header.time.0 += HOUR / 2;
        let (account, key) = (u32::from(round % 2 == 1), u128::from(round) << 64 | 1);
        venue.withdraw(account, key, round);
        known.push_back((account, key, round, venue.header));
        while known.front().is_some_and(|(.., header)| header.time.0 + 24 * HOUR <= venue.header.time.0) {
            known.pop_front();
        }
        assert_eq!(venue.risk.remembered_requests(), known.len());
        let (account, key, amount, header) = known[at % known.len()];
        let again = Event::Repeated { account: AccountId(account), original: header.sequence };
        assert_eq!(venue.withdraw(account, key, amount), again);
    }
    assert!(venue.risk.requests.places.len() < 60, "{} places", venue.risk.requests.places.len());
    venue.header.time.0 += 24 * HOUR;
    venue.ask(None, Command::Tick);
    assert_eq!((venue.risk.remembered_requests(), venue.risk.requests.digest()), (0, 0));
}

#[test]
fn the_end_of_time_forgets_nothing_and_breaks_nothing() {
    let mut venue = Venue::new(9, 9);
    for (time, key) in [(u64::MAX - 1, 1), (u64::MAX, 2)] {
        venue.header.time.0 = time;
        venue.withdraw(0, key, 5);
    }
    for key in [1, 2] {
        assert!(matches!(venue.withdraw(0, key, 5), Event::Repeated { .. }));
    }
}

/// A change of anything in an entry shows in the digest.
#[test]
fn every_field_of_a_request_counts() {
    let one = Remembered::new(1, Sequence(2), TimestampNs(3), 4, AccountId(5));
    let others = [
        Remembered { key: 2, ..one },
        Remembered { key: 1 << 64, ..one },
        Remembered { sequence: Sequence(3), ..one },
        Remembered { time: TimestampNs(4), ..one },
        Remembered { content: 5, ..one },
        Remembered { account: AccountId(6), ..one },
    ];
    for other in others {
        assert_ne!(one.mixed(), other.mixed(), "{other:?}");
    }
    assert_eq!(one.mixed(), Remembered { next: 7, ..one }.mixed(), "its place in memory does not");
}
