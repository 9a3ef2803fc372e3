//! The public codes of the rules: one line of meaning, severity and way of deciding for each.
//!
//! This is the list that the rules are written against; the rules themselves are not here. A code is public and is
//! never reused. The text says what holds when the rule is satisfied.

mod baseline;
mod hardening;
mod running;

/// How bad it is when the rule is broken. Ordered: critical is greater than info.
///
/// A rule may report single cases above or below this; it is the severity of the ordinary case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing; nothing has to change.
    Info,
    /// A blemish.
    Low,
    /// A weakness that needs something else to go wrong as well.
    Medium,
    /// A defect that will hurt.
    High,
    /// Stops the project, or hands over a machine or a credential.
    Critical,
}

impl Severity {
    /// The word for people and machines, in lower case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// Where the facts come from that decide a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Decided {
    /// The files of the project are enough.
    Static,
    /// Only a running system or an outside report can tell.
    Runtime {
        /// What is looked at.
        observes: &'static str,
    },
    /// The files say what is declared, and a running system shows whether it is so.
    Both {
        /// What is looked at beside the files.
        observes: &'static str,
    },
}

/// Why the rule exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Basis {
    /// At least one requirement of the five documents.
    Requirement,
    /// Good practice that the documents do not ask for; the text names its source.
    Hygiene(&'static str),
}

/// Which piece of work brings the static part of the rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Arrival {
    /// `hardpan check`.
    Check,
    /// A later one, so that a requirement can only name the code as planned.
    Later,
}

/// One public rule code with its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RuleCode {
    /// The code, such as `HP-SEC-001`.
    pub code: &'static str,
    /// What holds when the rule is satisfied, on one line.
    pub statement: &'static str,
    /// The section of the rule catalogue that defines it, 1 to 8.
    pub section: u8,
    /// The severity of the ordinary case.
    pub severity: Severity,
    /// Where the deciding facts come from.
    pub decided: Decided,
    /// Why the rule exists.
    pub basis: Basis,
    /// Which piece of work brings its static part.
    pub arrival: Arrival,
}

impl RuleCode {
    /// True if `hardpan check` decides the rule, at least as far as files can tell.
    #[must_use]
    pub const fn is_checked(&self) -> bool {
        matches!(self.arrival, Arrival::Check) && !matches!(self.decided, Decided::Runtime { .. })
    }

    /// True if the rule has a static part that `hardpan check` does not bring.
    #[must_use]
    pub const fn has_unbuilt_check(&self) -> bool {
        matches!(self.arrival, Arrival::Later) && !matches!(self.decided, Decided::Runtime { .. })
    }

    /// What is observed beside the files, if anything is.
    #[must_use]
    pub const fn observes(&self) -> Option<&'static str> {
        match self.decided {
            Decided::Static => None,
            Decided::Runtime { observes } | Decided::Both { observes } => Some(observes),
        }
    }

    /// The family of the code: `SEC` for `HP-SEC-001`.
    #[must_use]
    pub fn family(&self) -> &'static str {
        self.code.split('-').nth(1).unwrap_or_default()
    }

    const fn hygiene(mut self, source: &'static str) -> Self {
        self.basis = Basis::Hygiene(source);
        self
    }

    const fn later(mut self) -> Self {
        self.arrival = Arrival::Later;
        self
    }
}

/// Every code, in the order of the rule catalogue.
pub fn all() -> impl Iterator<Item = &'static RuleCode> {
    [hardening::CODES, running::CODES, baseline::CODES].into_iter().flatten()
}

/// The rule of that code, such as `HP-SEC-001`.
#[must_use]
pub fn find(code: &str) -> Option<&'static RuleCode> {
    all().find(|rule| rule.code == code)
}

/// A rule that the files alone decide.
const fn declared(section: u8, code: &'static str, severity: Severity, statement: &'static str) -> RuleCode {
    RuleCode {
        code,
        statement,
        section,
        severity,
        decided: Decided::Static,
        basis: Basis::Requirement,
        arrival: Arrival::Check,
    }
}

/// A rule that only an observation decides.
const fn observed(
    section: u8,
    code: &'static str,
    severity: Severity,
    statement: &'static str,
    observes: &'static str,
) -> RuleCode {
    RuleCode { decided: Decided::Runtime { observes }, ..declared(section, code, severity, statement) }
}

/// A rule that the files decide and an observation confirms.
const fn both(
    section: u8,
    code: &'static str,
    severity: Severity,
    statement: &'static str,
    observes: &'static str,
) -> RuleCode {
    RuleCode { decided: Decided::Both { observes }, ..declared(section, code, severity, statement) }
}
