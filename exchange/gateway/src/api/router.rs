//! Which handler answers what.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::handler::Handler;
use axum::http::Method;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodFilter, on};

use super::app::App;
use super::gate::{Gate, nothing_there, pass, pass_page};
use super::handle::{accounts, admin, change, history, markets, orders};
use super::routes::ROUTES;
use crate::problem::Code;

/// Everything under `/v1`, the OpenAPI document, the stream and the page.
pub fn router(app: Arc<App>) -> Router {
    let router = Routes { app: Arc::clone(&app), router: Router::new() }
        .add(Method::POST, "/v1/orders", orders::submit)
        .add(Method::GET, "/v1/orders", history::orders)
        .add(Method::DELETE, "/v1/orders", change::mass_cancel)
        .add(Method::GET, "/v1/orders/{id}", history::order)
        .add(Method::PATCH, "/v1/orders/{id}", change::change)
        .add(Method::DELETE, "/v1/orders/{id}", change::cancel)
        .add(Method::GET, "/v1/accounts/{id}", accounts::one)
        .add(Method::GET, "/v1/accounts/{id}/trades", history::trades)
        .add(Method::GET, "/v1/markets", markets::list)
        .add(Method::GET, "/v1/markets/{symbol}", markets::one)
        .add(Method::GET, "/v1/markets/{symbol}/depth", markets::depth)
        .add(Method::GET, "/v1/markets/{symbol}/trades", markets::trades)
        .add(Method::GET, "/v1/markets/{symbol}/candles", markets::candles)
        .add(Method::POST, "/v1/admin/accounts", admin::open_account)
        .add(Method::POST, "/v1/admin/deposits", admin::deposit)
        .add(Method::POST, "/v1/admin/withdrawals", admin::withdraw)
        .add(Method::POST, "/v1/admin/trading-state", admin::set_trading_state)
        .add(Method::GET, "/openapi.json", crate::openapi::answer)
        .router;
    let page = crate::page::routes().route_layer(from_fn_with_state(Arc::clone(&app), pass_page));
    router
        .merge(crate::stream::routes(&app))
        .merge(page)
        .fallback(async |State(app): State<Arc<App>>, request: Request| {
            nothing_there(&app, &request, Code::NOT_FOUND)
        })
        .method_not_allowed_fallback(async |State(app): State<Arc<App>>, request: Request| {
            nothing_there(&app, &request, Code::METHOD_NOT_ALLOWED)
        })
        .with_state(app)
}

struct Routes {
    app: Arc<App>,
    router: Router<Arc<App>>,
}

impl Routes {
    /// Adds a handler behind its gate.
    fn add<H, T>(mut self, method: Method, path: &'static str, handler: H) -> Self
    where
        H: Handler<T, Arc<App>>,
        T: 'static,
    {
        let route = ROUTES.iter().find(|route| route.method == method && route.path == path);
        let route = route.expect("a handler is that of a route in the table");
        let filter = MethodFilter::try_from(method).expect("the table has methods of HTTP");
        let gate = Arc::new(Gate::new(&self.app, route));
        self.router =
            self.router.route(path, on(filter, handler).route_layer(from_fn_with_state(gate, pass)));
        self
    }
}
