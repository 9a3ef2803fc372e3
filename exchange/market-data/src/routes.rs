//! Requests: what is asked, read strictly, and the stream.
//!
//! Not responsible for the answers. A newcomer needs to know one thing: every answer carries `x-position`, the number of the last
//! message that was told before it was made, so that whoever follows the stream knows which messages come after.

use std::time::Duration;

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use exchange_core::feed::{Interval, RECENT_TRADES_MAX};
use exchange_service::net::{self, Upgrade, serve_ring};
use tokio::sync::{mpsc, oneshot};

use crate::answer::{Ask, Topic};
use crate::json;
use crate::meters::Meters;
use crate::owner::Question;
use crate::problem::Problem;

/// The path of the list of markets; those of one market are below it.
pub const MARKETS: &str = "/internal/markets";

/// Levels of each side that a request gets which does not say how many.
const DEPTH_DEFAULT: usize = 100;
/// Levels of each side at most, where a number is given: an answer of half a megabyte.
const DEPTH_MAX: usize = 10_000;
/// Instead of a number: every level, which whoever wants to follow the depth needs to begin with.
const DEPTH_ALL: &str = "all";
/// Trades that a request gets which does not say how many.
const TRADES_DEFAULT: usize = 100;
/// Candles that a request gets which does not say how many.
const CANDLES_DEFAULT: usize = 500;
/// Candles at most: the longest history, and the open one.
const CANDLES_MAX: usize = Interval::Second.history_max() + 1;

/// Questions that wait for the owner of the feed. **When there are as many, a request waits for its place.**
pub(crate) const QUESTIONS_MAX: usize = 256;

/// What the handlers need.
#[derive(Debug, Clone)]
pub(crate) struct Desk {
    pub(crate) questions: mpsc::Sender<Question>,
    pub(crate) meters: Meters,
}

/// The paths of this service.
pub(crate) fn routes(desk: Desk) -> Router {
    Router::new()
        .route(MARKETS, get(markets))
        .route("/internal/markets/{symbol}", get(overview))
        .route("/internal/markets/{symbol}/depth", get(depth))
        .route("/internal/markets/{symbol}/trades", get(trades))
        .route("/internal/markets/{symbol}/candles", get(candles))
        .route(net::FEED, get(feed))
        .with_state(desk)
}

/// What is answered where there is no route.
pub(crate) fn with_fallbacks(router: Router) -> Router {
    router
        .fallback(|| async { Problem::NotFound })
        .method_not_allowed_fallback(|| async { Problem::MethodNotAllowed })
}

/// The symbol in the path; an error where its percent signs make no text.
type Symbol = Result<Path<String>, PathRejection>;

async fn markets(State(desk): State<Desk>, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    desk.counted();
    read(query.as_deref(), [])?;
    desk.ask(Ask::Markets).await
}

async fn overview(
    State(desk): State<Desk>,
    symbol: Symbol,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    desk.counted();
    read(query.as_deref(), [])?;
    desk.ask_market(symbol, Topic::Overview).await
}

async fn depth(
    State(desk): State<Desk>,
    symbol: Symbol,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    desk.counted();
    let [wanted] = read(query.as_deref(), ["limit"])?;
    let levels = match wanted {
        Some(DEPTH_ALL) => usize::MAX,
        wanted => limit(wanted, DEPTH_DEFAULT, DEPTH_MAX)?,
    };
    desk.ask_market(symbol, Topic::Depth { levels }).await
}

async fn trades(
    State(desk): State<Desk>,
    symbol: Symbol,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    desk.counted();
    let [wanted] = read(query.as_deref(), ["limit"])?;
    let limit = limit(wanted, TRADES_DEFAULT, RECENT_TRADES_MAX)?;
    desk.ask_market(symbol, Topic::Trades { limit }).await
}

async fn candles(
    State(desk): State<Desk>,
    symbol: Symbol,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    desk.counted();
    let [wanted, interval] = read(query.as_deref(), ["limit", "interval"])?;
    let interval = match interval {
        None => Interval::Minute,
        Some(name) => json::interval(name).ok_or_else(|| Problem::InvalidInterval(shown(name)))?,
    };
    let limit = limit(wanted, CANDLES_DEFAULT, CANDLES_MAX)?;
    desk.ask_market(symbol, Topic::Candles { interval, limit }).await
}

/// The stream: items whose body is the instrument (`u32`, little-endian), the [`Channel`](crate::Channel), and the message.
async fn feed(
    State(desk): State<Desk>,
    RawQuery(query): RawQuery,
    upgrade: Upgrade,
) -> Result<Response, Problem> {
    let [after, linger] = read(query.as_deref(), ["after", "linger_us"])?;
    let number = |text: Option<&str>| match text {
        None => Ok(None),
        Some(text) => text
            .parse::<u64>()
            .map(Some)
            .map_err(|_| Problem::InvalidQuery(format!("found `{}`, expected a whole number", shown(text)))),
    };
    let (after, linger_us) = (number(after)?, number(linger)?.unwrap_or(0));
    let (to, source) = oneshot::channel();
    desk.questions.send(Question::Follow(to)).await.map_err(|_| Problem::NotReady)?;
    let source = source.await.map_err(|_| Problem::NotReady)?;
    let (position, oldest) = (source.position(), source.oldest());
    let after = after.unwrap_or(position);
    // A place ahead of the last message is one of another run, as one before the oldest is.
    if after > position || after + 1 < oldest {
        return Err(Problem::NotKept { oldest });
    }
    let subscriber = Subscriber::new(desk.meters);
    let reader = source.reader(after);
    Ok(upgrade.accept(position, 0, move |link| async move {
        let ended = serve_ring(reader, link, Duration::from_micros(linger_us)).await;
        drop(subscriber);
        ended
    }))
}

/// Counts a connection as long as there is one.
struct Subscriber(Meters);

impl Subscriber {
    fn new(meters: Meters) -> Self {
        meters.subscribers.inc();
        Self(meters)
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        self.0.subscribers.dec();
    }
}

impl Desk {
    fn counted(&self) {
        self.meters.requests.inc();
    }

    async fn ask_market(&self, symbol: Symbol, topic: Topic) -> Result<Response, Problem> {
        let Path(symbol) = symbol.map_err(|_| Problem::UnknownMarket("%".into()))?;
        self.ask(Ask::Market { symbol, topic }).await
    }

    async fn ask(&self, ask: Ask) -> Result<Response, Problem> {
        let unknown = match &ask {
            Ask::Markets => Problem::NotFound,
            Ask::Market { symbol, .. } => Problem::UnknownMarket(shown(symbol)),
        };
        let (to, answer) = oneshot::channel();
        self.questions.send(Question::Ask(ask, to)).await.map_err(|_| Problem::NotReady)?;
        let (body, position) = answer.await.map_err(|_| Problem::NotReady)?.ok_or(unknown)?;
        let headers = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
        Ok((headers, [(net::POSITION, HeaderValue::from(position))], body).into_response())
    }
}

/// The values of these parameters. No other may stand there, and none twice. Values that are allowed need no percent sign, so
/// none is decoded.
fn read<'query, const N: usize>(
    query: Option<&'query str>,
    names: [&str; N],
) -> Result<[Option<&'query str>; N], Problem> {
    let mut values = [None; N];
    for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let Some(at) = names.iter().position(|known| *known == name) else {
            return Err(Problem::InvalidQuery(format!("found the parameter `{}`", shown(name))));
        };
        if values[at].replace(value).is_some() {
            return Err(Problem::InvalidQuery(format!("found the parameter `{name}` twice")));
        }
    }
    Ok(values)
}

fn limit(wanted: Option<&str>, default: usize, max: usize) -> Result<usize, Problem> {
    let Some(text) = wanted else { return Ok(default) };
    // `parse` would take a plus sign.
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|number| digits && (1..=max).contains(number));
    number.ok_or_else(|| Problem::InvalidLimit { found: shown(text), max })
}

/// A text of a client, fit to be shown: not long, and without control characters.
fn shown(text: &str) -> String {
    const SHOWN_CHARACTERS: usize = 40;
    text.chars().take(SHOWN_CHARACTERS).flat_map(char::escape_debug).collect()
}
