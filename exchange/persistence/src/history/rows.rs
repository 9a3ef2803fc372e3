//! An order and a trade as the history has them.
//!
//! Every column is a whole number of 64 bits, in both stores: enums by their number, numbers without a sign by their bits.

use exchange_types::{CancelCause, NewOrder, OrderType, RejectReason, Side, TimeInForce};
use serde_json::{Value, json};

use super::error::StoreError;

/// How an order is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// It rests, or is being matched.
    Open = 0,
    /// All of it traded.
    Filled = 1,
    /// The rest of it ended without trading.
    Cancelled = 2,
    /// It never was one.
    Rejected = 3,
}

macro_rules! columns {
    ($(#[$doc:meta])* $type:ident, $count:literal { $($(#[$field_doc:meta])* $field:ident,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        pub(crate) struct $type {
            $($(#[$field_doc])* pub(crate) $field: u64,)+
        }

        impl $type {
            /// The names of all columns, in their order.
            pub(crate) const COLUMNS: [&'static str; $count] = [$(stringify!($field)),+];

            /// All columns.
            pub(crate) fn columns(&self) -> [i64; $count] {
                [$(self.$field.cast_signed()),+]
            }

            /// The row with these columns.
            pub(crate) fn from_columns(columns: [i64; $count]) -> Self {
                let [$($field),+] = columns;
                Self { $($field: $field.cast_unsigned()),+ }
            }

            /// The row as bytes.
            pub(crate) fn encode(&self) -> Vec<u8> {
                self.columns().iter().flat_map(|column| column.to_le_bytes()).collect()
            }

            /// The row that these bytes are.
            pub(crate) fn decode(bytes: &[u8]) -> Result<Self, StoreError> {
                let mut columns = [0; $count];
                let (words, rest) = bytes.as_chunks::<8>();
                if words.len() != $count || !rest.is_empty() {
                    let reason = format!("found a row of {} bytes, expected {}", bytes.len(), 8 * $count);
                    return Err(StoreError::Damaged { reason });
                }
                for (column, word) in columns.iter_mut().zip(words) {
                    *column = i64::from_le_bytes(*word);
                }
                Ok(Self::from_columns(columns))
            }
        }
    };
}

columns! {
    /// An order.
    OrderRow, 23 {
        /// Its id.
        order_id,
        /// Whose.
        account,
        /// Where.
        instrument,
        /// One while it lives.
        open,
        /// See [`Status`].
        status,
        /// 0 buy, 1 sell.
        side,
        /// 0 limit, 1 market, 2 post-only.
        order_type,
        /// 0 GTC, 1 IOC, 2 FOK, 3 GTD.
        time_in_force,
        /// As submitted, in the unit of the command; zero in a market order.
        price,
        /// The same in ticks.
        price_ticks,
        /// As submitted, in the unit of the command.
        quantity,
        /// The same in lots.
        quantity_lots,
        /// What has traded.
        filled_lots,
        /// What has not, as far as it can still, or could when it ended.
        remaining_lots,
        /// Ticks times lots over all fills. Bound: 2^32 lots at 2^32 ticks.
        filled_notional,
        /// When a GTD order ends; zero in all others.
        expires_at,
        /// The order that it took the place of; zero: none.
        replaces,
        /// Why it ended without trading: the number of the cause and one; zero: it did not.
        cancelled_by,
        /// The code of the reason; zero: it was not rejected.
        rejected_by,
        /// The command that made it.
        sequence,
        /// When that was.
        time,
        /// The last command that changed it.
        updated_sequence,
        /// When that was.
        updated_time,
    }
}

columns! {
    /// A trade as one of its two accounts sees it.
    TradeRow, 10 {
        /// Whose.
        account,
        /// The number of the event.
        trade,
        /// Where.
        instrument,
        /// The account's order.
        order_id,
        /// Which way the account traded: 0 buy, 1 sell.
        side,
        /// 0 maker, 1 taker.
        role,
        /// The price.
        price_ticks,
        /// How much.
        quantity_lots,
        /// The command that made it.
        sequence,
        /// When.
        time,
    }
}

const SIDES: [&str; 2] = ["buy", "sell"];
const ROLES: [&str; 2] = ["maker", "taker"];
const TYPES: [&str; 3] = ["limit", "market", "post-only"];
const TIMES_IN_FORCE: [&str; 4] = ["gtc", "ioc", "fok", "gtd"];
const CAUSES: [&str; 8] =
    ["requested", "mass-cancel", "replaced", "reduced", "immediate", "self-trade", "expired", "killed"];

/// The name of a number; what is stored is checked when it is written.
fn name(names: &[&'static str], number: u64) -> &'static str {
    usize::try_from(number).ok().and_then(|number| names.get(number)).copied().unwrap_or("unknown")
}

fn some(number: u64) -> Option<u64> {
    (number != 0).then_some(number)
}

impl OrderRow {
    /// The order of a command, with nothing traded yet. `steps` are tick and lot, where the instrument is known.
    pub(super) fn new(order: &NewOrder, sequence: u64, time: u64, steps: Option<(u64, u64)>) -> Self {
        let (tick, lot) = steps.unwrap_or((0, 0));
        let lots = order.quantity.0.checked_div(lot).unwrap_or(0);
        Self {
            order_id: order.order.0,
            account: order.account.0.into(),
            instrument: order.instrument.0.into(),
            open: 1,
            status: Status::Open as u64,
            side: order.side as u64,
            order_type: order.order_type as u64,
            time_in_force: order.time_in_force as u64,
            price: order.price.0,
            price_ticks: order.price.0.checked_div(tick).unwrap_or(0),
            quantity: order.quantity.0,
            quantity_lots: lots,
            remaining_lots: lots,
            expires_at: order.expires_at.0,
            sequence,
            time,
            updated_sequence: sequence,
            updated_time: time,
            ..Self::default()
        }
    }

    pub(super) fn end(&mut self, status: Status) {
        self.open = 0;
        self.status = status as u64;
    }

    pub(super) fn cancel(&mut self, cause: CancelCause) {
        self.end(Status::Cancelled);
        self.cancelled_by = cause as u64 + 1;
    }

    pub(super) fn reject(&mut self, reason: RejectReason) {
        self.end(Status::Rejected);
        self.rejected_by = reason.code().into();
    }

    fn status_name(&self) -> &'static str {
        match self.status {
            0 if self.filled_lots > 0 => "partially-filled",
            0 => "open",
            1 => "filled",
            2 => "cancelled",
            3 => "rejected",
            _ => "unknown",
        }
    }

    /// As the gateway reads it.
    pub(super) fn json(&self) -> Value {
        let reason = u16::try_from(self.rejected_by).ok().and_then(RejectReason::from_code);
        json!({
            "order": self.order_id,
            "account": self.account,
            "instrument": self.instrument,
            "side": name(&SIDES, self.side),
            "type": name(&TYPES, self.order_type),
            "time_in_force": name(&TIMES_IN_FORCE, self.time_in_force),
            "status": self.status_name(),
            "price": self.price,
            "price_ticks": self.price_ticks,
            "quantity": self.quantity,
            "quantity_lots": self.quantity_lots,
            "filled_lots": self.filled_lots,
            "remaining_lots": self.remaining_lots,
            "filled_notional": self.filled_notional,
            "cancel_cause": some(self.cancelled_by).map(|cause| name(&CAUSES, cause - 1)),
            "reject_reason": reason.map(RejectReason::name),
            "expires_at": self.expires_at,
            "replaces": some(self.replaces),
            "sequence": self.sequence,
            "time": self.time,
            "updated_sequence": self.updated_sequence,
            "updated_time": self.updated_time,
        })
    }
}

impl TradeRow {
    /// As the gateway reads it.
    pub(super) fn json(&self) -> Value {
        json!({
            "trade": self.trade,
            "account": self.account,
            "instrument": self.instrument,
            "order": self.order_id,
            "side": name(&SIDES, self.side),
            "role": name(&ROLES, self.role),
            "price_ticks": self.price_ticks,
            "quantity_lots": self.quantity_lots,
            "sequence": self.sequence,
            "time": self.time,
        })
    }
}

// The names above stand where the numbers say.
const _: () = assert!(
    Side::Sell as usize == 1
        && OrderType::PostOnly as usize == 2
        && TimeInForce::Gtd as usize == 3
        && CancelCause::Killed as usize == 7
);
