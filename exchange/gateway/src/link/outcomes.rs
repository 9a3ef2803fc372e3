//! The way back: the outcomes of all commands, from matching or from the archive.
//!
//! Not responsible for what they mean. A newcomer needs to know one thing: outcomes are those of *all* gateways, in the order of
//! the log and only of what is durable, so the last one says how far the whole venue has come, and silence says that it stands.

use std::sync::Arc;
use std::time::Duration;

use exchange_service::health::Health;
use exchange_service::net::{Address, Backoff, Client, OutcomeStream};
use exchange_types::EventBuffer;

use super::OUTCOMES_PART;
use super::shared::Shared;

/// How often it is checked whether outcomes still come.
const CHECK_EVERY: Duration = Duration::from_millis(500);

/// Follows the outcomes for ever.
pub(super) async fn keep_following(
    shared: Arc<Shared>,
    client: Client,
    matching: Address,
    archive: Address,
    health: Health,
) {
    tokio::join!(follow(&shared, client, matching, archive, &health), check(&shared, &health));
}

async fn follow(shared: &Shared, client: Client, matching: Address, archive: Address, health: &Health) {
    let from_now_on = || OutcomeStream::new(client.clone(), matching.clone(), archive.clone(), None, 0);
    let mut stream = from_now_on();
    let mut backoff = Backoff::default();
    let mut events = EventBuffer::new();
    loop {
        let mut any = false;
        let mut malformed = None;
        let result = stream
            .next(|sequence, body| {
                any = true;
                if let Err(error) = shared.outcome(sequence, body, &mut events) {
                    malformed.get_or_insert((sequence, error));
                }
            })
            .await;
        if any {
            shared.heard();
            backoff.reset();
        }
        let trouble = match (result, malformed) {
            (Ok(()), None) => None,
            (Err(error), _) => Some(error.to_string()),
            (Ok(()), Some((sequence, error))) => Some(format!("outcome {sequence}: {error}")),
        };
        if let Some(trouble) = trouble {
            tracing::error!(trouble, "the place in the outcomes is lost");
            health.unhealthy(OUTCOMES_PART, trouble);
            shared.lost();
            stream = from_now_on();
            backoff.wait().await;
            continue;
        }
        match (stream.trouble(), stream.position()) {
            (Some(trouble), _) => {
                shared.following(false);
                health.unhealthy(OUTCOMES_PART, trouble);
            }
            (None, Some(position)) if !any => {
                // It has just connected: at the first time, the place to begin at.
                shared.passed(position);
                shared.following(true);
                health.healthy(OUTCOMES_PART);
            }
            _ => {}
        }
    }
}

/// Says when nothing comes although the connection holds.
async fn check(shared: &Shared, health: &Health) {
    let mut silent = false;
    loop {
        tokio::time::sleep(CHECK_EVERY).await;
        let Some(heard) = shared.last_heard() else {
            silent = false;
            continue;
        };
        let silence = heard.elapsed();
        if silence > shared.settings.silence_max {
            silent = true;
            let reason = format!("no outcome of any command has come for {} s", silence.as_secs());
            health.unhealthy(OUTCOMES_PART, reason);
        } else if std::mem::take(&mut silent) {
            health.healthy(OUTCOMES_PART);
        }
    }
}
