//! What the venue says of itself when everybody has gone, held against the log.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use exchange_service::markets::{Markets, format_decimal};
use exchange_types::AssetId;
use serde_json::Value;

use super::Findings;
use super::ledger::{Fate, Ledger};
use super::record::{Answered, Asked, Request};
use crate::client::stream::Depth;
use crate::client::{Connection, Target, Trader};
use crate::venue::DEPOSITS;

const MARKET: &str = "BTC-USD";

/// The most levels that a depth may be asked for.
const LEVELS: u32 = 1_000;

/// How often the book must be the same before it is taken for the last, and how long to wait between two looks.
const SAME_MIN: u32 = 4;
const ASK_EVERY: Duration = Duration::from_millis(100);

/// How long a query may be refused: a gateway that could not reach a service several times does not ask it for a
/// while, 30 seconds where nobody says otherwise.
const BREAKER_MAX: Duration = Duration::from_secs(40);

/// The answers.
pub(super) struct Closing {
    depth: Depth,
    /// What each account has, by account and asset.
    balances: BTreeMap<(u64, String), (String, String)>,
    /// Orders that were acknowledged, as the history has them: status, or what was answered instead.
    history: Vec<(u64, Result<Value, String>)>,
}

/// Asks for the book, the accounts and every order that was acknowledged.
pub(super) async fn ask(gateway: &Target, traders: &[Trader], requests: &[Request]) -> Result<Closing> {
    let mut connection = Connection::new(gateway.clone());
    let anyone = traders.first().context("nobody trades")?;
    let path = format!("/v1/markets/{MARKET}/depth?limit={LEVELS}");
    let mut depth = Depth::of_snapshot(&get(&mut connection, anyone, &path).await?)?;
    // Market data follows the outcomes a moment behind the answers, so it is asked until it says the same again and again.
    let mut same = 0;
    while same < SAME_MIN {
        tokio::time::sleep(ASK_EVERY).await;
        let next = Depth::of_snapshot(&get(&mut connection, anyone, &path).await?)?;
        same = if next == depth { same + 1 } else { 0 };
        depth = next;
    }
    let mut balances = BTreeMap::new();
    for trader in traders {
        let account = get(&mut connection, trader, &format!("/v1/accounts/{}", trader.account)).await?;
        for balance in account["balances"].as_array().context("an account without balances")? {
            let text = |field: &str| balance[field].as_str().map(str::to_owned).context("a balance");
            balances.insert((trader.account, text("asset")?), (text("available")?, text("reserved")?));
        }
    }
    let mut history = Vec::new();
    for request in requests {
        if let (Asked::Order { .. }, Answered::Done { order }) = (request.asked, &request.answered) {
            let trader = traders.iter().find(|trader| trader.account == request.account);
            let trader = trader.context("a request of nobody")?;
            let found = get(&mut connection, trader, &format!("/v1/orders/{order}")).await;
            history.push((*order, found.map_err(|error| format!("{error:#}"))));
        }
    }
    Ok(Closing { depth, balances, history })
}

/// Asks, and asks again where a service is not asked at the moment.
async fn get(connection: &mut Connection, trader: &Trader, path: &str) -> Result<Value> {
    let mut request = Vec::new();
    trader.ask("GET", path, None, &mut request);
    let began = Instant::now();
    loop {
        let answer = connection.exchange_in_time(&request).await.with_context(|| format!("GET {path}"))?;
        if answer.status != 503 || began.elapsed() > BREAKER_MAX {
            let body = String::from_utf8_lossy(answer.body);
            ensure!(answer.status == 200, "GET {path} answered {}: {body}", answer.status);
            return serde_json::from_str(&body).with_context(|| format!("GET {path} answered no JSON"));
        }
        tokio::time::sleep(ASK_EVERY).await;
    }
}

impl Closing {
    /// Holds the answers against the log. After them nothing was traded, so the log ends in the same state.
    pub(super) fn compare(&self, markets: &Markets, ledger: &Ledger, findings: &mut Findings) -> Result<()> {
        let expected = ledger.depth(markets, MARKET)?;
        if (&self.depth.bids, &self.depth.asks) != (&expected.bids, &expected.asks) {
            findings.violations.push(format!("the book is {:?}, the log gives {expected:?}", self.depth));
        }
        for ((account, name), (free, reserved)) in &self.balances {
            let (asset, described) = markets.asset(name).with_context(|| format!("an asset {name}"))?;
            let text = |raw: u64| format_decimal(raw.into(), described.decimals);
            let expected =
                ledger.balance(*account, asset).map(|(free, reserved)| (text(free), text(reserved)));
            if expected.as_ref() != Some(&(free.clone(), reserved.clone())) {
                findings.violations.push(format!(
                    "account {account} has {free} and {reserved} reserved of {name}, the log gives {expected:?}"
                ));
            }
        }
        let mut deposited: BTreeMap<AssetId, u64> = BTreeMap::new();
        let accounts: std::collections::BTreeSet<u64> = self.balances.keys().map(|key| key.0).collect();
        for (name, amount) in DEPOSITS {
            let (asset, described) = markets.asset(name).with_context(|| format!("an asset {name}"))?;
            let amount = amount * 10_u64.pow(described.decimals.into()) * accounts.len() as u64;
            deposited.insert(asset, amount);
        }
        if let Err(error) = ledger.conserves(&deposited) {
            findings.violations.push(format!("balances are not conserved: {error}"));
        }
        for (order, found) in &self.history {
            match (found, ledger.orders.get(order)) {
                (Ok(found), Some(placed)) if placed.fate == Fate::Done => {
                    let text = order.to_string();
                    let open = found["status"] == "open" || found["status"] == "partially-filled";
                    if found["id"] != text.as_str() || open != ledger.is_live(*order) {
                        findings.violations.push(format!("order {order} is in the history as {found}"));
                    }
                    findings.found_again += 1;
                }
                // That it is not in the log is told where the log is looked at.
                (Ok(_), _) => {}
                (Err(error), _) => findings.violations.push(format!("order {order} is not found: {error}")),
            }
        }
        Ok(())
    }
}
