//! The load generator against the bare loop, and against a server that stalls.

#![expect(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use exchange_load::client::Trader;
use exchange_load::load::{self, Findings, Mix, Mode, Plan};
use exchange_load::venue::{Process, free_ports};
use exchange_service::log::{Log, LogOptions, SegmentedLog};
use exchange_service::storage::FileStorage;
use exchange_types::Epoch;

fn plan(address: SocketAddr, mode: Mode) -> Plan {
    let target: exchange_load::client::Target = format!("http://{address}").parse().unwrap();
    let traders = (0..4).map(|account| Trader::new(&target, account, None)).collect();
    Plan {
        target,
        traders,
        connections: 4,
        mode,
        time: Duration::from_secs(1),
        warm_up: Duration::ZERO,
        mix: Mix::ORDERS,
        seed: 1,
    }
}

#[test]
fn every_order_that_the_bare_loop_acknowledges_is_in_its_log() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let address = SocketAddr::from(([127, 0, 0, 1], free_ports(1).unwrap()[0]));
    let arguments = ["bare", "--listen", &address.to_string(), "--folder", log.to_str().unwrap()];
    let program = Path::new(env!("CARGO_BIN_EXE_exchange-load"));
    let mut bare = Process::new("bare", program, address, &folder.path().join("out")).arguments(arguments);
    bare.start().unwrap();
    bare.wait_ready(Duration::from_secs(30)).unwrap();
    let mut acknowledged = 0;
    for mode in [Mode::Closed, Mode::Open { rate: 200.0 }] {
        let findings = load::run(&plan(address, mode)).unwrap();
        assert_eq!(findings.failures(), 0, "{findings}");
        acknowledged += findings.successes();
    }
    bare.kill().unwrap();
    let storage = FileStorage::open(&log).unwrap();
    let epoch = Epoch(SegmentedLog::held_epoch(&storage).unwrap().0 + 1);
    let (log, _) = SegmentedLog::open(storage, LogOptions::default(), epoch).unwrap();
    assert_eq!(log.durable().0, acknowledged);
}

/// Answers every request at once, but none in the third quarter of the first second.
fn stalling() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    // The thread ends with the test's process.
    thread::spawn(move || {
        let began = Instant::now();
        for stream in listener.incoming() {
            thread::spawn(move || answer(stream.unwrap(), began));
        }
    });
    address
}

fn answer(stream: TcpStream, began: Instant) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut writer = stream;
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
        }
        reader.read_exact(&mut vec![0; length])?;
        let stall = Duration::from_millis(500)..Duration::from_millis(750);
        if stall.contains(&began.elapsed()) {
            thread::sleep(stall.end.saturating_sub(began.elapsed()));
        }
        writer.write_all(b"HTTP/1.1 201 Created\r\ncontent-length: 10\r\n\r\n{\"id\":\"1\"}")?;
    }
}

fn run(mode: Mode) -> Findings {
    load::run(&plan(stalling(), mode)).unwrap()
}

#[test]
fn a_stall_is_seen_by_everybody_who_would_have_come_meanwhile() {
    let open = run(Mode::Open { rate: 400.0 });
    assert_eq!(open.failures(), 0, "{open}");
    assert!((300..500).contains(&open.successes()), "{open}");
    // A quarter of the requests fall into the stall, and a tenth have to wait for more than 100 ms of it.
    assert!(open.latency().p90_us > 50_000.0, "{open}");
    // In a closed loop only those notice it that wait already: four of thousands.
    let closed = run(Mode::Closed);
    assert!(closed.latency().p90_us < open.latency().p90_us, "{closed}");
    assert!(closed.latency().max_us > 100_000.0, "{closed}");
}
