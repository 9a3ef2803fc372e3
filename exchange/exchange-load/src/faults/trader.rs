//! One who trades while services die, and writes down what he was told.
//!
//! A request with a key is sent again until somebody answers it; one without a key is sent once, whatever happens. A newcomer
//! needs to know one thing: a connection that cannot be opened has carried nothing, so that attempt does not count.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::record::{Answered, Asked, Request};
use crate::client::api::{self, Order};
use crate::client::{Connection, Placed, Target, Trader};
use crate::flow::Random;

const MARKET: &str = "BTC-USD";
const MIDDLE_CENTS: u64 = 6_000_000;

/// Orders lie this far from the middle at most, in cents: close enough that most of them meet another.
const DISTANCE_CENTS: u64 = 20;

/// How many of his orders he remembers to cancel.
const LIVE_MAX: usize = 32;

/// How long he waits after an answer that promises nothing.
const PAUSE: Duration = Duration::from_millis(10);

/// How long a request with a key is repeated before that is a fault of its own.
pub(super) const REPEAT_MAX: Duration = Duration::from_secs(60);

/// What all traders share: they run on one thread.
#[derive(Debug, Default)]
pub(super) struct Floor {
    /// No new requests; those under way are seen through.
    pub(super) closing: Cell<bool>,
    pub(super) requests: RefCell<Vec<Request>>,
    /// What is a fault whatever the log says.
    pub(super) violations: RefCell<Vec<String>>,
}

pub(super) struct Dealer {
    target: Target,
    trader: Trader,
    random: Random,
    floor: Rc<Floor>,
    live: VecDeque<u64>,
    /// The next quantity, and the step to the one after: dealers of one account share its quantities out.
    quantity: u64,
    stride: u64,
}

impl Dealer {
    /// `index` of `stride` dealers of this account.
    pub(super) fn new(
        target: Target,
        trader: Trader,
        (index, stride): (u64, u64),
        seed: u64,
        floor: Rc<Floor>,
    ) -> Self {
        let random = Random::new(seed);
        Self { target, trader, random, floor, live: VecDeque::new(), quantity: 1 + index, stride }
    }

    pub(super) async fn trade(mut self) {
        let mut connection = Connection::new(self.target.clone());
        let (mut body, mut bytes) = (String::new(), Vec::new());
        while !self.floor.closing.get() {
            let asked = self.next();
            let keyed = self.random.per_cent(50);
            let key =
                keyed.then(|| u128::from(self.random.next()) << 64 | u128::from(self.random.next()) | 1);
            match asked {
                Asked::Order { buys, price_cents, quantity } => {
                    let side = if buys { "buy" } else { "sell" };
                    let order = Order { market: MARKET, side, price_cents, quantity };
                    self.trader.place(&order, key, &mut body, &mut bytes);
                }
                Asked::Cancel { order } => self.trader.cancel(order, key, &mut body, &mut bytes),
            }
            let (answered, mut sent) = self.see_through(&mut connection, asked, key.is_some(), &bytes).await;
            if let (Asked::Order { .. }, Answered::Done { order }) = (asked, &answered) {
                self.live.push_back(*order);
            }
            if key.is_some() && self.random.one_in(16) {
                sent += self.ask_again(&mut connection, asked, &bytes, &answered).await;
            }
            if sent > 0 {
                let account = self.trader.account;
                self.floor.requests.borrow_mut().push(Request { account, key, asked, answered, sent });
            }
        }
    }

    fn next(&mut self) -> Asked {
        if (self.live.len() > LIVE_MAX || self.random.per_cent(25))
            && let Some(order) = self.live.pop_front()
        {
            return Asked::Cancel { order };
        }
        let distance = self.random.below(2 * DISTANCE_CENTS + 1);
        let quantity = self.quantity;
        self.quantity += self.stride;
        Asked::Order {
            buys: self.random.per_cent(50),
            price_cents: MIDDLE_CENTS - DISTANCE_CENTS + distance,
            quantity,
        }
    }

    /// Sends a request, again and again where it has a key, until there is an answer that promises something.
    async fn see_through(
        &self,
        connection: &mut Connection,
        asked: Asked,
        keyed: bool,
        bytes: &[u8],
    ) -> (Answered, u32) {
        let began = Instant::now();
        let mut sent = 0;
        loop {
            if connection.open().await.is_err() {
                if sent == 0 && self.floor.closing.get() {
                    return (Answered::Unknown { why: "never sent".into() }, 0);
                }
                if began.elapsed() > REPEAT_MAX {
                    self.violation(format!("the gateway cannot be reached for {REPEAT_MAX:?}"));
                    return (Answered::Unknown { why: "the gateway cannot be reached".into() }, sent);
                }
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            sent += 1;
            let answered = match connection.exchange_in_time(bytes).await {
                Ok(answer) => promise(asked, answer.status, answer.body),
                Err(error) => Answered::Unknown { why: error.to_string() },
            };
            let open = matches!(answered, Answered::Unknown { .. } | Answered::NotTaken { .. });
            if !open || !keyed {
                if open {
                    tokio::time::sleep(PAUSE).await;
                }
                return (answered, sent);
            }
            if began.elapsed() > REPEAT_MAX {
                self.violation(format!(
                    "a request with a key is not answered within {REPEAT_MAX:?}: {answered:?}"
                ));
                return (answered, sent);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// The same request under the same key: the answer must not change. Returns how often it was sent.
    async fn ask_again(
        &self,
        connection: &mut Connection,
        asked: Asked,
        bytes: &[u8],
        before: &Answered,
    ) -> u32 {
        if connection.open().await.is_err() {
            return 0;
        }
        let Ok(answer) = connection.exchange_in_time(bytes).await else { return 1 };
        let again = promise(asked, answer.status, answer.body);
        let open =
            |answered: &Answered| matches!(answered, Answered::Unknown { .. } | Answered::NotTaken { .. });
        if !open(&again) && !open(before) && again != *before {
            let text = format!("{asked:?}: first answered {before:?}, under the same key then {again:?}");
            self.violation(text);
        }
        1
    }

    fn violation(&self, text: String) {
        self.floor.violations.borrow_mut().push(format!("account {}: {text}", self.trader.account));
    }
}

/// What an answer promises.
fn promise(asked: Asked, status: u16, body: &[u8]) -> Answered {
    let code = || {
        let problem = api::problem(status, body);
        problem.split_once(' ').map_or(problem.clone(), |(_, code)| code.to_owned())
    };
    match (status, asked) {
        (200..=299, Asked::Cancel { order }) => Answered::Done { order },
        (200..=299, Asked::Order { .. }) => match Placed::read(body).and_then(|placed| placed.number()) {
            Some(order) => Answered::Done { order },
            None => Answered::Unknown { why: format!("{status} without an id") },
        },
        (400..=499, _) => Answered::Rejected { code: code() },
        // Its documentation says: nothing was done, and nothing will be. All but these do.
        (503, _) if !matches!(code().as_str(), "replay-unavailable") => Answered::NotTaken { code: code() },
        _ => Answered::Unknown { why: format!("{status} {}", code()) },
    }
}
