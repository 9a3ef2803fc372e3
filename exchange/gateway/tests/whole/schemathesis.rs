//! The API against its document, by a tool that knows nothing but the document: schemathesis, from PyPI.
//!
//! It is installed in an environment of its own under the build folder. Where that cannot be done, the test says so and checks nothing.

use std::path::{Path, PathBuf};
use std::process::Command;

use gateway::auth::Scope;
use serde_json::json;

use crate::support::Client;
use crate::world::World;

const VERSION: &str = "schemathesis==4.32.5";

/// What the tool is to look at. Left out: that whatever fits the document is accepted (a price may fit and be outside the band), and that what
/// is deleted cannot be found (an order that is cancelled can).
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
response_headers_conformance,response_schema_conformance,negative_data_rejection,unsupported_method,\
allow_header_conformance,ignored_auth";

/// Statuses with which a request that does not fit the document may be answered. The tool's own list lacks three of them.
const CONFIGURATION: &str = "[checks]\nnegative_data_rejection.expected-statuses = \
[400, 401, 403, 404, 405, 406, 408, 413, 415, 422, 426, 428, 429]\n";

/// The tool, installed; `None`: it cannot be.
fn tool() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("schemathesis");
    let tool = folder.join("bin/st");
    if tool.exists() {
        return Some(tool);
    }
    let done = |command: &mut Command| command.output().is_ok_and(|output| output.status.success());
    let made = done(Command::new("python3").args(["-m", "venv"]).arg(&folder))
        && done(Command::new(folder.join("bin/pip")).args(["install", "--quiet", VERSION]));
    (made && tool.exists()).then_some(tool)
}

fn examine(tool: &Path, client: &Client) {
    let folder = tempfile::tempdir().unwrap();
    let configuration = folder.path().join("schemathesis.toml");
    std::fs::write(&configuration, CONFIGURATION).unwrap();
    let output = Command::new(tool)
        .arg("--config-file")
        .arg(&configuration)
        .args(["run", &format!("http://{}/openapi.json", client.address())])
        .args(["--header", &format!("Authorization: Bearer {}", client.token())])
        .args(["--checks", CHECKS, "--phases", "examples,coverage,fuzzing", "--max-examples", "20"])
        .args(["--seed", "1", "--request-timeout", "10", "--warnings", "off", "--no-color"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).replace(client.token(), "TOKEN");
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
async fn an_independent_tool_finds_no_mistake() {
    let Some(tool) = tokio::task::spawn_blocking(tool).await.unwrap() else {
        eprintln!(
            "NOT CHECKED: {VERSION} could not be installed, so nobody has compared the API with its document"
        );
        return;
    };
    let world = World::start(&[], 2).await;
    let order = |side: &str, price: &str| json!({ "market": "BTC-USD", "side": side, "type": "limit", "price": price, "quantity": "1" });
    world.gateway.trader(0).post("/v1/orders", order("sell", "60000")).await.expect(201);
    world.gateway.trader(1).post("/v1/orders", order("buy", "60000")).await.expect(201);
    world.gateway.trader(1).post("/v1/orders", order("buy", "59000")).await.expect(201);
    let trader = world.gateway.client(Some(0), &[Scope::Read, Scope::Trade]);
    for client in [trader, world.gateway.admin()] {
        let tool = tool.clone();
        tokio::task::spawn_blocking(move || examine(&tool, &client)).await.unwrap();
    }
    world.end().await;
}
