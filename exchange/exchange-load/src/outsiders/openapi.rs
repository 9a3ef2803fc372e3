//! Every operation of the OpenAPI document, with valid and invalid requests that schemathesis makes of it.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::run;
use crate::client::Target;

/// How long it may take for each example of an operation; it stops by itself long before.
const MOST: Duration = Duration::from_secs(600);

/// What is done.
#[derive(Debug, Clone)]
pub struct OpenApi {
    /// A Python that has `schemathesis`.
    pub python: PathBuf,
    /// The gateway.
    pub gateway: Target,
    /// Whose requests they are: the operator, whose token passes everywhere but where an account is needed, or an account.
    pub token: String,
    /// How many requests are made of each operation.
    pub examples: u32,
    /// What they are made from.
    pub seed: u64,
}

/// Runs schemathesis. Returns what it printed.
///
/// # Errors
/// When an answer is a server error, has a status or a content type that the document does not have, or does not match its schema.
pub fn check_openapi(plan: &OpenApi) -> Result<String> {
    let mut command = Command::new(&plan.python);
    command
        .args(["-m", "schemathesis.cli", "run"])
        .arg(format!("{}/openapi.json", plan.gateway))
        .args(["--header", &format!("Authorization: Bearer {}", plan.token)])
        .args(["--max-examples", &plan.examples.to_string()])
        .args(["--seed", &plan.seed.to_string()])
        .args(["--checks", CHECKS])
        .args(["--exclude-path", "/v1/stream", "--no-color"]);
    run(&mut command, MOST).context("schemathesis")
}

/// What every answer is tested for.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance";
