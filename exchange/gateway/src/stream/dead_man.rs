//! Cancel on disconnect: when the connection of a client that asked for it ends, all orders of its account are cancelled.
//!
//! Whatever ends the connection does it: the client, the network (noticed when it has said nothing for `STREAM_IDLE`), an error of
//! the client, its slowness, the drain of the gateway, a token that ended before. What it does **not** survive is a gateway that is
//! killed: nobody is left who knows of the wish. Whoever cannot live with that uses orders that expire (GTD), which the venue ends
//! by itself.

use std::time::Duration;

use exchange_service::net::Backoff;
use exchange_types::{AccountId, Command, IdempotencyKey};
use ring::rand::{SecureRandom, SystemRandom};
use tokio::time::Instant;

use super::meters::StreamMeters;
use crate::link::{SubmitError, Venue};

/// How long it is tried. An outage that lasts longer is one in which nobody trades.
const TRY_FOR: Duration = Duration::from_secs(60);

/// Cancels all orders of an account, whatever it takes. The command carries a key, so that trying again never cancels what was
/// submitted after it was carried out.
pub(super) async fn cancel_all(venue: &Venue, account: AccountId, meters: &StreamMeters) {
    let command = Command::MassCancel { account, instrument: None, side: None };
    let key = key();
    let deadline = Instant::now() + TRY_FOR;
    let mut backoff = Backoff::default();
    loop {
        let error = match venue.submit(&command, key).await {
            Ok(outcome) => {
                meters.cancels.inc();
                return tracing::info!(%account, sequence = %outcome.sequence, "orders cancelled on disconnect");
            }
            // It was carried out; what it did then does not matter.
            Err(SubmitError::ReplayUnavailable { .. }) => {
                meters.cancels.inc();
                return;
            }
            Err(error) => error,
        };
        // Without a key a command whose fate is unknown must not be sent again.
        let may_repeat = key.is_some() || !matches!(error, SubmitError::OutcomeUnknown { .. });
        if !may_repeat || Instant::now() >= deadline {
            meters.cancels_failed.inc();
            return tracing::error!(%account, %error, "orders were not cancelled on disconnect");
        }
        backoff.wait().await;
    }
}

/// A key that nobody has used; `None` where the system has no randomness.
fn key() -> Option<IdempotencyKey> {
    let mut bytes = [0; 16];
    SystemRandom::new().fill(&mut bytes).ok()?;
    IdempotencyKey::new(u128::from_le_bytes(bytes))
}
