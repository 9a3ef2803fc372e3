//! What the API is, for programs: an OpenAPI 3.1 document.
//!
//! Not responsible for what the API does. A newcomer needs to know one thing: the document is made of the same tables as the API,
//! the [routes](crate::api::ROUTES) and the [codes](crate::problem::CODES), and a test sees to it that no route is missing here and
//! none is described that is not there.

mod operations;
mod operations_public;
mod schemas;

use std::sync::LazyLock;

use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::Response;
use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::auth::Access;
use crate::problem::Code;
use operations::{Answer, Operation};

/// The document, written once.
static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| document().to_string().into());

/// `GET /openapi.json`
pub(crate) async fn answer() -> Response {
    let mut response = Response::new(Body::from(DOCUMENT.clone()));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("max-age=300"));
    response
}

const INTRODUCTION: &str = "Prices, quantities and amounts are decimal texts in whole units (`\"0.25\"`), ids are texts of digits, \
moments come twice: RFC 3339, and nanoseconds since 1970 as digits. \
An answer to a command means that it is durable and that this is what it did. \
Whoever did not get an answer sends the request again with the same `Idempotency-Key`: it is not carried out twice. \
Everything that goes wrong is answered as `application/problem+json` with a stable `code`.";

/// The whole document.
#[must_use]
pub fn document() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for operation in operations::all() {
        let path = paths.entry(operation.route.path).or_insert_with(|| json!({}));
        path[operation.route.method.as_str().to_ascii_lowercase()] = describe(&operation);
    }
    json!({
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {
            "title": "Exchange",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "A spot exchange: orders, accounts, market data.",
            "description": INTRODUCTION,
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "tags": [
            { "name": "orders", "description": "Orders of the account that asks." },
            { "name": "accounts", "description": "Balances and trades; an account sees its own, the operator every one." },
            { "name": "market-data", "description": "What everybody may see." },
            { "name": "admin", "description": "What the operator does." },
            { "name": "service", "description": "The gateway itself." },
        ],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {
                    "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
                    "description": "Signed with Ed25519 (`EdDSA`). `sub` is the number of an account, or `admin`; \
                        `scope` lists `read`, `trade`, `admin`.",
                },
            },
            "schemas": schemas::all(),
            "headers": headers(),
        },
    })
}

fn describe(operation: &Operation) -> Value {
    let security = match operation.route.access {
        Access::Public => json!([{}, { "token": [] }]),
        Access::Read => json!([{ "token": ["read"] }]),
        Access::Trade => json!([{ "token": ["trade"] }]),
        Access::Admin => json!([{ "token": ["admin"] }]),
    };
    let mut parameters = operation.parameters.clone();
    parameters.push(json!({
        "name": "X-Request-Expires", "in": "header", "required": false,
        "description": "The moment (RFC 3339, or nanoseconds since 1970) after which the request is to be refused.",
        "schema": { "$ref": "#/components/schemas/Moment" },
    }));
    let mut described = json!({
        "operationId": operation.id,
        "summary": operation.summary,
        "description": operation.description,
        "tags": [operation.tag],
        "security": security,
        "parameters": parameters,
        "responses": responses(operation),
    });
    if let Some(schema) = operation.body {
        described["requestBody"] = json!({
            "required": true,
            "content": { "application/json": { "schema": reference(schema) } },
        });
    }
    described
}

fn responses(operation: &Operation) -> Value {
    let mut responses = Map::new();
    let Answer { status, description, schema, headers: named } = &operation.answer;
    let mut success = json!({ "description": description, "headers": limit_headers() });
    for name in *named {
        success["headers"][*name] = json!({ "$ref": format!("#/components/headers/{name}") });
    }
    if let Some(schema) = schema {
        success["content"] = json!({ "application/json": { "schema": reference(schema) } });
    }
    responses.insert(status.to_string(), success);
    let codes = operation.codes();
    let mut statuses: Vec<u16> = codes.iter().map(|code| code.status).collect();
    statuses.sort_unstable();
    statuses.dedup();
    for status in statuses {
        let of_status: Vec<&Code> = codes.iter().filter(|code| code.status == status).collect();
        responses.insert(status.to_string(), problem_response(status, &of_status, operation));
    }
    responses.into()
}

fn problem_response(status: u16, codes: &[&Code], operation: &Operation) -> Value {
    let names: Vec<&str> = codes.iter().map(|code| code.name).collect();
    let lines: Vec<String> =
        codes.iter().map(|code| format!("- `{}`: {}", code.name, code.meaning)).collect();
    let mut response = json!({
        "description": lines.join("\n"),
        "headers": limit_headers(),
        "content": { "application/problem+json": { "schema": {
            "allOf": [reference("Problem")],
            "properties": { "status": { "const": status }, "code": { "enum": names } },
        } } },
    });
    let mut add = |name: &str| {
        response["headers"][name] = json!({ "$ref": format!("#/components/headers/{name}") });
    };
    match status {
        401 | 403 => add("WWW-Authenticate"),
        422 if operation.is_command => add("Idempotency-Replayed"),
        429 | 503 => add("Retry-After"),
        _ => {}
    }
    response
}

fn reference(schema: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{schema}") })
}

const LIMIT_HEADERS: [&str; 3] = ["X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"];

fn limit_headers() -> Value {
    let headers = LIMIT_HEADERS
        .iter()
        .map(|name| ((*name).to_owned(), json!({ "$ref": format!("#/components/headers/{name}") })));
    Value::Object(headers.collect())
}

fn headers() -> Value {
    let number = json!({ "type": "integer", "minimum": 0 });
    json!({
        "X-RateLimit-Limit": { "description": "Requests that may come at once.", "schema": number },
        "X-RateLimit-Remaining": { "description": "Requests that may come now.", "schema": number },
        "X-RateLimit-Reset": { "description": "Seconds until all of them may come at once again.", "schema": number },
        "Retry-After": { "description": "Seconds after which it makes sense to ask again.", "schema": number },
        "WWW-Authenticate": { "description": "RFC 6750.", "schema": { "type": "string" } },
        "Idempotency-Replayed": {
            "description": "The request was carried out before under this key; this is what it did then.",
            "schema": { "type": "string", "const": "true" },
        },
        "Location": { "description": "Where the order is.", "schema": { "type": "string" } },
    })
}
