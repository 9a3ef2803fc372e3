//! The one task that owns the books: recovers them, carries out steps, publishes what is durable.
//!
//! Not responsible for what is in an outcome. A newcomer needs to know one thing: it follows two streams, steps from risk and
//! durable positions from persistence, and persistence is the only judge of whether a record is in the log: whenever anything is in
//! doubt, its stream is opened again at our place, which it refuses with 409 where the log has another record there.

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use exchange_service::health::Health;
use exchange_service::metrics::seconds;
use exchange_service::net::{
    Address, Backoff, Client, CommandStream, ConnectError, Reconnect, Said, Turn, Wanted,
};

use crate::books::{Books, Divergence, StepError};
use crate::durability::{Durability, Release};
use crate::held::Held;
use crate::metrics::{MatchingMetrics, gauge};
use crate::publish::Publisher;
use crate::recover::Recovered;
use crate::service::{BOOKS, LAG, PERSISTENCE, RISK};
use crate::steps::StepStream;

/// How often the books are looked at for the metrics.
const MEASURE_EVERY: Duration = Duration::from_secs(1);

/// How long an outcome may wait for the disk before the service says that it is slow.
const HELD_MAX: Duration = Duration::from_secs(1);

/// The task before it begins.
pub(crate) struct Task {
    pub(crate) client: Client,
    pub(crate) persistence: Address,
    pub(crate) risk: Address,
    /// How many bytes of outcomes may wait to be durable. **When there are as many, no steps are taken**, and risk waits in turn.
    pub(crate) held_bytes_max: usize,
    pub(crate) health: Health,
    pub(crate) metrics: MatchingMetrics,
    pub(crate) publisher: Publisher,
}

/// Why books are of no use any more.
enum End {
    /// Others may be recovered.
    Recover(&'static str),
    /// They are not what the log says, or risk is not: somebody has to look.
    Stop(String),
}

/// What lasts as long as one set of books does.
struct Live {
    books: Books,
    held: Held,
    steps: Reconnect<StepStream>,
    log: Reconnect<CommandStream>,
    /// What the log's stream says. `None`: it is not open, and nothing is published.
    durability: Option<Durability>,
    /// Risk and the books disagree, if the log has this record: persistence is being asked.
    suspect: Option<Divergence>,
    /// At least one step was carried out.
    progress: bool,
}

impl Task {
    /// Works for ever.
    pub(crate) async fn run(mut self) {
        let mut backoff = Backoff::default();
        loop {
            let recovered = match self.recover().await {
                Ok(recovered) => recovered,
                Err(lost) => return self.stop(&lost.to_string()).await,
            };
            self.health.healthy(BOOKS);
            let mut live = Live::new(recovered);
            match self.live(&mut live).await {
                End::Stop(reason) => return self.stop(&reason).await,
                End::Recover(reason) => self.health.unhealthy(BOOKS, format!("{reason}; recovering")),
            }
            // Books that were of no use at all are not built again at once.
            if live.progress {
                backoff.reset();
            } else {
                backoff.wait().await;
            }
        }
    }

    /// Stays up for people to look, and publishes nothing any more.
    async fn stop(&self, reason: &str) {
        self.health
            .unhealthy(BOOKS, format!("{reason}; nothing is published any more, the venue stands still"));
        std::future::pending::<()>().await;
    }

    async fn live(&mut self, live: &mut Live) -> End {
        let mut measure = tokio::time::interval(MEASURE_EVERY);
        measure.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let (client, persistence, risk) = (&self.client, &self.persistence, &self.risk);
            let place = live.books.place();
            let compared = live.suspect.as_ref().map_or(place, |suspect| suspect.place);
            let open_log =
                || CommandStream::open(client.clone(), persistence.clone(), compared, Wanted::Durable);
            let open_steps = || StepStream::open(client.clone(), risk.clone(), place);
            let takes = live.suspect.is_none() && live.held.bytes() < self.held_bytes_max;
            let ended = tokio::select! {
                biased; // what is durable leaves before anything more is taken in
                turn = live.log.turn(open_log) => self.log_turn(turn, live),
                turn = live.steps.turn(open_steps), if takes => self.steps_turn(turn, live),
                _ = measure.tick() => {
                    self.measure(live);
                    None
                }
            };
            if let Some(end) = ended {
                return end;
            }
            if self.release(live) {
                // Whoever sends the outcomes runs on this thread as well.
                tokio::task::yield_now().await;
            }
        }
    }

    fn log_turn(&mut self, turn: Turn, live: &mut Live) -> Option<End> {
        match turn {
            Turn::Opened => return self.log_opened(live),
            Turn::Arrived => {
                let mut durable = None;
                let taken = live.log.get().map_or(Ok(()), |log| take_durable(log, &mut durable));
                if let (Some(durability), Some(durable)) = (&mut live.durability, durable) {
                    durability.durable = durability.durable.max(durable);
                    self.metrics.durable.set(gauge(durability.durable));
                }
                if let Err(error) = taken {
                    live.close_log();
                    live.log.fail();
                    self.persistence_lost(&error);
                }
            }
            Turn::Refused(error) if is_elsewhere(&error) => {
                return Some(End::Recover("the log does not have the records that were carried out"));
            }
            Turn::Refused(error) => self.health.unhealthy(PERSISTENCE, error.to_string()),
            Turn::Lost(error) => {
                live.durability = None;
                self.persistence_lost(&error);
            }
        }
        None
    }

    /// The log has the place that was asked for.
    fn log_opened(&mut self, live: &mut Live) -> Option<End> {
        let stream = live.log.get()?;
        let (asked, reign) = (stream.asked(), stream.reign());
        self.health.healthy(PERSISTENCE);
        match &live.suspect {
            // It really is a record of the log on which risk and the books disagree.
            Some(suspect) if suspect.place == asked => return Some(End::Stop(suspect.to_string())),
            Some(_) => live.close_log(),
            None => {
                live.durability = Some(Durability::new(asked, reign));
                self.publisher.reign(reign);
            }
        }
        None
    }

    fn steps_turn(&mut self, turn: Turn, live: &mut Live) -> Option<End> {
        match turn {
            Turn::Opened => self.health.healthy(RISK),
            Turn::Arrived => self.batch(live),
            Turn::Refused(error) => return self.steps_refused(&error, live),
            Turn::Lost(error) => self.risk_lost(&error.to_string()),
        }
        None
    }

    fn steps_refused(&self, error: &ConnectError, live: &mut Live) -> Option<End> {
        match error.status() {
            Some(StatusCode::GONE) => {
                return Some(End::Recover("risk does not keep the next step any more"));
            }
            Some(StatusCode::CONFLICT) => {
                // Either risk has not come as far, or one of the two follows records that the log has lost: persistence knows
                // which, unless it has just said so.
                self.health
                    .degraded(RISK, format!("{error}: it does not have the record these books stand at"));
                let sequence = live.books.place().sequence;
                if live.durability.is_none_or(|known| known.verified < sequence) {
                    live.close_log();
                }
            }
            _ => self.health.unhealthy(RISK, error.to_string()),
        }
        None
    }

    /// Carries out everything that has arrived.
    fn batch(&mut self, live: &mut Live) {
        let arrived = Instant::now();
        let carried = live.carry_out(arrived);
        let done = live.books.take_done();
        let time = seconds(arrived.elapsed());
        for _ in 0..done.commands {
            self.metrics.matching_seconds.observe(time);
        }
        live.progress |= done.commands > 0;
        self.metrics.count(done);
        self.metrics.position.set(gauge(live.books.place().sequence));
        match carried {
            Ok(()) => {}
            Err(StepError::Diverged(divergence)) => {
                tracing::error!(%divergence, "risk and the books disagree; asking whether the log has this record");
                self.health.unhealthy(BOOKS, divergence.to_string());
                live.suspect = Some(divergence);
                live.steps.close();
                live.close_log();
            }
            Err(error) => {
                live.steps.fail();
                self.risk_lost(&error.to_string());
            }
        }
    }

    /// Publishes what is durable. Returns whether there was anything.
    fn release(&mut self, live: &mut Live) -> bool {
        let Some(durability) = live.durability else { return false };
        let last = match durability.release(&live.held) {
            Release::UpTo(last) => last,
            Release::VerifyBehind(last) => {
                live.close_log();
                last
            }
        };
        let now = Instant::now();
        let published = &self.metrics.durable_seconds;
        let see = |arrived: Instant| published.observe(seconds(now.duration_since(arrived)));
        let Some(chunk) = live.held.release(last, see) else { return false };
        self.metrics.published.set(gauge(chunk.last));
        self.publisher.publish(chunk);
        true
    }

    fn measure(&self, live: &Live) {
        let held = live.held.next() - live.held.first();
        self.metrics.books(live.books.live_orders());
        self.metrics.held.set(gauge(held));
        self.metrics.held_bytes.set(gauge(live.held.bytes() as u64));
        self.metrics.published.set(gauge(self.publisher.position()));
        self.metrics.position.set(gauge(live.books.place().sequence));
        match live.held.oldest().map(|arrived| arrived.elapsed()) {
            Some(age) if age > HELD_MAX => {
                let text =
                    format!("{held} outcomes wait to be durable, the oldest for {} ms", age.as_millis());
                self.health.degraded(LAG, text);
            }
            _ => self.health.healthy(LAG),
        }
    }

    pub(crate) fn persistence_lost(&self, error: &std::io::Error) {
        self.health.unhealthy(PERSISTENCE, format!("{}: {error}", self.persistence));
    }

    fn risk_lost(&self, reason: &str) {
        self.health.unhealthy(RISK, format!("{}: {reason}", self.risk));
    }
}

impl Live {
    fn new(recovered: Recovered) -> Self {
        Self {
            books: recovered.books,
            held: recovered.held,
            steps: Reconnect::default(),
            log: Reconnect::default(),
            durability: None,
            suspect: None,
            progress: false,
        }
    }

    /// Gives the log's stream up, to open it again at the place where the books are by then.
    fn close_log(&mut self) {
        self.log.close();
        self.durability = None;
    }

    fn carry_out(&mut self, arrived: Instant) -> Result<(), StepError> {
        let Some(steps) = self.steps.get() else { return Ok(()) };
        while let Some(frame) = steps.incoming.next_ready()? {
            let (sequence, item) = frame.item().ok_or(StepError::Kind { kind: frame.kind })?;
            self.books.carry_out(sequence, item, arrived, &mut self.held)?;
        }
        Ok(())
    }
}

/// Whether the log does not have the place that was asked for: another record is there, or none, or it is kept no more.
pub(crate) fn is_elsewhere(error: &ConnectError) -> bool {
    matches!(error.status(), Some(StatusCode::CONFLICT | StatusCode::GONE))
}

/// Takes the last of the positions that have arrived.
fn take_durable(log: &mut CommandStream, durable: &mut Option<u64>) -> std::io::Result<()> {
    while let Some(said) = log.next_ready()? {
        if let Said::Durable(position) = said {
            *durable = Some(position);
        }
    }
    Ok(())
}
