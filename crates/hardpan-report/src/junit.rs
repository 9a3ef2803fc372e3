//! Findings as JUnit XML: a suite for each rule, a case for each finding, and one case for a rule without any.

use std::fmt::Write as _;

use hardpan_rules::{Finding, Tally, Verdict};

use crate::{Report, title};

/// A rule with what it found.
struct Suite<'r> {
    code: &'r str,
    name: &'r str,
    tally: Option<&'r Tally>,
    findings: Vec<&'r Finding>,
}

/// The report as JUnit XML. What fails the check is a failure, what is unknown or waived is skipped, and the rest passes.
#[must_use]
pub fn junit(report: &Report<'_>) -> String {
    let suites = suites(report);
    let mut body = String::new();
    let mut total = Counts::default();
    for suite in &suites {
        let mut cases = String::new();
        let mut counts = Counts::default();
        for finding in &suite.findings {
            case(report, finding, &mut cases, &mut counts);
        }
        if suite.findings.is_empty() {
            counts.tests += 1;
            let nothing = suite.tally.is_some_and(|tally| tally.satisfied == 0);
            let attributes = attributes(&[("classname", suite.code), ("name", suite.name)]);
            if nothing {
                counts.skipped += 1;
                let _ = writeln!(
                    cases,
                    "    <testcase {attributes}>\n      <skipped message=\"nothing to judge\"/>\n    </testcase>"
                );
            } else {
                let _ = writeln!(cases, "    <testcase {attributes}/>");
            }
        }
        let name = format!("{} {}", suite.code, suite.name);
        let _ = writeln!(body, "  <testsuite {} {}>", attributes(&[("name", &name)]), counts.text());
        let _ = writeln!(body, "{cases}  </testsuite>");
        total.tests += counts.tests;
        total.failures += counts.failures;
        total.skipped += counts.skipped;
    }
    let mut problems = Counts::default();
    let unresolved = errors(report, &mut problems);
    total.tests += problems.tests;
    total.errors += problems.errors;
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"hardpan check\" {}>\n{body}{unresolved}</testsuites>\n",
        total.text()
    )
}

#[derive(Default)]
struct Counts {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
}

impl Counts {
    fn text(&self) -> String {
        format!(
            "tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\"",
            self.tests, self.failures, self.errors, self.skipped
        )
    }
}

/// The rules that are on, in the order of the registry, then those of the policy that only findings name.
fn suites<'r>(report: &Report<'r>) -> Vec<Suite<'r>> {
    let mut suites: Vec<Suite<'r>> = Vec::new();
    for tally in &report.outcome.tallies {
        let name = report.rule_of(tally).map_or("", |rule| rule.name);
        suites.push(Suite { code: &tally.code, name, tally: Some(tally), findings: Vec::new() });
    }
    for finding in &report.outcome.findings {
        match suites.iter_mut().find(|suite| suite.code == finding.code) {
            Some(suite) => suite.findings.push(finding),
            None => suites.push(Suite {
                code: &finding.code,
                name: &finding.name,
                tally: None,
                findings: vec![finding],
            }),
        }
    }
    suites
}

fn case(report: &Report<'_>, finding: &Finding, text: &mut String, counts: &mut Counts) {
    let title = title(finding);
    let position = finding.primary.as_ref().map(|label| report.sources().position(label.span));
    let line = position.as_ref().map(|position| position.region.line.to_string());
    let mut list = vec![("classname", finding.code.as_str()), ("name", title.as_str())];
    if let (Some(position), Some(line)) = (&position, &line) {
        list.extend([("file", position.file.as_str()), ("line", line.as_str())]);
    }
    counts.tests += 1;
    let _ = writeln!(text, "    <testcase {}>", attributes(&list));
    let place = position
        .map(|at| format!("{}:{}:{}: ", at.file, at.region.line, at.region.column))
        .unwrap_or_default();
    let mut body = format!("{place}{title}");
    if let Some(help) = &finding.help {
        let _ = write!(body, "\nhelp: {help}");
    }
    if !finding.requirements.is_empty() {
        let _ = write!(body, "\nrequirements: {}", finding.requirements.join(", "));
    }
    if report.gate.fails(finding) {
        counts.failures += 1;
        let list = attributes(&[("type", finding.severity.as_str()), ("message", &title)]);
        let _ = writeln!(text, "      <failure {list}>{}</failure>", escape(&body));
    } else if finding.waived_by.is_some() || finding.verdict == Verdict::Unknown {
        counts.skipped += 1;
        let reason = if finding.waived_by.is_some() { "waived" } else { "unknown" };
        let _ = writeln!(text, "      <skipped {}/>", attributes(&[("message", reason)]));
    } else {
        let _ = writeln!(text, "      <system-out>{}</system-out>", escape(&body));
    }
    text.push_str("    </testcase>\n");
}

/// A suite of what is wrong with the project or its policy, where no finding says it.
fn errors(report: &Report<'_>, counts: &mut Counts) -> String {
    let mut cases = String::new();
    let all = report.outcome.diagnostics.iter();
    for one in all.filter(|one| one.severity == hardpan_diag::Severity::Error && !report.is_finding(one)) {
        counts.tests += 1;
        counts.errors += 1;
        let list = attributes(&[("classname", "resolver"), ("name", one.code.0)]);
        let error = attributes(&[("type", one.code.0), ("message", &one.message)]);
        let _ = writeln!(cases, "    <testcase {list}>\n      <error {error}/>\n    </testcase>");
    }
    if cases.is_empty() {
        return cases;
    }
    format!("  <testsuite name=\"resolver\" {}>\n{cases}  </testsuite>\n", counts.text())
}

fn attributes(list: &[(&str, &str)]) -> String {
    let all: Vec<String> = list.iter().map(|(name, value)| format!("{name}=\"{}\"", escape(value))).collect();
    all.join(" ")
}

/// Text for XML; characters that XML 1.0 does not have are replaced.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' => escaped.push_str("&#10;"),
            '\t' => escaped.push_str("&#9;"),
            c if c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}') => escaped.push('\u{FFFD}'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn text_is_escaped_for_xml() {
        assert_eq!(escape("a<b> & \"c\"\n\u{1b}"), "a&lt;b&gt; &amp; &quot;c&quot;&#10;\u{FFFD}");
    }
}
