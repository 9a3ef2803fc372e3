//! A service as if it were a process of its own: a thread with a runtime that can be killed at any moment.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use exchange_service::health::Health;
use exchange_service::metrics::Metrics;
use exchange_service::net::Address;
use exchange_service::service::{Frame, Service};
use exchange_service::stop::Stop;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// A running service. Dropping it ends it where it stands.
pub struct Process {
    pub port: u16,
    stop: Stop,
    kill: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// A port that nobody listens on: below those that the system gives to outgoing connections, one of which could have taken it
/// by the time a process that was killed comes back to it.
pub fn free_port() -> u16 {
    const RANGE: std::ops::Range<u32> = 23_000..32_000;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let length = RANGE.end - RANGE.start;
    // Test programs begin at different places.
    let begin = std::process::id().wrapping_mul(97);
    let mut ports = std::iter::repeat_with(|| {
        let offset = begin.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % length;
        u16::try_from(RANGE.start + offset).unwrap()
    });
    let free = |port: &u16| std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    ports.by_ref().take(length as usize).find(free).expect("a port is free")
}

/// Where a service with this port is.
pub fn address(port: u16) -> Address {
    format!("http://127.0.0.1:{port}").parse().unwrap()
}

impl Process {
    /// Starts a service and waits until it listens.
    pub fn start<S: Service + 'static>(settings: S::Settings, port: u16) -> Self {
        let stop = Stop::new();
        let asked = stop.clone();
        let mut process = Self::run(port, async move |listener| {
            let frame =
                Frame { stop: asked, health: Health::new(S::NAME, S::PARTS), metrics: Metrics::new(S::NAME) };
            S::run(settings, listener, frame).await.unwrap();
        });
        process.stop = stop;
        process
    }

    /// Asks it to end and waits until it has.
    pub fn stop(mut self) {
        self.stop.stop();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }

    /// Starts anything that has a listener.
    pub fn run<F>(port: u16, work: F) -> Self
    where
        F: AsyncFnOnce(TcpListener) + Send + 'static,
    {
        let (kill, killed) = oneshot::channel();
        let (say_ready, ready) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let listener = bind(port).await;
                say_ready.send(()).unwrap();
                tokio::select! {
                    _ = killed => {}
                    () = work(listener) => {}
                }
            });
            // Everything that was spawned ends here, as in a process that is killed.
            runtime.shutdown_background();
        });
        ready.recv().unwrap();
        Self { port, stop: Stop::new(), kill: Some(kill), thread: Some(thread) }
    }

    /// Asks for something; status and body.
    pub fn get(&self, path: &str) -> (u16, String) {
        ask(self.port, path).unwrap()
    }

    /// The value of a metric without labels of its own; none where it is not there or nobody answers.
    pub fn metric(&self, name: &str) -> Option<u64> {
        let (_, body) = ask(self.port, "/metrics").ok()?;
        let line = body.lines().find(|line| line.starts_with(&format!("exchange_{name}{{")))?;
        line.rsplit(' ').next()?.parse().ok()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The failure of the test is what is to be seen, not that of a thread.
        self.kill.take();
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// A port of a process that was killed a moment ago is free at once, or very soon.
async fn bind(port: u16) -> TcpListener {
    for _ in 0..500 {
        match TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await {
            Ok(listener) => return listener,
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
    panic!("port {port} does not become free");
}

/// The status of an answer, whatever its body is.
pub fn status(port: u16, path: &str) -> std::io::Result<u16> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    write!(stream, "GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n")?;
    let mut head = [0; 12];
    stream.read_exact(&mut head)?;
    let code = String::from_utf8_lossy(&head[9..]).parse();
    code.map_err(|_| std::io::ErrorKind::InvalidData.into())
}

/// One request by hand, so that the tests do not ask with the code that they test.
pub fn ask(port: u16, path: &str) -> std::io::Result<(u16, String)> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    write!(stream, "GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or(std::io::ErrorKind::UnexpectedEof)?;
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    Ok((status.ok_or(std::io::ErrorKind::InvalidData)?, body.to_owned()))
}
