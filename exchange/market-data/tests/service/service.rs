//! The service under test, and plain requests to it.

use std::time::Duration;

use exchange_service::config::Environment;
use exchange_service::health::Health;
use exchange_service::metrics::Metrics;
use exchange_service::net::{Address, Client};
use exchange_service::service::{Frame, Service};
use exchange_service::stop::Stop;
use market_data::{MarketData, Settings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::venue::Venue;

/// How long anything may take.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// Market data on a port of its own.
pub struct Running {
    pub address: Address,
    pub client: Client,
    pub frame: Frame,
    task: JoinHandle<()>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.frame.stop.stop();
    }
}

/// Settings for a service beside a venue, with more variables. It listens on any port that is free.
pub fn settings(venue: &Venue, variables: &[(&str, &str)]) -> Settings {
    let upstream = venue.address.to_string();
    let given = [
        ("PERSISTENCE_URL", upstream.as_str()),
        ("MATCHING_ENGINE_URL", &upstream),
        ("MARKET_DATA_LISTEN", "127.0.0.1:0"),
    ];
    let all = given.iter().chain(variables);
    let mut environment = Environment::new(all.map(|(name, value)| ((*name).into(), (*value).into())));
    let settings = MarketData::settings(&mut environment);
    environment.finish().unwrap();
    settings
}

/// What was answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub kind: String,
    pub position: Option<u64>,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

impl Running {
    /// Starts the service beside a venue, with more variables.
    pub async fn start(venue: &Venue, variables: &[(&str, &str)]) -> Self {
        let settings = settings(venue, variables);
        let listener = TcpListener::bind(MarketData::listen(&settings)).await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let frame = Frame {
            stop: Stop::new(),
            health: Health::new(MarketData::NAME, MarketData::PARTS),
            metrics: Metrics::new(MarketData::NAME),
        };
        let running = MarketData::run(settings, listener, frame.clone());
        let task = tokio::spawn(async move { running.await.unwrap() });
        Self { address, client: Client::new(), frame, task }
    }

    /// Asks for the end and waits for it.
    pub async fn end(mut self) {
        self.frame.stop.stop();
        let task = &mut self.task;
        tokio::time::timeout(DEADLINE, task).await.expect("it drains").unwrap();
    }

    /// `GET`.
    pub async fn get(&self, path: &str) -> Answer {
        self.request("GET", path).await
    }

    pub async fn request(&self, method: &str, path: &str) -> Answer {
        let host = self.address.to_string();
        let host = host.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(host).await.unwrap();
        let request = format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut text = Vec::new();
        tokio::time::timeout(DEADLINE, stream.read_to_end(&mut text)).await.expect("an answer").unwrap();
        let text = String::from_utf8(text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let header = |name: &str| {
            let line = head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            line.map(str::to_owned)
        };
        Answer {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            kind: header("content-type").unwrap_or_default(),
            position: header("x-position").map(|number| number.parse().unwrap()),
            body: body.to_owned(),
        }
    }

    /// Waits until an answer is as wanted.
    pub async fn wait_for(&self, path: &str, wanted: impl Fn(&Answer) -> bool) -> Answer {
        let waiting = async {
            loop {
                let answer = self.get(path).await;
                if wanted(&answer) {
                    return answer;
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        let answer = tokio::time::timeout(DEADLINE, waiting).await;
        answer.unwrap_or_else(|_| panic!("`{path}` never answered as wanted"))
    }

    /// Waits until every command of the venue is folded in.
    pub async fn caught_up(&self, venue: &Venue) {
        let position = format!("exchange_position{{service=\"market-data\"}} {}", venue.position());
        self.wait_for("/metrics", |answer| answer.body.lines().any(|line| line == position)).await;
    }
}
