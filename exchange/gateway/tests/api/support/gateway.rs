//! A gateway of its own for each test.

use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use exchange_service::config::Environment;
use exchange_service::health::Health;
use exchange_service::metrics::Metrics;
use exchange_service::service::{Frame, Service, ServiceError};
use exchange_service::stop::Stop;
use exchange_types::AccountId;
use gateway::auth::{DEFAULT_AUDIENCE, DEFAULT_ISSUER, Grant, Issuer, Scope, Scopes};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::{Client, eventually};

pub(crate) struct Gateway {
    pub(crate) address: SocketAddr,
    pub(crate) issuer: Issuer,
    pub(crate) frame: Frame,
    task: Option<JoinHandle<Result<(), ServiceError>>>,
    _folder: TempDir,
}

/// Rates that stand in no test's way.
const OPEN: [(&str, &str); 7] = [
    ("RATE_MARKET_DATA", "off"),
    ("RATE_ACCOUNT", "off"),
    ("RATE_ORDERS", "off"),
    ("RATE_CANCELS", "off"),
    ("RATE_WITHDRAWALS", "off"),
    ("RATE_ADMIN", "off"),
    ("RATE_IP", "off"),
];

pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

impl Gateway {
    /// A gateway before this venue.
    pub(crate) async fn start(venue: SocketAddr, variables: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let issuer = Issuer::from_pem(Issuer::generate().unwrap().as_bytes()).unwrap();
        let key = folder.path().join("jwt.pem");
        std::fs::write(&key, issuer.public_pem()).unwrap();
        let url = format!("http://{venue}");
        let own = [
            ("JWT_PUBLIC_KEY_FILE", key.to_str().unwrap()),
            ("PERSISTENCE_URL", &url),
            ("RISK_ENGINE_URL", &url),
            ("MATCHING_ENGINE_URL", &url),
            ("MARKET_DATA_URL", &url),
        ];
        let all = OPEN.iter().chain(&own).chain(variables);
        let mut environment = Environment::new(all.map(|(name, value)| ((*name).into(), (*value).into())));
        let settings = gateway::Gateway::settings(&mut environment);
        environment.finish().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let frame = Frame {
            stop: Stop::new(),
            health: Health::new("gateway", gateway::Gateway::PARTS),
            metrics: Metrics::new("gateway"),
        };
        let task = tokio::spawn(gateway::Gateway::run(settings, listener, frame.clone()));
        Self { address, issuer, frame, task: Some(task), _folder: folder }
    }

    /// The same, once it is ready.
    pub(crate) async fn ready(venue: SocketAddr, variables: &[(&str, &str)]) -> Self {
        let gateway = Self::start(venue, variables).await;
        gateway.wait_ready().await;
        gateway
    }

    pub(crate) async fn wait_ready(&self) {
        let nobody = self.nobody();
        eventually("a ready gateway", async || nobody.get("/ready").await.status == 200).await;
    }

    pub(crate) fn nobody(&self) -> Client {
        Client::new(self.address, None)
    }

    pub(crate) fn admin(&self) -> Client {
        self.client(None, &[Scope::Admin])
    }

    pub(crate) fn trader(&self, account: u32) -> Client {
        self.client(Some(account), &[Scope::Read, Scope::Trade])
    }

    pub(crate) fn client(&self, account: Option<u32>, scopes: &[Scope]) -> Client {
        let grant = Grant {
            issuer: DEFAULT_ISSUER,
            audience: DEFAULT_AUDIENCE,
            account: account.map(AccountId),
            scopes: scopes.iter().copied().fold(Scopes::default(), Scopes::with),
            tier: None,
            issued_at: now(),
            expires_at: now() + 3_600,
        };
        Client::new(self.address, Some(self.issuer.token(&grant)))
    }

    /// A token of anybody's making.
    pub(crate) fn with_token(&self, token: String) -> Client {
        Client::new(self.address, Some(token))
    }

    /// Asks for the end and waits for it.
    pub(crate) async fn stop(mut self) {
        self.frame.stop.stop();
        let task = self.task.take().unwrap();
        tokio::time::timeout(super::DEADLINE, task).await.expect("an end in time").unwrap().unwrap();
    }
}
