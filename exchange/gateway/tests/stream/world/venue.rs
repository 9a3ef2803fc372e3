//! Persistence and matching, played: commands are numbered, remembered, and answered at once with an event of the test's choice.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;
use exchange_service::http::{Limits, serve};
use exchange_service::net::{self, Chunk, Resume, Ring, Upgrade, frame, serve_ring};
use exchange_service::stop::Stop;
use exchange_types::{
    AccountId, Amount, AssetId, CancelCause, Command, Event, InstrumentId, OrderId, OutcomeHeader,
    PriceTicks, QuantityLots, RequestId, Sequence, Side, TimestampNs, decode_request, encode_outcome,
};
use tokio::net::TcpListener;

#[derive(Clone)]
pub(crate) struct Venue {
    pub(crate) address: SocketAddr,
    state: Arc<Mutex<Log>>,
}

struct Log {
    ring: Ring,
    sequence: u64,
    commands: Vec<Command>,
}

impl Log {
    fn outcome(&mut self, request: RequestId, events: &[Event]) {
        self.sequence += 1;
        let header = OutcomeHeader {
            sequence: Sequence(self.sequence),
            time: TimestampNs(self.sequence * 1_000_000_000),
            request,
            ..OutcomeHeader::default()
        };
        let mut frames = Vec::new();
        frame::put_item(&mut frames, self.sequence, |out| encode_outcome(&header, events, out));
        self.ring.push(Chunk { first: self.sequence, last: self.sequence, frames: frames.into() });
    }
}

impl Venue {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("there is a free port");
        let address = listener.local_addr().expect("it has an address");
        let log = Log { ring: Ring::new(0, 64 * 1024 * 1024), sequence: 0, commands: Vec::new() };
        let venue = Self { address, state: Arc::new(Mutex::new(log)) };
        let routes = Router::new()
            .route(net::SUBMIT, get(submit))
            .route(net::OUTCOMES, get(outcomes))
            .with_state(venue.clone());
        tokio::spawn(serve(listener, routes, Limits::default(), Stop::new()));
        // A venue that says nothing for long counts as stalled.
        tokio::spawn({
            let venue = venue.clone();
            async move {
                loop {
                    tokio::time::sleep(Duration::from_millis(500)).await;
                    venue.with(|log| log.outcome(RequestId(0), &[Event::Ticked]));
                }
            }
        });
        venue
    }

    fn with<T>(&self, act: impl FnOnce(&mut Log) -> T) -> T {
        act(&mut self.state.lock().expect("no test panics under the lock"))
    }

    /// Something happens to an account; returns the number of the command.
    pub(crate) fn deposit(&self, account: u32, amount: u64) -> u64 {
        let event =
            Event::Deposited { account: AccountId(account), asset: AssetId(1), amount: Amount(amount) };
        self.with(|log| {
            log.outcome(RequestId(0), &[event, event]);
            log.sequence
        })
    }

    /// Mass cancels of an account that have come.
    pub(crate) fn mass_cancels(&self, account: u32) -> usize {
        let of = |command: &&Command| matches!(command, Command::MassCancel { account: AccountId(whose), instrument: None, side: None } if *whose == account);
        self.with(|log| log.commands.iter().filter(of).count())
    }
}

async fn submit(State(venue): State<Venue>, upgrade: Upgrade) -> Response {
    upgrade.accept(0, 0, move |link| async move {
        let net::Link { mut reader, writer, .. } = link;
        let take = async {
            while let Some(frame) = reader.next().await? {
                let request = decode_request(frame.payload).expect("the gateway sends requests");
                venue.with(|log| {
                    let event = match request.command {
                        Command::MassCancel { account, .. } => Event::Cancelled {
                            order: OrderId(1),
                            instrument: InstrumentId(0),
                            account,
                            side: Side::Buy,
                            price: PriceTicks(1),
                            quantity: QuantityLots(1),
                            cause: CancelCause::MassCancel,
                            rested: true,
                        },
                        _ => Event::Ticked,
                    };
                    log.commands.push(request.command);
                    log.outcome(request.id, &[event]);
                });
            }
            Ok(())
        };
        tokio::select! {
            ended = take => ended,
            error = writer.stay_alive() => Err(error),
        }
    })
}

async fn outcomes(State(venue): State<Venue>, Query(resume): Query<Resume>, upgrade: Upgrade) -> Response {
    let source = venue.with(|log| log.ring.source());
    let after = resume.after.unwrap_or_else(|| source.position());
    let reader = source.reader(after);
    upgrade.accept(after, 0, move |link| serve_ring(reader, link, Duration::ZERO))
}
