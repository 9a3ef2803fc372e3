//! The program of the service; what it does is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    exchange_service::service::main::<market_data::MarketData>()
}
