//! Following the outcomes, on a thread of its own: the log never waits for the history.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use exchange_service::config::Secret;
use exchange_service::health::Health;
use exchange_service::log::{LogError, LogReader, LogSource, SegmentReader};
use exchange_service::net::{Address, Client, OutcomeError, OutcomeStream};
use exchange_service::stop::Stop;
use exchange_service::storage::FileStorage;
use exchange_types::{Event, EventBuffer, Sequence, decode_outcome, decode_request};
use prometheus_client::metrics::gauge::Gauge;
use tokio::sync::watch;
use tokio::time::Instant;

use super::PART;
use super::embedded::Embedded;
use super::error::StoreError;
use super::fold::{Happened, fold, orders_in};
use super::postgres::Postgres;
use super::store::{AnyStore, Store};
use crate::log::{LogHandle, chain};
use crate::snapshots::Checkpoints;

/// How long outcomes are gathered on their way, in microseconds: nobody waits for the history but those who say so.
const LINGER_US: u64 = 5_000;

/// How long they are gathered here before they are written, unless somebody waits for one of them. A transaction copies every page
/// that it changes, and orders of a second change few pages more than those of a hundredth: writing seldom takes less of the
/// processor, and of the disk, which the log needs.
const GATHER_MAX: Duration = Duration::from_secs(1);

/// How many bytes of outcomes go into one transaction. One that is longer goes alone.
const RUN_BYTES: usize = 4 << 20;

/// How long to wait before the store is opened again.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// The history as the queries have it. Cloning gives another handle.
#[derive(Debug, Clone)]
pub(crate) struct History {
    /// `None` where it is not open.
    store: Arc<Mutex<Option<AnyStore>>>,
    position: watch::Sender<u64>,
    /// How many queries wait for it to come further.
    waiting: watch::Sender<usize>,
}

/// A query that waits, for as long as this lives.
struct Waits<'history>(&'history watch::Sender<usize>);

impl<'history> Waits<'history> {
    fn new(waiting: &'history watch::Sender<usize>) -> Self {
        waiting.send_modify(|count| *count += 1);
        Self(waiting)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

impl History {
    pub(crate) fn new() -> Self {
        Self { store: Arc::default(), position: watch::Sender::new(0), waiting: watch::Sender::new(0) }
    }

    /// The store, if it is open.
    pub(super) fn store(&self) -> Option<AnyStore> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_store(&self, store: Option<AnyStore>) {
        *self.store.lock().unwrap_or_else(PoisonError::into_inner) = store;
    }

    /// The last outcome that is in it.
    pub(crate) fn position(&self) -> u64 {
        *self.position.borrow()
    }

    /// Waits until an outcome is in it.
    pub(super) async fn reach(&self, sequence: u64) {
        if self.position() >= sequence {
            return;
        }
        let _waits = Waits::new(&self.waiting);
        // The sender lives in this very handle.
        drop(self.position.subscribe().wait_for(|position| *position >= sequence).await);
    }

    /// Waits until a query waits. Safe to cancel.
    async fn wanted(&self) {
        drop(self.waiting.subscribe().wait_for(|count| *count > 0).await);
    }
}

/// Everything the thread needs.
pub(crate) struct Follow {
    /// What it fills.
    pub(crate) history: History,
    /// The commands.
    pub(crate) log: LogHandle,
    /// Where the outcomes are.
    pub(crate) matching: Address,
    /// Where this service is, for its archive.
    pub(crate) archive: Address,
    /// The file of the embedded store.
    pub(crate) file: PathBuf,
    /// The address of a PostgreSQL database to use instead.
    pub(crate) database: Option<Secret>,
    /// Hears of checkpoints.
    pub(crate) checkpoints: Arc<Checkpoints>,
    /// Where it says how it is.
    pub(crate) health: Health,
    /// How far it has come.
    pub(crate) gauge: Gauge,
    /// When to end.
    pub(crate) stop: Stop,
}

/// Why a run of the history ended.
#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Outcomes(#[from] OutcomeError),
    #[error("outcome {sequence} cannot be read: {reason}")]
    Outcome { sequence: u64, reason: String },
    #[error(
        "the history has come to {position} and the log ends with {last}: it belongs to another log, or the log has lost records. Remove the history's file to have it made again"
    )]
    Ahead { position: u64, last: u64 },
}

/// Where the program outlives a panic of the thread, nobody would know that the history has ended.
struct TellsOfPanic(Health);

impl Drop for TellsOfPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.unhealthy(PART, "a defect ended the history; start the service again".to_owned());
        }
    }
}

impl Follow {
    /// Starts the thread.
    pub(crate) fn start(self) -> io::Result<JoinHandle<()>> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::Builder::new().name("history".into()).spawn(move || {
            let _tells = TellsOfPanic(self.health.clone());
            runtime.block_on(async {
                let stop = self.stop.clone();
                tokio::select! {
                    biased; // what is not written yet is folded again
                    () = stop.stopped() => {}
                    () = self.keep_following() => {}
                }
            });
        })
    }

    async fn keep_following(&self) {
        // A service whose history is missing takes submissions all the same, so that is no reason not to be ready.
        self.health.healthy(PART);
        loop {
            let Err(ended) = self.follow().await;
            self.history.set_store(None);
            let reason = format!("orders and trades are not up to date: {}", chain(&ended));
            match ended {
                // These do not cure themselves.
                Ended::Ahead { .. }
                | Ended::Outcomes(OutcomeError::Gone { .. })
                | Ended::Store(StoreError::Address { .. } | StoreError::Damaged { .. }) => {
                    self.health.unhealthy(PART, reason);
                }
                _ => self.health.degraded(PART, reason),
            }
            tokio::time::sleep(AGAIN_AFTER).await;
        }
    }

    async fn open(&self) -> Result<AnyStore, StoreError> {
        Ok(match &self.database {
            Some(secret) => AnyStore::Postgres(Postgres::open(secret).await?),
            None => AnyStore::Embedded(Embedded::open(&self.file)?),
        })
    }

    /// Opens the store and follows from where it is.
    async fn follow(&self) -> Result<std::convert::Infallible, Ended> {
        let store = self.open().await?;
        let position = store.position().await?;
        let last = self.log.position().0;
        if position > last {
            return Err(Ended::Ahead { position, last });
        }
        let instruments = store.instruments().await?;
        self.history.set_store(Some(store.clone()));
        self.came_to(position);
        self.health.healthy(PART);
        let mut stream = OutcomeStream::new(
            Client::new(),
            self.matching.clone(),
            self.archive.clone(),
            Some(position),
            LINGER_US,
        );
        let mut writing = Writing {
            store,
            position,
            instruments,
            commands: Commands { log: self.log.clone(), reader: None },
        };
        let mut gathered = Gathered::default();
        loop {
            let (any, until) = (!gathered.is_empty(), gathered.until());
            let due = tokio::select! {
                arrived = stream.next(|sequence, bytes| gathered.push(sequence, bytes)) => {
                    arrived?;
                    gathered.bytes >= RUN_BYTES
                }
                () = tokio::time::sleep_until(until), if any => true,
                () = self.history.wanted(), if any => true,
            };
            match stream.trouble() {
                Some(trouble) => self.health.degraded(PART, format!("no outcomes come: {trouble}")),
                None => self.health.healthy(PART),
            }
            if due {
                for part in gathered.take() {
                    writing.write(part, &self.checkpoints).await?;
                    self.came_to(writing.position);
                }
            }
        }
    }

    fn came_to(&self, position: u64) {
        self.gauge.set(position.cast_signed());
        self.history.position.send_replace(position);
    }
}

/// Outcomes on their way into the store, each with its sequence.
#[derive(Default)]
struct Gathered {
    outcomes: Vec<(u64, Vec<u8>)>,
    bytes: usize,
    since: Option<Instant>,
}

impl Gathered {
    fn push(&mut self, sequence: u64, bytes: &[u8]) {
        self.since.get_or_insert_with(Instant::now);
        self.bytes += bytes.len();
        self.outcomes.push((sequence, bytes.to_vec()));
    }

    fn is_empty(&self) -> bool {
        self.outcomes.is_empty()
    }

    /// When they are to be written.
    fn until(&self) -> Instant {
        self.since.unwrap_or_else(Instant::now) + GATHER_MAX
    }

    /// All of them, in parts of one transaction each.
    fn take(&mut self) -> Vec<Vec<(u64, Vec<u8>)>> {
        let mut parts: Vec<Vec<_>> = Vec::new();
        let mut bytes = 0;
        for (sequence, outcome) in std::mem::take(self).outcomes {
            bytes += outcome.len();
            match parts.last_mut() {
                Some(part) if bytes <= RUN_BYTES => part.push((sequence, outcome)),
                _ => {
                    bytes = outcome.len();
                    parts.push(vec![(sequence, outcome)]);
                }
            }
        }
        parts
    }
}

/// A store that is being written.
struct Writing {
    store: AnyStore,
    position: u64,
    instruments: BTreeMap<u64, (u64, u64)>,
    commands: Commands,
}

impl Writing {
    async fn write(&mut self, outcomes: Vec<(u64, Vec<u8>)>, checkpoints: &Checkpoints) -> Result<(), Ended> {
        let mut run = Vec::with_capacity(outcomes.len());
        let mut events = EventBuffer::new();
        for (sequence, bytes) in outcomes {
            events.clear();
            let unreadable = |reason: String| Ended::Outcome { sequence, reason };
            let (header, length) =
                decode_outcome(&bytes, &mut events).map_err(|error| unreadable(error.to_string()))?;
            if header.sequence.0 != sequence || length != bytes.len() {
                return Err(unreadable("it is not the one that the stream says".into()));
            }
            for (number, event) in (header.first_event..).zip(&events) {
                if let Event::Checkpoint { state_hash, .. } = *event {
                    checkpoints.told(number, state_hash);
                }
            }
            let request = self.commands.request(header.sequence).map_err(StoreError::from)?;
            run.push(Happened { header, request, events: events[..].to_vec(), bytes });
        }
        let orders = self.store.load(orders_in(&run).into_iter().collect()).await?;
        let changes = fold(self.position, run, &mut self.instruments, orders);
        let position = changes.position;
        self.store.write(changes).await?;
        self.position = position;
        Ok(())
    }
}

/// The commands of outcomes, from the log: an outcome is told when its command is durable, so it is there.
struct Commands {
    log: LogHandle,
    reader: Option<SegmentReader<FileStorage>>,
}

impl Commands {
    fn request(&mut self, sequence: Sequence) -> Result<Option<exchange_types::Request>, LogError> {
        let mut reader = match self.reader.take() {
            Some(reader) if reader.position() == sequence => reader,
            _ => self.log.source().reader(sequence)?,
        };
        let not_here = LogError::NotHere {
            wanted: sequence,
            first: self.log.source().first(),
            last: self.log.durable(),
        };
        let request = decode_request(reader.next()?.ok_or(not_here)?.payload).ok();
        self.reader = Some(reader);
        Ok(request)
    }
}
