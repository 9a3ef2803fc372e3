//! Keys, tokens, accounts and their money: what there must be before anybody trades.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::keys::Keys;
use super::services::Venue;
use crate::client::{Connection, Target, Trader};

/// What every account gets, in whole units: enough for any run.
pub const DEPOSITS: [(&str, u64); 2] = [("BTC", 1_000_000), ("USD", 1_000_000_000)];

/// The tier of the accounts: one whose limits nobody meets.
const TIER: &str = "unlimited";

impl Venue {
    /// Opens accounts and gives each its money, as an operator does.
    ///
    /// # Errors
    /// When the gateway does not do it.
    pub fn open_accounts(&self, count: usize) -> Result<Vec<Trader>> {
        open_accounts(&self.gateway()?, self.keys(), count)
    }
}

/// As [`Venue::open_accounts`], at any gateway that believes these keys.
///
/// # Errors
/// When the gateway does not do it.
pub fn open_accounts(gateway: &Target, keys: &Keys, count: usize) -> Result<Vec<Trader>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let operator = Trader::new(gateway, u64::MAX, Some(&keys.operator_token()?));
        let mut connection = Connection::new(gateway.clone());
        let mut traders = Vec::new();
        for _ in 0..count {
            let body = format!(r#"{{"tier":"{TIER}"}}"#);
            let opened = post(&mut connection, &operator, "/v1/admin/accounts", &body).await?;
            let account: u64 = opened["account"].as_str().context("the answer has no `account`")?.parse()?;
            for (asset, amount) in DEPOSITS {
                let body = format!(r#"{{"account":"{account}","asset":"{asset}","amount":"{amount}"}}"#);
                post(&mut connection, &operator, "/v1/admin/deposits", &body).await?;
            }
            traders.push(Trader::new(gateway, account, Some(&keys.token(account)?)));
        }
        Ok(traders)
    })
}

async fn post(connection: &mut Connection, trader: &Trader, path: &str, body: &str) -> Result<Value> {
    let mut request = Vec::new();
    trader.send("POST", path, None, body, &mut request);
    let answer = connection.exchange_in_time(&request).await.with_context(|| format!("POST {path}"))?;
    let text = String::from_utf8_lossy(answer.body);
    ensure!(matches!(answer.status, 200..=299), "POST {path} answered {}: {text}", answer.status);
    serde_json::from_str(&text).with_context(|| format!("POST {path} answered no JSON"))
}
