//! `--baseline`: what an earlier report has is not reported again.

use std::path::Path;

use anyhow::Context as _;
use hardpan_report::{Baseline, Sources};
use hardpan_rules::Outcome;

/// Reads the earlier report.
pub(super) fn read(path: &Path) -> anyhow::Result<Baseline> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Baseline::read(&text).with_context(|| format!("{} is no baseline", path.display()))
}

/// Leaves out what the baseline knows and says how much that was.
pub(super) fn drop_known(
    mut baseline: Baseline,
    outcome: &mut Outcome,
    current_dir: &str,
    directory: &str,
) -> usize {
    let before = outcome.findings.len();
    let sources = Sources { files: &outcome.files, masked: &outcome.masked, current_dir };
    outcome.findings.retain(|finding| !baseline.take(finding, &sources, directory));
    before - outcome.findings.len()
}
