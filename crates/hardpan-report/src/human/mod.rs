//! The report of a check for people: findings with excerpts, the worst first; what is unknown in short; a summary.

mod matrix;
mod summary;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use annotate_snippets::{Group, Level, Renderer};
use hardpan_rules::codes::Severity;
use hardpan_rules::{Finding, Names, Safety, Verdict};

use crate::{Report, diagnostics, excerpt, title};

pub use matrix::matrix_text;

/// How much of a report is shown.
#[derive(Clone, Copy, Debug)]
pub struct Shown {
    /// Findings with excerpts; the rest is only counted.
    pub max: usize,
    /// Excerpts of what is unknown and of what is waived, too.
    pub verbose: bool,
    /// Counts by service rather than by file.
    pub per_service: bool,
}

/// How many related places are shown with a finding; the rest is counted.
const RELATED_MAX: usize = 3;

/// How many requirements are named with a finding; the rest is counted.
const REQUIREMENTS_MAX: usize = 4;

/// The report of a check.
#[must_use]
pub fn human(report: &Report<'_>, shown: Shown, renderer: &Renderer) -> String {
    let mut text = problems(report, renderer);
    let findings = &report.outcome.findings;
    let is_shown = |finding: &&Finding| {
        shown.verbose || finding.verdict == Verdict::Violation && finding.waived_by.is_none()
    };
    let all: Vec<&Finding> = findings.iter().filter(is_shown).collect();
    for finding in all.iter().take(shown.max) {
        text.push_str(&render(report, finding, shown, renderer));
        text.push_str("\n\n");
    }
    if all.len() > shown.max {
        let more = all.len() - shown.max;
        let _ = writeln!(text, "{more} more: `--max {}` shows them, `--format json` has all\n", all.len());
    }
    if !shown.verbose {
        unknown(report, &mut text);
    }
    summary::summary(report, shown, &mut text);
    text
}

/// What there was to say of the policy and what the resolver had to say, where no finding says it.
fn problems(report: &Report<'_>, renderer: &Renderer) -> String {
    let mut text = String::new();
    for diagnostic in report.outcome.diagnostics.iter().filter(|one| !report.is_finding(one)) {
        text.push_str(&diagnostics::render(&report.sources(), diagnostic, renderer));
        text.push_str("\n\n");
    }
    text
}

fn render(report: &Report<'_>, finding: &Finding, shown: Shown, renderer: &Renderer) -> String {
    let sources = report.sources();
    let word = match (finding.verdict, finding.waived_by) {
        (Verdict::Unknown, _) => "unknown",
        (_, Some(_)) => "waived",
        _ => finding.severity.as_str(),
    };
    let level = match finding.severity {
        _ if word == "unknown" || word == "waived" => Level::NOTE,
        Severity::Critical | Severity::High => Level::ERROR,
        Severity::Medium => Level::WARNING,
        Severity::Low => Level::INFO,
        Severity::Info => Level::NOTE,
    };
    let related_max = if shown.verbose { usize::MAX } else { RELATED_MAX };
    let related = finding.related.iter().take(related_max);
    let excerpts = excerpt::excerpts(&sources, finding.primary.as_ref(), related);
    let heading = level.with_name(word).primary_title(title(finding)).id(finding.code.as_str());
    let mut group = excerpt::show(Group::with_title(heading), &excerpts);
    if finding.services.len() > SERVICES_IN_TITLE {
        let all: Vec<&str> = finding.services.iter().map(String::as_str).collect();
        group = group.element(Level::NOTE.message(format!("services: {}", all.join(", "))));
    }
    if finding.related.len() > related_max {
        let more = finding.related.len() - related_max;
        group = group.element(Level::NOTE.message(format!("{more} more places (`--verbose` shows them)")));
    }
    if let Some(help) = help(finding) {
        group = group.element(Level::HELP.message(help));
    }
    if let Some(waiver) = report.waiver_of(finding) {
        let text = format!("waived: {} ({}, {})", waiver.reason, waiver.adr, waiver.owner);
        group = group.element(Level::NOTE.message(text));
    }
    group = group.element(Level::NOTE.message(note(finding)));
    renderer.render(&[group])
}

/// More services than these are counted in the title, so they are listed below.
const SERVICES_IN_TITLE: usize = 4;

/// The cure in words, and whether hardpan can bring it.
fn help(finding: &Finding) -> Option<String> {
    // What is waived is left alone.
    let fix = finding.fix.as_ref().filter(|_| finding.waived_by.is_none());
    let by_program = fix.map(|fix| match fix.safety {
        Safety::Safe => "`--fix` does it",
        Safety::Unsafe => "`--fix=unsafe` does it; see `--diff` first",
    });
    match (finding.help.as_deref().or(finding.fix.as_ref().map(|fix| fix.title.as_str())), by_program) {
        (Some(help), Some(by_program)) => Some(format!("{help} ({by_program})")),
        (Some(help), None) => Some(help.to_owned()),
        (None, _) => None,
    }
}

/// The requirements concerned, those that the documents name themselves first, and where to read on.
fn note(finding: &Finding) -> String {
    let is_ours = |id: &&str| id.starts_with(|c: char| c.is_ascii_digit());
    let mut ids: Vec<&str> = finding.requirements.iter().map(String::as_str).collect();
    ids.sort_by_key(is_ours);
    let more = if ids.len() > REQUIREMENTS_MAX + 1 { ids.len() - REQUIREMENTS_MAX } else { 0 };
    ids.truncate(ids.len() - more);
    let mut text = ids.join(", ");
    if more > 0 {
        let _ = write!(text, " and {more} more");
    }
    if !text.is_empty() {
        text.push_str("; ");
    }
    match hardpan_rules::find_rule(&finding.code) {
        Some(rule) => drop(write!(text, "see `hardpan explain {}`", rule.code)),
        None => text.push_str("a rule of the policy"),
    }
    text
}

/// What is unknown: a line for each rule and what it would have to know.
fn unknown(report: &Report<'_>, text: &mut String) {
    let mut groups: BTreeMap<(&str, &str, &str), (usize, Vec<String>)> = BTreeMap::new();
    let all = report.outcome.findings.iter();
    for finding in all.filter(|finding| finding.verdict == Verdict::Unknown && finding.waived_by.is_none()) {
        let key = (finding.code.as_str(), finding.name.as_str(), finding.message.as_str());
        let (count, services) = groups.entry(key).or_default();
        *count += 1;
        services.extend(finding.services.iter().cloned());
    }
    if groups.is_empty() {
        return;
    }
    text.push_str("Unknown: the files do not tell. Never counted as met; `--verbose` shows the places.\n");
    for ((code, name, message), (count, mut services)) in groups {
        services.sort_unstable();
        services.dedup();
        let times =
            if count == 1 || !services.is_empty() { String::new() } else { format!(" ({count} times)") };
        let _ = writeln!(text, "  {code} {name}: {message}{times}");
        if !services.is_empty() {
            let plural = if services.len() == 1 { "service" } else { "services" };
            let _ = writeln!(text, "    {} {plural}: {}", services.len(), Names(&services));
        }
    }
    text.push('\n');
}
