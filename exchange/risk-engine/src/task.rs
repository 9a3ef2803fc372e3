//! The one task that owns the state: it begins with a snapshot, follows the log, and begins again when the log says so.
//!
//! Not responsible for what a record does. A newcomer needs to know one thing: it folds records before they are durable. If
//! persistence loses such records, the place that is resumed from is not in the log any more (409), and everything is forgotten:
//! the ring of steps is dropped, which ends its readers' streams, so that they compare their places as well.

use std::time::Instant;

use axum::http::StatusCode;
use exchange_core::FastEngine;
use exchange_service::health::{Health, Status};
use exchange_service::metrics::seconds;
use exchange_service::net::{
    Address, Backoff, Client, CommandStream, ConnectError, Reconnect, Ring, Said, Turn, Wanted,
};
use tokio::sync::{mpsc, watch};

use crate::confirm::Confirmed;
use crate::fold::Fold;
use crate::life::Life;
use crate::metrics::RiskMetrics;
use crate::query::Query;
use crate::reigns::Reigns;
use crate::restore::restore;
use crate::routes::{Serving, Steps};
use crate::service::{FOLD, MATCHING, PERSISTENCE};

/// How many questions are answered between two batches of the log.
const QUERIES_PER_BATCH: usize = 32;

/// The task before it begins.
pub(crate) struct Task {
    pub(crate) ring_bytes: usize,
    pub(crate) persistence: Address,
    pub(crate) client: Client,
    pub(crate) health: Health,
    pub(crate) metrics: RiskMetrics,
    pub(crate) serving: Serving,
    pub(crate) queries: mpsc::Receiver<Query>,
    pub(crate) confirmed: watch::Receiver<Confirmed>,
}

/// The log has other records than those that were folded in.
struct Forget;

impl Task {
    /// Works for ever.
    pub(crate) async fn run(mut self) {
        // The fold needs nobody to take its steps at first.
        self.health.healthy(MATCHING);
        let mut backoff = Backoff::default();
        loop {
            let engine = self.begin().await;
            let fold = Fold::new(engine);
            let sequence = fold.place().sequence;
            tracing::info!(sequence, "the state of a snapshot is restored");
            self.metrics.recoveries.inc();
            let ring = Ring::new(sequence, self.ring_bytes);
            let source = ring.source();
            let steps = Steps { source, reigns: Reigns::default(), reign: 0, caught_up: false };
            *self.serving.steps() = Some(steps);
            let mut life = Life::new(fold, ring, self.ring_bytes);
            let Forget = self.live(&mut life).await;
            *self.serving.steps() = None;
            self.health.unhealthy(FOLD, "the log does not have the records that were folded in; recovering");
            // A snapshot that is ahead of the log will not be better at once.
            let lived = life.has_caught_up();
            drop(life);
            if lived {
                backoff.reset();
            } else {
                backoff.wait().await;
            }
        }
    }

    /// The newest snapshot that persistence has, or an empty venue.
    async fn begin(&mut self) -> FastEngine {
        let (client, persistence, health) = (&self.client, &self.persistence, &self.health);
        let restored = async {
            let mut backoff = Backoff::default();
            loop {
                match restore(client, persistence).await {
                    Ok(engine) => return engine,
                    Err(error) => health.unhealthy(PERSISTENCE, error.to_string()),
                }
                backoff.wait().await;
            }
        };
        let refuse = async {
            // Dropped unanswered, which says 503.
            while self.queries.recv().await.is_some() {}
            std::future::pending().await
        };
        tokio::select! {
            engine = restored => engine,
            never = refuse => never,
        }
    }

    /// Follows the log with this state.
    async fn live(&mut self, life: &mut Life) -> Forget {
        let mut log = Reconnect::<CommandStream>::default();
        let mut waited = false;
        self.confirm(life, waited);
        loop {
            let waits = life.waits();
            if waits != waited {
                waited = waits;
                self.confirm(life, waits);
            }
            let (client, persistence) = (&self.client, &self.persistence);
            let place = life.fold.place();
            let open = || CommandStream::open(client.clone(), persistence.clone(), place, Wanted::Records);
            tokio::select! {
                biased; // the log comes first; questions get their share after each batch
                turn = log.turn(open), if !waits => match turn {
                    Turn::Opened => self.opened(life, &mut log),
                    Turn::Arrived => self.batch(life, &mut log).await,
                    Turn::Refused(error) if is_elsewhere(&error) => return Forget,
                    Turn::Refused(error) => self.health.unhealthy(PERSISTENCE, error.to_string()),
                    Turn::Lost(error) => self.lost(&error),
                },
                Ok(()) = self.confirmed.changed() => self.confirm(life, waits),
                Some(query) = self.queries.recv() => life.ask(query),
            }
        }
    }

    fn opened(&self, life: &mut Life, log: &mut Reconnect<CommandStream>) {
        self.health.healthy(PERSISTENCE);
        let Some(stream) = log.get() else { return };
        life.log_ends_at(stream.end());
        if let Some(steps) = &mut *self.serving.steps() {
            steps.reign = stream.reign();
        }
        // An empty log has nothing to wait for.
        self.catch_up(life);
    }

    /// Says so where the fold has reached, for the first time, what the log had when it began.
    fn catch_up(&self, life: &mut Life) {
        if life.catch_up() {
            tracing::info!(sequence = life.fold.place().sequence, "caught up with the log");
            if let Some(steps) = &mut *self.serving.steps() {
                steps.caught_up = true;
            }
            self.health.healthy(FOLD);
        }
    }

    fn lost(&self, error: &std::io::Error) {
        self.health.unhealthy(PERSISTENCE, format!("{}: {error}", self.persistence));
    }

    /// Folds everything in that has arrived, and hands the steps on as one chunk.
    async fn batch(&mut self, life: &mut Life, log: &mut Reconnect<CommandStream>) {
        let arrived = Instant::now();
        let taken = self.take(life, log);
        if life.push_steps() {
            self.metrics.fold_seconds.observe(seconds(arrived.elapsed()));
        }
        if let Err(error) = taken {
            log.fail();
            self.lost(&error);
        }
        self.catch_up(life);
        life.settle();
        self.measure(life);
        for _ in 0..QUERIES_PER_BATCH {
            let Ok(query) = self.queries.try_recv() else { break };
            life.ask(query);
        }
        // Whoever sends the steps runs on this thread as well.
        tokio::task::yield_now().await;
    }

    /// Takes what has arrived.
    fn take(&self, life: &mut Life, log: &mut Reconnect<CommandStream>) -> std::io::Result<()> {
        let Some(stream) = log.get() else { return Ok(()) };
        while let Some(said) = stream.next_ready()? {
            match said {
                Said::Durable(durable) => life.durable_up_to(durable),
                Said::Record(record) => {
                    let before = life.fold.place().epoch;
                    life.fold.fold(&record, &self.metrics.rejects).map_err(std::io::Error::other)?;
                    let (sequence, epoch) = (record.header.sequence.0, record.header.epoch.0);
                    if before != Some(epoch)
                        && let Some(steps) = &mut *self.serving.steps()
                    {
                        steps.reigns.add(sequence, epoch);
                    }
                }
            }
        }
        Ok(())
    }

    /// Notes what is known of matching.
    fn confirm(&mut self, life: &mut Life, waits: bool) {
        let known = self.confirmed.borrow_and_update().clone();
        life.confirm(known.position);
        self.metrics.confirmed.set(gauge(known.position));
        match known.status {
            Status::Healthy | Status::Degraded if waits => {
                let behind = life.fold.place().sequence.saturating_sub(known.position);
                let why = known.reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
                let text = format!("it is {behind} commands behind and the fold waits for it{why}");
                self.health.degraded(MATCHING, text);
            }
            status => self.health.set(MATCHING, status, known.reason),
        }
    }

    fn measure(&self, life: &mut Life) {
        let done = life.fold.take_done();
        let metrics = &self.metrics;
        metrics.commands.inc_by(done.commands);
        metrics.events.inc_by(done.events);
        let position = life.fold.place().sequence;
        metrics.position.set(gauge(position));
        metrics.durable.set(gauge(life.durable()));
        metrics.lead.set(gauge(position.saturating_sub(self.confirmed.borrow().position)));
        let risk = life.fold.engine().risk();
        metrics.accounts.set(gauge(risk.accounts() as u64));
        metrics.live_orders.set(gauge(risk.live_orders() as u64));
    }
}

/// Whether the log does not have the place that was asked for: another record is there, or none, or it is kept no more.
fn is_elsewhere(error: &ConnectError) -> bool {
    matches!(error.status(), Some(StatusCode::CONFLICT | StatusCode::GONE))
}

fn gauge(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
