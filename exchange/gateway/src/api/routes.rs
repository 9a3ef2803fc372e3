//! The table of routes.

use axum::http::Method;

use crate::auth::Access;
use crate::limits::Class;

/// Something that can be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// How.
    pub method: Method,
    /// Where, in the notation of OpenAPI.
    pub path: &'static str,
    /// What it is counted with.
    pub class: Class,
    /// What it demands of whoever asks.
    pub access: Access,
}

const fn route(method: Method, path: &'static str, class: Class, access: Access) -> Route {
    Route { method, path, class, access }
}

/// Every route that goes through the gate. The router is built from it, and the OpenAPI document is compared with it.
pub static ROUTES: [Route; 19] = [
    route(Method::POST, "/v1/orders", Class::Orders, Access::Trade),
    route(Method::GET, "/v1/orders", Class::Account, Access::Read),
    route(Method::DELETE, "/v1/orders", Class::Cancels, Access::Trade),
    route(Method::GET, "/v1/orders/{id}", Class::Account, Access::Read),
    route(Method::PATCH, "/v1/orders/{id}", Class::Orders, Access::Trade),
    route(Method::DELETE, "/v1/orders/{id}", Class::Cancels, Access::Trade),
    route(Method::GET, "/v1/accounts/{id}", Class::Account, Access::Read),
    route(Method::GET, "/v1/accounts/{id}/trades", Class::Account, Access::Read),
    route(Method::GET, "/v1/markets", Class::MarketData, Access::Public),
    route(Method::GET, "/v1/markets/{symbol}", Class::MarketData, Access::Public),
    route(Method::GET, "/v1/markets/{symbol}/depth", Class::MarketData, Access::Public),
    route(Method::GET, "/v1/markets/{symbol}/trades", Class::MarketData, Access::Public),
    route(Method::GET, "/v1/markets/{symbol}/candles", Class::MarketData, Access::Public),
    route(Method::POST, "/v1/admin/accounts", Class::Admin, Access::Admin),
    route(Method::POST, "/v1/admin/deposits", Class::Admin, Access::Admin),
    route(Method::POST, "/v1/admin/withdrawals", Class::Withdrawals, Access::Admin),
    route(Method::POST, "/v1/admin/trading-state", Class::Admin, Access::Admin),
    route(Method::GET, "/v1/stream", Class::MarketData, Access::Public),
    route(Method::GET, "/openapi.json", Class::MarketData, Access::Public),
];
