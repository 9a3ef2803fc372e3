//! REST: what is asked over HTTP, and what is answered.
//!
//! Not responsible for carrying anything out. A newcomer needs to know one thing: every route stands in one table with the class
//! of its limits and what it demands of a token, and every request goes through one gate before its handler sees it.

mod answer;
mod app;
mod gate;
mod handle;
mod input;
mod places;
mod router;
mod routes;

pub(crate) use answer::{cause_name, side_name};
pub use app::{ApiSettings, App};
pub use gate::Meters;
pub use handle::history::LIMIT_MAX;
pub use handle::markets::{CANDLES_MAX, DEPTH_MAX, INTERVALS, TRADES_MAX};
pub(crate) use input::format_time;
pub use places::Places;
pub use router::router;
pub use routes::{ROUTES, Route};
