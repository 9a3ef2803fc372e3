//! The types of the catalogue: a requirement, the document it comes from, its priority and its proofs.

use crate::codes;

/// One statement of one document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// The id of the document, or ours where it gives none. Public and never reused.
    pub id: &'static str,
    /// A few words to recognise it by.
    pub title: &'static str,
    /// What is demanded, in our words.
    pub statement: &'static str,
    /// Where it is written.
    pub document: Document,
    /// The number of the section, such as `4.1`; `header` for what stands before the first section.
    pub section: &'static str,
    /// How important the document calls it.
    pub priority: Priority,
    /// What proves it, never empty. All of them have to hold.
    pub proof: &'static [Proof],
    /// The id that the document names as the origin: in the requirement's row, or in the heading of its section.
    pub parent: Option<&'static str>,
}

/// How a requirement is proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Proof {
    /// The static part of the rule with this code is satisfied.
    Rule(&'static str),
    /// A running system shows it; the text says what is observed.
    Runtime(&'static str),
    /// No machine can decide it; the text says why, and who does.
    Process(&'static str),
    /// Something that is not built yet will prove it. Never shown as a pass.
    Planned {
        /// The code of the rule, or what will be observed where no rule says it.
        by: &'static str,
        /// What is missing.
        why: &'static str,
    },
}

/// How important a document calls a requirement.
///
/// Only the tables of requirements in documents 000 to 002 say so. A "Must" in a governance table, or a capital word
/// in a sentence, is no priority.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Priority {
    /// The document does not say.
    Unstated,
    /// Low.
    Low,
    /// Medium.
    Medium,
    /// High.
    High,
    /// Critical.
    Critical,
}

/// One of the five requirements documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Document {
    /// The bootstrap and its registry.
    D000,
    /// Optimisation and hardening of the stack.
    D001,
    /// Init containers and provisioning.
    D002,
    /// The frozen inventory of the exchange.
    D003,
    /// Non-functional requirements, storage, acceptance.
    D004,
}

impl Requirement {
    /// True if something that is not built yet has to prove a part of it.
    #[must_use]
    pub fn has_planned(&self) -> bool {
        self.proof.iter().any(|proof| matches!(proof, Proof::Planned { .. }))
    }

    /// True if the rule's static part is among the proofs.
    #[must_use]
    pub fn is_proven_by(&self, rule_code: &str) -> bool {
        self.proof.iter().any(|proof| matches!(proof, Proof::Rule(code) if *code == rule_code))
    }

    /// True if the rule, or the part of it that a running system shows, is among the planned proofs.
    #[must_use]
    pub fn is_planned_by(&self, rule_code: &str) -> bool {
        self.proof.iter().any(|proof| matches!(proof, Proof::Planned { by, .. } if *by == rule_code))
    }

    /// True if a proof is left that only a running system gives, whether or not hardpan observes it yet.
    ///
    /// What waits for a rule over files that is not built yet does not count.
    #[must_use]
    pub fn awaits_observation(&self) -> bool {
        self.proof.iter().any(|proof| match proof {
            Proof::Runtime(_) => true,
            Proof::Planned { by, .. } => {
                codes::find(by).is_none_or(|rule| rule.observes().is_some() && !rule.has_unbuilt_check())
            }
            Proof::Rule(_) | Proof::Process(_) => false,
        })
    }
}

impl Priority {
    /// The word for people and machines, in lower case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unstated => "unstated",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl Document {
    /// Every document, in order.
    pub const ALL: [Self; 5] = [Self::D000, Self::D001, Self::D002, Self::D003, Self::D004];

    /// The number it is cited by: `000` to `004`.
    #[must_use]
    pub const fn number(self) -> &'static str {
        match self {
            Self::D000 => "000",
            Self::D001 => "001",
            Self::D002 => "002",
            Self::D003 => "003",
            Self::D004 => "004",
        }
    }

    /// The title that the document gives itself.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::D000 => "Infrastructure Implementation Baseline",
            Self::D001 => "Infrastructure System Optimization & Hardening Spec",
            Self::D002 => "Infrastructure Automation Implementation Spec",
            Self::D003 => "Infrastructure Baseline",
            Self::D004 => "Infrastructure Hardening & Optimization",
        }
    }

    /// The id in the document's heading, where it has one.
    #[must_use]
    pub const fn id(self) -> Option<&'static str> {
        match self {
            Self::D000 => Some("SPEC-INFRA-02"),
            Self::D004 => Some("SPEC-SYS-01"),
            Self::D001 | Self::D002 | Self::D003 => None,
        }
    }
}
