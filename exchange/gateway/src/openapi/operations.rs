//! What is said of each route.

use axum::http::Method;
use serde_json::{Value, json};

use super::operations_public;
use crate::api::{LIMIT_MAX, ROUTES, Route};
use crate::auth::Access;
use crate::problem::{Code, REJECT_CODES};

/// One operation.
pub(super) struct Operation {
    pub(super) route: &'static Route,
    pub(super) id: &'static str,
    pub(super) tag: &'static str,
    pub(super) summary: &'static str,
    pub(super) description: &'static str,
    pub(super) parameters: Vec<Value>,
    /// The schema of its body.
    pub(super) body: Option<&'static str>,
    pub(super) answer: Answer,
    /// It submits a command.
    pub(super) is_command: bool,
    /// Codes that follow neither from its form nor from its submitting a command.
    pub(super) further: &'static [Code],
}

/// The answer when all is well.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) description: &'static str,
    pub(super) schema: Option<&'static str>,
    pub(super) headers: &'static [&'static str],
}

/// Any request may be refused like this.
const OF_ALL: [Code; 15] = [
    Code::INVALID_REQUEST,
    Code::HEADER_TIMEOUT,
    Code::TOKEN_MALFORMED,
    Code::TOKEN_ALGORITHM,
    Code::TOKEN_SIGNATURE,
    Code::TOKEN_ISSUER,
    Code::TOKEN_AUDIENCE,
    Code::TOKEN_EXPIRED,
    Code::TOKEN_LIFETIME,
    Code::TOKEN_NOT_YET_VALID,
    Code::STALE_REQUEST,
    Code::RATE_LIMITED,
    Code::NOT_FOUND,
    Code::METHOD_NOT_ALLOWED,
    Code::INTERNAL,
];

const WITH_TOKEN: [Code; 3] = [Code::TOKEN_MISSING, Code::SCOPE_MISSING, Code::ACCOUNT_FORBIDDEN];

const WITH_BODY: [Code; 4] =
    [Code::MALFORMED_JSON, Code::BODY_TIMEOUT, Code::TOO_LARGE, Code::UNSUPPORTED_MEDIA_TYPE];

const OF_COMMANDS: [Code; 13] = [
    Code::UNKNOWN_ACCOUNT,
    Code::TOO_LARGE,
    Code::UNKNOWN_MARKET,
    Code::BAD_UPSTREAM,
    Code::BUSY,
    Code::LOG_STOPPED,
    Code::NOT_TAKEN,
    Code::PERSISTENCE_UNAVAILABLE,
    Code::RISK_ENGINE_UNAVAILABLE,
    Code::MATCHING_ENGINE_UNAVAILABLE,
    Code::VENUE_STALLED,
    Code::REPLAY_UNAVAILABLE,
    Code::OUTCOME_UNKNOWN,
];

impl Operation {
    /// Every code it may be answered with.
    pub(super) fn codes(&self) -> Vec<Code> {
        let mut codes = OF_ALL.to_vec();
        if self.route.access != Access::Public {
            codes.extend(WITH_TOKEN);
        }
        if self.body.is_some() {
            codes.extend(WITH_BODY);
        }
        if self.is_command {
            codes.extend(OF_COMMANDS);
            codes.extend(REJECT_CODES.iter());
        }
        codes.extend(self.further);
        codes.sort_unstable_by_key(|code| (code.status, code.name));
        codes.dedup();
        codes
    }
}

pub(super) fn route(method: &Method, path: &str) -> &'static Route {
    let route = ROUTES.iter().find(|route| route.method == *method && route.path == path);
    route.expect("an operation is that of a route in the table")
}

/// All operations.
pub(super) fn all() -> Vec<Operation> {
    let mut all = Vec::from(orders());
    all.extend(changes());
    all.extend(admin());
    all.extend(operations_public::all());
    all
}

pub(super) fn parameter(place: &str, name: &str, schema: Value, description: &str) -> Value {
    json!({
        "name": name, "in": place, "required": place == "path", "schema": schema, "description": description,
    })
}

pub(super) fn reference(schema: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{schema}") })
}

fn key() -> Value {
    let schema = json!({ "type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[!-~]{1,64}$" });
    let description = "What makes it harmless to send the request again within 24 hours. Chosen by the client, alone to its account.";
    parameter("header", "Idempotency-Key", schema, description)
}

fn order_id() -> Value {
    parameter("path", "id", reference("Id"), "The id of the order.")
}

/// Parameters of a list.
pub(super) fn page() -> Vec<Value> {
    let limit = json!({ "type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": 100 });
    vec![
        parameter("query", "market", reference("Symbol"), "Only of this market."),
        parameter(
            "query",
            "before",
            reference("Id"),
            "Only what is older: `next_before` of the page before.",
        ),
        parameter("query", "limit", limit, "How many at most."),
    ]
}

fn orders() -> [Operation; 3] {
    let mut list = vec![parameter(
        "query",
        "status",
        json!({ "type": "string", "enum": ["open", "closed", "all"], "default": "all" }),
        "Only those that rest, or only those that do not.",
    )];
    list.extend(page());
    [
        Operation {
            route: route(&Method::POST, "/v1/orders"),
            id: "submitOrder",
            tag: "orders",
            summary: "Submit an order.",
            description: "The answer says what became of it: whether it rests, traded, or was dropped. Its id is the number of \
                its command in the log.",
            parameters: vec![key()],
            body: Some("NewOrder"),
            answer: Answer {
                status: 201,
                description: "The order was accepted, and this became of it.",
                schema: Some("Order"),
                headers: &["Location", "Idempotency-Replayed"],
            },
            is_command: true,
            further: &[],
        },
        Operation {
            route: route(&Method::GET, "/v1/orders"),
            id: "listOrders",
            tag: "orders",
            summary: "List own orders, the newest first.",
            description: "Shows at least everything that this gateway has answered before.",
            parameters: list,
            body: None,
            answer: Answer { status: 200, description: "Orders.", schema: Some("Orders"), headers: &[] },
            is_command: false,
            further: &[Code::UNKNOWN_MARKET, Code::BAD_UPSTREAM, Code::PERSISTENCE_UNAVAILABLE],
        },
        Operation {
            route: route(&Method::GET, "/v1/orders/{id}"),
            id: "getOrder",
            tag: "orders",
            summary: "Look at an order.",
            description: "An own order, live or not; the operator sees every order.",
            parameters: vec![order_id()],
            body: None,
            answer: Answer {
                status: 200,
                description: "The order.",
                schema: Some("OrderRecord"),
                headers: &[],
            },
            is_command: false,
            further: &[Code::UNKNOWN_ORDER, Code::BAD_UPSTREAM, Code::PERSISTENCE_UNAVAILABLE],
        },
    ]
}

fn changes() -> [Operation; 3] {
    [
        Operation {
            route: route(&Method::PATCH, "/v1/orders/{id}"),
            id: "changeOrder",
            tag: "orders",
            summary: "Reduce or replace an order.",
            description: "`reduce_by` takes quantity off and keeps the order's place. `price` and `quantity` cancel it and submit \
                a limit order with a new id, at the back of the queue.",
            parameters: vec![order_id(), key()],
            body: Some("OrderChange"),
            answer: Answer {
                status: 200,
                description: "What became of it: the smaller order, or the one that replaced it.",
                schema: Some("OrderOrChanged"),
                headers: &["Location", "Idempotency-Replayed"],
            },
            is_command: true,
            further: &[Code::UNKNOWN_ORDER],
        },
        Operation {
            route: route(&Method::DELETE, "/v1/orders/{id}"),
            id: "cancelOrder",
            tag: "orders",
            summary: "Cancel an order.",
            description: "",
            parameters: vec![order_id(), key()],
            body: None,
            answer: Answer {
                status: 200,
                description: "It is cancelled.",
                schema: Some("ChangedOrder"),
                headers: &["Idempotency-Replayed"],
            },
            is_command: true,
            further: &[Code::UNKNOWN_ORDER],
        },
        Operation {
            route: route(&Method::DELETE, "/v1/orders"),
            id: "cancelOrders",
            tag: "orders",
            summary: "Cancel all own orders.",
            description: "Or those of one market, or of one side. Works while trading is halted.",
            parameters: vec![
                key(),
                parameter("query", "market", reference("Symbol"), "Only in this market."),
                parameter("query", "side", reference("Side"), "Only of this side."),
            ],
            body: None,
            answer: Answer {
                status: 200,
                description: "The orders that were cancelled; there may have been none.",
                schema: Some("MassCancelled"),
                headers: &["Idempotency-Replayed"],
            },
            is_command: true,
            further: &[],
        },
    ]
}

fn admin() -> [Operation; 4] {
    let operation = |path, id, summary, description, body, answer| Operation {
        route: route(&Method::POST, path),
        id,
        tag: "admin",
        summary,
        description,
        parameters: vec![key()],
        body: Some(body),
        answer,
        is_command: true,
        further: &[],
    };
    let created = |description, schema| Answer {
        status: 201,
        description,
        schema: Some(schema),
        headers: &["Idempotency-Replayed"],
    };
    [
        operation(
            "/v1/admin/accounts",
            "openAccount",
            "Open the next account.",
            "With an `Idempotency-Key` the number has to be given.",
            "OpenAccount",
            created("It is open.", "OpenedAccount"),
        ),
        operation(
            "/v1/admin/deposits",
            "deposit",
            "Credit an account.",
            "",
            "Funds",
            created("It is credited.", "MovedFunds"),
        ),
        operation(
            "/v1/admin/withdrawals",
            "withdraw",
            "Debit an account.",
            "Only what is not reserved by orders.",
            "Funds",
            created("It is debited.", "MovedFunds"),
        ),
        operation(
            "/v1/admin/trading-state",
            "setTradingState",
            "Halt, kill or open the venue, an instrument or an account.",
            "Halted: no new orders and no replacements. Killed: the same, and every resting order is cancelled.",
            "TradingState",
            Answer {
                status: 200,
                description: "It is so, and these orders ended because of it.",
                schema: Some("TradingStateSet"),
                headers: &["Idempotency-Replayed"],
            },
        ),
    ]
}
