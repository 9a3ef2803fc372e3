//! The report of a check for people: findings with excerpts, the worst first; what is unknown in short; a summary.

mod matrix;
mod summary;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt::Write as _;

use annotate_snippets::{Group, Level, Renderer};
use hardpan_diag::{Label, Severity as Problem};
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
    /// Findings that say the same of several places as one.
    pub group: bool,
}

/// How many related places are shown with a finding; the rest is counted.
const RELATED_MAX: usize = 3;

/// How many are shown where findings are shown as one.
const GROUPED_MAX: usize = 9;

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
    let all: Vec<Cow<'_, Finding>> =
        if shown.group { grouped(&all) } else { all.into_iter().map(Cow::Borrowed).collect() };
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

/// Findings of one rule that say the same, each group as one finding at the first place, with the others as related.
fn grouped<'f>(all: &[&'f Finding]) -> Vec<Cow<'f, Finding>> {
    let mut groups: Vec<Cow<'f, Finding>> = Vec::new();
    let mut known: HashMap<_, usize> = HashMap::new();
    for finding in all {
        let says = (&finding.message, &finding.help);
        let key = (&finding.code, finding.verdict, finding.severity, says, finding.waived_by);
        let Some(&at) = known.get(&key) else {
            known.insert(key, groups.len());
            groups.push(Cow::Borrowed(*finding));
            continue;
        };
        let group = groups[at].to_mut();
        if let Some(label) = &finding.primary {
            let text = if label.text.is_empty() { "here as well".to_owned() } else { label.text.clone() };
            group.related.push(Label { span: label.span, text });
        }
        group.services.extend(finding.services.iter().cloned());
        group.services.sort_unstable();
        group.services.dedup();
    }
    groups
}

/// More warnings of the resolver are only counted; errors are all shown.
const WARNINGS_MAX: usize = 5;

/// What there was to say of the policy and what the resolver had to say, where no finding says it.
fn problems(report: &Report<'_>, renderer: &Renderer) -> String {
    let mut text = String::new();
    let mut warnings = 0;
    for diagnostic in report.outcome.diagnostics.iter().filter(|one| !report.is_finding(one)) {
        if diagnostic.severity < Problem::Error {
            warnings += 1;
            if warnings > WARNINGS_MAX {
                continue;
            }
        }
        text.push_str(&diagnostics::render(&report.sources(), diagnostic, renderer));
        text.push_str("\n\n");
    }
    if warnings > WARNINGS_MAX {
        let more = warnings - WARNINGS_MAX;
        let _ = writeln!(text, "{more} more warnings: `hardpan config --quiet` shows them\n");
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
    let related_max = match (shown.verbose, shown.group) {
        (true, _) => usize::MAX,
        (false, true) => GROUPED_MAX,
        (false, false) => RELATED_MAX,
    };
    let related = distinct(report, finding);
    let shown_related = related.iter().take(related_max).copied();
    let excerpts = excerpt::excerpts(&sources, finding.primary.as_ref(), shown_related);
    let heading = level.with_name(word).primary_title(title(finding)).id(finding.code.as_str());
    let mut group = excerpt::show(Group::with_title(heading), &excerpts);
    if finding.services.len() > SERVICES_IN_TITLE {
        let all: Vec<&str> = finding.services.iter().map(String::as_str).collect();
        group = group.element(Level::NOTE.message(format!("services: {}", all.join(", "))));
    }
    if related.len() > related_max {
        let more = related.len() - related_max;
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

/// The related places; of several in one line that say the same, such as a merge key and its alias, the first.
fn distinct<'r>(report: &Report<'r>, finding: &'r Finding) -> Vec<&'r Label> {
    let line = |label: &Label| report.outcome.files.get(label.span.file).line_column(label.span.start).line;
    let mut seen = HashSet::new();
    let places = finding.related.iter();
    places.filter(|label| seen.insert((label.span.file, line(label), label.text.as_str()))).collect()
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

/// Findings of one rule that say the same of something unknown.
#[derive(Default)]
struct Alike<'r> {
    count: usize,
    services: BTreeSet<&'r str>,
}

/// More different texts of one rule are shown by their first.
const MESSAGES_MAX: usize = 3;

/// What is unknown: a line for each rule and what it would have to know.
fn unknown(report: &Report<'_>, text: &mut String) {
    let mut rules: BTreeMap<(&str, &str), BTreeMap<&str, Alike<'_>>> = BTreeMap::new();
    let all = report.outcome.findings.iter();
    for finding in all.filter(|finding| finding.verdict == Verdict::Unknown && finding.waived_by.is_none()) {
        let rule = rules.entry((&finding.code, &finding.name)).or_default();
        let group = rule.entry(&finding.message).or_default();
        group.count += 1;
        group.services.extend(finding.services.iter().map(String::as_str));
    }
    if rules.is_empty() {
        return;
    }
    text.push_str("Unknown: the files do not tell. Never counted as met; `--verbose` shows the places.\n");
    for ((code, name), mut groups) in rules {
        let _ = writeln!(text, "  {code} {name}");
        let mut more = String::new();
        if groups.len() > MESSAGES_MAX {
            let mut others = groups.split_off(groups.keys().nth(1).copied().unwrap_or_default());
            more = format!("; and {} more like it", others.len());
            if let Some(first) = groups.values_mut().next() {
                first
                    .services
                    .extend(others.values_mut().flat_map(|group| std::mem::take(&mut group.services)));
            }
        }
        for (message, Alike { count, services }) in groups {
            let services: Vec<String> = services.into_iter().map(str::to_owned).collect();
            let of = match services.len() {
                0 if count == 1 => String::new(),
                0 => format!("{count} times: "),
                1..=3 => format!("{}: ", Names(&services)),
                count => format!("{count} services ({}): ", Names(&services)),
            };
            let _ = writeln!(text, "    {of}{message}{more}");
        }
    }
    text.push('\n');
}
