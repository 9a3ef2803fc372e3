//! What the gate checks, in order: cheap checks first, then the tests, then what needs a built program.
//!
//! All steps run even when an early one fails, because one run should show everything that is wrong.

use std::time::Instant;

use anyhow::{Result, bail};

use crate::test::Counts;
use crate::workspace::Workspace;
use crate::{arrows, deny, generate, process, test, tidy};

type Step = (&'static str, fn(&Workspace) -> Result<Option<Counts>>);

const STEPS: [Step; 7] = [
    ("fmt", |workspace| process::run(workspace.cargo().args(["fmt", "--all", "--check"])).map(|()| None)),
    ("clippy", |workspace| {
        let mut command = workspace.cargo();
        command.args([
            "clippy",
            "--quiet",
            "--workspace",
            "--all-targets",
            "--locked",
            "--",
            "-D",
            "warnings",
        ]);
        process::run(&mut command).map(|()| None)
    }),
    ("arrows", |workspace| arrows::run(workspace, &[]).map(|()| None)),
    ("tidy", |workspace| tidy::run(workspace, &[]).map(|()| None)),
    ("test", |workspace| test::run_tests(workspace, &[]).map(Some)),
    ("gen-check", |workspace| generate::check(workspace, &[]).map(|()| None)),
    ("deny", |workspace| deny::run(workspace, &[]).map(|()| None)),
];

/// `cargo xtask ci`
pub(crate) fn run(workspace: &Workspace, _arguments: &[String]) -> Result<()> {
    let mut summary = String::new();
    let mut failed = Vec::new();
    let mut counts = None;
    for (name, step) in STEPS {
        println!("\n== {name}");
        let start = Instant::now();
        let outcome = step(workspace);
        let seconds = start.elapsed().as_secs_f64();
        let verdict = match outcome {
            Ok(found) => {
                counts = counts.or(found);
                "ok"
            }
            Err(error) => {
                eprintln!("error: {error:#}");
                failed.push(name);
                "FAILED"
            }
        };
        summary.push_str(&format!("  {name:<10} {verdict:<7} {seconds:>7.1} s\n"));
    }
    println!("\n== summary\n{summary}");
    if !failed.is_empty() {
        bail!("failed: {}", failed.join(", "));
    }
    if let Some(counts) = counts {
        println!("{}", counts.line());
    }
    Ok(())
}
