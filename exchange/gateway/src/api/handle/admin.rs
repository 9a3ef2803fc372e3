//! What the operator does: open accounts, credit and debit them, halt and kill.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use exchange_types::{AccountId, AssetId, CancelCause, Command, Event, RejectReason, Scope, TradingState};
use serde::{Deserialize, Serialize};

use super::change::cancelled_orders;
use crate::api::answer::{Stamp, check_rejected, json, mark_replayed, state_name};
use crate::api::app::App;
use crate::api::input::{Fields, account, amount, idempotency_key, read_json, state, symbol};
use crate::link::Outcome;
use crate::problem::{Code, Problem};
use crate::upstream::Target;

/// How often another number is tried when somebody else has opened the account with this one.
const OPEN_ATTEMPTS: usize = 8;

#[derive(Deserialize)]
struct Venue {
    accounts: u32,
}

#[derive(Serialize)]
struct OpenedAccount<'a> {
    account: String,
    tier: &'a str,
    #[serde(flatten)]
    stamp: Stamp,
}

/// `POST /v1/admin/accounts`
pub(in crate::api) async fn open_account(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let key = idempotency_key(&parts.headers)?;
    let bytes = read_json(&app.settings, &parts.headers, body).await?;
    let mut fields = Fields::of_json(&bytes)?;
    let number = fields.optional("account", account);
    let tier = fields.optional("tier", |name| tier(&app, name)).unwrap_or(0);
    if key.is_some() && number.is_none() {
        // Another number is another command, and keys are remembered by account.
        fields.error("account", "expected the number, because there is an `Idempotency-Key`");
    }
    fields.finish(Some(()))?;
    let tier_name = app.markets.tiers.get(usize::from(tier)).map_or("", |tier| &tier.name);
    for _ in 0..OPEN_ATTEMPTS {
        let account = match number {
            Some(number) => number,
            None => {
                let path = format!("/internal/venue?at_least={}", app.venue.position());
                AccountId(app.upstreams.get::<Venue>(Target::RiskEngine, &path).await?.accounts)
            }
        };
        let outcome = app.submit(&parts.headers, &Command::OpenAccount { account, tier }, key).await?;
        if number.is_none() && is_taken(&outcome) {
            continue;
        }
        check_rejected(&outcome)?;
        let answer =
            OpenedAccount { account: account.to_string(), tier: tier_name, stamp: Stamp::of(&outcome) };
        return Ok(mark_replayed(json(StatusCode::CREATED, &answer), &outcome));
    }
    Err(Problem::new(Code::BUSY).detail("others open accounts faster").retry_after(1))
}

/// The number of a tier by its name.
fn tier(app: &App, name: &str) -> Result<u8, String> {
    let at = app.markets.tiers.iter().position(|tier| tier.name == name);
    at.and_then(|at| u8::try_from(at).ok()).ok_or_else(|| {
        let names: Vec<&str> = app.markets.tiers.iter().map(|tier| tier.name.as_str()).collect();
        format!("expected one of {}", names.join(", "))
    })
}

fn is_taken(outcome: &Outcome) -> bool {
    let taken = |event: &Event| matches!(event, Event::Rejected { reason: RejectReason::OutOfOrder, .. });
    outcome.events.iter().any(taken)
}

#[derive(Serialize)]
struct Moved<'a> {
    account: String,
    asset: &'a str,
    amount: String,
    #[serde(flatten)]
    stamp: Stamp,
}

/// `POST /v1/admin/deposits`
pub(in crate::api) async fn deposit(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<Response, Problem> {
    let command = |account, asset, amount| Command::Deposit { account, asset, amount };
    move_funds(&app, request, command).await
}

/// `POST /v1/admin/withdrawals`
pub(in crate::api) async fn withdraw(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<Response, Problem> {
    let command = |account, asset, amount| Command::Withdraw { account, asset, amount };
    move_funds(&app, request, command).await
}

async fn move_funds(
    app: &App,
    request: Request,
    command: impl Fn(AccountId, AssetId, exchange_types::Amount) -> Command,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let key = idempotency_key(&parts.headers)?;
    let bytes = read_json(&app.settings, &parts.headers, body).await?;
    let mut fields = Fields::of_json(&bytes)?;
    let account = fields.required("account", account);
    let asset = fields.required("asset", |name| {
        app.markets.asset(name).ok_or_else(|| {
            let names: Vec<&str> = app.markets.assets.iter().map(|asset| asset.name.as_str()).collect();
            format!("expected one of {}", names.join(", "))
        })
    });
    let amount = fields.required("amount", amount(asset.map(|(_, asset)| asset)));
    let read = account.zip(asset).zip(amount);
    let ((account, (number, asset)), amount) = fields.finish(read)?;
    let outcome = app.submit(&parts.headers, &command(account, number, amount), key).await?;
    check_rejected(&outcome)?;
    let answer = Moved {
        account: account.to_string(),
        asset: &asset.name,
        amount: exchange_service::markets::format_decimal(amount.0.into(), asset.decimals),
        stamp: Stamp::of(&outcome),
    };
    Ok(mark_replayed(json(StatusCode::CREATED, &answer), &outcome))
}

#[derive(Serialize)]
struct StateSet {
    scope: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    market: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    state: &'static str,
    /// Orders that ended because of it.
    cancelled: Vec<String>,
    #[serde(flatten)]
    stamp: Stamp,
}

/// `POST /v1/admin/trading-state`
pub(in crate::api) async fn set_trading_state(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let key = idempotency_key(&parts.headers)?;
    let bytes = read_json(&app.settings, &parts.headers, body).await?;
    let (target, state) = read_state(&bytes)?;
    let (scope, market, account) = match target {
        Part::Venue => (Scope::Venue, None, None),
        Part::Instrument(symbol) => (Scope::Instrument(app.market(&symbol)?.id()), Some(symbol), None),
        Part::Account(account) => (Scope::Account(account), None, Some(account.to_string())),
    };
    let outcome = app.submit(&parts.headers, &Command::SetTradingState { scope, state }, key).await?;
    check_rejected(&outcome)?;
    let answer = StateSet {
        scope: match scope {
            Scope::Venue => "venue",
            Scope::Instrument(_) => "instrument",
            Scope::Account(_) => "account",
        },
        market,
        account,
        state: state_name(state),
        cancelled: cancelled_orders(&outcome, |cause| cause == CancelCause::Killed),
        stamp: Stamp::of(&outcome),
    };
    Ok(mark_replayed(json(StatusCode::OK, &answer), &outcome))
}

/// A part of the venue, as it is written.
enum Part {
    Venue,
    Instrument(String),
    Account(AccountId),
}

fn read_state(bytes: &[u8]) -> Result<(Part, TradingState), Problem> {
    let mut fields = Fields::of_json(bytes)?;
    let scope = fields.required("scope", |text| match text {
        "venue" | "instrument" | "account" => Ok(text.to_owned()),
        _ => Err("expected one of `venue`, `instrument`, `account`"),
    });
    let state = fields.required("state", state);
    let part = match scope.as_deref() {
        Some("instrument") => fields.required("market", symbol).map(Part::Instrument),
        Some("account") => fields.required("account", account).map(Part::Account),
        Some(_) => Some(Part::Venue),
        None => {
            // Where the scope is wrong nobody knows which of these belongs there.
            fields.optional("market", symbol);
            fields.optional("account", account);
            None
        }
    };
    fields.finish(part.zip(state))
}
