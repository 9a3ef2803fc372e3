//! Accounts: balances from the risk engine, orders and trades from the history.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use exchange_service::markets::format_decimal;
use exchange_types::AccountId;
use serde::{Deserialize, Serialize};

use super::caller;
use crate::api::answer::json;
use crate::api::app::App;
use crate::api::input::{Fields, Named, account};
use crate::problem::{Code, Problem};
use crate::upstream::{Target, UpstreamError};

#[derive(Deserialize)]
struct Found {
    sequence: u64,
    tier: u8,
    state: String,
    balances: Vec<FoundBalance>,
}

#[derive(Deserialize)]
struct FoundBalance {
    asset: u32,
    free: u64,
    reserved: u64,
}

#[derive(Serialize)]
struct Answer<'a> {
    account: String,
    tier: &'a str,
    state: &'a str,
    balances: Vec<Balance<'a>>,
    /// The last command that this shows.
    sequence: String,
}

#[derive(Serialize)]
struct Balance<'a> {
    asset: &'a str,
    total: String,
    available: String,
    reserved: String,
}

/// `GET /v1/accounts/{id}`
pub(in crate::api) async fn one(
    State(app): State<Arc<App>>,
    Named(id): Named,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    Fields::of_query(parts.uri.query()).finish(Some(()))?;
    let account = readable_account(&parts, &id)?;
    let path = format!("/internal/accounts/{account}?at_least={}", app.venue.position());
    let found: Found = match app.upstreams.get(Target::RiskEngine, &path).await {
        Err(UpstreamError::Refused { status: StatusCode::NOT_FOUND, .. }) => {
            return Err(Problem::new(Code::UNKNOWN_ACCOUNT));
        }
        found => found?,
    };
    let tier = app.markets.tiers.get(usize::from(found.tier)).map(|tier| tier.name.as_str());
    let balances: Option<Vec<Balance<'_>>> =
        found.balances.iter().map(|balance| balance.render(&app)).collect();
    let (Some(tier), Some(balances)) = (tier, balances) else {
        tracing::error!("the venue has tiers or assets that the markets file does not have");
        return Err(Problem::new(Code::BAD_UPSTREAM));
    };
    let answer = Answer {
        account: account.to_string(),
        tier,
        state: &found.state,
        balances,
        sequence: found.sequence.to_string(),
    };
    Ok(json(StatusCode::OK, &answer))
}

impl FoundBalance {
    fn render<'app>(&self, app: &'app App) -> Option<Balance<'app>> {
        let asset = app.markets.assets.get(self.asset as usize)?;
        let text = |amount: u128| format_decimal(amount, asset.decimals);
        Some(Balance {
            asset: &asset.name,
            total: text(u128::from(self.free) + u128::from(self.reserved)),
            available: text(self.free.into()),
            reserved: text(self.reserved.into()),
        })
    }
}

/// The account that the path names, if whoever asks may see it.
pub(super) fn readable_account(parts: &Parts, id: &str) -> Result<AccountId, Problem> {
    let account = account(id).map_err(|problem| Problem::invalid_field("id", problem))?;
    let caller = caller(parts)?;
    if caller.is_admin() || caller.account == Some(account) {
        Ok(account)
    } else {
        Err(Problem::new(Code::ACCOUNT_FORBIDDEN))
    }
}
