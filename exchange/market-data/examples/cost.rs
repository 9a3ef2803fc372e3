//! What market data costs: a stand-in for matching publishes generated outcomes at a steady rate, and the processor time of the
//! service's thread is divided by their number.
//!
//! `cargo run --profile exchange -p market-data --example cost -- [outcomes a second] [seconds]`

#![expect(clippy::print_stdout, reason = "a program that reports")]
#![expect(clippy::unwrap_used, reason = "a measurement ends where something is wrong")]
#![allow(dead_code, unreachable_pub, reason = "modules of the tests, of which this needs a part")]

#[path = "../tests/service/client.rs"]
mod client;
#[path = "../tests/service/service.rs"]
mod service;
#[path = "../tests/service/venue.rs"]
mod venue;

use std::time::{Duration, Instant};

use exchange_service::net::{Client, FEED};
use exchange_service::service::run_on_thread;
use exchange_service::stop::Stop;
use market_data::MarketData;

use venue::Venue;

fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<usize>().unwrap());
    let rate = arguments.next().unwrap_or(10_000);
    let seconds = arguments.next().unwrap_or(5);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(measure(rate, seconds));
}

async fn measure(rate: usize, seconds: usize) {
    let mut venue = Venue::with_traffic(1, rate * seconds).await;
    // Accounts and the first orders are not what is measured.
    venue.step(300);
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let settings = service::settings(&venue, &[("MARKET_DATA_LISTEN", &free)]);
    let address = format!("http://{free}").parse().unwrap();
    let stop = Stop::new();
    let stopped = stop.clone();
    let thread = std::thread::spawn(move || {
        run_on_thread::<MarketData>(settings, stopped, false).unwrap();
        thread_time()
    });
    let client = Client::new();
    let mut link = loop {
        match client.stream(&address, FEED).await {
            Ok(link) => break link,
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    };
    let (before, start) = (venue.position(), Instant::now());
    let reader = tokio::spawn(async move {
        let (mut messages, mut bytes) = (0_u64, 0_u64);
        while let Ok(Some(frame)) = link.reader.next().await {
            messages += 1;
            bytes += frame.payload.len() as u64;
        }
        (messages, bytes)
    });
    let mut every = tokio::time::interval(Duration::from_millis(1));
    while venue.has_more() {
        every.tick().await;
        let due = (start.elapsed().as_secs_f64() * rate as f64) as u64;
        venue.step((before + due).saturating_sub(venue.position()) as usize);
    }
    let took = start.elapsed();
    tokio::time::sleep(Duration::from_millis(300)).await;
    stop.stop();
    let time = thread.join().unwrap();
    let (messages, bytes) = reader.await.unwrap();
    let outcomes = venue.position() - before;
    println!(
        "{outcomes} outcomes in {:.1} s: {:.2} us of processor time each; {messages} messages, {bytes} bytes",
        took.as_secs_f64(),
        time.as_secs_f64() * 1e6 / outcomes as f64,
    );
}

/// Processor time of this thread.
fn thread_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
