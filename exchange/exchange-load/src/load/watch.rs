//! Listeners on the stream beside the load: those who trade and want to know what becomes of their orders.

use std::rc::Rc;

use anyhow::{Context, Result};

use super::drive::{Beside, Run};
use crate::client::Target;
use crate::client::stream::{Depth, Stream};

/// What listens while the load runs.
#[derive(Debug, Clone, Default)]
pub struct Listeners {
    /// Tokens of accounts whose order updates are awaited, each on a connection of its own.
    pub tokens: Vec<String>,
    /// How many connections rebuild the book of this market.
    pub books: usize,
    /// The market.
    pub market: String,
}

/// Listens until the load has ended. Opening and subscribing comes before the first request.
pub(super) fn listen(run: Rc<Run>, target: Target, listeners: Listeners) -> Beside {
    run.orders.watched.set(!listeners.tokens.is_empty());
    Box::pin(async move {
        let mut tasks = tokio::task::JoinSet::new();
        for token in listeners.tokens {
            let (run, target) = (Rc::clone(&run), target.clone());
            tasks.spawn_local(async move { orders(&run, &target, &token).await });
        }
        for _ in 0..listeners.books {
            let (target, market) = (target.clone(), listeners.market.clone());
            tasks.spawn_local(async move { book(&target, &market).await });
        }
        match tasks.join_next().await {
            Some(ended) => ended.context("a listener's task")?,
            // Nobody listens: the load decides when it is over.
            None => std::future::pending().await,
        }
    })
}

async fn orders(run: &Run, target: &Target, token: &str) -> Result<()> {
    let mut stream = Stream::open(target).await?;
    stream.subscribe_orders(token).await?;
    while let Some(message) = stream.next().await? {
        let order = message["order"].as_str().or_else(|| message["id"].as_str());
        if message["type"] == "order"
            && let Some(order) = order.and_then(|text| text.parse().ok())
            && let Some(latency) = run.orders.seen(order)
        {
            run.findings.borrow_mut().update(latency);
        }
    }
    anyhow::bail!("the gateway closed the stream of an account's orders")
}

async fn book(target: &Target, market: &str) -> Result<()> {
    let mut stream = Stream::open(target).await?;
    stream.subscribe("depth", market).await?;
    let mut depth: Option<Depth> = None;
    while let Some(message) = stream.next().await? {
        match (message["type"].as_str(), &mut depth) {
            (Some("depth_snapshot"), _) => depth = Some(Depth::of_snapshot(&message)?),
            (Some("depth"), Some(depth)) => depth.follow(&message)?,
            (Some("depth"), None) => anyhow::bail!("a change of the book came before the book"),
            _ => {}
        }
    }
    anyhow::bail!("the gateway closed the stream of a book")
}
