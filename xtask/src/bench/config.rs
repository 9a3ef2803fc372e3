//! `cargo xtask bench config`: hardpan beside the reference.

use std::path::Path;

use anyhow::Result;

use super::measure::{self, Program, Usage};
use super::{Input, Verdict, corpus_input, project};
use crate::workspace::Workspace;
use crate::{process, reference};

/// hardpan needs at least this many times less processor time than the reference on [`LARGEST_CASE`].
const RATIO_MIN: f64 = 40.0;
/// Peak memory on [`LARGEST_CASE`], in megabytes of 1024 * 1024 bytes.
const PEAK_MB_MAX: f64 = 30.0;
/// Cost of twice the services: linear, with room for noise and for caches that no longer fit.
const GROWTH_MAX: f64 = 2.2;
/// Service counts of the generated projects.
const SIZES: [usize; 2] = [1000, 2000];
/// Runs of hardpan per round and row: one takes milliseconds, too little to be weighed alone.
const RUNS_SMALL: u32 = 40;
const RUNS_LARGE: u32 = 10;

/// Measures `config -q`.
pub(super) fn run(workspace: &Workspace, rounds: u32) -> Result<Vec<Verdict>> {
    let hardpan = workspace.build_hardpan(true)?;
    let peer = match reference::provide(workspace) {
        Ok(path) => Some(path),
        Err(error) => {
            process::skipped("the reference's half of every row", &format!("{error:#}"));
            None
        }
    };
    let mut verdicts = Vec::new();
    println!(
        "{:<26} {:>12} {:>12} {:>8} {:>10} {:>10}",
        "config -q", "hardpan", "reference", "ratio", "peak", "its peak"
    );

    match workspace.corpus() {
        Some(corpus) => {
            let input = corpus_input(&corpus)?;
            let (ours, theirs) =
                row("largest corpus case", &input, &hardpan, peer.as_deref(), rounds, RUNS_SMALL, 1)?;
            if let Some(theirs) = theirs {
                let ratio = theirs.cpu_seconds / ours.cpu_seconds;
                verdicts.push((
                    format!("largest case: {ratio:.0} times less CPU, at least {RATIO_MIN}"),
                    ratio >= RATIO_MIN,
                ));
            }
            let peak = ours.peak_mb;
            verdicts.push((
                format!("largest case: peak {peak:.1} MB, at most {PEAK_MB_MAX}"),
                peak <= PEAK_MB_MAX,
            ));
        }
        None => {
            process::skipped("the largest corpus case", "the shared folder beside the checkout is absent")
        }
    }

    let mut costs = Vec::new();
    for services in SIZES {
        let folder = workspace.target.join("bench").join(format!("services-{services}"));
        project::write(&folder, services)?;
        let input = Input { folder, arguments: vec!["-f".into(), "compose.yml".into()] };
        // The reference needs long for these; once a round is enough for a ratio.
        let peer = peer.as_deref();
        let (ours, _) =
            row(&format!("{services} services"), &input, &hardpan, peer, rounds.min(3), RUNS_LARGE, 1)?;
        costs.push(ours.cpu_seconds);
    }
    let growth = costs[1] / costs[0];
    verdicts.push((
        format!("{} to {} services: {growth:.2} times the CPU, at most {GROWTH_MAX}", SIZES[0], SIZES[1]),
        growth <= GROWTH_MAX,
    ));
    Ok(verdicts)
}

fn row(
    title: &str,
    input: &Input,
    hardpan: &Path,
    peer: Option<&Path>,
    rounds: u32,
    runs: u32,
    peer_runs: u32,
) -> Result<(Usage, Option<Usage>)> {
    let ours = Program { path: hardpan, arguments: hardpan_arguments(input), accepts: &[0], runs };
    let theirs =
        peer.map(|path| Program { path, arguments: peer_arguments(input), accepts: &[0], runs: peer_runs });
    let programs: Vec<Program<'_>> = std::iter::once(ours).chain(theirs).collect();
    let usages = measure::interleaved(&programs, &input.folder, rounds)?;
    let ours = usages[0];
    let theirs = usages.get(1).copied();
    let dash = || "–".to_owned();
    println!(
        "{title:<26} {:>9.2} ms {:>12} {:>8} {:>7.1} MB {:>10}",
        ours.cpu_seconds * 1e3,
        theirs.map_or_else(dash, |usage| format!("{:.1} ms", usage.cpu_seconds * 1e3)),
        theirs.map_or_else(dash, |usage| format!("{:.0}x", usage.cpu_seconds / ours.cpu_seconds)),
        ours.peak_mb,
        theirs.map_or_else(dash, |usage| format!("{:.1} MB", usage.peak_mb)),
    );
    Ok((ours, theirs))
}

fn hardpan_arguments(input: &Input) -> Vec<String> {
    let mut arguments = vec!["config".to_owned()];
    arguments.extend(input.arguments.iter().cloned());
    arguments.push("-q".to_owned());
    arguments
}

fn peer_arguments(input: &Input) -> Vec<String> {
    let mut arguments = input.arguments.clone();
    arguments.extend(["config".to_owned(), "-q".to_owned()]);
    arguments
}
