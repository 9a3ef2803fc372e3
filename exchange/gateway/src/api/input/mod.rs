//! What clients write: bodies, parameters, headers, and the values in them.
//!
//! Not responsible for what is then done. A newcomer needs to know one thing: everything that is wrong with a request is said at
//! once, field by field; a field that is not known is wrong as well, because it is most likely a known one misspelt.

mod body;
mod fields;
mod header;
mod path;
mod time;
mod value;

pub(super) use body::read_json;
pub(super) use fields::Fields;
pub(super) use header::{check_expiry, idempotency_key};
pub(super) use path::Named;
pub(crate) use time::format_time;
pub(super) use time::parse_time;
pub(super) use value::{
    account, amount, order_id, order_type, price, quantity, self_trade, side, state, status, symbol,
    time_in_force, whole_number,
};
