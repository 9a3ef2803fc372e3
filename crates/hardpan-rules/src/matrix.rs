//! How each requirement of the catalogue stands after a check: the fold over its proofs and what the rules found.
//!
//! It decides nothing about a project itself; that is what rules do. What is unknown, planned or up to people is never
//! a pass.

use std::collections::HashMap;

use crate::engine::{Outcome, Tally};
use crate::finding::Verdict;
use crate::policy::Policy;
use crate::requirements::{self, Proof, Requirement};
use crate::{codes, find_rule};

/// What the files say of a requirement. The first that holds of one of its rules holds of the requirement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Declared {
    /// A rule is broken.
    Violated,
    /// A rule could not be decided.
    Unknown,
    /// A rule is broken, and a waiver accepts it.
    Waived,
    /// A rule is off, so nobody looked.
    Off,
    /// Every rule that has something to judge is met.
    Met,
    /// The project has nothing that the rules are about.
    NotApplicable,
}

/// How a requirement stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Status {
    /// The files break it.
    Violated,
    /// The files do not tell.
    Unknown,
    /// The files break it, and a waiver accepts that.
    Waived,
    /// The files prove it; nothing is left to prove.
    Met,
    /// As far as files go nothing is against it; a running system has to show it.
    ToBeObserved,
    /// Something that is not built yet has to prove a part of it.
    Planned,
    /// People decide a part of it.
    Process,
    /// The project has nothing that it is about.
    NotApplicable,
    /// A rule that proves it is off.
    Off,
}

impl Status {
    /// Every status, in the order of a report.
    pub const ALL: [Self; 9] = [
        Self::Violated,
        Self::Unknown,
        Self::Waived,
        Self::Met,
        Self::ToBeObserved,
        Self::Planned,
        Self::Process,
        Self::NotApplicable,
        Self::Off,
    ];

    /// The word for people and machines.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Violated => "violated",
            Self::Unknown => "unknown",
            Self::Waived => "waived",
            Self::Met => "met",
            Self::ToBeObserved => "to-be-observed",
            Self::Planned => "planned",
            Self::Process => "process",
            Self::NotApplicable => "not-applicable",
            Self::Off => "off",
        }
    }
}

/// A requirement with how it stands.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The requirement.
    pub requirement: &'static Requirement,
    /// What the files say; none where no rule over files is among its proofs, or where one that is missing could still
    /// say otherwise.
    pub declared: Option<Declared>,
    /// How it stands, all proofs taken together.
    pub status: Status,
}

/// How many of the requirements that files can decide are met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Score {
    /// Those that the files meet.
    pub met: usize,
    /// Those that the files meet or break, or of which they should tell and do not.
    pub decidable: usize,
}

/// Every requirement of the catalogue with how it stands, in the order of the catalogue.
#[must_use]
pub fn matrix(outcome: &Outcome) -> Vec<Row> {
    let facts = Facts::new(outcome);
    requirements::all().map(|requirement| row(requirement, &facts)).collect()
}

/// The score of a matrix.
#[must_use]
pub fn score(rows: &[Row]) -> Score {
    let count = |wanted: &[Declared]| {
        rows.iter().filter(|row| row.declared.is_some_and(|declared| wanted.contains(&declared))).count()
    };
    let met = count(&[Declared::Met]);
    Score { met, decidable: met + count(&[Declared::Violated, Declared::Unknown, Declared::Waived]) }
}

/// What the fold asks about rules and requirements.
struct Facts<'o> {
    policy: &'o Policy,
    tallies: &'o [Tally],
    /// What findings say of requirements, whatever rule they are of: rules of the policy prove some as well.
    found: HashMap<&'o str, Declared>,
    /// The project did not resolve, so what looks met may only look so.
    incomplete: bool,
}

impl<'o> Facts<'o> {
    fn new(outcome: &'o Outcome) -> Self {
        let mut found: HashMap<&str, Declared> = HashMap::new();
        for finding in &outcome.findings {
            let says = match (finding.waived_by, finding.verdict) {
                (Some(_), _) => Declared::Waived,
                (None, Verdict::Violation) => Declared::Violated,
                (None, _) => Declared::Unknown,
            };
            for id in &finding.requirements {
                found.entry(id).and_modify(|before| *before = says.min(*before)).or_insert(says);
            }
        }
        Self { policy: &outcome.policy, tallies: &outcome.tallies, found, incomplete: !outcome.is_resolved() }
    }

    /// What a rule says; none where it is not built yet.
    fn rule(&self, code: &str) -> Option<Declared> {
        let rule = find_rule(code)?;
        let tally = self.tallies.iter().find(|tally| tally.code == rule.code);
        Some(match tally {
            None if self.policy.is_on(rule) => Declared::Unknown,
            None => Declared::Off,
            Some(tally) if tally.violated > 0 => Declared::Violated,
            Some(tally) if tally.unknown > 0 => Declared::Unknown,
            Some(tally) if tally.waived > 0 => Declared::Waived,
            Some(_) if self.incomplete => Declared::Unknown,
            Some(tally) if tally.satisfied > 0 => Declared::Met,
            Some(_) => Declared::NotApplicable,
        })
    }
}

fn row(requirement: &'static Requirement, facts: &Facts<'_>) -> Row {
    let mut declared = facts.found.get(requirement.id).copied();
    let (mut is_planned, mut is_process) = (false, false);
    for proof in requirement.proof {
        match *proof {
            Proof::Rule(code) => match facts.rule(code) {
                Some(found) => declared = Some(declared.map_or(found, |before| before.min(found))),
                None => is_planned = true,
            },
            Proof::Planned { by, .. } => is_planned |= !is_observation(by),
            Proof::Process(_) => is_process = true,
            Proof::Runtime(_) => {}
        }
    }
    if is_planned && matches!(declared, Some(Declared::Met | Declared::NotApplicable)) {
        declared = None;
    }
    let status = match declared {
        Some(Declared::Violated) => Status::Violated,
        Some(Declared::Unknown) => Status::Unknown,
        Some(Declared::Waived) => Status::Waived,
        Some(Declared::Off) => Status::Off,
        Some(Declared::NotApplicable) => Status::NotApplicable,
        None if is_planned => Status::Planned,
        Some(Declared::Met) | None if requirement.awaits_observation() => Status::ToBeObserved,
        Some(Declared::Met) | None if is_process => Status::Process,
        Some(Declared::Met) => Status::Met,
        // The catalogue's own test rules out a requirement without a proof.
        None => Status::Unknown,
    };
    Row { requirement, declared, status }
}

/// True if what is planned is to look at a running system, and not a rule over files.
fn is_observation(by: &str) -> bool {
    codes::find(by).is_none_or(|rule| rule.observes().is_some() && !rule.has_unbuilt_check())
}

#[cfg(test)]
mod tests {
    use hardpan_source::FileTable;

    use super::*;
    use crate::requirements::{Document, Priority};

    const RULE: &str = "HP-SEC-001";

    fn requirement(proof: &'static [Proof]) -> &'static Requirement {
        Box::leak(Box::new(Requirement {
            id: "TEST-1",
            title: "a test",
            statement: "it holds",
            document: Document::D000,
            section: "1",
            priority: Priority::High,
            proof,
            parent: None,
        }))
    }

    fn tally(violated: usize, unknown: usize, satisfied: usize) -> Tally {
        Tally { code: RULE.to_owned(), violated, unknown, satisfied, ..Tally::default() }
    }

    fn outcome(tallies: Vec<Tally>) -> Outcome {
        Outcome {
            project: None,
            files: FileTable::new(),
            masked: std::collections::HashSet::new(),
            diagnostics: Vec::new(),
            policy: Policy::default(),
            findings: Vec::new(),
            tallies,
            services: 1,
        }
    }

    fn check(proof: &'static [Proof], tally: Tally, status: Status) {
        let outcome = outcome(vec![tally]);
        assert_eq!(row(requirement(proof), &Facts::new(&outcome)).status, status, "{proof:?}");
    }

    #[test]
    fn a_rule_decides_what_files_can_tell() {
        check(&[Proof::Rule(RULE)], tally(0, 0, 2), Status::Met);
        check(&[Proof::Rule(RULE)], tally(1, 1, 2), Status::Violated);
        check(&[Proof::Rule(RULE)], tally(0, 1, 2), Status::Unknown);
        check(&[Proof::Rule(RULE)], tally(0, 0, 0), Status::NotApplicable);
    }

    #[test]
    fn what_is_not_built_or_seen_is_no_pass() {
        const RUNTIME: Proof = Proof::Runtime("the kernel's flag");
        check(&[Proof::Rule(RULE), RUNTIME], tally(0, 0, 1), Status::ToBeObserved);
        check(&[Proof::Rule(RULE), RUNTIME], tally(1, 0, 1), Status::Violated);
        check(&[Proof::Rule("HP-XXX-999")], tally(0, 0, 1), Status::Planned);
        check(&[Proof::Rule(RULE), Proof::Process("a person")], tally(0, 0, 1), Status::Process);
        check(&[Proof::Process("a person")], tally(1, 0, 1), Status::Process);
    }

    #[test]
    fn a_project_that_does_not_resolve_meets_nothing() {
        let mut outcome = outcome(vec![tally(0, 0, 2)]);
        outcome.diagnostics.push(hardpan_diag::Diagnostic::error(hardpan_diag::Code("x"), "broken"));
        let rows = matrix(&outcome);
        assert!(rows.iter().all(|row| row.status != Status::Met && row.declared != Some(Declared::Met)));
    }

    #[test]
    fn the_score_counts_what_files_can_decide() {
        let outcome = outcome(vec![tally(0, 0, 2)]);
        let facts = Facts::new(&outcome);
        let row = |proof: &'static [Proof]| row(requirement(proof), &facts);
        let rows = [
            row(&[Proof::Rule(RULE)]),
            row(&[Proof::Rule(RULE), Proof::Process("a person")]),
            row(&[Proof::Rule(RULE), Proof::Rule("HP-XXX-999")]),
            row(&[Proof::Rule("HP-SEC-004")]),
            row(&[Proof::Process("a person")]),
        ];
        assert_eq!(score(&rows), Score { met: 2, decidable: 3 });
        assert_eq!(matrix(&outcome).len(), requirements::all().count());
    }
}
