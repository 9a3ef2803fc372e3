//! The service: its parts, and how they begin and end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use exchange_service::config::Environment;
use exchange_service::http;
use exchange_service::net::Client;
use exchange_service::service::{Frame, Service, ServiceError};
use ring::rand::{SecureRandom, SystemRandom};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::api::{App, Meters, Places, router};
use crate::auth::Verifier;
use crate::clock::Clock;
use crate::limits::Limiter;
use crate::limits::shared::PART as LIMITS_PART;
use crate::link::{COMMANDS_PART, OUTCOMES_PART, Surroundings, Venue};
use crate::listing::{self, MARKETS_PART};
use crate::settings::Settings;
use crate::stream::{Around, FEED_PART, Streams};
use crate::upstream::{Target, Upstreams};

/// How often gauges are brought up to date that nothing else changes.
const MEASURE_EVERY: Duration = Duration::from_secs(1);

/// How often the other services are asked whether they are ready.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The service.
#[derive(Debug)]
pub struct Gateway;

impl Service for Gateway {
    const NAME: &'static str = "gateway";
    const PARTS: &'static [&'static str] = &[
        COMMANDS_PART,
        OUTCOMES_PART,
        MARKETS_PART,
        LIMITS_PART,
        FEED_PART,
        Target::Persistence.part(),
        Target::RiskEngine.part(),
        Target::MatchingEngine.part(),
        Target::MarketData.part(),
    ];
    type Settings = Settings;

    fn settings(environment: &mut Environment) -> Settings {
        Settings::read(environment)
    }

    fn listen(settings: &Settings) -> SocketAddr {
        settings.listen
    }

    async fn run(settings: Settings, listener: TcpListener, frame: Frame) -> Result<(), ServiceError> {
        let tokens = settings.tokens.ok_or_else(|| ServiceError::new("there are no keys for tokens"))?;
        let (client, clock) = (Client::new(), Clock::default());
        let upstreams = Upstreams::new(
            client.clone(),
            settings.addresses,
            settings.upstream,
            clock.clone(),
            &frame.metrics,
            frame.health.clone(),
        );
        let around = Surroundings {
            client: client.clone(),
            upstreams: upstreams.clone(),
            health: frame.health.clone(),
            in_flight: frame.metrics.gauge("orders_in_flight", "Commands that wait for their outcomes"),
        };
        let (venue, link) = Venue::open(settings.link, random_session()?, around);
        let limiter = Limiter::new(settings.limits, clock, &frame.metrics);
        let verifier = Verifier::new(tokens);
        let around = Around {
            client,
            upstreams: upstreams.clone(),
            verifier: verifier.clone(),
            venue: venue.clone(),
            limiter: limiter.clone(),
            markets: settings.markets.clone(),
            metrics: frame.metrics.clone(),
            health: frame.health.clone(),
            stop: frame.stop.clone(),
        };
        let (streams, hub) = Streams::open(settings.stream, around);
        let watching = upstreams.clone().watch(LOOK_EVERY);
        let app = Arc::new(App {
            settings: settings.api,
            verifier,
            venue,
            upstreams,
            limiter: limiter.clone(),
            streams: streams.clone(),
            markets: settings.markets,
            meters: Meters::new(&frame.metrics),
            places: Places::default(),
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(watching);
        tasks.spawn(listing::keep_listed(Arc::clone(&app), frame.health.clone()));
        let (sharing, health, stop) = (limiter.clone(), frame.health.clone(), frame.stop.clone());
        tasks.spawn(async move { sharing.share(health, stop).await });
        tasks.spawn(async move {
            loop {
                limiter.measure();
                tokio::time::sleep(MEASURE_EVERY).await;
            }
        });
        let routes = router(app).merge(http::common_routes(frame.health, frame.metrics));
        // Returns when what is under way has ended; until then the link has to bring outcomes.
        http::serve(listener, routes, settings.http, frame.stop).await;
        // So do streams, whose end may cancel orders.
        if tokio::time::timeout(settings.http.drain, streams.drained()).await.is_err() {
            tracing::warn!("streams did not end in time");
        }
        drop(hub);
        drop(link);
        tasks.shutdown().await;
        Ok(())
    }
}

/// A number that no other gateway has, in all likelihood, and never zero.
fn random_session() -> Result<u32, ServiceError> {
    let mut bytes = [0; 4];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| ServiceError::environment("the system gives no random numbers"))?;
    Ok(u32::from_le_bytes(bytes).max(1))
}
