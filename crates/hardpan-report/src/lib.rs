//! Renderers: what hardpan found, as text for people and as documents for programs. Strings in, strings out.
//!
//! This crate judges nothing and does no IO: it gets an [`Outcome`] and says it in one of the formats. A newcomer needs
//! to know one thing: no renderer shows more of a file than [`excerpt`] lets through, and that masks what may be secret.

mod baseline;
mod diagnostics;
mod diff;
mod excerpt;
mod explain;
mod github;
mod human;
mod json;
mod junit;
mod place;
mod sarif;
mod secrets;

use std::collections::HashSet;

use hardpan_diag::{Diagnostic, Label};
use hardpan_rules::codes::Severity;
use hardpan_rules::policy::Waiver;
use hardpan_rules::{Finding, Outcome, Row, Rule, Safety, Tally, Verdict};
use hardpan_source::{Edit, FileId, FileTable};

pub use annotate_snippets::Renderer;
pub use baseline::{Baseline, BaselineError};
pub use diagnostics::diagnostics;
pub use diff::diff;
pub use explain::{Page, explain, rules_index};
pub use github::github;
pub use human::{Shown, human, matrix_text};
pub use json::{REPORT_SCHEMA, json};
pub use junit::junit;
pub use place::{Position, Region, relative};
pub use sarif::sarif;

/// The files that spans refer to, and how to name them.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'s> {
    /// The files.
    pub files: &'s FileTable,
    /// Files of which only keys are shown.
    pub masked: &'s HashSet<FileId>,
    /// The folder that shown paths start at, absolute.
    pub current_dir: &'s str,
}

/// Which findings make a check fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gate {
    /// The least severity that fails.
    pub fail_on: Severity,
    /// Whether what is unknown fails as well.
    pub strict: bool,
}

impl Gate {
    /// True if the finding makes the check fail.
    #[must_use]
    pub fn fails(&self, finding: &Finding) -> bool {
        finding.waived_by.is_none()
            && finding.severity >= self.fail_on
            && (finding.verdict == Verdict::Violation || self.strict && finding.verdict == Verdict::Unknown)
    }
}

/// A rule that was judged, of ours or of the policy.
struct Judged<'r> {
    name: &'r str,
    severity: Severity,
    /// What holds where it is met.
    statement: &'r str,
    requirements: Vec<&'r str>,
    /// Ours; none where the policy brought it.
    known: Option<&'static Rule>,
}

/// Everything that a report of a check is made of.
#[derive(Clone, Copy, Debug)]
pub struct Report<'r> {
    /// The version of hardpan.
    pub version: &'r str,
    /// The project's name, where it has one.
    pub project: Option<&'r str>,
    /// The project's folder, absolute.
    pub directory: &'r str,
    /// The folder that shown paths start at, absolute.
    pub current_dir: &'r str,
    /// The policy file, absolute, where there is one.
    pub policy_path: Option<&'r str>,
    /// What was found.
    pub outcome: &'r Outcome,
    /// How the requirements stand; empty where only some rules were asked for.
    pub matrix: &'r [Row],
    /// The edits of each finding's fix, by the finding's index; empty where none can be given.
    pub edits: &'r [Vec<Edit>],
    /// What makes the check fail.
    pub gate: Gate,
    /// Findings that a baseline knows and that were left out.
    pub known: usize,
}

impl<'r> Report<'r> {
    /// The files of the report.
    #[must_use]
    pub fn sources(&self) -> Sources<'r> {
        Sources { files: &self.outcome.files, masked: &self.outcome.masked, current_dir: self.current_dir }
    }

    /// The rule of a tally; none where neither hardpan nor the policy has it any more.
    fn rule_of(&self, tally: &Tally) -> Option<Judged<'r>> {
        if let Some(rule) = hardpan_rules::find_rule(&tally.code) {
            return Some(Judged {
                name: rule.name,
                severity: rule.info().severity,
                statement: rule.info().statement,
                requirements: rule.requirements().iter().map(|requirement| requirement.id).collect(),
                known: Some(rule),
            });
        }
        let rule = self.outcome.policy.custom.iter().find(|rule| rule.rule == tally.code)?;
        Some(Judged {
            name: &rule.name,
            severity: rule.severity,
            statement: &rule.require.0,
            requirements: vec![&rule.requirement],
            known: None,
        })
    }

    /// The waiver that covers a finding.
    fn waiver_of(&self, finding: &Finding) -> Option<&'r Waiver> {
        self.outcome.policy.waivers.get(finding.waived_by?)
    }

    /// How many open violations have a fix of that safety.
    fn fixable(&self, safety: Safety) -> usize {
        let open = self.outcome.findings.iter().filter(|finding| finding.waived_by.is_none());
        let fixes = open.filter(|finding| finding.verdict == Verdict::Violation);
        fixes.filter(|finding| finding.fix.as_ref().is_some_and(|fix| fix.safety == safety)).count()
    }

    /// True if a finding says the same: one of the rules repeats what the resolver refuses.
    fn is_finding(&self, diagnostic: &Diagnostic) -> bool {
        let place = |label: &Option<Label>| label.as_ref().map(|label| label.span);
        diagnostic.severity == hardpan_diag::Severity::Error
            && self.outcome.findings.iter().any(|finding| {
                finding.message == diagnostic.message && place(&finding.primary) == place(&diagnostic.primary)
            })
    }

    /// The edits of the finding with this index.
    fn edits_of(&self, index: usize) -> &'r [Edit] {
        self.edits.get(index).map_or(&[], Vec::as_slice)
    }
}

/// Writes paths below the project's folder relative to it in what was found. The resolver words its errors with whole
/// paths, as the reference does; in a report they would differ from machine to machine.
pub fn shorten_paths(outcome: &mut Outcome, directory: &str) {
    let folder = format!("{}/", directory.trim_end_matches('/'));
    if folder == "/" {
        return;
    }
    let messages = outcome.findings.iter_mut().map(|finding| &mut finding.message);
    for message in messages.chain(outcome.diagnostics.iter_mut().map(|one| &mut one.message)) {
        if message.contains(&folder) {
            *message = message.replace(&folder, "");
        }
    }
}

/// "`db` and `web`: processes can gain privileges", or the message alone where no service is concerned.
fn title(finding: &Finding) -> String {
    match finding.services.as_slice() {
        [] => finding.message.clone(),
        names => format!("{}: {}", hardpan_rules::Names(names), finding.message),
    }
}
