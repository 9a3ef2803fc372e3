//! Provides the real servers that the tests of provisioning run against, without a container registry.
//!
//! It installs programs and does not start one: that is for the tests. What a newcomer must know: below the target folder,
//! `servers/bin` holds each program under its own name, and that is where the tests look.

mod debian_packages;
mod go;
mod kafka;
mod place;
mod postgresql;

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Result;

use self::place::Place;
use crate::process;
use crate::workspace::Workspace;

/// A server as the tests need it.
struct Server {
    name: &'static str,
    /// Exactly what is got where this task gets it. One that the system brings may be another of the same major version.
    version: &'static str,
    /// Makes its programs stand in `servers/bin`, quickly where they already do.
    provide: fn(&Place, &'static str) -> Result<()>,
}

/// In the order of their cost, because one that cannot be had should be known early.
const SERVERS: [Server; 8] = [
    Server { name: "postgresql", version: "15", provide: postgresql::provide },
    Server { name: "valkey", version: "8.1", provide: debian_packages::valkey },
    Server { name: "haproxy", version: "of this Debian", provide: debian_packages::haproxy },
    Server { name: "etcd", version: "of this Debian", provide: debian_packages::etcd },
    Server { name: "patroni", version: "of this Debian", provide: debian_packages::patroni },
    Server { name: "kafka", version: "4.1.1", provide: kafka::provide },
    Server { name: "versitygw", version: "v1.8.0", provide: go::versitygw },
    // No release: the project gave its last ones under names that Go does not take for versions, and ended.
    Server { name: "minio", version: "v0.0.0-20260212201848-7aac2a2c5b7c", provide: go::minio },
];

/// What tests cannot run on, and why.
pub(crate) struct Missing {
    pub(crate) name: &'static str,
    pub(crate) why: String,
}

/// The folder, and what could not be put there.
pub(crate) struct Provided {
    pub(crate) folder: PathBuf,
    pub(crate) missing: Vec<Missing>,
}

/// `cargo xtask servers [NAME]...`
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    for argument in arguments {
        if !SERVERS.iter().any(|server| server.name == argument) {
            let names: Vec<&str> = SERVERS.iter().map(|server| server.name).collect();
            anyhow::bail!("no server is named `{argument}`; there are {}", names.join(", "));
        }
    }
    let provided = provide_those(workspace, |name| {
        arguments.is_empty() || arguments.iter().any(|wanted| wanted == name)
    });
    for Missing { name, why } in &provided.missing {
        process::skipped(&format!("the server {name}"), why);
    }
    println!("{}", provided.folder.display());
    if provided.missing.is_empty() { Ok(()) } else { anyhow::bail!("not every server could be provided") }
}

/// Installs what is not there yet, and says with a line each what took time.
pub(crate) fn provide(workspace: &Workspace) -> Provided {
    provide_those(workspace, |_| true)
}

fn provide_those(workspace: &Workspace, wanted: impl Fn(&str) -> bool) -> Provided {
    let folder = workspace.target.join("servers");
    let mut missing = Vec::new();
    for server in SERVERS.iter().filter(|server| wanted(server.name)) {
        let place = Place::new(&folder, server.name);
        let begun = Instant::now();
        match (server.provide)(&place, server.version) {
            Ok(()) if place.was_filled() => {
                let seconds = begun.elapsed().as_secs_f64();
                println!("server:    {} {} installed in {seconds:.1} s", server.name, server.version);
            }
            Ok(()) => {}
            Err(error) => missing.push(Missing { name: server.name, why: format!("{error:#}") }),
        }
    }
    Provided { folder, missing }
}
