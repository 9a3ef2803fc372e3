//! The owner of the log: order, durability, snapshots, history.
//!
//! Not responsible for what a command means: whatever decodes is logged, and risk decides about it. A newcomer needs to know
//! one thing: everything else in the exchange is a fold of this log, so nobody but this service has a disk that matters, and
//! what it calls durable is what the venue may tell.
//!
//! | folder | what is in it |
//! |---|---|
//! | `log` | the log while it runs: opening it, its followers, its clock, what stops it |
//! | `streams` | commands in, records and durable positions out |
//! | `snapshots` | the follower that folds the log beside the venue, and what it writes down |
//! | `archive` | outcomes of any time, made again from the log |
//! | `history` | orders and trades, to be asked for |

mod archive;
mod history;
mod log;
mod payload;
mod resolve;
mod retention;
mod routes;
mod run;
mod settings;
mod snapshots;
mod streams;

pub use settings::Settings;

use std::net::SocketAddr;

use exchange_service::config::Environment;
use exchange_service::service::{Frame, Service, ServiceError};
use tokio::net::TcpListener;

/// The service.
#[derive(Debug)]
pub struct Persistence;

impl Service for Persistence {
    const NAME: &'static str = "persistence";
    const PARTS: &'static [&'static str] =
        &[log::PART, log::CLOCK_PART, snapshots::PART, snapshots::CHECKPOINTS_PART];
    type Settings = Settings;

    fn settings(environment: &mut Environment) -> Settings {
        Settings::read(environment)
    }

    fn listen(settings: &Settings) -> SocketAddr {
        settings.listen
    }

    async fn run(settings: Settings, listener: TcpListener, frame: Frame) -> Result<(), ServiceError> {
        run::run(settings, listener, frame).await
    }
}
