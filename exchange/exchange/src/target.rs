//! The five services by name.
//!
//! Not responsible for running them. A newcomer needs to know one thing: their order here is the order in which they end.

use clap::ValueEnum;
use exchange_service::config::Environment;
use exchange_service::service::Prepared;
use gateway::Gateway;
use market_data::MarketData;
use matching_engine::MatchingEngine;
use persistence::Persistence;
use risk_engine::RiskEngine;

/// What to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Target {
    /// All five
    All,
    /// REST and WebSocket for clients: GATEWAY_LISTEN
    Gateway,
    /// Depth, trades and candles: MARKET_DATA_LISTEN
    MarketData,
    /// The books of record: MATCHING_ENGINE_LISTEN
    MatchingEngine,
    /// Who may do what with which money: RISK_ENGINE_LISTEN
    RiskEngine,
    /// The log, snapshots and history: PERSISTENCE_LISTEN
    Persistence,
}

/// Where a service listens and where the others find it.
const PLACES: [(Target, &str, &str); 4] = [
    (Target::MarketData, "MARKET_DATA_LISTEN", "MARKET_DATA_URL"),
    (Target::MatchingEngine, "MATCHING_ENGINE_LISTEN", "MATCHING_ENGINE_URL"),
    (Target::RiskEngine, "RISK_ENGINE_LISTEN", "RISK_ENGINE_URL"),
    (Target::Persistence, "PERSISTENCE_LISTEN", "PERSISTENCE_URL"),
];

/// Services of one process find one another where they listen, unless the environment says otherwise.
pub(crate) fn introduce(targets: &[Target], environment: &mut Environment) {
    for (target, listen, url) in PLACES {
        let wanted = targets.contains(&target) || targets.contains(&Target::All);
        let Some(address) = environment.raw(listen).filter(|_| wanted) else { continue };
        // Whoever listens on all addresses is found on that of the machine itself.
        let address = address.replace("0.0.0.0", "127.0.0.1").replace("[::]", "[::1]");
        environment.preset(url, format!("http://{address}"));
    }
}

/// Reads the settings of one service.
type Read = fn(&mut Environment) -> Prepared;

/// Reads the settings of the services asked for, in the order in which they are to end: whoever takes work first, the owner of the log
/// last, so that everything taken is carried through.
pub(crate) fn prepare(targets: &[Target], environment: &mut Environment) -> Vec<Prepared> {
    let in_order: [(Target, Read); 5] = [
        (Target::Gateway, Prepared::read::<Gateway>),
        (Target::MarketData, Prepared::read::<MarketData>),
        (Target::MatchingEngine, Prepared::read::<MatchingEngine>),
        (Target::RiskEngine, Prepared::read::<RiskEngine>),
        (Target::Persistence, Prepared::read::<Persistence>),
    ];
    let wanted = |target: &Target| targets.contains(target) || targets.contains(&Target::All);
    in_order.into_iter().filter(|(target, _)| wanted(target)).map(|(_, read)| read(environment)).collect()
}
