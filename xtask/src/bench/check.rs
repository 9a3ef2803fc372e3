//! `cargo xtask bench check`: the full check, profile matrix included, beside what `docker compose config -q` needs for
//! loading alone, and beside linters, which judge file by file and resolve nothing.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::measure::{self, Program};
use super::{Verdict, corpus_input, peers};
use crate::workspace::Workspace;
use crate::{process, reference};

/// At most this part of the processor time of `docker compose config -q` and of compose-lint.
const RATIO_MIN: f64 = 25.0;
/// Peak memory, in megabytes of 1024 * 1024 bytes.
const PEAK_MB_MAX: f64 = 40.0;
/// Where the project starts.
const ROOT_FILE: &str = "docker-compose.yml";
/// Runs of hardpan per round: one takes milliseconds, too little to be weighed alone.
const RUNS: u32 = 20;

/// Measures `check` on the largest project of the corpus.
pub(super) fn run(workspace: &Workspace, rounds: u32) -> Result<Vec<Verdict>> {
    let hardpan = workspace.build_hardpan(true)?;
    let Some(corpus) = workspace.corpus() else {
        process::skipped("the check benchmark", "the shared folder beside the checkout is absent");
        return Ok(Vec::new());
    };
    let input = corpus_input(&corpus)?;
    let files = compose_files(&input.folder)?;
    let rival = |what: &str, found: Result<(PathBuf, Vec<String>)>| match found {
        Ok(found) => Some(found),
        Err(error) => {
            process::skipped(what, &format!("{error:#}"));
            None
        }
    };
    let reference = rival(
        "docker compose config",
        reference::provide(workspace).map(|path| {
            (path, input.arguments.iter().cloned().chain(["config".into(), "-q".into()]).collect())
        }),
    );
    let compose_lint = rival(
        "compose-lint",
        peers::compose_lint(&workspace.target)
            // It follows includes by itself, as far as it goes: to 64 files.
            .map(|path| (path, ["check", "--allow-partial-coverage", ROOT_FILE].map(str::to_owned).to_vec())),
    );
    let dclint = rival(
        "dclint",
        peers::dclint(&workspace.target).map(|(node, script)| {
            (node, std::iter::once(script.display().to_string()).chain(files.clone()).collect())
        }),
    );
    let ours: Vec<String> =
        input.arguments.iter().cloned().chain(["check", "--house"].map(str::to_owned)).collect();
    let mut programs = vec![Program { path: &hardpan, arguments: ours, accepts: &[0, 1], runs: RUNS }];
    let mut names = vec!["hardpan check, full matrix"];
    let rivals = [
        ("docker compose config -q", &reference),
        ("compose-lint check", &compose_lint),
        ("dclint", &dclint),
    ];
    for (name, rival) in rivals {
        if let Some((path, arguments)) = rival {
            programs.push(Program { path, arguments: arguments.clone(), accepts: &[0, 1], runs: 1 });
            names.push(name);
        }
    }
    let usages = measure::interleaved(&programs, &input.folder, rounds)?;
    println!("{:<28} {:>12} {:>8} {:>10}", "60 services in 20 files", "processor", "ratio", "peak");
    let own = usages[0];
    let mut verdicts =
        vec![(format!("peak {:.1} MB, at most {PEAK_MB_MAX}", own.peak_mb), own.peak_mb <= PEAK_MB_MAX)];
    for (name, usage) in names.iter().zip(&usages) {
        let ratio = usage.cpu_seconds / own.cpu_seconds;
        println!("{name:<28} {:>9.1} ms {ratio:>7.0}x {:>7.1} MB", usage.cpu_seconds * 1e3, usage.peak_mb);
        if name.starts_with("docker") || name.starts_with("compose-lint") {
            verdicts.push((
                format!("{ratio:.0} times less CPU than {name}, at least {RATIO_MIN}"),
                ratio >= RATIO_MIN,
            ));
        }
    }
    Ok(verdicts)
}

/// The Compose files of the project, which the linters have to be given one by one.
fn compose_files(folder: &Path) -> Result<Vec<String>> {
    let (mut files, mut pending) = (Vec::new(), vec![folder.to_path_buf()]);
    while let Some(folder) = pending.pop() {
        let entries = std::fs::read_dir(&folder).with_context(|| format!("listing {}", folder.display()))?;
        for entry in entries {
            let path = entry.context("listing a folder")?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                pending.push(path);
            } else if name.starts_with("docker-compose") && name.ends_with(".yml") {
                files.push(path.display().to_string());
            }
        }
    }
    files.sort();
    Ok(files)
}
