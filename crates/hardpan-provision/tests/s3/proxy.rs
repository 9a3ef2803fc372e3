//! A proxy between hardpan and a server, which stops at a given request or changes what is sent.
//!
//! What a newcomer must know: it passes bytes on and knows of HTTP only that a request begins with its method.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What happens at the request whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It does not reach the server.
    Before,
    /// The server gets it, and its answer does not come back.
    After,
}

pub struct Proxy {
    pub port: u16,
    requests: Arc<AtomicUsize>,
    held: Arc<AtomicUsize>,
}

impl Proxy {
    /// Passes everything on; before that, every request goes through a function.
    pub fn changing(to: u16, change: fn(Vec<u8>) -> Vec<u8>) -> Self {
        Self::start(to, None, None, change)
    }

    /// Passes requests on but those that begin with a text: they do not reach the server, and their sender waits.
    pub fn holding(to: u16, start: &'static str) -> Self {
        Self::start(to, None, Some(start), |request| request)
    }

    /// How many requests were held.
    pub fn held(&self) -> usize {
        self.held.load(Ordering::SeqCst)
    }

    /// Passes requests on up to one, counted from 0, and from there on nothing.
    pub fn stopping(to: u16, at: usize, stop: Stop) -> Self {
        Self::start(to, Some((at, stop)), None, |request| request)
    }

    /// How many requests there were.
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    fn start(
        to: u16,
        stop: Option<(usize, Stop)>,
        hold: Option<&'static str>,
        change: fn(Vec<u8>) -> Vec<u8>,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(AtomicUsize::new(0));
        let held = Arc::new(AtomicUsize::new(0));
        let counts = (Arc::clone(&requests), Arc::clone(&held));
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let counts = counts.clone();
                std::thread::spawn(move || pass(client, to, stop, hold, change, &counts));
            }
        });
        Self { port, requests, held }
    }
}

fn pass(
    mut client: TcpStream,
    to: u16,
    stop: Option<(usize, Stop)>,
    hold: Option<&str>,
    change: fn(Vec<u8>) -> Vec<u8>,
    (count, held): &(Arc<AtomicUsize>, Arc<AtomicUsize>),
) {
    let Ok(mut server) = TcpStream::connect(("127.0.0.1", to)) else { return };
    let mut buffer = vec![0; 1 << 16];
    // A request of a client that waits for each answer arrives whole or in parts, and nothing else is on the way.
    while let Some(request) = message(&mut client, &mut buffer) {
        let number = count.fetch_add(1, Ordering::SeqCst);
        let turn = stop.filter(|(at, _)| number >= *at);
        if hold.is_some_and(|start| request.starts_with(start.as_bytes())) {
            held.fetch_add(1, Ordering::SeqCst);
            // Until the sender has enough of it.
            while client.read(&mut buffer).is_ok_and(|count| count > 0) {}
            break;
        }
        if turn.is_some_and(|(at, stop)| stop == Stop::Before || number > at) {
            break;
        }
        if server.write_all(&change(request)).is_err() {
            break;
        }
        let Some(answer) = message(&mut server, &mut buffer) else { break };
        if turn.is_some() || client.write_all(&answer).is_err() {
            break;
        }
    }
    drop(client.shutdown(Shutdown::Both));
}

/// One message with its body, as far as `Content-Length` or chunks say how long it is.
fn message(from: &mut TcpStream, buffer: &mut [u8]) -> Option<Vec<u8>> {
    let mut message = Vec::new();
    loop {
        if is_whole(&message) {
            return Some(message);
        }
        match from.read(buffer) {
            Ok(count) if count > 0 => message.extend_from_slice(&buffer[..count]),
            _ => return None,
        }
    }
}

fn is_whole(message: &[u8]) -> bool {
    let Some(end) = message.windows(4).position(|four| four == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&message[..end]).to_ascii_lowercase();
    let body = &message[end + 4..];
    let header = |name: &str| {
        head.lines().find_map(|line| line.strip_prefix(name).map(|value| value.trim().to_owned()))
    };
    match header("content-length:") {
        Some(length) => body.len() >= length.parse::<usize>().unwrap(),
        None if header("transfer-encoding:").is_some() => body.ends_with(b"0\r\n\r\n"),
        None => true,
    }
}
