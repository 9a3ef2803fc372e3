//! `--fix` and `--diff`, and the edits that reports show.

use anyhow::bail;
use hardpan_diag::Exit;
use hardpan_rules::{Outcome, Repair};
use hardpan_source::Edit;

use crate::cli::CheckArgs;

/// Applies fixes, or shows them, where that is asked for; says how it ended.
pub(super) fn run(args: &CheckArgs, _outcome: &Outcome) -> anyhow::Result<Option<Exit>> {
    if args.fix.is_some() || args.diff {
        bail!("fixes are not applied yet");
    }
    Ok(None)
}

/// The edits of each finding's fix; none where it has none, or where they cannot be given without reading the text.
pub(super) fn edits(outcome: &Outcome) -> Vec<Vec<Edit>> {
    let all = outcome.findings.iter();
    all.map(|finding| match (&finding.fix, &finding.primary) {
        (Some(fix), primary) => match (&fix.repair, primary) {
            (Repair::Edits(edits), _) => edits.clone(),
            (Repair::Replace { value }, Some(label)) => {
                vec![Edit { span: label.span, replacement: value.clone() }]
            }
            _ => Vec::new(),
        },
        _ => Vec::new(),
    })
    .collect()
}
