//! Findings as workflow commands, which GitHub shows beside the lines of a pull request.

use std::fmt::Write as _;

use hardpan_rules::codes::Severity;
use hardpan_rules::{Finding, Verdict};

use crate::{Report, title};

/// One workflow command for each open violation, and for what is unknown where that fails. GitHub shows a few of each
/// level for one step; the SARIF report has no such limit.
#[must_use]
pub fn github(report: &Report<'_>) -> String {
    let mut text = String::new();
    let is_shown = |finding: &&Finding| {
        finding.waived_by.is_none() && (finding.verdict == Verdict::Violation || report.gate.fails(finding))
    };
    for finding in report.outcome.findings.iter().filter(is_shown) {
        text.push_str(&command(report, finding));
    }
    for problem in &report.outcome.diagnostics {
        if problem.severity == hardpan_diag::Severity::Error && !report.is_finding(problem) {
            let place = problem.primary.as_ref().map(|label| place(report, label.span));
            let _ = writeln!(
                text,
                "::error {}title={}::{}",
                place.unwrap_or_default(),
                property(problem.code.0),
                data(&problem.message)
            );
        }
    }
    text
}

fn command(report: &Report<'_>, finding: &Finding) -> String {
    let level = match finding.severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "notice",
    };
    let place = finding.primary.as_ref().map(|label| place(report, label.span)).unwrap_or_default();
    let heading = format!("{} {} ({})", finding.code, finding.name, finding.severity.as_str());
    let mut message = title(finding);
    if let Some(help) = &finding.help {
        let _ = write!(message, "\nhelp: {help}");
    }
    if !finding.requirements.is_empty() {
        let _ = write!(message, "\nrequirements: {}", finding.requirements.join(", "));
    }
    format!("::{level} {place}title={}::{}\n", property(&heading), data(&message))
}

/// The place as properties, each with the comma that separates it from the next.
fn place(report: &Report<'_>, span: hardpan_source::Span) -> String {
    let position = report.sources().position(span);
    let region = position.region;
    // GitHub takes columns only where the range is of one line.
    let columns = if region.line == region.end_line {
        format!(",col={},endColumn={}", region.column, region.end_column)
    } else {
        String::new()
    };
    format!("file={},line={},endLine={}{columns},", property(&position.file), region.line, region.end_line)
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_a_command_or_a_property_is_escaped() {
        assert_eq!(data("50%: a, b\r\nc"), "50%25: a, b%0D%0Ac");
        assert_eq!(property("a,b:c%\n"), "a%2Cb%3Ac%25%0A");
    }
}
