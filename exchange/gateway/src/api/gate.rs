//! What every request passes before its handler, and what is noted of it after.
//!
//! Not responsible for what a request asks. A newcomer needs to know one thing, the order: the limit of the address, the token, what
//! the route demands, the limit of the class, the time in `X-Request-Expires`; then the handler. Whoever fails one test is answered
//! at once, and nothing behind it has happened.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use exchange_service::http::PeerAddress;
use exchange_service::metrics::{Metrics, SLOW, seconds};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;

use super::app::App;
use super::input::check_expiry;
use super::routes::Route;
use crate::auth::{Identity, bearer};
use crate::limits::{Allowance, Class, Refused};
use crate::problem::{Code, Problem};

/// Who asks, for handlers: an extension of the request.
#[derive(Debug, Clone, Default)]
pub(super) struct Caller(pub(super) Option<Arc<Identity>>);

/// Counts and times requests.
#[derive(Debug, Clone)]
pub struct Meters {
    times: Family<TimeLabels, Histogram, fn() -> Histogram>,
    refused: Family<[(&'static str, &'static str); 1], Counter>,
}

type TimeLabels = [(&'static str, &'static str); 3];

impl Meters {
    /// Meters in this registry.
    #[must_use]
    pub fn new(metrics: &Metrics) -> Self {
        let make: fn() -> Histogram = || Histogram::new(SLOW);
        let times = Family::new_with_constructor(make);
        Self {
            times: metrics.register("request_seconds", "How long requests took, by route and status", times),
            refused: metrics.register(
                "requests_refused",
                "Requests answered with a problem, by its code",
                Family::default(),
            ),
        }
    }

    /// Counts a request that was answered with a problem.
    pub fn refused(&self, code: Code) {
        self.refused.get_or_create(&[("code", code.name)]).inc();
    }
}

/// The gate of one route.
pub(super) struct Gate {
    app: Arc<App>,
    route: &'static Route,
    /// One histogram for each class of status, looked up once.
    times: [Histogram; 5],
}

const STATUS_CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

impl Gate {
    pub(super) fn new(app: &Arc<App>, route: &'static Route) -> Self {
        let method = method_name(&route.method);
        let times = STATUS_CLASSES.map(|status| {
            let labels = [("method", method), ("route", route.path), ("status", status)];
            app.meters.times.get_or_create(&labels).clone()
        });
        Self { app: Arc::clone(app), route, times }
    }

    #[expect(clippy::result_large_err, reason = "the error is the answer")]
    fn admit(&self, request: &mut Request) -> Result<Allowance, Response> {
        let limiter = &self.app.limiter;
        let client = client(&self.app, request);
        let of_address = limiter.admit_peer(client).map_err(Refused::into_response)?;
        let identity = match self.identify(request.headers()) {
            Ok(identity) => identity,
            Err(problem) => return Err(refuse(problem, of_address)),
        };
        let allowance =
            limiter.admit(self.route.class, client, identity.as_deref()).map_err(Refused::into_response)?;
        let passes = check_expiry(request.headers(), self.app.now_ns());
        if let Err(problem) = passes {
            return Err(refuse(problem, allowance));
        }
        request.extensions_mut().insert(Caller(identity));
        Ok(allowance)
    }

    /// Who asks, if they may ask this.
    fn identify(&self, headers: &HeaderMap) -> Result<Option<Arc<Identity>>, Problem> {
        let identity = match bearer(headers)? {
            None => None,
            Some(token) => Some(self.app.verifier.verify(token, self.app.now_ns() / 1_000_000_000)?),
        };
        self.route.access.check(identity.as_deref())?;
        Ok(identity)
    }

    fn note(&self, response: &Response, time: Duration) {
        let status = response.status();
        let class = usize::from(status.as_u16() / 100).clamp(1, 5) - 1;
        self.times[class].observe(seconds(time));
        if let Some(code) = response.extensions().get::<Code>() {
            self.app.meters.refused(*code);
        }
        tracing::debug!(
            method = method_name(&self.route.method),
            route = self.route.path,
            status = status.as_u16(),
            micros = time.as_micros(),
            "answered"
        );
    }
}

/// The address that a request counts for.
fn client(app: &App, request: &Request) -> IpAddr {
    let peer = request.extensions().get::<PeerAddress>().map(|peer| peer.0.ip());
    app.limiter.client(peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)), request.headers())
}

fn refuse(problem: Problem, allowance: Allowance) -> Response {
    let mut response = problem.into_response();
    allowance.write(response.headers_mut());
    response
}

/// The middleware of a route.
pub(super) async fn pass(State(gate): State<Arc<Gate>>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let response = match gate.admit(&mut request) {
        Err(refusal) => refusal,
        Ok(allowance) => {
            let mut response = next.run(request).await;
            allowance.write(response.headers_mut());
            response
        }
    };
    gate.note(&response, started.elapsed());
    response
}

/// The middleware of the page, which is no route of the table: whoever looks at it shows no token.
pub(super) async fn pass_page(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let client = client(&app, &request);
    let limiter = &app.limiter;
    let admitted = limiter.admit_peer(client).and_then(|_| limiter.admit(Class::MarketData, client, None));
    match admitted {
        Err(refused) => refused_outside(&app, refused),
        Ok(allowance) => {
            let mut response = next.run(request).await;
            allowance.write(response.headers_mut());
            response
        }
    }
}

/// What is answered where there is nothing: it takes a token of the address all the same.
pub(super) fn nothing_there(app: &App, request: &Request, code: Code) -> Response {
    match app.limiter.admit_peer(client(app, request)) {
        Err(refused) => refused_outside(app, refused),
        Ok(allowance) => {
            app.meters.refused(code);
            refuse(Problem::new(code), allowance)
        }
    }
}

fn refused_outside(app: &App, refused: Refused) -> Response {
    app.meters.refused(refused.problem.code);
    refused.into_response()
}

fn method_name(method: &Method) -> &'static str {
    match method.as_str() {
        "POST" => "POST",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        _ => "GET",
    }
}
