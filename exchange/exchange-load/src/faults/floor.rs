//! Everybody who trades or listens, on one thread beside the one that kills.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use exchange_service::markets::Markets;
use exchange_service::net::Address;
use tokio::task::LocalSet;

use super::closing::{self, Closing};
use super::consumers::{self, Seen};
use super::ledger::Ledger;
use super::record::{Answered, Asked, Request};
use super::trader::{Dealer, Floor, REPEAT_MAX};
use super::{Findings, verify};
use crate::client::{Target, Trader};
use crate::venue::{Name, Venue};

/// How long the consumers may take to see the last thing that was acknowledged.
const CATCH_UP_MAX: Duration = Duration::from_secs(15);

/// How often the thread looks whether it is over.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// What everybody has to show for it.
pub(super) struct Evidence {
    requests: Vec<Request>,
    violations: Vec<String>,
    outcomes: Vec<u64>,
    depth: (u64, u64),
    feed: (u64, u64),
    closing: Closing,
}

/// The thread.
pub(super) struct Trading {
    thread: JoinHandle<Result<Evidence>>,
    over: Arc<AtomicBool>,
}

struct Addresses {
    gateway: Target,
    matching: Address,
    archive: Address,
    market_data: Address,
}

impl Trading {
    /// Starts everybody.
    pub(super) fn start(venue: &Venue, traders: Vec<Trader>, seed: u64, dealers: u64) -> Result<Self> {
        let address = |name| -> Result<Address> { Ok(format!("http://{}", venue.address(name)).parse()?) };
        let addresses = Addresses {
            gateway: venue.gateway()?,
            matching: address(Name::MatchingEngine)?,
            archive: address(Name::Persistence)?,
            market_data: address(Name::MarketData)?,
        };
        let over = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&over);
        let thread = std::thread::Builder::new().name("floor".into()).spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            LocalSet::new().block_on(&runtime, trade(addresses, traders, seed, dealers, told))
        })?;
        Ok(Self { thread, over })
    }

    /// Everybody sees through what is under way, the consumers catch up, and what can be asked is asked.
    pub(super) fn end(self) -> Result<Evidence> {
        self.over.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| anyhow::anyhow!("the traders' thread panicked"))?
    }
}

async fn trade(
    addresses: Addresses,
    traders: Vec<Trader>,
    seed: u64,
    dealers: u64,
    over: Arc<AtomicBool>,
) -> Result<Evidence> {
    let Addresses { gateway, matching, archive, market_data } = addresses;
    let (floor, seen) = (Rc::new(Floor::default()), Rc::new(Seen::default()));
    let mut listening = tokio::task::JoinSet::new();
    listening.spawn_local(consumers::outcomes(Rc::clone(&seen), matching, archive));
    listening.spawn_local(consumers::book(Rc::clone(&seen), gateway.clone()));
    listening.spawn_local(consumers::feed(Rc::clone(&seen), market_data));
    let mut trading = tokio::task::JoinSet::new();
    for (account, trader) in traders.iter().enumerate() {
        for index in 0..dealers {
            let seed = crate::flow::scrambled(seed ^ (account as u64 * dealers + index + 1));
            let place = (index, dealers);
            let dealer = Dealer::new(gateway.clone(), trader.clone(), place, seed, Rc::clone(&floor));
            trading.spawn_local(dealer.trade());
        }
    }
    while !over.load(Ordering::Relaxed) {
        tokio::time::sleep(LOOK_EVERY).await;
    }
    floor.closing.set(true);
    let all = async { while trading.join_next().await.is_some() {} };
    tokio::time::timeout(REPEAT_MAX + CATCH_UP_MAX, all).await.context("traders do not get their answers")?;
    let requests = floor.requests.take();
    let mut violations = floor.violations.take();
    let acknowledged = requests.iter().filter_map(|request| match (request.asked, &request.answered) {
        (Asked::Order { .. }, Answered::Done { order }) => Some(*order),
        _ => None,
    });
    let last = acknowledged.max().unwrap_or(0);
    let began = Instant::now();
    while (seen.outcomes.borrow().len() as u64) < last {
        if began.elapsed() > CATCH_UP_MAX {
            let seen = seen.outcomes.borrow().len();
            violations
                .push(format!("command {last} was acknowledged, the stream of outcomes ends with {seen}"));
            break;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    let closing = closing::ask(&gateway, &traders, &requests).await?;
    listening.abort_all();
    violations.extend(seen.violations.take());
    Ok(Evidence {
        requests,
        violations,
        outcomes: seen.outcomes.take(),
        depth: (seen.depth_messages.get(), seen.depth_streams.get()),
        feed: (seen.feed_items.get(), seen.feed_streams.get()),
        closing,
    })
}

/// Holds everything against the log.
pub(super) fn compare(evidence: &Evidence, ledger: &Ledger, findings: &mut Findings) -> Result<()> {
    findings.violations.extend(evidence.violations.iter().cloned());
    for request in &evidence.requests {
        let (what, code) = match &request.answered {
            Answered::Done { .. } => ("done", None),
            Answered::Rejected { code } => ("rejected", Some(code)),
            Answered::NotTaken { code } => ("not_taken", Some(code)),
            Answered::Unknown { .. } => ("unknown", None),
        };
        if let Some(code) = code {
            *findings.refusals.entry(code.clone()).or_default() += 1;
        }
        *findings.requests.entry(what).or_default() += 1;
        let keyed = if request.key.is_some() { "keyed" } else { "unkeyed" };
        *findings.requests.entry(keyed).or_default() += 1;
        if request.sent > 1 {
            *findings.requests.entry("repeated").or_default() += 1;
        }
    }
    if !findings.requests.contains_key("done") {
        findings.violations.push("nothing was acknowledged, so nothing was checked".into());
    }
    findings.violations.extend(verify::violations(&evidence.requests, ledger));
    findings.outcomes = evidence.outcomes.len() as u64;
    for (at, (seen, made)) in evidence.outcomes.iter().zip(&ledger.outcomes).enumerate() {
        if seen != made {
            findings.violations.push(format!("outcome {} on the stream is not what the log gives", at + 1));
        }
    }
    if evidence.outcomes.len() > ledger.outcomes.len() {
        findings.violations.push(format!(
            "the stream of outcomes had {}, the log has {}: something was told that is not durable",
            evidence.outcomes.len(),
            ledger.outcomes.len()
        ));
    }
    (findings.depth, findings.feed) = (evidence.depth, evidence.feed);
    evidence.closing.compare(&Markets::embedded(), ledger, findings)
}
