//! Buckets shared by several gateways, through Redis.
//!
//! Not responsible for any answer: a request is decided by the local bucket and never waits for Redis. A newcomer needs to know one
//! thing: what was taken is told to Redis soon *after* it was taken, as a debt that is always accepted, and the answer says what
//! all gateways together owe, which the local bucket then owes as well. So no token is given twice for long: what several gateways
//! gave at the same moment is paid back by all of them before the next token. How far that can go is worked out in ADR 0014.
//!
//! While Redis is away each gateway limits by itself, health says so, and nothing is kept for later: a bucket that Redis does not
//! know starts with what the gateway owes locally.

use std::sync::Arc;
use std::time::Duration;

use exchange_service::config::Environment;
use exchange_service::health::Health;
use exchange_service::net::Backoff;
use exchange_service::stop::Stop;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, ConnectionInfo, IntoConnectionInfo, RedisError, Script};

use super::Inner;
use super::table::Debit;

/// The part of the gateway's health that this is.
pub const PART: &str = "limits";

/// One bucket: `KEYS[1]` holds the moment at which it is full, in microseconds of Redis' clock since 2026 (so that a double keeps
/// fractions of them for decades). `ARGV`: what the tokens cost, what the asker's bucket owed without them, and the most that may
/// be owed, all in microseconds. Answers how long the bucket now needs to be full.
///
/// The key lives a second longer than the bucket owes. So one that is not there has been full for a while, or Redis lost it, and
/// then the asker's word is the best there is. The ceiling is for a clock that was set back: without it, the bucket would owe
/// for as long as the clock went back.
const SCRIPT: &str = r"
local time = redis.call('TIME')
local now = (tonumber(time[1]) - 1767225600) * 1000000 + tonumber(time[2])
local full_at = tonumber(redis.call('GET', KEYS[1]) or false)
if not full_at then
  full_at = now + tonumber(ARGV[2])
end
if full_at < now then
  full_at = now
end
full_at = math.min(full_at + tonumber(ARGV[1]), now + tonumber(ARGV[3]))
local owed = full_at - now
redis.call('SET', KEYS[1], string.format('%.3f', full_at), 'PX', math.ceil(owed / 1000) + 1000)
return math.floor(owed)
";

/// How many full buckets may be owed: as many gateways as may run (ten), each giving a whole one at the same moment, and some more.
const OWED_BUCKETS_MAX: u64 = 16;

/// How many buckets one message to Redis tells of.
const DEBITS_MAX: usize = 256;

/// How long Redis may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// How long Redis may take to answer; it answers in well under a millisecond.
const ANSWER_TIMEOUT: Duration = Duration::from_millis(500);

/// The pause after buckets were told at once because much was taken from one: a flood is told in few messages.
const PAUSE: Duration = Duration::from_millis(2);

/// How often Redis is asked whether it is there while there is nothing to tell.
const PING_EVERY: Duration = Duration::from_secs(1);

/// Where Redis is, with the password where there is one. Never shown.
#[derive(Clone)]
pub struct RedisUrl(ConnectionInfo);

impl std::fmt::Debug for RedisUrl {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("RedisUrl(..)")
    }
}

impl RedisUrl {
    /// Reads `REDIS_URL`, or the file that `REDIS_URL_FILE` names. What is wrong with them is reported without showing them: they
    /// may hold a password.
    pub(super) fn read(environment: &mut Environment) -> Option<Self> {
        let meaning = "Redis through which gateways share limits, `redis://host:port/database`, without a password; \
                       unset: limits are those of each gateway";
        let plain: Option<String> = environment.optional("REDIS_URL", meaning);
        let secret = environment
            .secret("REDIS_URL_FILE", "file with such an address that may hold a user and a password");
        let expected = "expected `redis://host:port/database`";
        match (plain, secret) {
            (None, None) => None,
            (Some(_), Some(_)) => {
                environment.report("REDIS_URL", "REDIS_URL_FILE is set as well, expected one of them".into());
                None
            }
            (Some(plain), None) => {
                let url = Self::parse(&plain);
                let open = |url: &Self| {
                    let redis = url.0.redis_settings();
                    redis.password().is_none() && redis.username().is_none()
                };
                match url {
                    None => environment.report("REDIS_URL", format!("{expected} (its value is not shown)")),
                    Some(url) if open(&url) => return Some(url),
                    Some(_) => environment.report(
                        "REDIS_URL",
                        "it holds a user or a password, expected these in the file that REDIS_URL_FILE names"
                            .into(),
                    ),
                }
                None
            }
            (None, Some(secret)) => {
                let url = std::str::from_utf8(secret.expose()).ok().and_then(Self::parse);
                if url.is_none() {
                    environment
                        .report("REDIS_URL_FILE", format!("the file holds something else, {expected}"));
                }
                url
            }
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let plain = text.starts_with("redis://") || text.starts_with("valkey://");
        let info = text.trim().into_connection_info().ok()?;
        (plain && info.addr().is_supported()).then_some(Self(info))
    }
}

/// Tells Redis what was taken here and learns what others took, until the service stops.
pub(super) async fn share(redis: RedisUrl, limits: Arc<Inner>, health: Health, stop: Stop) {
    let mut backoff = Backoff::default();
    // Limits hold from the first moment, so the gateway may start without Redis.
    health.healthy(PART);
    while !stop.is_stopped() {
        let failure = match connect(&redis).await {
            Ok((connection, hash)) => {
                backoff.reset();
                limits.forget_untold();
                limits.metrics.shared.set(1);
                health.healthy(PART);
                tokio::select! {
                    biased;
                    () = stop.stopped() => return,
                    failure = keep_telling(connection, &hash, &limits) => failure,
                }
            }
            Err(failure) => failure,
        };
        limits.metrics.shared.set(0);
        limits.metrics.share_failures.inc();
        // Its text says what happened on the connection and what Redis answered; neither repeats the password.
        health.degraded(
            PART,
            format!("limits are not shared, each gateway limits by itself: Redis: {failure}"),
        );
        tokio::select! {
            biased;
            () = stop.stopped() => return,
            () = backoff.wait() => {}
        }
    }
}

/// A connection on which the script is known, with the script's hash.
async fn connect(redis: &RedisUrl) -> Result<(MultiplexedConnection, String), RedisError> {
    let client = Client::open(redis.0.clone())?;
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CONNECT_TIMEOUT))
        .set_response_timeout(Some(ANSWER_TIMEOUT));
    let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
    let hash = Script::new(SCRIPT).load_async(&mut connection).await?;
    Ok((connection, hash))
}

/// Returns when Redis does not answer.
async fn keep_telling(mut connection: MultiplexedConnection, hash: &str, limits: &Inner) -> RedisError {
    let interval = limits.settings.share_interval;
    let mut silent = Duration::ZERO;
    loop {
        let urgent = tokio::select! {
            biased;
            () = limits.urgent.notified() => true,
            () = tokio::time::sleep(interval) => false,
        };
        let told = match tell(&mut connection, hash, limits).await {
            Ok(told) => told,
            Err(error) => return error,
        };
        silent = if told { Duration::ZERO } else { silent + interval };
        if silent >= PING_EVERY {
            if let Err(error) = redis::cmd("PING").query_async::<()>(&mut connection).await {
                return error;
            }
            silent = Duration::ZERO;
        }
        if urgent {
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// True: there was something to tell.
async fn tell(
    connection: &mut MultiplexedConnection,
    hash: &str,
    limits: &Inner,
) -> Result<bool, RedisError> {
    let mut told = false;
    loop {
        let asked = limits.clock.now();
        let debits = limits.debits(asked, DEBITS_MAX);
        if debits.is_empty() {
            return Ok(told);
        }
        told = true;
        let mut pipe = redis::pipe();
        for debit in &debits {
            add_debit(&mut pipe, hash, debit);
        }
        let owed: Vec<u64> = pipe.query_async(connection).await?;
        for (debit, owed) in debits.iter().zip(owed) {
            limits.learn(debit.key, asked, owed.saturating_mul(1_000));
        }
    }
}

fn add_debit(pipe: &mut redis::Pipeline, hash: &str, debit: &Debit) {
    let quota = debit.quota;
    let most = quota.span(quota.burst()).saturating_mul(OWED_BUCKETS_MAX);
    pipe.cmd("EVALSHA").arg(hash).arg(1).arg(format!("exchange:limit:{}", debit.key));
    for nanoseconds in [quota.span(debit.tokens), debit.before, most] {
        pipe.arg(format!("{}.{:03}", nanoseconds / 1_000, nanoseconds % 1_000));
    }
}

#[cfg(test)]
mod tests {
    use exchange_service::config::Environment;

    use super::RedisUrl;

    fn read(variables: &[(&str, &str)]) -> (bool, String) {
        let pairs = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let mut environment = Environment::new(pairs);
        let url = RedisUrl::read(&mut environment);
        (url.is_some(), environment.finish().err().map_or_else(String::new, |errors| errors.to_string()))
    }

    #[test]
    fn an_address_without_a_password_may_stand_in_the_environment() {
        assert_eq!(read(&[]), (false, String::new()));
        assert_eq!(read(&[("REDIS_URL", "redis://cache:6379/1")]), (true, String::new()));
        for wrong in ["cache:6379", "http://cache", "rediss://cache:6379", "redis://", "redis://cache:x"] {
            let (found, errors) = read(&[("REDIS_URL", wrong)]);
            assert!(!found && errors.contains("REDIS_URL"), "{wrong}: {errors}");
        }
    }

    #[test]
    fn a_password_belongs_into_a_file_and_is_never_shown() {
        let (found, errors) = read(&[("REDIS_URL", "redis://:hunter2@cache:6379")]);
        assert!(!found && errors.contains("REDIS_URL_FILE") && !errors.contains("hunter2"), "{errors}");
        let (_, errors) = read(&[("REDIS_URL", "redis://:hunter2@cache:wrong")]);
        assert!(!errors.is_empty() && !errors.contains("hunter2"), "{errors}");

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("url");
        std::fs::write(&path, "redis://user:hunter2@cache:6379\n").unwrap();
        let name = path.to_str().unwrap();
        assert_eq!(read(&[("REDIS_URL_FILE", name)]), (true, String::new()));
        let (found, errors) = read(&[("REDIS_URL_FILE", name), ("REDIS_URL", "redis://cache:6379")]);
        assert!(!found && errors.contains("one of them"), "{errors}");
        let secret = super::RedisUrl::parse("redis://user:hunter2@cache:6379").unwrap();
        assert!(!format!("{secret:?}").contains("hunter2"));
        std::fs::write(&path, "hunter2").unwrap();
        let (found, errors) = read(&[("REDIS_URL_FILE", name)]);
        assert!(!found && errors.contains("REDIS_URL_FILE") && !errors.contains("hunter2"), "{errors}");
    }
}
