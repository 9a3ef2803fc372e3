//! The tests, with what they need from outside: the reference `docker-compose`, the corpus of real projects, Python packages, a browser,
//! servers.
//!
//! None is required. What could not be had is named before and after the run, so that a green result never hides
//! that half of it did not happen.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use anyhow::{Context, Result, bail};

use crate::browser;
use crate::process;
use crate::python;
use crate::reference;
use crate::servers;
use crate::workspace::Workspace;

/// Sums over all test programs of one run.
#[derive(Clone, Copy, Default)]
pub(crate) struct Counts {
    passed: u64,
    failed: u64,
    ignored: u64,
}

impl Counts {
    /// The closing line of a run.
    pub(crate) fn line(self) -> String {
        format!("{} passed, {} failed, {} skipped", self.passed, self.failed, self.ignored)
    }

    /// Adds a line such as `test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; …`; any other adds nothing.
    fn add(&mut self, line: &str) {
        if !line.starts_with("test result:") {
            return;
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        for pair in words.windows(2) {
            let Ok(number) = pair[0].parse::<u64>() else { continue };
            match pair[1] {
                "passed;" => self.passed += number,
                "failed;" => self.failed += number,
                "ignored;" => self.ignored += number,
                _ => {}
            }
        }
    }
}

/// `cargo xtask test [CARGO TEST ARGUMENTS]`
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    let counts = run_tests(workspace, arguments)?;
    println!("\n{}", counts.line());
    Ok(())
}

/// Runs `cargo test` over the workspace and counts.
///
/// # Errors
/// When a test fails or does not compile, or when not one test ran.
pub(crate) fn run_tests(workspace: &Workspace, arguments: &[String]) -> Result<Counts> {
    let mut command = workspace.cargo();
    command.args(["test", "--workspace", "--locked"]).args(arguments).stdout(Stdio::piped());
    let mut gaps: Vec<(&str, String)> = Vec::new();
    match reference::provide(workspace) {
        Ok(path) => {
            println!("reference: {} at {}", reference::VERSION, path.display());
            command.env("HARDPAN_REFERENCE", path);
        }
        Err(error) => gaps.push(("differential tests against the reference", format!("{error:#}"))),
    }
    match workspace.corpus() {
        Some(folder) => {
            println!("corpus:    {}", folder.display());
            command.env("HARDPAN_CORPUS", folder);
        }
        None => gaps.push((
            "tests over the corpus of real projects",
            "the shared folder beside the checkout is absent".into(),
        )),
    }
    match python::provide(workspace) {
        Ok(path) => {
            println!("python:    {}", path.display());
            command.env("EXCHANGE_PYTHON", path);
        }
        Err(error) => gaps.push(("tests of the exchange by Python clients", format!("{error:#}"))),
    }
    match browser::provide() {
        Ok(path) => {
            println!("browser:   {}", path.display());
            command.env("EXCHANGE_BROWSER", path);
        }
        Err(error) => gaps.push(("tests of the exchange's page in a browser", format!("{error:#}"))),
    }
    let servers = servers::provide(workspace);
    println!("servers:   {}", servers.folder.display());
    command.env("HARDPAN_SERVERS", &servers.folder);
    let missing: Vec<(String, String)> = servers
        .missing
        .into_iter()
        .map(|missing| (format!("tests of provisioning on {}", missing.name), missing.why))
        .collect();
    gaps.extend(missing.iter().map(|(what, why)| (what.as_str(), why.clone())));
    show(&gaps);

    let mut child = command.spawn().context("starting `cargo test`")?;
    let mut counts = Counts::default();
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).lines() {
            let line = line.context("reading the output of `cargo test`")?;
            counts.add(&line);
            println!("{line}");
        }
    }
    let status = child.wait().context("waiting for `cargo test`")?;
    show(&gaps);
    if !status.success() {
        bail!("`cargo test` failed ({status}): {}", counts.line());
    }
    // A filter may select nothing, but the whole suite never does: an empty run is a mistake in the gate.
    if arguments.is_empty() && counts.passed == 0 {
        bail!("`cargo test` ran no test");
    }
    Ok(counts)
}

fn show(gaps: &[(&str, String)]) {
    for (what, why) in gaps {
        process::skipped(what, why);
    }
}

#[cfg(test)]
mod tests {
    use super::Counts;

    #[test]
    fn counts_are_summed_over_test_programs() {
        let mut counts = Counts::default();
        counts.add(
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s",
        );
        counts.add("test a_test_with_4_passed; 9 failed; in_its_name ... ok");
        counts.add("test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out");
        assert_eq!(counts.line(), "5 passed, 1 failed, 1 skipped");
    }
}
