//! The loops: closed (each connection sends its next request when it has its answer) and open (requests begin when the schedule
//! says so, whether or not earlier ones are answered).
//!
//! Not responsible for what is asked. A newcomer needs to know one thing: in the open loop the latency of a request is counted from
//! the moment at which it was to begin. One that had to wait because every connection was busy has waited, and a server that
//! stalls is seen by all who would have come meanwhile, not by one per connection.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio::sync::Notify;
use tokio::task::LocalSet;

use super::mix::{Asker, Kind, Mix};
use super::pacer::{Pacer, moment};
use super::report::Findings;
use super::schedule::Schedule;
use crate::client::api;
use crate::client::{Connection, Target, Trader};

/// How the requests follow one another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Mode {
    /// Each connection sends the next request when it has its answer.
    Closed,
    /// This many requests begin per second.
    Open {
        /// Per second.
        rate: f64,
    },
}

/// What is done.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Who is asked.
    pub target: Target,
    /// Those who ask; connections are dealt out to them in turn.
    pub traders: Vec<Trader>,
    /// How many connections.
    pub connections: usize,
    /// How the requests follow one another.
    pub mode: Mode,
    /// For how long requests count.
    pub time: Duration,
    /// For how long they do not count yet.
    pub warm_up: Duration,
    /// What is asked.
    pub mix: Mix,
    /// What the schedule and the requests are made from.
    pub seed: u64,
}

/// Beyond this share of the planned time a run that cannot keep up is ended; what was not sent counts as an error.
const OVERTIME: u32 = 1;

/// What the loops share. All of them run on one thread.
pub(super) struct Run {
    plan: Plan,
    start: Instant,
    schedule: Option<Schedule>,
    /// The index of the next arrival that nobody has taken.
    next: Cell<usize>,
    /// Connections that wait for an arrival.
    idle: Notify,
    pub(super) findings: RefCell<Findings>,
    pub(super) orders: Orders,
}

/// Orders that were answered or seen on the stream, to find out how long their updates took; only where somebody listens.
#[derive(Default)]
pub(super) struct Orders {
    pub(super) watched: Cell<bool>,
    intended: RefCell<HashMap<u64, Instant>>,
    seen: RefCell<HashMap<u64, Instant>>,
}

impl Orders {
    fn answered(&self, order: u64, intended: Instant) -> Option<Duration> {
        if !self.watched.get() {
            return None;
        }
        if let Some(seen) = self.seen.borrow_mut().remove(&order) {
            return Some(seen.saturating_duration_since(intended));
        }
        self.intended.borrow_mut().insert(order, intended);
        None
    }

    pub(super) fn seen(&self, order: u64) -> Option<Duration> {
        match self.intended.borrow_mut().remove(&order) {
            Some(intended) => Some(intended.elapsed()),
            None => {
                // The first update may come before the answer; later ones of the order find an entry and change nothing.
                self.seen.borrow_mut().entry(order).or_insert_with(Instant::now);
                None
            }
        }
    }
}

impl Run {
    pub(super) fn new(plan: Plan) -> Self {
        let whole = plan.warm_up + plan.time;
        let schedule = match plan.mode {
            Mode::Open { rate } => Some(Schedule::new(rate, whole, plan.seed)),
            Mode::Closed => None,
        };
        Self {
            plan,
            start: Instant::now(),
            schedule,
            next: Cell::new(0),
            idle: Notify::new(),
            findings: RefCell::default(),
            orders: Orders::default(),
        }
    }

    fn whole(&self) -> Duration {
        self.plan.warm_up + self.plan.time
    }

    /// The moment at which the next request of a connection begins; `None`: there is none.
    async fn begin(&self) -> Option<Instant> {
        let Some(schedule) = &self.schedule else {
            return (self.start.elapsed() < self.whole()).then(Instant::now);
        };
        loop {
            let index = self.next.get();
            let arrival = *schedule.arrivals_ns().get(index)?;
            if self.start.elapsed() > self.whole() + self.plan.time * OVERTIME {
                return None;
            }
            let intended = moment(self.start, arrival);
            if intended <= Instant::now() {
                self.next.set(index + 1);
                return Some(intended);
            }
            self.idle.notified().await;
        }
    }

    /// Wakes a connection for each arrival.
    async fn pace(&self) -> io::Result<()> {
        let Some(schedule) = &self.schedule else { return Ok(()) };
        let mut pacer = Pacer::new()?;
        loop {
            // What busy connections have taken already needs no wake.
            let index = self.next.get();
            let Some(arrival) = schedule.arrivals_ns().get(index) else { break };
            pacer.until(moment(self.start, *arrival)).await?;
            if self.next.get() == index {
                self.idle.notify_one();
                // Nobody may be free for a while; those who become free look at the schedule themselves.
                tokio::task::yield_now().await;
                if self.next.get() == index {
                    pacer.until(Instant::now() + Duration::from_micros(100)).await?;
                }
            }
            if self.start.elapsed() > self.whole() + self.plan.time * OVERTIME {
                break;
            }
        }
        self.idle.notify_waiters();
        Ok(())
    }

    /// One connection, to the end of the run.
    async fn connection(&self, mut connection: Connection, mut asker: Asker) {
        let mut request = Vec::with_capacity(1024);
        while let Some(intended) = self.begin().await {
            let kind = asker.next(&mut request);
            self.findings.borrow_mut().sent += 1;
            let result = connection.exchange_in_time(&request).await;
            let latency = intended.elapsed();
            let counts = intended.saturating_duration_since(self.start) >= self.plan.warm_up;
            match result {
                Ok(answer) if is_success(kind, answer.status) => {
                    let order = asker.answered(kind, answer.body);
                    if counts {
                        let update = order.and_then(|order| self.orders.answered(order, intended));
                        let mut findings = self.findings.borrow_mut();
                        findings.success(kind.name(), latency);
                        update.into_iter().for_each(|latency| findings.update(latency));
                    }
                }
                Ok(answer) if counts => {
                    let problem = api::problem(answer.status, answer.body);
                    self.findings.borrow_mut().error(problem);
                }
                Err(error) => {
                    if counts {
                        self.findings.borrow_mut().error(format!("connection: {}", error.kind()));
                    }
                    // A server that is not there is not asked again a hundred thousand times in a second.
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                Ok(_) => {}
            }
        }
    }
}

/// A cancel that finds its order gone has done its work: somebody took it.
fn is_success(kind: Kind, status: u16) -> bool {
    matches!(status, 200..=299) || (kind == Kind::Cancel && matches!(status, 404 | 409))
}

/// Runs a plan on this thread.
///
/// # Errors
/// When nobody can be connected to. What happens to requests later is part of the findings.
pub fn run(plan: &Plan) -> Result<Findings> {
    run_beside(plan, |_| Box::pin(std::future::pending()))
}

/// What runs beside the loops and ends with them.
pub(super) type Beside = std::pin::Pin<Box<dyn Future<Output = Result<()>>>>;

pub(super) fn run_beside(plan: &Plan, beside: impl FnOnce(Rc<Run>) -> Beside) -> Result<Findings> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async {
        let mut connections = Vec::new();
        for index in 0..plan.connections {
            let trader = plan.traders.get(index % plan.traders.len().max(1)).context("nobody is to ask")?;
            let mut connection = Connection::new(plan.target.clone());
            connection.open().await.with_context(|| format!("connecting to {}", plan.target))?;
            let asker =
                Asker::new(trader.clone(), plan.mix, crate::flow::scrambled(plan.seed + 1 + index as u64));
            connections.push((connection, asker));
        }
        let run = Rc::new(Run::new(plan.clone()));
        let mut beside = beside(Rc::clone(&run));
        let tasks: Vec<_> = connections
            .into_iter()
            .map(|(connection, asker)| {
                let run = Rc::clone(&run);
                tokio::task::spawn_local(async move { run.connection(connection, asker).await })
            })
            .collect();
        let loops = async {
            run.pace().await.context("the timer")?;
            for task in tasks {
                task.await.context("a connection's task")?;
            }
            Ok::<_, anyhow::Error>(())
        };
        tokio::select! {
            ended = loops => ended?,
            ended = &mut beside => { ended?; anyhow::bail!("what ran beside the load ended early") }
        }
        let mut findings = run.findings.take();
        let whole = run.start.elapsed();
        findings.time = whole.saturating_sub(plan.warm_up);
        let unsent =
            run.schedule.as_ref().map_or(0, |schedule| schedule.arrivals_ns().len() - run.next.get());
        for _ in 0..unsent {
            findings.error("not sent: too far behind the schedule".into());
        }
        Ok(findings)
    })
}
