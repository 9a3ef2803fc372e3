//! Traces end to end: two services over real connections, and a collector that keeps what comes.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use axum::routing::{get, post};
use axum::{Json, Router};
use exchange_service::config::Environment;
use exchange_service::http::{Limits, serve};
use exchange_service::net::{Address, Client};
use exchange_service::stop::Stop;
use exchange_service::telemetry::TelemetrySettings;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

async fn start(router: Router) -> (Address, std::net::SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let socket = listener.local_addr().unwrap();
    tokio::spawn(serve(listener, router, Limits::default(), Stop::new()));
    (format!("http://{socket}").parse().unwrap(), socket)
}

async fn ask(socket: std::net::SocketAddr, path: &str, flags: &str) {
    let mut stream = TcpStream::connect(socket).await.unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
         traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-{flags}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    assert!(text.starts_with("HTTP/1.1 200 "), "{text}");
}

/// One test, because a process has one tracer.
#[test]
fn a_request_and_the_query_it_leads_to_are_one_trace_in_the_collector() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (sender, mut messages) = mpsc::channel(16);
    let collector = Router::new().route(
        "/v1/traces",
        post(async move |Json(message): Json<Value>| {
            sender.send(message).await.unwrap();
            Json(serde_json::json!({ "partialSuccess": {} }))
        }),
    );
    // The collector has a thread of its own: the last spans come when everything else has ended.
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            tell.send(start(collector).await.0).unwrap();
            std::future::pending::<()>().await;
        });
    });
    let address = told.recv().unwrap();
    let mut environment = Environment::new([("OTEL_EXPORTER_OTLP_ENDPOINT".to_owned(), address.to_string())]);
    let telemetry = TelemetrySettings::read(&mut environment);
    environment.finish().unwrap();
    let running = telemetry.start();

    runtime.block_on(async {
        let (inner, _) = start(Router::new().route("/inner/{id}", get(async || Json(1)))).await;
        let client = Client::new();
        let outer = move || async move {
            let number: u64 = client.get(&inner, "/inner/7?secret=1").await.unwrap();
            Json(number)
        };
        let routes = Router::new().route("/outer", get(outer)).route("/health", get(async || "well"));
        let (_, socket) = start(routes).await;
        ask(socket, "/outer", "00").await;
        ask(socket, "/health", "01").await;
        ask(socket, "/outer", "01").await;
    });
    drop(running);

    let mut spans = Vec::new();
    while spans.len() < 3 {
        let message = runtime
            .block_on(async { tokio::time::timeout(Duration::from_secs(20), messages.recv()).await })
            .expect("the collector gets three spans")
            .unwrap();
        for resource in message["resourceSpans"].as_array().unwrap() {
            let attributes = &resource["resource"]["attributes"];
            assert_eq!(attributes[0]["value"]["stringValue"], "exchange", "{message}");
            spans.extend(resource["scopeSpans"][0]["spans"].as_array().unwrap().iter().cloned());
        }
    }
    assert!(messages.try_recv().is_err(), "what the caller does not sample is not recorded, nor are probes");
    assert_eq!(spans.len(), 3);
    let find = |name: &str| spans.iter().find(|span| span["name"] == name).unwrap();
    let (outer, query, inner) = (find("GET /outer"), find("GET"), find("GET /inner/{id}"));
    for (span, parent, kind) in [
        (outer, "00f067aa0ba902b7", 2),
        (query, outer["spanId"].as_str().unwrap(), 3),
        (inner, query["spanId"].as_str().unwrap(), 2),
    ] {
        assert_eq!(span["traceId"], "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(span["parentSpanId"], parent, "{span}");
        assert_eq!(span["kind"], kind);
        assert_eq!(span["status"]["code"], 0);
        let nanos = |name: &str| span[name].as_str().unwrap().parse::<u64>().unwrap();
        assert!(nanos("startTimeUnixNano") <= nanos("endTimeUnixNano"));
        assert!(!span.to_string().contains("secret"), "queries are not told");
    }
}
