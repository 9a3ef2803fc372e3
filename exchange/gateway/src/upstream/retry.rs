//! Asking again.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use exchange_service::config::Environment;
use tokio::time::Instant;

use super::UpstreamError;

/// How often and how long a service is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetrySettings {
    /// How often a question is asked, at most; 1: never again.
    pub attempts: u32,
    /// How long one try may take.
    pub timeout: Duration,
    /// The pause before the second try; it doubles with each.
    pub backoff: Duration,
    /// The longest pause.
    pub backoff_max: Duration,
    /// How long all tries together may take.
    pub deadline: Duration,
}

impl RetrySettings {
    pub(super) fn read(environment: &mut Environment) -> Self {
        let settings = Self {
            attempts: environment.or("RETRY_ATTEMPTS", "3", "how often a query is asked, at most; 1: never again"),
            timeout: environment.or("UPSTREAM_TIMEOUT", "2s", "how long one try of a query may take"),
            backoff: environment.or(
                "RETRY_BACKOFF",
                "50ms",
                "pause before a query is asked a second time; it doubles with each try, and up to half of it is left to chance",
            ),
            backoff_max: environment.or("RETRY_BACKOFF_MAX", "1s", "the longest such pause"),
            deadline: environment.or("RETRY_DEADLINE", "5s", "how long all tries of a query may take"),
        };
        if settings.attempts == 0 {
            environment.report("RETRY_ATTEMPTS", "found 0, expected at least 1".into());
        }
        for (name, span) in [("UPSTREAM_TIMEOUT", settings.timeout), ("RETRY_DEADLINE", settings.deadline)] {
            if span.is_zero() {
                environment.report(name, "found no time at all, expected some".into());
            }
        }
        settings
    }

    /// The pause before try number `attempt` (the second is 1), with `chance` between 0 and 2^32.
    fn pause(&self, attempt: u32, chance: u32) -> Duration {
        let doubled = self.backoff.saturating_mul(1_u32.checked_shl(attempt - 1).unwrap_or(u32::MAX));
        let longest = doubled.min(self.backoff_max);
        // Between half and all of it, so that those who failed together do not come back together.
        let half = longest / 2;
        let nanos = (half.as_nanos() * u128::from(chance)) >> 32;
        half + Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

/// Asks until there is an answer, another try makes no sense, or the time is up. `ask` is told how long its try may take.
pub(super) async fn repeat<T, F: Future<Output = Result<T, UpstreamError>>>(
    settings: &RetrySettings,
    again: impl Fn(),
    mut ask: impl FnMut(Duration) -> F,
) -> Result<T, UpstreamError> {
    let deadline = Instant::now() + settings.deadline;
    let mut attempt = 1;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let error = match ask(settings.timeout.min(left)).await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        let pause = settings.pause(attempt, chance());
        let time_is_up = Instant::now() + pause >= deadline;
        if attempt >= settings.attempts || !error.may_pass() || time_is_up {
            return Err(error);
        }
        again();
        tokio::time::sleep(pause).await;
        attempt += 1;
    }
}

/// A number nobody can foresee; the standard library keys its hashers with such ones.
fn chance() -> u32 {
    (RandomState::new().hash_one(0) >> 32) as u32
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::time::Duration;

    use axum::http::StatusCode;
    use bytes::Bytes;

    use super::{RetrySettings, repeat};
    use crate::upstream::{Target, UpstreamError};

    const SETTINGS: RetrySettings = RetrySettings {
        attempts: 3,
        timeout: Duration::from_secs(2),
        backoff: Duration::from_millis(50),
        backoff_max: Duration::from_millis(300),
        deadline: Duration::from_secs(5),
    };

    fn refused(status: StatusCode) -> UpstreamError {
        UpstreamError::Refused { target: Target::MarketData, status, body: Bytes::new() }
    }

    /// How often it was asked, and whether there was an answer, when the first `failures` tries fail with `error`.
    async fn tries(settings: RetrySettings, failures: u32, error: impl Fn() -> UpstreamError) -> (u32, bool) {
        let asked = Cell::new(0);
        let result = repeat(
            &settings,
            || {},
            |_| {
                asked.set(asked.get() + 1);
                let result = if asked.get() > failures { Ok(()) } else { Err(error()) };
                async { result }
            },
        )
        .await;
        (asked.get(), result.is_ok())
    }

    #[test]
    fn pauses_double_up_to_the_longest_and_half_of_each_is_chance() {
        for (attempt, longest) in [(1, 50), (2, 100), (3, 200), (4, 300), (40, 300)] {
            let longest = Duration::from_millis(longest);
            assert_eq!(SETTINGS.pause(attempt, 0), longest / 2);
            let most = SETTINGS.pause(attempt, u32::MAX);
            assert!(most <= longest && most > longest - Duration::from_micros(1), "{most:?}");
        }
        let forever = RetrySettings { backoff: Duration::MAX, backoff_max: Duration::MAX, ..SETTINGS };
        assert!(forever.pause(3, u32::MAX) > Duration::from_secs(1_000));
    }

    #[tokio::test]
    async fn what_may_pass_is_asked_again_and_what_does_not_is_not() {
        let quick = RetrySettings { backoff: Duration::from_millis(1), ..SETTINGS };
        let busy = || refused(StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(tries(quick, 2, busy).await, (3, true));
        assert_eq!(tries(quick, 9, busy).await, (3, false));
        assert_eq!(tries(RetrySettings { attempts: 1, ..quick }, 9, busy).await, (1, false));
        for status in [StatusCode::NOT_FOUND, StatusCode::BAD_REQUEST, StatusCode::INTERNAL_SERVER_ERROR] {
            assert_eq!(tries(quick, 9, || refused(status)).await, (1, false), "{status}");
        }
        let open = || UpstreamError::Open {
            target: Target::MarketData,
            reason: String::new(),
            retry_after: Duration::ZERO,
        };
        assert_eq!(tries(quick, 9, open).await, (1, false));
    }

    #[tokio::test]
    async fn no_try_begins_behind_the_deadline() {
        let late = RetrySettings { deadline: Duration::from_millis(20), ..SETTINGS };
        assert_eq!(tries(late, 9, || refused(StatusCode::BAD_GATEWAY)).await, (1, false));
    }
}
