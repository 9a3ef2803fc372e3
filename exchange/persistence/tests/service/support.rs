//! A service to test against, and what is sent to it.

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use exchange_service::config::Environment;
use exchange_service::health::Health;
use exchange_service::metrics::Metrics;
use exchange_service::net::frame::put_frame;
use exchange_service::net::{Address, COMMAND, Client, DURABLE, Link};
use exchange_service::service::{Frame, Service, ServiceError};
use exchange_service::stop::Stop;
use exchange_types::{
    AccountId, Command, RequestHead, RequestId, Sequence, decode_frame, encode_request, peek_request_id,
};
use persistence::Persistence;

/// Whatever a test waits for comes within this time, or the test fails.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// A service on a thread of this process.
pub(crate) struct Served {
    pub(crate) address: Address,
    pub(crate) health: Health,
    pub(crate) metrics: Metrics,
    stop: Stop,
    thread: Option<JoinHandle<Result<(), ServiceError>>>,
}

impl Served {
    /// Starts one on a free port and waits until it is ready.
    pub(crate) fn start(folder: &Path, variables: &[(&str, &str)]) -> Self {
        let served = Self::start_unready(folder, variables);
        served.wait("the service is ready", || served.health.report().ready);
        served
    }

    /// Starts one on a free port.
    pub(crate) fn start_unready(folder: &Path, variables: &[(&str, &str)]) -> Self {
        let data = folder.display().to_string();
        // No ticks unless a test asks for them: they would take sequences.
        let defaults = [("DATA_DIR", data.as_str()), ("TICK_INTERVAL", "24h")];
        let all = defaults.iter().chain(variables).map(|(name, value)| (name.to_string(), value.to_string()));
        let mut environment = Environment::new(all);
        let settings = Persistence::settings(&mut environment);
        environment.finish().unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        let stop = Stop::new();
        let health = Health::new(Persistence::NAME, Persistence::PARTS);
        let metrics = Metrics::new(Persistence::NAME);
        let frame = Frame { stop: stop.clone(), health: health.clone(), metrics: metrics.clone() };
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                Persistence::run(settings, listener, frame).await
            })
        });
        let address = format!("http://{address}").parse().unwrap();
        Self { address, health, metrics, stop, thread: Some(thread) }
    }

    /// Waits for something, and fails where the service ends first.
    pub(crate) fn wait(&self, what: &str, mut there: impl FnMut() -> bool) {
        let began = Instant::now();
        while !there() {
            let alive = self.thread.as_ref().is_some_and(|thread| !thread.is_finished());
            assert!(alive, "the service ended before {what}: {:?}", self.health.report());
            assert!(began.elapsed() < DEADLINE, "waited in vain until {what}: {:?}", self.health.report());
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Ends it in good order.
    pub(crate) fn end(mut self) -> Result<(), ServiceError> {
        self.stop.stop();
        self.thread.take().unwrap().join().unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stop.stop();
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// Written past the capture of the test harness: a test that did not run never passes silently.
pub(crate) fn skipped(what: &str) {
    let _ = writeln!(std::io::stderr(), "SKIPPED: {what}");
}

/// Runs a test's own side.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { tokio::time::timeout(DEADLINE * 2, future).await.expect("the test hangs") })
}

/// A request that does nothing but be there.
pub(crate) fn request(id: u64) -> Vec<u8> {
    let mut payload = Vec::new();
    let head = RequestHead { id: RequestId(id), key: None };
    let command = Command::MassCancel { account: AccountId(id as u32), instrument: None, side: None };
    encode_request(&head, &command, &mut payload);
    payload
}

/// The id of a request.
pub(crate) fn id_of(payload: &[u8]) -> u64 {
    peek_request_id(payload).0
}

/// A gateway's side of the stream of submissions.
pub(crate) async fn submitter(address: &Address, session: u32) -> Link {
    let path = format!("/internal/stream/submit?session={session}");
    Client::new().stream(address, &path).await.unwrap()
}

/// Sends requests in one piece.
pub(crate) async fn send(link: &Link, requests: impl IntoIterator<Item = u64>) {
    let mut out = Vec::new();
    for id in requests {
        put_frame(&mut out, COMMAND, |out| out.extend_from_slice(&request(id)));
    }
    link.writer.send(&out).await.unwrap();
}

/// A record as a follower gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Got {
    pub(crate) sequence: u64,
    pub(crate) epoch: u32,
    pub(crate) payload: Vec<u8>,
}

/// Somebody who follows the log, and checks what every follower must be able to rely on.
pub(crate) struct FollowerOfLog {
    pub(crate) link: Link,
    pub(crate) position: u64,
    pub(crate) epoch: u32,
    pub(crate) durable: u64,
}

impl FollowerOfLog {
    pub(crate) async fn open(address: &Address, after: u64, epoch: u32) -> Self {
        let path = format!("/internal/stream/commands?after={after}&epoch={epoch}");
        let link = Client::new().stream(address, &path).await.unwrap();
        Self { link, position: after, epoch: if after > 0 { epoch } else { 0 }, durable: 0 }
    }

    /// The records that come next, at least one frame of them.
    pub(crate) async fn next(&mut self) -> Vec<Got> {
        let mut got = Vec::new();
        self.link.reader.fill().await.unwrap();
        while let Some(frame) = self.link.reader.ready() {
            if let Some((sequence, body)) = frame.item() {
                assert_eq!(sequence, self.position + 1, "records come without gap or repetition");
                let record = decode_frame(body).unwrap();
                assert_eq!(record.header.sequence, Sequence(sequence));
                assert_eq!(record.bytes(), body.len());
                assert!(record.header.epoch.0 >= self.epoch);
                self.position = sequence;
                self.epoch = record.header.epoch.0;
                let payload = record.payload.to_vec();
                got.push(Got { sequence, epoch: self.epoch, payload });
            } else {
                assert_eq!(frame.kind, DURABLE);
                let durable = u64::from_le_bytes(frame.payload.try_into().unwrap());
                assert!(durable >= self.durable, "a durable position never goes back");
                assert!(durable <= self.position, "no position is told before its record");
                self.durable = durable;
            }
        }
        got
    }

    /// Everything up to a durable record.
    pub(crate) async fn up_to(&mut self, sequence: u64) -> Vec<Got> {
        let mut got = Vec::new();
        while self.position < sequence || self.durable < sequence {
            got.append(&mut self.next().await);
        }
        got
    }
}
