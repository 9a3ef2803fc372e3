//! What matching says: how far it is, and how it is.
//!
//! Not responsible for what follows from it. A newcomer needs to know one thing: outcomes are only counted here, never read, so a
//! place that matching does not keep any more is no loss: the stream begins anew at its present position.

use std::time::Duration;

use exchange_service::health::Status;
use exchange_service::net::{
    Address, Arrive, Client, ConnectError, Incoming, OUTCOMES, QueryError, Reconnect, Turn,
};
use serde_json::Value;
use tokio::sync::watch;

/// What is known of matching.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Confirmed {
    /// The last outcome that it has published.
    pub(crate) position: u64,
    /// How it is.
    pub(crate) status: Status,
    /// Why, where it is not healthy.
    pub(crate) reason: Option<String>,
}

impl Default for Confirmed {
    fn default() -> Self {
        Self { position: 0, status: Status::Degraded, reason: Some("not connected yet".into()) }
    }
}

/// How long matching may gather outcomes before it sends them here: nobody waits for them.
const LINGER_US: u64 = 5_000;

/// How often matching is asked how it is.
const HEALTH_EVERY: Duration = Duration::from_secs(1);

/// The part of matching's health that says that the books are not what they should be.
const BOOKS: &str = "books";

/// A connection to the stream of outcomes.
struct Outcomes {
    incoming: Incoming,
    position: u64,
}

impl Arrive for Outcomes {
    async fn arrive(&mut self) -> std::io::Result<()> {
        self.incoming.arrive().await
    }
}

async fn open(client: Client, matching: Address) -> Result<Outcomes, ConnectError> {
    let link = client.stream(&matching, &format!("{OUTCOMES}?linger_us={LINGER_US}")).await?;
    let position = link.position;
    Ok(Outcomes { incoming: Incoming::new(link), position })
}

/// Follows matching for ever.
pub(crate) async fn follow_matching(client: Client, matching: Address, confirmed: watch::Sender<Confirmed>) {
    let positions = async {
        let mut stream = Reconnect::default();
        loop {
            let turn = stream.turn(|| open(client.clone(), matching.clone())).await;
            match turn {
                Turn::Opened => well(&confirmed),
                Turn::Refused(error) => not_there(&confirmed, &error.to_string()),
                Turn::Lost(error) => not_there(&confirmed, &format!("{matching}: {error}")),
                Turn::Arrived => {}
            }
            let Some(open) = stream.get() else { continue };
            let taken = take(open);
            let position = open.position;
            confirmed.send_if_modified(|known| std::mem::replace(&mut known.position, position) != position);
            if let Err(error) = taken {
                stream.fail();
                not_there(&confirmed, &format!("{matching}: {error}"));
            }
        }
    };
    let states = async {
        loop {
            tokio::time::sleep(HEALTH_EVERY).await;
            if let Some(reason) = broken_books(&client, &matching).await {
                set(&confirmed, Status::Unhealthy, Some(reason));
            } else if confirmed.borrow().status == Status::Unhealthy {
                well(&confirmed);
            }
        }
    };
    // Neither ends.
    tokio::join!(positions, states);
}

/// Takes what has arrived.
fn take(open: &mut Outcomes) -> std::io::Result<()> {
    while let Some(frame) = open.incoming.next_ready()? {
        if let Some((sequence, _)) = frame.item() {
            open.position = open.position.max(sequence);
        }
    }
    Ok(())
}

/// Why the books of matching are not to be trusted, if matching says so.
async fn broken_books(client: &Client, matching: &Address) -> Option<String> {
    let report = match client.get_bytes(matching, "/health").await {
        Ok(report) => report,
        Err(QueryError::Refused { body, .. }) => body,
        Err(_) => return None,
    };
    let report: Value = serde_json::from_slice(&report).ok()?;
    let part = report.get("parts")?.get(BOOKS)?;
    let broken = part.get("status")?.as_str()? == "unhealthy";
    let reason = part.get("reason").and_then(Value::as_str).unwrap_or("its books are broken");
    broken.then(|| reason.to_owned())
}

fn well(confirmed: &watch::Sender<Confirmed>) {
    set(confirmed, Status::Healthy, None);
}

fn not_there(confirmed: &watch::Sender<Confirmed>, reason: &str) {
    // That the books are broken is worse, and is known until they are said to be well.
    if confirmed.borrow().status != Status::Unhealthy {
        set(confirmed, Status::Degraded, Some(reason.to_owned()));
    }
}

fn set(confirmed: &watch::Sender<Confirmed>, status: Status, reason: Option<String>) {
    confirmed.send_if_modified(|known| {
        let changed = known.status != status || known.reason != reason;
        (known.status, known.reason) = (status, reason);
        changed
    });
}
