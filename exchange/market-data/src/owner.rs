//! The task that owns the feed: outcomes in, messages and answers out.
//!
//! Not responsible for HTTP. A newcomer needs to know one thing: this task alone touches the feed, so whatever it answers is of
//! one moment; while it has no feed that is whole, it refuses all questions.

use std::convert::Infallible;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use exchange_service::net::{Address, Backoff, Client, OutcomeStream, Ring, RingSource};
use exchange_service::service::Frame;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use crate::answer::Ask;
use crate::follow::{self, Follower, News};
use crate::json::Wording;
use crate::meters::Meters;
use crate::venue::Venue;

/// Health: the fold of outcomes.
pub(crate) const FEED: &str = "feed";
/// Health: where outcomes come from, and how far behind them we are.
pub(crate) const OUTCOMES: &str = "outcomes";
/// Health: whether the markets file names everything that is listed.
pub(crate) const MARKETS: &str = "markets";

/// How often health and lag are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Messages that one millisecond of running makes at most, on average: items are numbered from the millisecond of the start
/// times this, so that a number of an earlier run is always below those of this one, and found to be too old.
const ITEMS_PER_MS: u64 = 1 << 20;

/// How many questions are answered between two batches.
const QUESTIONS_AT_ONCE: usize = 64;

/// A question and where its answer goes.
#[derive(Debug)]
pub(crate) enum Question {
    /// About the venue.
    Ask(Ask, oneshot::Sender<Answer>),
    /// To follow the stream.
    Follow(oneshot::Sender<RingSource>),
}

/// An answer, and the last message that was told before it. `None`: there is no such market.
pub(crate) type Answer = Option<(Bytes, u64)>;

/// What the owner works with.
#[derive(Debug)]
pub(crate) struct Owner {
    pub(crate) markets: Vec<Wording>,
    pub(crate) persistence: Address,
    pub(crate) matching: Address,
    pub(crate) linger: Duration,
    pub(crate) slow_every: Duration,
    pub(crate) ring_bytes: usize,
    pub(crate) lag_max: Duration,
    pub(crate) client: Client,
    pub(crate) frame: Frame,
    pub(crate) meters: Meters,
    pub(crate) questions: mpsc::Receiver<Question>,
}

impl Owner {
    /// Works until nobody can ask any more.
    pub(crate) async fn run(mut self) {
        let mut last_item = 0;
        let mut backoff = Backoff::default();
        // After a fault the feed is well again when it has taken something in.
        let mut well = true;
        loop {
            let Some(mut venue) = self.start(last_item).await else { return };
            let Err(reason) = self.follow(&mut venue, &mut backoff, well).await else { return };
            well = false;
            self.meters.restarts.inc();
            self.frame.health.unhealthy(FEED, format!("{reason}; starting again from a snapshot"));
            last_item = venue.last_item();
            drop(venue);
            // The same fault may be found again at once.
            let refused = async {
                tokio::select! {
                    biased; // the end of the wait first: questions may come without end
                    () = backoff.wait() => Some(()),
                    ended = refuse(&mut self.questions) => ended.map(|never| match never {}),
                }
            };
            if refused.await.is_none() {
                return;
            }
        }
    }

    /// A venue as the newest snapshot has it. `None`: nobody asks any more.
    async fn start(&mut self, last_item: u64) -> Option<Venue> {
        let (client, address, health) = (&self.client, &self.persistence, &self.frame.health);
        let restore = async {
            let mut backoff = Backoff::default();
            loop {
                match follow::snapshot(client, address).await {
                    Ok(feed) => return feed,
                    Err(error) => health.unhealthy(FEED, format!("no snapshot: {error}")),
                }
                backoff.wait().await;
            }
        };
        let feed = tokio::select! {
            biased; // as above
            feed = restore => feed,
            _ = refuse(&mut self.questions) => return None,
        };
        let started = now().as_millis();
        let first = u64::try_from(started).unwrap_or(0).saturating_mul(ITEMS_PER_MS);
        tracing::info!(
            command = feed.command().0,
            event = feed.sequence().0,
            instruments = feed.instruments(),
            "starting from a snapshot"
        );
        Some(Venue::new(feed, self.markets.clone(), first.max(last_item)))
    }

    /// Follows the outcomes until something is wrong with them. `Ok`: nobody asks any more.
    async fn follow(
        &mut self,
        venue: &mut Venue,
        backoff: &mut Backoff,
        mut well: bool,
    ) -> Result<(), String> {
        let linger_us = u64::try_from(self.linger.as_micros()).unwrap_or(u64::MAX);
        let mut follower = Follower::new(OutcomeStream::new(
            self.client.clone(),
            self.matching.clone(),
            self.persistence.clone(),
            Some(venue.position()),
            linger_us,
        ));
        let ring = Ring::new(venue.last_item(), self.ring_bytes);
        let mut look = interval(LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut connection: Option<Result<u64, String>> = None;
        let mut slow_at = Instant::now();
        let mut slow = false;
        // Clients have seen what was told before this state was begun, so nothing is shown until it has come as far as the stream
        // had when it was opened: a book must not go back in time.
        let (mut goal, mut caught_up) = (None, false);
        loop {
            caught_up |= goal.is_some_and(|goal| venue.position() >= goal);
            tokio::select! {
                // What is told seldom and how we are, because both are short and rare; then outcomes, because everything else
                // waits for them; then questions, of which some are answered after every batch as well.
                biased;
                _ = look.tick() => {
                    self.look(venue, connection.as_ref(), follower.waiting());
                    if well && caught_up {
                        self.frame.health.healthy(FEED);
                    }
                }
                () = sleep_until(slow_at), if slow => {
                    venue.tell_slow();
                    self.publish(venue, &ring);
                    slow_at = Instant::now() + self.slow_every;
                    slow = false;
                }
                news = follower.next() => match news {
                    News::Outcomes(batch) => {
                        let taken = venue.take(&batch);
                        self.publish(venue, &ring);
                        let taken = taken.map_err(|error| error.to_string())?;
                        self.meters.took(taken, batch.len());
                        backoff.reset();
                        well = true;
                        slow = venue.has_slow();
                    }
                    News::Connection(state) => {
                        if let Ok(head) = &state {
                            goal.get_or_insert(*head);
                        }
                        connection = Some(state);
                        self.look(venue, connection.as_ref(), follower.waiting());
                    }
                    News::Ended(reason) => return Err(reason),
                },
                question = self.questions.recv() => match question {
                    Some(question) if caught_up => self.reply(venue, &ring, question),
                    // Whoever asks is told that we are not ready: see `refuse`.
                    Some(question) => drop(question),
                    None => return Ok(()),
                },
            }
            for _ in 0..QUESTIONS_AT_ONCE {
                if !caught_up {
                    break;
                }
                let Ok(question) = self.questions.try_recv() else { break };
                self.reply(venue, &ring, question);
            }
        }
    }

    fn publish(&self, venue: &mut Venue, ring: &Ring) {
        if let Some(chunk) = venue.chunk() {
            self.meters.told(&chunk);
            ring.push(chunk);
        }
    }

    fn reply(&self, venue: &Venue, ring: &Ring, question: Question) {
        // Whoever has gone meanwhile does not get it.
        match question {
            Question::Ask(ask, to) => {
                let body = venue.answer(&ask).map(Bytes::from);
                drop(to.send(body.map(|body| (body, venue.last_item()))));
            }
            Question::Follow(to) => drop(to.send(ring.source())),
        }
    }

    /// Says how we are.
    fn look(&self, venue: &Venue, connection: Option<&Result<u64, String>>, waiting: usize) {
        let health = &self.frame.health;
        let last = venue.feed().now();
        let behind = now().saturating_sub(Duration::from_nanos(last.0));
        let has_time = last.0 > 0;
        let to_come = connection.and_then(|connection| connection.as_ref().ok());
        let to_come = to_come.map_or(0, |head| head.saturating_sub(venue.position()));
        self.meters.to_come.set(i64::try_from(to_come).unwrap_or(i64::MAX));
        self.meters.position.set(i64::try_from(venue.position()).unwrap_or(i64::MAX));
        self.meters.waiting.set(i64::try_from(waiting).unwrap_or(i64::MAX));
        self.meters.behind.set(if has_time { behind.as_secs_f64() } else { 0.0 });
        match connection {
            None => {}
            Some(Err(trouble)) => health.degraded(OUTCOMES, trouble.clone()),
            Some(Ok(_)) if to_come > 0 => {
                health.degraded(OUTCOMES, format!("catching up: {to_come} outcomes are missing"));
            }
            Some(Ok(_)) if has_time && behind > self.lag_max => {
                let reason = format!("{:.1} s behind the present", behind.as_secs_f64());
                health.degraded(OUTCOMES, reason);
            }
            Some(Ok(_)) => health.healthy(OUTCOMES),
        }
        match venue.unnamed() {
            0 => health.healthy(MARKETS),
            more => {
                health.degraded(MARKETS, format!("{more} listed instruments are not in the markets file"))
            }
        }
    }
}

/// Refuses all questions, by dropping where their answers would go. `None`: nobody can ask any more.
async fn refuse(questions: &mut mpsc::Receiver<Question>) -> Option<Infallible> {
    loop {
        drop(questions.recv().await?);
    }
}

/// Time since 1970.
fn now() -> Duration {
    // A clock before 1970 is as good as one in it.
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
