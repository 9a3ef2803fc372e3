//! `--fix` and `--diff`: what can be cured without a person, and the edits that reports show.

use anyhow::Context as _;
use hardpan_compose::Request;
use hardpan_diag::Exit;
use hardpan_report::relative;
use hardpan_rules::fix::{Editor, Fixed, fix};
use hardpan_rules::{Finding, Names, Outcome, Safety, Settings};
use hardpan_source::Edit;

use super::Wanted;
use crate::cli::{CheckArgs, FixKind, ReportFormat};
use crate::disk::Disk;
use crate::print;

/// Applies fixes where that is asked for. With `--diff` they are only shown, and that is all: says how it ended.
pub(super) fn run(
    args: &CheckArgs,
    request: &Request,
    settings: &Settings,
    wanted: &Wanted,
) -> anyhow::Result<Option<Exit>> {
    let safety = match args.fix {
        Some(FixKind::Unsafe) => Safety::Unsafe,
        Some(FixKind::Safe) => Safety::Safe,
        None if args.diff => Safety::Safe,
        None => return Ok(None),
    };
    let include = |finding: &Finding| wanted.has(&finding.code, &finding.name);
    let fixed = fix(request, settings, &Disk, safety, &include);
    if args.diff {
        print::to_stdout(&diff(&fixed, &request.current_dir))?;
        tell(&fixed, "can be applied", &request.current_dir);
        return Ok(Some(if fixed.texts.is_empty() { Exit::Clean } else { Exit::Findings }));
    }
    for (path, text) in &fixed.texts {
        replace(path, text).with_context(|| format!("cannot write {path}"))?;
    }
    tell(&fixed, "applied", &request.current_dir);
    Ok(None)
}

/// Writes a file beside the old one and puts it in its place, so that nobody ever sees half of it. A link stays a link,
/// and the file keeps its mode.
fn replace(path: &str, text: &str) -> std::io::Result<()> {
    let target = std::fs::canonicalize(path)?;
    let mut name = target.file_name().unwrap_or_default().to_os_string();
    name.push(".hardpan-new");
    let beside = target.with_file_name(name);
    let written = std::fs::write(&beside, text)
        .and_then(|()| std::fs::set_permissions(&beside, std::fs::metadata(&target)?.permissions()))
        .and_then(|()| std::fs::rename(&beside, &target));
    if written.is_err() {
        let _ = std::fs::remove_file(&beside);
    }
    written
}

fn diff(fixed: &Fixed, current_dir: &str) -> String {
    let files = fixed.texts.iter().map(|(path, after)| {
        let before = fixed.before.get(path).map_or("", String::as_str);
        hardpan_report::diff(&relative(current_dir, path), before, after)
    });
    files.collect()
}

/// Says what was done, and what was refused and why.
fn tell(fixed: &Fixed, done: &str, current_dir: &str) {
    let count = fixed.attempts.iter().filter(|attempt| attempt.refusal.is_none()).count();
    let plural = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    let files = plural(fixed.texts.len(), "file");
    print::line_to_stderr(&match count {
        0 => "no fix applies".to_owned(),
        count => format!("{} {done} in {files}", plural(count, "fix").replace("fixs", "fixes")),
    });
    for attempt in &fixed.attempts {
        let Some(refusal) = &attempt.refusal else { continue };
        let of = if attempt.services.is_empty() {
            String::new()
        } else {
            format!(" of {}", Names(&attempt.services))
        };
        let place = relative(current_dir, &attempt.place);
        print::line_to_stderr(&format!(
            "not fixed: {}{of} at {place}: cannot {}: {refusal}",
            attempt.code, attempt.title
        ));
    }
}

/// The edits of each finding's fix, for the formats that show them; none where they cannot be given.
pub(super) fn edits(args: &CheckArgs, outcome: &Outcome) -> Vec<Vec<Edit>> {
    match args.format {
        ReportFormat::Json | ReportFormat::Sarif => {
            let mut editor = Editor::new(outcome);
            outcome.findings.iter().map(|finding| editor.edits_of(finding).unwrap_or_default()).collect()
        }
        ReportFormat::Human | ReportFormat::Junit | ReportFormat::Github => Vec::new(),
    }
}
