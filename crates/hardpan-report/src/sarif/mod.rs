//! Findings as SARIF 2.1.0, which code-scanning services and editors read. No text of a file is in it.

mod model;

use std::collections::BTreeMap;

use hardpan_diag::{Diagnostic, Label};
use hardpan_rules::codes::Severity;
use hardpan_rules::policy::Waiver;
use hardpan_rules::{Finding, Status, Verdict, score};
use hardpan_source::{Edit, Span};

use self::model::{
    Artifact, Change, Configuration, Driver, Fix, Help, Invocation, Location, Log, Logical, Notification,
    Outcome, Physical, Properties, Reference, Region, Replacement, Rule, RuleProperties, Run, RunProperties,
    Suppression, Text, Tool, UriBase,
};
use crate::{Judged, Report, Sources, title};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The folder that paths start at: the one in which hardpan was started.
const BASE: &str = "%SRCROOT%";

/// The families whose findings are security alerts and not only problems.
const SECURITY: [&str; 4] = ["SEC", "SCR", "NET", "IMG"];

/// The report as SARIF.
///
/// # Panics
/// Never: everything in it has a JSON form.
#[must_use]
pub fn sarif(report: &Report<'_>) -> String {
    let sources = report.sources();
    let outcome = report.outcome;
    let rules = rules(report);
    let index: BTreeMap<&str, usize> = rules.iter().enumerate().map(|(at, rule)| (rule.id, at)).collect();
    let results = outcome
        .findings
        .iter()
        .enumerate()
        .map(|(at, finding)| result(report, finding, index[finding.code.as_str()], report.edits_of(at)))
        .collect();
    let score = score(report.matrix);
    let count = |status: Status| report.matrix.iter().filter(|row| row.status == status).count();
    let run = Run {
        invocations: [Invocation {
            execution_successful: outcome.is_resolved(),
            tool_execution_notifications: outcome
                .diagnostics
                .iter()
                .map(|one| notification(&sources, one))
                .collect(),
        }],
        original_uri_base_ids: BTreeMap::from([(
            BASE,
            UriBase { description: text("the folder in which hardpan was started") },
        )]),
        column_kind: "unicodeCodePoints",
        results,
        properties: RunProperties {
            project: report.project,
            requirements: Status::ALL.iter().map(|status| (status.as_str(), count(*status))).collect(),
            requirements_met: score.met,
            requirements_decidable: score.decidable,
        },
        tool: Tool {
            driver: Driver {
                name: "hardpan",
                version: report.version,
                semantic_version: report.version,
                rules,
            },
        },
    };
    let log = Log { schema: SCHEMA, version: "2.1.0", runs: [run] };
    serde_json::to_string_pretty(&log).expect("strings, numbers and lists have a JSON form") + "\n"
}

/// The rules that were judged, then those that only findings name.
fn rules<'r>(report: &Report<'r>) -> Vec<Rule<'r>> {
    let tallies = report.outcome.tallies.iter();
    let mut rules: Vec<Rule<'r>> =
        tallies.filter_map(|tally| Some(rule(&tally.code, report.rule_of(tally)?))).collect();
    for finding in &report.outcome.findings {
        if !rules.iter().any(|rule| rule.id == finding.code) {
            let judged = Judged {
                name: &finding.name,
                severity: finding.severity,
                statement: &finding.message,
                requirements: finding.requirements.iter().map(String::as_str).collect(),
                known: hardpan_rules::find_rule(&finding.code),
            };
            rules.push(rule(&finding.code, judged));
        }
    }
    rules
}

fn rule<'r>(id: &'r str, judged: Judged<'r>) -> Rule<'r> {
    let Judged { name, severity, statement, requirements, known } = judged;
    let is_security = known.is_some_and(|rule| SECURITY.contains(&rule.info().family()));
    let tag = match known {
        Some(_) if is_security => "security",
        Some(_) => "correctness",
        None => "policy",
    };
    Rule {
        id,
        name,
        short_description: text(statement),
        help: known.map(|rule| Help { text: rule.doc.to_owned(), markdown: rule.doc.to_owned() }),
        default_configuration: Configuration { level: level(severity) },
        properties: RuleProperties {
            tags: std::iter::once(tag).chain(requirements).map(str::to_owned).collect(),
            precision: known.map(|rule| rule.confidence.as_str()),
            problem_severity: problem_severity(severity),
            security_severity: is_security.then(|| security_severity(severity)),
        },
    }
}

/// The standard knows three levels.
const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

const fn problem_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "recommendation",
    }
}

/// A number in the range that GitHub gives the word: critical above 9, high from 7, medium from 4.
const fn security_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "3.0",
        Severity::Info => "0.5",
    }
}

fn result<'r>(report: &Report<'r>, finding: &'r Finding, rule_index: usize, edits: &[Edit]) -> Outcome<'r> {
    let sources = &report.sources();
    let mut message = title(finding);
    if let Some(help) = &finding.help {
        message.push_str("\n\n");
        message.push_str(help);
    }
    let is_open = finding.verdict == Verdict::Unknown;
    Outcome {
        rule_id: &finding.code,
        rule_index,
        kind: if is_open { "open" } else { "fail" },
        level: if is_open { "none" } else { level(finding.severity) },
        message: text(message),
        locations: vec![Location {
            id: None,
            physical_location: finding.primary.as_ref().map(|label| physical(sources, label.span)),
            logical_locations: finding.services.iter().map(|name| logical(name)).collect(),
            message: None,
        }],
        related_locations: finding
            .related
            .iter()
            .enumerate()
            .map(|(at, label)| Location { id: Some(at + 1), ..location(sources, label) })
            .collect(),
        partial_fingerprints: BTreeMap::from([("hardpanFinding/v1", fingerprint(sources, finding))]),
        fixes: fixes(sources, finding, edits),
        suppressions: report.waiver_of(finding).map(suppression).into_iter().collect(),
        properties: Properties {
            severity: finding.severity.as_str(),
            confidence: finding.confidence.as_str(),
            verdict: finding.verdict.as_str(),
            services: &finding.services,
            requirements: &finding.requirements,
        },
    }
}

/// A waiver is an accepted decision that stands outside the file.
fn suppression(waiver: &Waiver) -> Suppression {
    Suppression {
        kind: "external",
        status: "accepted",
        justification: format!("{} ({}, {})", waiver.reason, waiver.adr, waiver.owner),
    }
}

fn notification<'r>(sources: &Sources<'_>, diagnostic: &'r Diagnostic) -> Notification<'r> {
    Notification {
        descriptor: Reference { id: diagnostic.code.0 },
        level: diagnostic.severity.as_str(),
        message: text(diagnostic.message.as_str()),
        locations: diagnostic.primary.iter().map(|label| location(sources, label)).collect(),
    }
}

fn fixes(sources: &Sources<'_>, finding: &Finding, edits: &[Edit]) -> Vec<Fix> {
    let Some(fix) = finding.fix.as_ref().filter(|_| !edits.is_empty()) else { return Vec::new() };
    let mut changes: BTreeMap<_, Vec<Replacement>> = BTreeMap::new();
    for edit in edits {
        changes.entry(edit.span.file).or_default().push(Replacement {
            deleted_region: region(sources, edit.span),
            inserted_content: text(edit.replacement.as_str()),
        });
    }
    let artifact_changes = changes
        .into_iter()
        .map(|(file, replacements)| Change { artifact_location: artifact(&sources.path(file)), replacements })
        .collect();
    vec![Fix { description: text(format!("{} ({})", fix.title, fix.safety.as_str())), artifact_changes }]
}

fn text(text: impl Into<String>) -> Text {
    Text { text: text.into() }
}

fn location(sources: &Sources<'_>, label: &Label) -> Location {
    Location {
        id: None,
        physical_location: Some(physical(sources, label.span)),
        logical_locations: Vec::new(),
        message: (!label.text.is_empty()).then(|| text(label.text.as_str())),
    }
}

fn physical(sources: &Sources<'_>, span: Span) -> Physical {
    Physical { artifact_location: artifact(&sources.path(span.file)), region: region(sources, span) }
}

fn region(sources: &Sources<'_>, span: Span) -> Region {
    let region = sources.region(span);
    Region {
        start_line: region.line,
        start_column: region.column,
        end_line: region.end_line,
        end_column: region.end_column,
    }
}

fn logical(service: &str) -> Logical {
    Logical { name: service.to_owned(), fully_qualified_name: format!("services.{service}"), kind: "object" }
}

/// A path as a URI reference.
fn artifact(path: &str) -> Artifact {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'-' | b'_' | b'~') {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    Artifact { uri, uri_base_id: BASE }
}

/// The same as long as rule, services, file and message are: FNV-1a with 64 bits, which is enough to tell findings of
/// one project apart.
fn fingerprint(sources: &Sources<'_>, finding: &Finding) -> String {
    let file = finding.primary.as_ref().map(|label| sources.path(label.span.file)).unwrap_or_default();
    let parts = [finding.code.as_str(), finding.verdict.as_str(), &file, &finding.message];
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for part in parts.into_iter().chain(finding.services.iter().map(String::as_str)) {
        for byte in part.bytes().chain([0]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::artifact;

    #[test]
    fn paths_become_uris() {
        assert_eq!(artifact("a b/ä#.yml").uri, "a%20b/%C3%A4%23.yml");
    }
}
