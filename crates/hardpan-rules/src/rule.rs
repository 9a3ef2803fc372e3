//! What a rule is: a static description and a function that judges a [`Scope`](crate::Scope).

use crate::codes::{self, RuleCode};
use crate::requirements::{self, Requirement};
use crate::{Scope, Verdicts};

/// One rule. Each stands in a file of its own under `families/` and is listed in [`crate::RULES`].
#[derive(Debug)]
pub struct Rule {
    /// The public code, such as `HP-SEC-001`; [`codes`] has its meaning and severity.
    pub code: &'static str,
    /// Says in kebab case what was found, so that "allow privileged-service" reads naturally.
    pub name: &'static str,
    /// Who wants to hear of it.
    pub audience: Audience,
    /// How sure a violation is.
    pub confidence: Confidence,
    /// The version of hardpan that brought the rule.
    pub since: &'static str,
    /// What the rule rests on: documents with their version and section.
    pub sources: &'static [&'static str],
    /// The page of the rule, in Markdown.
    pub doc: &'static str,
    /// Judges every subject of the project that the rule is about.
    pub check: fn(&Scope<'_>, &mut Verdicts<'_>),
}

/// Who wants to hear of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Audience {
    /// Anybody with a Compose project.
    Anybody,
    /// Those who follow the baseline documents, or set a policy that turns the rule on.
    House,
}

/// How sure a violation is when a rule reports one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Confidence {
    /// A pattern that may have a good reason.
    Low,
    /// Right unless the project does something unusual.
    Medium,
    /// Follows from the text alone.
    High,
}

impl Confidence {
    /// The word for people and machines.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

impl Rule {
    /// The meaning and severity of the rule's code.
    ///
    /// # Panics
    /// If the code is not in the list, which a test rules out.
    #[must_use]
    pub fn info(&self) -> &'static RuleCode {
        codes::find(self.code).expect("every rule has a code of the list")
    }

    /// The requirements that the rule proves, alone or with others.
    #[must_use]
    pub fn requirements(&self) -> Vec<&'static Requirement> {
        requirements::proven_by(self.code)
    }
}
