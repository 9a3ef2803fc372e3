//! Servers from Debian's packages that are only unpacked below the target folder, with the few libraries they need.
//!
//! The system is not changed and root is not needed. What a newcomer must know: each list names what a usual Debian lacks, not
//! everything the packages depend on.

use std::process::Command;

use anyhow::{Context, Result, bail};

use super::place::Place;
use crate::debian::{self, Scratch};
use crate::process;

/// The suite with Valkey. The system may be older, so that the C library of that suite comes along with its loader.
const VALKEY_SUITE: &str = "trixie";
const VALKEY: [&str; 8] = [
    "valkey-server",
    "valkey-tools",
    "libc6",
    "libssl3t64",
    "libjemalloc2",
    "liblzf1",
    "libsystemd0",
    "libatomic1",
];
const HAPROXY: [&str; 4] = ["haproxy", "liblua5.3-0", "libopentracing1", "libopentracing-c-wrapper0"];
const ETCD: [&str; 1] = ["etcd-server"];
const PATRONI: [&str; 13] = [
    "patroni",
    "python3-cdiff",
    "python3-click",
    "python3-dateutil",
    "python3-dnspython",
    "python3-etcd",
    "python3-prettytable",
    "python3-psutil",
    "python3-psycopg2",
    "python3-six",
    "python3-urllib3",
    "python3-wcwidth",
    "python3-yaml",
];

/// Valkey: the server and its command-line client.
///
/// # Errors
/// When the packages cannot be had, or what is in them does not run here.
pub(super) fn valkey(place: &Place, version: &'static str) -> Result<()> {
    unpack(place, Some(VALKEY_SUITE), &VALKEY, |place| {
        let (folder, loader) = match std::env::consts::ARCH {
            "x86_64" => ("x86_64-linux-gnu", "ld-linux-x86-64.so.2"),
            "aarch64" => ("aarch64-linux-gnu", "ld-linux-aarch64.so.1"),
            other => bail!("the name of the loader on {other} is not known"),
        };
        for program in ["valkey-server", "valkey-cli"] {
            let libraries = format!("\"$servers/valkey/usr/lib/{folder}");
            let line = format!(
                "exec {libraries}/{loader}\" --library-path {libraries}\" \"$servers/valkey/usr/bin/{program}\""
            );
            place.script(program, &line)?;
        }
        let found = answer(place, "valkey-server", "--version")?;
        if !found.contains(&format!("v={version}.")) {
            bail!("expected Valkey {version}, found {}", found.trim());
        }
        Ok(())
    })
}

/// HAProxy, as a router in front of databases.
///
/// # Errors
/// When the packages cannot be had, or what is in them does not run here.
pub(super) fn haproxy(place: &Place, _version: &'static str) -> Result<()> {
    unpack(place, None, &HAPROXY, |place| {
        let folder = format!("{}-linux-gnu", std::env::consts::ARCH);
        let line = format!(
            "LD_LIBRARY_PATH=\"$servers/haproxy/usr/lib/{folder}\" exec \"$servers/haproxy/usr/sbin/haproxy\""
        );
        place.script("haproxy", &line)?;
        answer(place, "haproxy", "-v").map(drop)
    })
}

/// etcd, where Patroni keeps who leads.
///
/// # Errors
/// When the package cannot be had, or what is in it does not run here.
pub(super) fn etcd(place: &Place, _version: &'static str) -> Result<()> {
    unpack(place, None, &ETCD, |place| {
        place.script("etcd", "exec \"$servers/etcd/usr/bin/etcd\"")?;
        answer(place, "etcd", "--version").map(drop)
    })
}

/// Patroni with the Python packages it uses; the interpreter is the system's.
///
/// # Errors
/// When the packages cannot be had, or what is in them does not run here.
pub(super) fn patroni(place: &Place, _version: &'static str) -> Result<()> {
    unpack(place, None, &PATRONI, |place| {
        let packages = "\"$servers/patroni/usr/lib/python3/dist-packages\"";
        let line =
            format!("PYTHONPATH={packages} exec /usr/bin/python3 \"$servers/patroni/usr/bin/patroni\"");
        place.script("patroni", &line)?;
        answer(place, "patroni", "--version").map(drop)
    })
}

/// Unpacks packages of a suite, by default that of this system, and lets `finish` put programs into `bin` and try them.
fn unpack(
    place: &Place,
    suite: Option<&str>,
    packages: &[&str],
    finish: impl FnOnce(&Place) -> Result<()>,
) -> Result<()> {
    let suite = match suite {
        Some(suite) => suite.to_owned(),
        None => debian::codename()?,
    };
    place.fill(&format!("{suite}: {}", packages.join(" ")), |folder| {
        let scratch = Scratch::new(&folder.join("apt"))?;
        scratch.unpack(&suite, packages, folder).with_context(|| format!("packages of Debian {suite}"))?;
        finish(place)
    })
}

/// What a program says of its version, which shows that it runs.
fn answer(place: &Place, program: &str, option: &str) -> Result<String> {
    process::capture(Command::new(place.bin().join(program)).arg(option))
}
