//! The policy: what the owner of a project has decided, from `hardpan.yml` or by default.

mod parameters;

pub use parameters::Parameters;

use crate::rule::{Audience, Rule};

/// What the owner of a project has decided.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// The file it was read from, absolute; none for the defaults.
    pub path: Option<String>,
    /// Whether the house rules of the baseline documents are on.
    pub house_rules: bool,
    /// What rules need to know of the house.
    pub parameters: Parameters,
}

impl Policy {
    /// Whether a rule is judged at all.
    #[must_use]
    pub fn is_on(&self, rule: &Rule) -> bool {
        self.house_rules || rule.audience == Audience::Anybody
    }
}
