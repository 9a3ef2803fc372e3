//! A diagnostic: one fact about the user's project, with the bytes it is about.

use hardpan_source::Span;

/// How bad a diagnostic is. Ordered: an error is greater than a warning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Background that may help; changes nothing.
    Note,
    /// The project loads, but probably not as its author meant.
    Warning,
    /// The project cannot be loaded, as Docker Compose refuses it too.
    Error,
}

impl Severity {
    /// The word for people and machines: `error`, `warning` or `note`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// A stable public code such as `compose::undefined-network`. Codes are never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Code(pub &'static str);

/// A span with a short text on what is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The bytes meant.
    pub span: Span,
    /// What is to see there; may be empty for the primary label.
    pub text: String,
}

/// One fact about the project. Build it with [`Diagnostic::error`] or [`Diagnostic::warning`] and the `with_` methods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// Stable code.
    pub code: Code,
    /// The message, a lowercase fragment without a full stop, worded as Docker Compose words it where it has the same error.
    pub message: String,
    /// The exact offending bytes, where there are any (a missing file has none unless something names it).
    pub primary: Option<Label>,
    /// Other places that belong to it: the other definition of a conflict, every hop of a cycle.
    pub related: Vec<Label>,
    /// The smallest change that cures it.
    pub help: Option<String>,
    /// Background: where the rule stands, what the reference does.
    pub note: Option<String>,
}

impl Diagnostic {
    fn new(severity: Severity, code: Code, message: impl Into<String>) -> Self {
        Self {
            severity,
            code,
            message: message.into(),
            primary: None,
            related: Vec::new(),
            help: None,
            note: None,
        }
    }

    /// A fact that makes the project unloadable.
    #[must_use]
    pub fn error(code: Code, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, message)
    }

    /// A fact that is worth knowing and stops nothing.
    #[must_use]
    pub fn warning(code: Code, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, message)
    }

    /// Sets the place it is about.
    #[must_use]
    pub fn with_span(self, span: Span) -> Self {
        self.with_label(span, "")
    }

    /// Sets the place it is about and what is to see there.
    #[must_use]
    pub fn with_label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.primary = Some(Label { span, text: text.into() });
        self
    }

    /// Adds another place that belongs to it.
    #[must_use]
    pub fn with_related(mut self, span: Span, text: impl Into<String>) -> Self {
        self.related.push(Label { span, text: text.into() });
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds background.
    #[must_use]
    pub fn with_note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }
}

/// Collects diagnostics in the order they are found.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    all: Vec<Diagnostic>,
}

impl Diagnostics {
    /// An empty collection.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one; an exact repetition (same code, message and place) is dropped.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        let again = self.all.iter().rev().take(DUPLICATE_WINDOW).any(|seen| {
            seen.code == diagnostic.code
                && seen.message == diagnostic.message
                && seen.primary == diagnostic.primary
        });
        if !again {
            self.all.push(diagnostic);
        }
    }

    /// True when at least one is an error.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.all.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// True when there are so many that nobody reads on: what costs time for each, such as a suggestion that has to be
    /// searched for, may be left out.
    #[must_use]
    pub fn is_crowded(&self) -> bool {
        self.all.len() >= CROWD
    }

    /// All, in the order found.
    #[must_use]
    pub fn as_slice(&self) -> &[Diagnostic] {
        &self.all
    }

    /// Takes them all.
    #[must_use]
    pub fn into_vec(self) -> Vec<Diagnostic> {
        self.all
    }
}

/// More than the printer shows.
const CROWD: usize = 256;

/// How many of the latest diagnostics a new one is compared with: repetitions come close together, and a project with
/// a hundred thousand warnings must not cost a hundred thousand comparisons for each.
const DUPLICATE_WINDOW: usize = 64;
