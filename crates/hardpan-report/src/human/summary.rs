//! The end of the report for people: counts by severity, by place and by requirement, the score, the policy.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use hardpan_rules::codes::Severity;
use hardpan_rules::requirements::Priority;
use hardpan_rules::{Finding, Safety, Status, Verdict, score};

use super::Shown;
use crate::Report;

/// The severities, the worst first.
const SEVERITIES: [Severity; 5] =
    [Severity::Critical, Severity::High, Severity::Medium, Severity::Low, Severity::Info];

/// Counts of findings: one for each severity, then what is unknown.
#[derive(Clone, Copy, Default)]
struct Counts([usize; SEVERITIES.len() + 1]);

impl Counts {
    const UNKNOWN: usize = SEVERITIES.len();

    fn add(&mut self, finding: &Finding) {
        let at = match finding.verdict {
            Verdict::Unknown => Self::UNKNOWN,
            _ => SEVERITIES.iter().position(|one| *one == finding.severity).unwrap_or(0),
        };
        self.0[at] += 1;
    }
}

pub(super) fn summary(report: &Report<'_>, shown: Shown, text: &mut String) {
    let open = || report.outcome.findings.iter().filter(|finding| finding.waived_by.is_none());
    let mut total = Counts::default();
    open().for_each(|finding| total.add(finding));
    let _ = writeln!(text, "{}", first_line(report, total));
    by_place(report, shown, text);
    text.push('\n');
    fixes(report, text);
    if !report.matrix.is_empty() {
        by_requirement(report, text);
    }
    let _ = writeln!(text, "Policy: {}", policy_line(report));
}

/// "2 critical, 1 high; 3 unknown; 1 waived; 4 known from the baseline: 5 services of `shop`".
fn first_line(report: &Report<'_>, total: Counts) -> String {
    let violations: usize = total.0[..Counts::UNKNOWN].iter().sum();
    let mut parts = Vec::new();
    if violations == 0 {
        parts.push("no violations".to_owned());
    } else {
        let counts = SEVERITIES.iter().zip(total.0).filter(|(_, count)| *count > 0);
        let counts: Vec<String> = counts.map(|(one, count)| format!("{count} {}", one.as_str())).collect();
        parts.push(counts.join(", "));
    }
    let waived = report.outcome.findings.iter().filter(|finding| finding.waived_by.is_some()).count();
    for (count, word) in [
        (total.0[Counts::UNKNOWN], "unknown"),
        (waived, "waived"),
        (report.known, "known from the baseline and not shown"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {word}"));
        }
    }
    let services = match report.outcome.services {
        1 => "1 service".to_owned(),
        count => format!("{count} services"),
    };
    let of = report.project.map_or_else(String::new, |name| format!(" of `{name}`"));
    format!("Findings in {services}{of}: {}", parts.join("; "))
}

/// A table of counts by file, or by service.
fn by_place(report: &Report<'_>, shown: Shown, text: &mut String) {
    let sources = report.sources();
    let mut rows: BTreeMap<String, Counts> = BTreeMap::new();
    for finding in report.outcome.findings.iter().filter(|finding| finding.waived_by.is_none()) {
        let names = if shown.per_service {
            match finding.services.as_slice() {
                [] => vec!["(the project)".to_owned()],
                services => services.to_vec(),
            }
        } else {
            let file = finding.primary.as_ref().map(|label| sources.short_path(label.span.file).to_owned());
            vec![file.unwrap_or_else(|| "(no file)".to_owned())]
        };
        for name in names {
            rows.entry(name).or_default().add(finding);
        }
    }
    if rows.is_empty() {
        return;
    }
    let what = if shown.per_service { "service" } else { "file" };
    let width = rows.keys().map(|name| name.chars().count()).max().unwrap_or(0).max(what.len());
    let _ = write!(text, "\n  {what:width$}");
    let words = SEVERITIES.iter().map(|one| one.as_str()).chain(["unknown"]);
    let words: Vec<&str> = words.collect();
    for word in &words {
        let _ = write!(text, "  {word}");
    }
    text.push('\n');
    for (name, counts) in rows {
        let mut line = format!("  {name:width$}");
        for (word, count) in words.iter().zip(counts.0) {
            let count = if count == 0 { "-".to_owned() } else { count.to_string() };
            let _ = write!(line, "  {count:>width$}", width = word.len());
        }
        let _ = writeln!(text, "{line}");
    }
}

/// How much of it hardpan can cure.
fn fixes(report: &Report<'_>, text: &mut String) {
    let (safe, risky) = (report.fixable(Safety::Safe), report.fixable(Safety::Unsafe));
    let line = match (safe, risky) {
        (0, 0) => return,
        (safe, 0) => format!("`--fix` cures {safe}"),
        (0, risky) => format!("`--fix=unsafe` cures {risky}"),
        (safe, risky) => format!("`--fix` cures {safe}, `--fix=unsafe` {risky} more"),
    };
    let _ = writeln!(text, "Fixes: {line}; `--diff` shows how");
}

fn by_requirement(report: &Report<'_>, text: &mut String) {
    let count = |status: Status| report.matrix.iter().filter(|row| row.status == status).count();
    let parts: Vec<String> = Status::ALL
        .iter()
        .filter(|status| count(**status) > 0)
        .map(|status| format!("{} {}", count(*status), words(*status)))
        .collect();
    let _ = writeln!(text, "Requirements: {} (`--requirements` lists them)", parts.join(", "));
    let broken = violated(report);
    if !broken.is_empty() {
        let _ = writeln!(text, "Violated: {broken}");
    }
    let score = score(report.matrix);
    let _ = writeln!(
        text,
        "Score: {} of {} requirements that files can decide are met",
        score.met, score.decidable
    );
}

/// More violated requirements are only counted.
const VIOLATED_MAX: usize = 6;

/// The violated requirements that the documents call most important.
fn violated(report: &Report<'_>) -> String {
    let rows = report.matrix.iter().filter(|row| row.status == Status::Violated);
    let mut broken: Vec<_> = rows.map(|row| row.requirement).collect();
    // Ids that the documents give themselves begin with a letter and say more.
    let is_ours = |id: &str| id.starts_with(|c: char| c.is_ascii_digit());
    broken.sort_by_key(|requirement| (std::cmp::Reverse(requirement.priority), is_ours(requirement.id)));
    let more = if broken.len() > VIOLATED_MAX + 1 { broken.len() - VIOLATED_MAX } else { 0 };
    let shown = broken[..broken.len() - more].iter().map(|requirement| match requirement.priority {
        Priority::Unstated => requirement.id.to_owned(),
        priority => format!("{} ({})", requirement.id, priority.as_str()),
    });
    let list = shown.collect::<Vec<_>>().join(", ");
    if more > 0 { format!("{list} and {more} more") } else { list }
}

/// A status in a sentence.
pub(super) fn words(status: Status) -> &'static str {
    match status {
        Status::ToBeObserved => "to be observed on a running system",
        Status::Planned => "not provable yet",
        Status::Process => "up to people",
        Status::NotApplicable => "about nothing here",
        Status::Off => "with rules that are off",
        _ => status.as_str(),
    }
}

fn policy_line(report: &Report<'_>) -> String {
    let house = report.outcome.policy.house_rules;
    match (report.policy_path, house) {
        (Some(path), _) => {
            let path = crate::relative(report.current_dir, path);
            format!("{path}; house rules are {}", if house { "on" } else { "off" })
        }
        (None, true) => "no hardpan.yml: all rules, with the parameters of the baseline documents".to_owned(),
        (None, false) => {
            "no hardpan.yml: rules for anybody's project; house rules such as the Loki driver are \
                          off (`--house` turns them on)"
                .to_owned()
        }
    }
}
