//! The door of the exchange: REST and WebSocket, tokens, limits.
//!
//! Not responsible for any decision about an order: it turns text into commands and outcomes into text, and knows no book and no
//! balance. A newcomer needs to know one thing: a command is answered when its outcome comes back ([`link::Venue::submit`]), and
//! outcomes come only of what is durable.

pub mod api;
pub mod auth;
pub mod clock;
pub mod limits;
pub mod link;
mod listing;
pub mod openapi;
pub mod page;
pub mod problem;
mod service;
mod settings;
pub mod stream;
pub mod upstream;

pub use service::Gateway;
pub use settings::Settings;
