//! The report as one JSON document. Its shape is public; [`REPORT_SCHEMA`] describes it.

use std::collections::BTreeMap;

use hardpan_diag::{Diagnostic, Label};
use hardpan_rules::{Finding, Safety, Status, Verdict, score};
use hardpan_source::Edit;
use serde::Serialize;

use crate::{Position, Report, Sources, relative};

/// The version of the shape below; it changes when a field changes its meaning or goes away.
pub(crate) const VERSION: u32 = 1;

/// The JSON schema of the report.
pub const REPORT_SCHEMA: &str = include_str!("report.schema.json");

#[derive(Serialize)]
struct Document<'r> {
    version: u32,
    tool: Tool<'r>,
    project: Project<'r>,
    policy: Policy,
    summary: Summary,
    diagnostics: Vec<Problem<'r>>,
    findings: Vec<Entry<'r>>,
    rules: Vec<Rule<'r>>,
    requirements: Vec<Requirement>,
}

#[derive(Serialize)]
struct Tool<'r> {
    name: &'static str,
    version: &'r str,
}

#[derive(Serialize)]
struct Project<'r> {
    name: Option<&'r str>,
    /// Relative to the current folder, as every path of the report.
    directory: String,
    resolved: bool,
    services: usize,
}

#[derive(Serialize)]
struct Policy {
    file: Option<String>,
    house_rules: bool,
}

#[derive(Serialize)]
struct Summary {
    failed: bool,
    violations: BTreeMap<&'static str, usize>,
    unknown: usize,
    waived: usize,
    known: usize,
    fixable: Fixable,
    files: BTreeMap<String, usize>,
    requirements: BTreeMap<&'static str, usize>,
    score: Score,
}

#[derive(Serialize)]
struct Fixable {
    safe: usize,
    r#unsafe: usize,
}

#[derive(Serialize)]
struct Score {
    met: usize,
    decidable: usize,
}

#[derive(Serialize)]
struct Problem<'r> {
    severity: &'static str,
    code: &'static str,
    message: &'r str,
    location: Option<Place<'r>>,
    related: Vec<Place<'r>>,
    help: Option<&'r str>,
    note: Option<&'r str>,
}

#[derive(Serialize)]
struct Place<'r> {
    #[serde(flatten)]
    position: Position,
    label: &'r str,
}

#[derive(Serialize)]
struct Entry<'r> {
    rule: &'r str,
    name: &'r str,
    verdict: &'static str,
    severity: &'static str,
    confidence: &'static str,
    message: &'r str,
    services: &'r [String],
    requirements: &'r [String],
    location: Option<Place<'r>>,
    related: Vec<Place<'r>>,
    help: Option<&'r str>,
    fix: Option<Fix<'r>>,
    waived: bool,
    waiver: Option<Waiver<'r>>,
}

#[derive(Serialize)]
struct Waiver<'r> {
    reason: &'r str,
    adr: &'r str,
    owner: &'r str,
}

#[derive(Serialize)]
struct Fix<'r> {
    title: &'r str,
    safety: &'static str,
    edits: Vec<Change<'r>>,
}

#[derive(Serialize)]
struct Change<'r> {
    #[serde(flatten)]
    position: Position,
    replacement: &'r str,
}

#[derive(Serialize)]
struct Rule<'r> {
    rule: &'r str,
    name: &'r str,
    severity: &'static str,
    statement: &'r str,
    violated: usize,
    waived: usize,
    unknown: usize,
    satisfied: usize,
    not_applicable: &'r BTreeMap<&'static str, usize>,
    requirements: Vec<&'r str>,
}

#[derive(Serialize)]
struct Requirement {
    id: &'static str,
    title: &'static str,
    document: &'static str,
    section: &'static str,
    priority: &'static str,
    status: &'static str,
}

/// The report as JSON.
///
/// # Panics
/// Never: everything in it has a JSON form.
#[must_use]
pub fn json(report: &Report<'_>) -> String {
    let sources = report.sources();
    let outcome = report.outcome;
    let document = Document {
        version: VERSION,
        tool: Tool { name: "hardpan", version: report.version },
        project: Project {
            name: report.project,
            directory: relative(report.current_dir, report.directory),
            resolved: outcome.is_resolved(),
            services: outcome.services,
        },
        policy: Policy {
            file: report.policy_path.map(|path| relative(report.current_dir, path)),
            house_rules: outcome.policy.house_rules,
        },
        summary: summary(report),
        diagnostics: outcome.diagnostics.iter().map(|one| problem(&sources, one)).collect(),
        findings: outcome
            .findings
            .iter()
            .enumerate()
            .map(|(index, finding)| entry(report, finding, report.edits_of(index)))
            .collect(),
        rules: rules(report),
        requirements: requirements(report),
    };
    serde_json::to_string_pretty(&document).expect("strings, numbers and lists have a JSON form") + "\n"
}

fn summary(report: &Report<'_>) -> Summary {
    let findings = &report.outcome.findings;
    let (mut violations, mut files) = (BTreeMap::new(), BTreeMap::new());
    for finding in findings.iter().filter(|finding| finding.waived_by.is_none()) {
        if finding.verdict == Verdict::Violation {
            *violations.entry(finding.severity.as_str()).or_default() += 1;
            if let Some(label) = &finding.primary {
                *files.entry(report.sources().path(label.span.file)).or_default() += 1;
            }
        }
    }
    let count = |is: &dyn Fn(&Finding) -> bool| findings.iter().filter(|finding| is(finding)).count();
    let score = score(report.matrix);
    Summary {
        failed: findings.iter().any(|finding| report.gate.fails(finding)),
        violations,
        unknown: count(&|one| one.verdict == Verdict::Unknown && one.waived_by.is_none()),
        waived: count(&|one| one.waived_by.is_some()),
        known: report.known,
        fixable: Fixable { safe: report.fixable(Safety::Safe), r#unsafe: report.fixable(Safety::Unsafe) },
        files,
        requirements: Status::ALL
            .iter()
            .map(|status| {
                let count = report.matrix.iter().filter(|row| row.status == *status).count();
                (status.as_str(), count)
            })
            .collect(),
        score: Score { met: score.met, decidable: score.decidable },
    }
}

fn problem<'r>(sources: &Sources<'_>, diagnostic: &'r Diagnostic) -> Problem<'r> {
    Problem {
        severity: diagnostic.severity.as_str(),
        code: diagnostic.code.0,
        message: &diagnostic.message,
        location: diagnostic.primary.as_ref().map(|label| place(sources, label)),
        related: diagnostic.related.iter().map(|label| place(sources, label)).collect(),
        help: diagnostic.help.as_deref(),
        note: diagnostic.note.as_deref(),
    }
}

fn place<'r>(sources: &Sources<'_>, label: &'r Label) -> Place<'r> {
    Place { position: sources.position(label.span), label: &label.text }
}

fn entry<'r>(report: &Report<'r>, finding: &'r Finding, edits: &'r [Edit]) -> Entry<'r> {
    let sources = &report.sources();
    Entry {
        rule: &finding.code,
        name: &finding.name,
        verdict: finding.verdict.as_str(),
        severity: finding.severity.as_str(),
        confidence: finding.confidence.as_str(),
        message: &finding.message,
        services: &finding.services,
        requirements: &finding.requirements,
        location: finding.primary.as_ref().map(|label| place(sources, label)),
        related: finding.related.iter().map(|label| place(sources, label)).collect(),
        help: finding.help.as_deref(),
        fix: finding.fix.as_ref().map(|fix| Fix {
            title: &fix.title,
            safety: fix.safety.as_str(),
            edits: edits
                .iter()
                .map(|edit| Change { position: sources.position(edit.span), replacement: &edit.replacement })
                .collect(),
        }),
        waived: finding.waived_by.is_some(),
        waiver: report.waiver_of(finding).map(|waiver| Waiver {
            reason: &waiver.reason,
            adr: &waiver.adr,
            owner: &waiver.owner,
        }),
    }
}

fn rules<'r>(report: &Report<'r>) -> Vec<Rule<'r>> {
    let tallies = report.outcome.tallies.iter();
    tallies
        .filter_map(|tally| {
            let rule = report.rule_of(tally)?;
            Some(Rule {
                rule: &tally.code,
                name: rule.name,
                severity: rule.severity.as_str(),
                statement: rule.statement,
                violated: tally.violated,
                waived: tally.waived,
                unknown: tally.unknown,
                satisfied: tally.satisfied,
                not_applicable: &tally.not_applicable,
                requirements: rule.requirements,
            })
        })
        .collect()
}

fn requirements(report: &Report<'_>) -> Vec<Requirement> {
    let rows = report.matrix.iter();
    rows.map(|row| Requirement {
        id: row.requirement.id,
        title: row.requirement.title,
        document: row.requirement.document.number(),
        section: row.requirement.section,
        priority: row.requirement.priority.as_str(),
        status: row.status.as_str(),
    })
    .collect()
}
