//! What was promised, held against what happened.

use std::collections::HashSet;

use exchange_types::Side;
use sha2::{Digest, Sha256};

use super::ledger::{Fate, Ledger};
use super::record::{Answered, Asked, Request};
use crate::client::api::uuid;

/// Units of the base asset's last decimal in the ten-thousandths that quantities are counted in here; the same for cents.
const SCALE: u64 = 10_000;

/// The key as it stands in the log: the first half of the SHA-256 of what the client wrote.
pub(super) fn journaled(key: u128) -> u128 {
    let hash = Sha256::digest(uuid(key));
    let (half, _) = hash.split_first_chunk::<16>().expect("a SHA-256 has 32 bytes");
    u128::from_be_bytes(*half)
}

/// How many violations of one kind are told; the others are counted.
pub(super) const TOLD_MAX: usize = 20;

/// Everything that is not as promised.
pub(super) fn violations(requests: &[Request], ledger: &Ledger) -> Vec<String> {
    let mut found = Vec::new();
    let mut asked_for = HashSet::new();
    for request in requests {
        if let Asked::Order { quantity, .. } = request.asked {
            asked_for.insert((request.account, quantity * SCALE));
        }
        if let Err(what) = check(request, ledger) {
            found.push(format!("{what}: {request}"));
        }
    }
    for (position, placed) in &ledger.orders {
        let account = u64::from(placed.order.account.0);
        if !asked_for.contains(&(account, placed.order.quantity.0)) {
            found
                .push(format!("order {position} of account {account} is in the log and nobody asked for it"));
        }
    }
    found
}

fn check(request: &Request, ledger: &Ledger) -> Result<(), String> {
    match request.key {
        Some(key) => check_keyed(request, ledger.with_key(journaled(key)), ledger)?,
        None => check_unkeyed(request, ledger)?,
    }
    match (request.asked, &request.answered) {
        (Asked::Cancel { order }, Answered::Done { .. }) if ledger.is_live(order) => {
            Err("the order rests although its cancel was acknowledged".into())
        }
        _ => Ok(()),
    }
}

/// Sent as often as it took: carried out once.
fn check_keyed(request: &Request, under_key: &[(u64, Fate)], ledger: &Ledger) -> Result<(), String> {
    let executed: Vec<(u64, Fate)> =
        under_key.iter().copied().filter(|(_, fate)| !matches!(fate, Fate::Repeated(_))).collect();
    if executed.len() > 1 {
        return Err(format!("executed {} times, at {executed:?}", executed.len()));
    }
    if under_key.len() > request.sent as usize {
        return Err(format!("sent {} times, in the log {} times", request.sent, under_key.len()));
    }
    let first = executed.first();
    if let Some((_, Fate::Repeated(original))) = under_key.iter().find(
        |(_, fate)| matches!(fate, Fate::Repeated(original) if Some(original.0) != first.map(|first| first.0)),
    ) {
        return Err(format!("taken for a repetition of {original}, which is something else"));
    }
    match (&request.answered, first) {
        (Answered::Done { order }, Some((position, Fate::Done))) => match request.asked {
            Asked::Order { .. } if order != position => Err(format!("its order is {position}")),
            Asked::Order { .. } => same(request, *position, ledger),
            Asked::Cancel { .. } => Ok(()),
        },
        (Answered::Done { .. }, found) => Err(format!("acknowledged and lost: the log has {found:?}")),
        (Answered::Rejected { code }, Some((_, fate))) => rejected(code, *fate),
        (Answered::NotTaken { .. } | Answered::Unknown { .. }, _) => Err("never answered".into()),
        (Answered::Rejected { .. }, None) => Ok(()),
    }
}

/// Sent once: carried out at most once, and exactly once if anybody said so.
fn check_unkeyed(request: &Request, ledger: &Ledger) -> Result<(), String> {
    let Asked::Order { quantity, .. } = request.asked else { return Ok(()) };
    let positions = ledger.with_quantity(request.account, quantity * SCALE);
    if positions.len() > 1 {
        return Err(format!("executed {} times, at {positions:?}", positions.len()));
    }
    let found = positions.first().and_then(|position| Some((*position, ledger.orders.get(position)?.fate)));
    match (&request.answered, found) {
        (Answered::Done { order }, Some((position, Fate::Done))) if *order == position => {
            same(request, position, ledger)
        }
        (Answered::Done { .. }, found) => Err(format!("acknowledged and lost: the log has {found:?}")),
        (Answered::Rejected { code }, Some((_, fate))) => rejected(code, fate),
        (Answered::NotTaken { .. }, Some(found)) => {
            Err(format!("the gateway said that nothing was done, the log has {found:?}"))
        }
        (Answered::Unknown { .. }, _) | (_, None) => Ok(()),
    }
}

fn rejected(code: &str, fate: Fate) -> Result<(), String> {
    match fate {
        Fate::Rejected(reason) if reason.name() == code || code.starts_with("unknown-") => Ok(()),
        fate => Err(format!("answered as rejected, the log has {fate:?}")),
    }
}

/// The order in the log is the one that was asked for.
fn same(request: &Request, position: u64, ledger: &Ledger) -> Result<(), String> {
    let Some(placed) = ledger.orders.get(&position) else {
        return Err(format!("acknowledged as {position}, which is no order"));
    };
    let Asked::Order { buys, price_cents, quantity } = request.asked else { return Ok(()) };
    let order = &placed.order;
    let side = if buys { Side::Buy } else { Side::Sell };
    let same = u64::from(order.account.0) == request.account
        && order.side == side
        && order.price.0 == price_cents * SCALE
        && order.quantity.0 == quantity * SCALE
        && placed.key == request.key.map(journaled);
    if same { Ok(()) } else { Err(format!("acknowledged as {position}, which is another order: {order:?}")) }
}
