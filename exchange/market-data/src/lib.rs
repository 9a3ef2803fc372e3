//! Depth, trades and candles for whoever watches.

use std::net::SocketAddr;

use exchange_service::config::Environment;
use exchange_service::http::{self, Limits};
use exchange_service::service::{Frame, Service, ServiceError};
use tokio::net::TcpListener;

/// The service.
#[derive(Debug)]
pub struct MarketData;

/// What it reads from the environment.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where it listens.
    pub listen: SocketAddr,
}

impl Service for MarketData {
    const NAME: &'static str = "market-data";
    const PARTS: &'static [&'static str] = &[];
    type Settings = Settings;

    fn settings(environment: &mut Environment) -> Settings {
        Settings { listen: environment.listen("MARKET_DATA_LISTEN", "127.0.0.1:8082") }
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
