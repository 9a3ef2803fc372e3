//! The door of the exchange: REST and WebSocket, tokens, limits.

pub mod page;

use std::net::SocketAddr;

use exchange_service::config::Environment;
use exchange_service::http::{self, Limits};
use exchange_service::service::{Frame, Service, ServiceError};
use tokio::net::TcpListener;

/// The service.
#[derive(Debug)]
pub struct Gateway;

/// What it reads from the environment.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where it listens.
    pub listen: SocketAddr,
}

impl Service for Gateway {
    const NAME: &'static str = "gateway";
    const PARTS: &'static [&'static str] = &[];
    type Settings = Settings;

    fn settings(environment: &mut Environment) -> Settings {
        Settings { listen: environment.listen("GATEWAY_LISTEN", "127.0.0.1:8080") }
    }

    fn listen(settings: &Settings) -> SocketAddr {
        settings.listen
    }

    async fn run(_: Settings, listener: TcpListener, frame: Frame) -> Result<(), ServiceError> {
        let routes = http::common_routes(frame.health, frame.metrics);
        http::serve(listener, routes, Limits::default(), frame.stop).await;
        Ok(())
    }
}
