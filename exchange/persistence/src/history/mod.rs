//! The history: orders, trades, and the answers to commands that may be asked for again.
//!
//! Not responsible for the truth: that is the log. A newcomer needs to know one thing: the history is a fold of outcomes like any
//! other, and it writes its position in the same transaction as what it folded. So it may lose its end at any time, or all of
//! it: it goes on from its position and comes to the same.
//!
//! | file | what is in it |
//! |---|---|
//! | `rows` | an order, a trade, and their columns |
//! | `fold` | from an outcome to rows |
//! | `store` | what a store does, whatever it is |
//! | `embedded`, `postgres` | the two stores |
//! | `follow` | the thread that follows the outcomes |
//! | `routes` | the queries |

mod embedded;
mod error;
mod fold;
mod follow;
mod postgres;
mod routes;
mod rows;
mod store;

pub(crate) use follow::{Follow, History};
pub(crate) use routes::{order, orders, outcome, trades};

/// The part of the service's health that is the history.
pub(crate) const PART: &str = "history";
