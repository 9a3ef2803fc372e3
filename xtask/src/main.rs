//! Development tasks of the hardpan workspace: everything with logic that a person or the gate runs lives here.
//!
//! This program is not responsible for anything a user of hardpan runs, and nothing in `crates/` may depend on it.
//! A newcomer needs to know one thing: `cargo xtask` without arguments lists the tasks, and each task is one file.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "printing to the developer is what this program does"
)]

mod arrows;
mod bench;
mod book;
mod browser;
mod ci;
mod debian;
mod deny;
mod formats;
mod fuzz;
mod generate;
mod process;
mod python;
mod reference;
mod servers;
mod sim;
mod test;
mod tidy;
mod venue;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;

use crate::workspace::Workspace;

/// One entry of the list that `cargo xtask` prints.
struct Task {
    name: &'static str,
    arguments: &'static str,
    summary: &'static str,
    run: fn(&Workspace, &[String]) -> Result<()>,
}

const TASKS: [Task; 17] = [
    Task { name: "ci", arguments: "", summary: "everything the gate checks, in order", run: ci::run },
    Task {
        name: "test",
        arguments: "[CARGO TEST ARGUMENTS]",
        summary: "fetch the reference where possible, then run the tests",
        run: test::run,
    },
    Task {
        name: "tidy",
        arguments: "",
        summary: "house rules no compiler knows: notes, file sizes, links, paths",
        run: tidy::run,
    },
    Task {
        name: "arrows",
        arguments: "[--write]",
        summary: "allowed dependency directions and their table in ARCHITECTURE.md",
        run: arrows::run,
    },
    Task {
        name: "deny",
        arguments: "",
        summary: "licences, banned and duplicate crates, sources; advisories where possible",
        run: deny::run,
    },
    Task {
        name: "gen",
        arguments: "",
        summary: "regenerate docs/reference and the dependency table",
        run: generate::run,
    },
    Task {
        name: "gen-check",
        arguments: "",
        summary: "fail when a generated file is stale",
        run: generate::check,
    },
    Task {
        name: "reference",
        arguments: "",
        summary: "provide the reference docker-compose and print its path",
        run: reference::run,
    },
    Task {
        name: "servers",
        arguments: "[NAME]...",
        summary: "provide the servers that tests of provisioning run against and print their folder",
        run: servers::run,
    },
    Task {
        name: "bench",
        arguments: "config|check [--rounds N] | exchange [book|engine|commit|durable] [--quick]",
        summary: "CPU and peak memory beside other programs; speed beside plain counterparts",
        run: bench::run,
    },
    Task {
        name: "book",
        arguments: "FILE [--book fast|reference|plain]",
        summary: "replay an order-flow file: its key, then speed, latency and memory",
        run: book::run,
    },
    Task {
        name: "sim",
        arguments: "[--seed N [--verbose] | --seeds N | --minutes M] [--from S] [--coverage]",
        summary: "the exchange in one thread from a seed, with faults; one seed or many",
        run: sim::run,
    },
    Task {
        name: "loadgen",
        arguments: "[--url URL] [--rate N] [--connections N] [--seconds S] [--json]",
        summary: "load on a gateway over HTTP and the stream, in an open or a closed loop",
        run: venue::loadgen,
    },
    Task {
        name: "faults",
        arguments: "[--kills N] [--seed S]",
        summary: "kill services at random moments under load and hold what they promised against the log",
        run: venue::faults,
    },
    Task {
        name: "rebuild",
        arguments: "[--seconds S] [--rate N]",
        summary: "a book rebuilt from the stream by an ordinary client under load, against the queried one",
        run: venue::rebuild,
    },
    Task {
        name: "openapi-check",
        arguments: "[--examples N] [--seed S]",
        summary: "every operation of the OpenAPI document exercised by schemathesis",
        run: venue::openapi_check,
    },
    Task {
        name: "fuzz",
        arguments: "[--minutes M] [TARGET]",
        summary: "run the fuzz targets (needs a nightly toolchain)",
        run: fuzz::run,
    },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((name, rest)) = arguments.split_first() else {
        print!("{}", usage());
        return ExitCode::SUCCESS;
    };
    let Some(task) = TASKS.iter().find(|task| task.name == name) else {
        eprintln!("error: no task is named `{name}`\n\n{}", usage());
        return ExitCode::from(2);
    };
    match Workspace::load().and_then(|workspace| (task.run)(&workspace, rest)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> String {
    let mut text = String::from("usage: cargo xtask TASK\n\n");
    for task in &TASKS {
        let call = format!("{} {}", task.name, task.arguments);
        text.push_str(&format!("  {:<30} {}\n", call.trim_end(), task.summary));
    }
    text
}
