//! The OpenAPI document and the page of codes say what the gateway does, no more and no less.

use std::collections::BTreeSet;

use gateway::api::ROUTES;
use gateway::openapi::document;
use gateway::problem::{CODES, REJECT_CODES};
use serde_json::Value;

use crate::support::{Gateway, Venue};

/// Every value of a member with this name, at any depth.
fn all<'a>(value: &'a Value, name: &str, found: &mut Vec<&'a Value>) {
    match value {
        Value::Object(members) => {
            for (member, value) in members {
                if member == name {
                    found.push(value);
                }
                all(value, name, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| all(item, name, found)),
        _ => {}
    }
}

#[test]
fn routes_and_document_agree() {
    let document = document();
    let described: BTreeSet<(String, String)> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, methods)| {
            methods.as_object().unwrap().keys().map(move |method| (method.to_uppercase(), path.clone()))
        })
        .collect();
    let routes = ROUTES.iter().map(|route| (route.method.to_string(), route.path.to_owned())).collect();
    assert_eq!(described, routes);
}

#[test]
fn every_reference_leads_somewhere_and_every_schema_is_used() {
    let document = document();
    let mut references = Vec::new();
    all(&document, "$ref", &mut references);
    for reference in &references {
        let pointer = reference.as_str().unwrap().strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{pointer}");
    }
    for kind in ["schemas", "headers"] {
        for name in document["components"][kind].as_object().unwrap().keys() {
            let pointer = Value::from(format!("#/components/{kind}/{name}"));
            assert!(references.contains(&&pointer), "{name} is not used");
        }
    }
}

#[test]
fn every_code_can_be_met_and_every_path_parameter_is_described() {
    let document = document();
    let mut enums = Vec::new();
    all(&document["paths"], "code", &mut enums);
    let met: BTreeSet<&str> = enums
        .iter()
        .flat_map(|schema| schema["enum"].as_array().unwrap())
        .map(|code| code.as_str().unwrap())
        .collect();
    let table: BTreeSet<&str> = CODES.iter().chain(REJECT_CODES.iter()).map(|code| code.name).collect();
    assert_eq!(met, table);
    for (path, methods) in document["paths"].as_object().unwrap() {
        for operation in methods.as_object().unwrap().values() {
            let parameters = operation["parameters"].as_array().unwrap();
            let named: Vec<String> = parameters
                .iter()
                .filter(|parameter| parameter["in"] == "path")
                .map(|parameter| format!("{{{}}}", parameter["name"].as_str().unwrap()))
                .collect();
            assert_eq!(named.len(), path.matches('{').count(), "{path}");
            assert!(named.iter().all(|name| path.contains(name)), "{path}");
        }
    }
    let names = CODES.iter().chain(REJECT_CODES.iter()).map(|code| code.name);
    assert_eq!(names.count(), table.len(), "no name stands for two codes");
}

#[tokio::test]
async fn the_document_is_served_as_it_is() {
    let venue = Venue::start().await;
    let gateway = Gateway::ready(venue.address, &[]).await;
    let served = gateway.nobody().get("/openapi.json").await.expect(200);
    assert_eq!(served.header("content-type"), Some("application/json"));
    assert_eq!(served.json(), document());
}

/// The page of all codes, as it has to be.
fn page() -> String {
    let mut page = String::from(
        "<!-- Written by `UPDATE_PAGES=1 cargo test -p gateway --test api page`; do not edit. -->\n\
         # Problems\n\n\
         Whatever the gateway cannot do it answers with `application/problem+json` (RFC 9457). `code` is for programs: it never changes \
         its meaning.\n`detail` says what is the matter this time, `fields` names every field, parameter and header that is wrong.\n\
         What is no request at all is answered by its status alone, and its connection ends: 400 where it is no HTTP/1.1, 431 where its head \
         is longer\nthan `HEADER_BYTES_MAX`.\n\n\
         ## Of the gateway\n\n| status | code | meaning |\n|---|---|---|\n",
    );
    let line =
        |code: &gateway::problem::Code| format!("| {} | `{}` | {} |\n", code.status, code.name, code.meaning);
    CODES.iter().for_each(|code| page.push_str(&line(code)));
    page.push_str(
        "\n## Of the venue\n\nA command that the venue rejected has changed nothing; it has a place in the log all the same, which `sequence` \
         says.\nThe first reason that applies is told, in this order.\n\n| status | code | meaning |\n|---|---|---|\n",
    );
    REJECT_CODES.iter().for_each(|code| page.push_str(&line(code)));
    page
}

#[test]
fn the_page_of_codes_is_that_of_the_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/exchange-problems.md");
    if std::env::var_os("UPDATE_PAGES").is_some() {
        std::fs::write(path, page()).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        written == page(),
        "docs/exchange-problems.md is stale: UPDATE_PAGES=1 cargo test -p gateway --test api page"
    );
}
