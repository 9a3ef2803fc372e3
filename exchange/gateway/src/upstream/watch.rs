//! Looking after the services while nobody asks them anything.
//!
//! Not responsible for what clients ask. A newcomer needs to know one thing: every service is asked now and then whether it is
//! ready. While its breaker is closed the answer is for the gateway's health alone, so that a service that is only starting is not shut
//! out before the first client comes. When the breaker's time is over these questions are its trials: a service that is back is
//! taken back without a client having to be the one that tries, and nobody reads of an outage that ended long ago.

use std::time::Duration;

use super::{State, Target, UpstreamError, Upstreams};

/// What every service answers, with 503 where it does not take work.
const READY: &str = "/ready";

impl Upstreams {
    /// Looks after all services, for ever, this often.
    pub async fn watch(self, every: Duration) {
        let [first, second, third, fourth] = Target::ALL.map(|target| self.watch_one(target, every));
        tokio::join!(first, second, third, fourth);
    }

    async fn watch_one(&self, target: Target, every: Duration) {
        loop {
            tokio::time::sleep(every).await;
            if self.state(target) == State::Closed {
                self.look_after(target).await;
            } else if !self.is_resting(target) {
                // What comes of it stands in the breaker.
                drop(self.try_once(target).await);
            }
        }
    }

    /// Asks past the breaker, and says in the gateway's health what came of it.
    async fn look_after(&self, target: Target) {
        let timeout = self.shared.settings.retry.timeout;
        let asked = self.shared.client.get_bytes(self.address(target), READY);
        let failure = match tokio::time::timeout(timeout, asked).await {
            Ok(Ok(_)) => None,
            Ok(Err(error)) => Some(super::explain(target, error)).filter(UpstreamError::is_failure),
            Err(_) => Some(super::no_answer(target, timeout)),
        };
        // Meanwhile clients may have opened the breaker, which says more.
        if self.state(target) != State::Closed {
            return;
        }
        match failure {
            None => self.shared.health.healthy(target.part()),
            Some(failure) => self.shared.health.degraded(target.part(), failure.to_string()),
        }
    }

    async fn try_once(&self, target: Target) -> Result<(), UpstreamError> {
        let asked = self.shared.client.get_bytes(self.address(target), READY);
        self.once(target, self.shared.settings.retry.timeout, asked).await.map(drop)
    }

    fn is_resting(&self, target: Target) -> bool {
        let now = self.shared.clock.now();
        self.shared.lock(target).is_resting(now)
    }
}
