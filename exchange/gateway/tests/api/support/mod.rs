//! What the tests stand on: a venue that can be broken on purpose, a gateway in front of it, a client that sends anything.

pub(crate) mod client;
pub(crate) mod gateway;
pub(crate) mod venue;

use std::time::Duration;

pub(crate) use client::{Answer, Client};
pub(crate) use gateway::Gateway;
pub(crate) use venue::Venue;

/// How long anything in a test may take.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// Waits for something that is to come about.
pub(crate) async fn eventually(what: &str, mut is: impl AsyncFnMut() -> bool) {
    let waited = async {
        while !is().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(DEADLINE, waited).await.unwrap_or_else(|_| panic!("{what} did not come about"));
}
