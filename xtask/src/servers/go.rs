//! S3 servers, compiled by Go from their modules.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::place::Place;
use crate::process;

/// MinIO, which has users and policies beside S3.
///
/// # Errors
/// When there is no Go, or the module cannot be had or compiled.
pub(super) fn minio(place: &Place, version: &'static str) -> Result<()> {
    install(place, "github.com/minio/minio", "minio", version)
}

/// The Versity gateway, which speaks S3 over a folder.
///
/// # Errors
/// When there is no Go, or the module cannot be had or compiled.
pub(super) fn versitygw(place: &Place, version: &'static str) -> Result<()> {
    install(place, "github.com/versity/versitygw/cmd/versitygw", "versitygw", version)
}

fn install(place: &Place, package: &str, program: &str, version: &str) -> Result<()> {
    place.fill(version, |_folder| {
        let go = process::find_program("go").context("no Go toolchain is installed")?;
        compile(&go, place.bin(), &format!("{package}@{version}"))
            .with_context(|| format!("compiling {program} {version}"))
    })
}

fn compile(go: &Path, bin: &Path, package: &str) -> Result<()> {
    let mut command = Command::new(go);
    // Nobody debugs it here, and to leave that out saves a tenth of the time.
    command.args(["install", "-trimpath", "-gcflags=all=-dwarf=false", "-ldflags=-s -w"]).arg(package);
    command.env("GOBIN", bin).env("CGO_ENABLED", "0").env("GOTOOLCHAIN", "local").env("GOFLAGS", "");
    process::capture(&mut command).map(drop)
}
