//! A whole gateway on real connections, among services that are played by the test, and clients of an ordinary WebSocket library.

mod client;
mod market;
mod venue;

use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

pub(crate) use client::{Book, Client, Said};
use exchange_service::config::Environment;
use exchange_service::health::Health;
use exchange_service::metrics::Metrics;
use exchange_service::service::{Frame, Service};
use exchange_service::stop::Stop;
use exchange_types::AccountId;
use gateway::Gateway;
use gateway::auth::{DEFAULT_AUDIENCE, DEFAULT_ISSUER, Grant, Issuer, Scope, Scopes};
pub(crate) use market::Market;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
pub(crate) use venue::Venue;

/// How long anything may take that a test waits for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct World {
    pub(crate) market: Market,
    pub(crate) venue: Venue,
    pub(crate) address: SocketAddr,
    pub(crate) metrics: Metrics,
    pub(crate) health: Health,
    stop: Stop,
    gateway: JoinHandle<()>,
    issuer: Issuer,
    _folder: TempDir,
}

impl World {
    pub(crate) async fn start(variables: &[(&str, &str)]) -> Self {
        let (market, venue) = (Market::start().await, Venue::start().await);
        let folder = tempfile::tempdir().expect("there is a folder");
        let key = Issuer::generate().expect("there is randomness");
        let issuer = Issuer::from_pem(key.as_bytes()).expect("the key is one");
        let key_file = folder.path().join("public.pem");
        std::fs::write(&key_file, issuer.public_pem()).expect("the folder is writable");
        let mut pairs = vec![
            ("JWT_PUBLIC_KEY_FILE".to_owned(), key_file.to_str().expect("the name is text").to_owned()),
            ("MARKET_DATA_URL".to_owned(), format!("http://{}", market.address)),
            ("PERSISTENCE_URL".to_owned(), format!("http://{}", venue.address)),
            ("MATCHING_ENGINE_URL".to_owned(), format!("http://{}", venue.address)),
            ("RISK_ENGINE_URL".to_owned(), format!("http://{}", venue.address)),
        ];
        pairs.extend(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let mut environment = Environment::new(pairs);
        let settings = Gateway::settings(&mut environment);
        environment.finish().expect("the environment is right");
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("there is a free port");
        let address = listener.local_addr().expect("it has an address");
        let (stop, health, metrics) =
            (Stop::new(), Health::new("gateway", Gateway::PARTS), Metrics::new("gateway"));
        let frame = Frame { stop: stop.clone(), health: health.clone(), metrics: metrics.clone() };
        let gateway = tokio::spawn(async move {
            Gateway::run(settings, listener, frame).await.expect("the gateway ends well");
        });
        let world = Self { market, venue, address, metrics, health, stop, gateway, issuer, _folder: folder };
        world
            .until("everything is connected", || {
                let parts = world.health.report().parts;
                ["commands", "outcomes", "feed"]
                    .iter()
                    .all(|part| parts[*part].status == exchange_service::health::Status::Healthy)
            })
            .await;
        world
    }

    pub(crate) fn token(&self, account: u32) -> String {
        self.token_until(account, seconds() + 3_600)
    }

    pub(crate) fn token_until(&self, account: u32, expires_at: u64) -> String {
        let scopes = Scopes::default().with(Scope::Read).with(Scope::Trade);
        self.issuer.token(&Grant {
            issuer: DEFAULT_ISSUER,
            audience: DEFAULT_AUDIENCE,
            account: Some(AccountId(account)),
            scopes,
            tier: None,
            issued_at: seconds(),
            expires_at,
        })
    }

    pub(crate) async fn connect(&self) -> Client {
        Client::connect(self.address, &[]).await.expect("the gateway takes the connection")
    }

    /// As an account, authenticated at the upgrade.
    pub(crate) async fn connect_as(&self, account: u32) -> Client {
        let authorization = format!("Bearer {}", self.token(account));
        Client::connect(self.address, &[("authorization", &authorization)])
            .await
            .expect("the gateway takes the connection")
    }

    /// The value of a metric.
    pub(crate) fn metric(&self, name: &str) -> u64 {
        let text = self.metrics.exposition();
        let start = format!("exchange_{name}{{");
        let line = text.lines().find(|line| line.starts_with(&start));
        line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or(0)
    }

    pub(crate) async fn until(&self, what: &str, mut holds: impl FnMut() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !holds() {
            assert!(
                Instant::now() < deadline,
                "{what}: not in time; {:?}\n{}",
                self.health.report(),
                self.metrics.exposition()
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Tells the gateway to end, and does not wait for it.
    pub(crate) fn begin_drain(&self) {
        self.stop.stop();
    }

    /// Waits until the gateway has ended.
    pub(crate) async fn end(self) {
        self.stop.stop();
        self.gateway.await.expect("the gateway does not panic");
    }
}

pub(crate) fn seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970").as_secs()
}
