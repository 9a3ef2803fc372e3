//! The matrix of requirements for people: every requirement with how it stands.

use std::fmt::Write as _;

use hardpan_rules::requirements::Document;
use hardpan_rules::{Finding, Status, score};

use super::summary::words;
use crate::Report;

/// Every requirement by document, with the rules that are against it, and lines that count them. Only what is met reads
/// as met.
#[must_use]
pub fn matrix_text(report: &Report<'_>) -> String {
    let rows = report.matrix;
    let mut text = String::new();
    let width = rows.iter().map(|row| row.requirement.id.len()).max().unwrap_or(0);
    let status_width = Status::ALL.iter().map(|status| status.as_str().len()).max().unwrap_or(0);
    for document in Document::ALL {
        let _ = writeln!(text, "{} {}", document.number(), document.title());
        for row in rows.iter().filter(|row| row.requirement.document == document) {
            let requirement = row.requirement;
            let status = row.status.as_str();
            let _ =
                write!(text, "  {:width$}  {status:status_width$}  {}", requirement.id, requirement.title);
            let against = against(report, requirement.id, row.status);
            if !against.is_empty() {
                let _ = write!(text, " ({})", against.join(", "));
            }
            text.push('\n');
        }
        text.push('\n');
    }
    for status in Status::ALL {
        let count = rows.iter().filter(|row| row.status == status).count();
        let _ = writeln!(text, "{count:>5} {}", words(status));
    }
    let score = score(rows);
    let _ =
        writeln!(text, "\n{} of {} requirements that files can decide are met", score.met, score.decidable);
    text
}

/// The rules whose findings keep a requirement from being met.
fn against<'r>(report: &Report<'r>, id: &str, status: Status) -> Vec<&'r str> {
    let verdict = |finding: &Finding| match status {
        Status::Violated => {
            finding.verdict == hardpan_rules::Verdict::Violation && finding.waived_by.is_none()
        }
        Status::Unknown => finding.verdict == hardpan_rules::Verdict::Unknown,
        Status::Waived => finding.waived_by.is_some(),
        _ => false,
    };
    let findings = report.outcome.findings.iter();
    let mut codes: Vec<&str> = findings
        .filter(|finding| verdict(finding) && finding.requirements.iter().any(|one| one == id))
        .map(|finding| finding.code.as_str())
        .collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}
