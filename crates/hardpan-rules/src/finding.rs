//! Verdicts: what a rule says of each of its subjects, and where.

use std::fmt;

use hardpan_compose::{Hop, NodeRef, VariableSource};
use hardpan_diag::Label;
use hardpan_source::{Edit, Span};

use crate::codes::Severity;
use crate::service::{Service, ServiceId};

/// What holds of a subject. Unknown is never a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verdict {
    /// The rule is broken.
    Violation,
    /// The files do not say: an image, a running system or a variable has to.
    Unknown,
    /// The rule is met, as far as it is declared.
    Satisfied,
    /// The rule has nothing to say of such a subject.
    NotApplicable,
}

impl Verdict {
    /// The word for people and machines.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Violation => "violation",
            Self::Unknown => "unknown",
            Self::Satisfied => "satisfied",
            Self::NotApplicable => "not-applicable",
        }
    }
}

/// What a verdict is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    /// The project as a whole.
    Project,
    /// A service.
    Service(ServiceId),
    /// A network, volume, secret or config; kind and name.
    Resource(&'static str, String),
    /// A file, by its absolute path.
    File(String),
}

impl From<&Service<'_>> for Subject {
    fn from(service: &Service<'_>) -> Self {
        Self::Service(service.id)
    }
}

/// Where a verdict points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A text of the project, and the other places it travelled through.
    At {
        /// The offending text.
        span: Span,
        /// Where it was inherited, overridden, merged or set.
        way: Vec<Label>,
    },
    /// A service lacks an attribute. The engine points at the service's key, or at the template that all affected
    /// services share.
    Missing(ServiceId),
    /// No text can be pointed at, as for a missing file that nothing names.
    Nowhere,
}

impl From<Span> for Place {
    fn from(span: Span) -> Self {
        Self::At { span, way: Vec::new() }
    }
}

impl From<NodeRef<'_>> for Place {
    fn from(node: NodeRef<'_>) -> Self {
        Self::At { span: node.origin().span, way: way(node) }
    }
}

impl From<&Service<'_>> for Place {
    fn from(service: &Service<'_>) -> Self {
        Self::Missing(service.id)
    }
}

/// The places that a value travelled through, for people.
fn way(node: NodeRef<'_>) -> Vec<Label> {
    let label = |span: &Span, text: String| Some(Label { span: *span, text });
    node.hops()
        .filter_map(|hop| match hop {
            Hop::Extends { service, at, .. } => label(at, format!("inherited from `{service}` here")),
            Hop::Overrides { at } => label(at, "takes the place of this".to_owned()),
            Hop::Alias { at } | Hop::Merge { at } => label(at, "brought in here".to_owned()),
            Hop::Variable { name, set: VariableSource::File(at) } => {
                label(at, format!("`{name}` is set here"))
            }
            Hop::File { at } => label(at, "read because of this".to_owned()),
            Hop::Variable { .. } | Hop::Implied { .. } => None,
        })
        .collect()
}

/// How safe it is to apply a fix without thinking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Safety {
    /// The running project cannot behave differently in a way that anybody relies on.
    Safe,
    /// It may; a person has to look.
    Unsafe,
}

impl Safety {
    /// The word for people and machines.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::Unsafe => "unsafe",
        }
    }
}

/// A change that cures a violation. Values are YAML in flow or scalar form, such as `true` or `[ALL]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Repair {
    /// For [`Place::Missing`]: sets an attribute of the service (or of the template reported), by its dotted path.
    /// Where the attribute exists and is a sequence, the items of `value` are appended to it.
    Set {
        /// The path below the service, such as `deploy.resources.limits.memory`.
        path: String,
        /// The YAML to write.
        value: String,
    },
    /// Replaces the value at the primary place.
    Replace {
        /// The YAML to write.
        value: String,
    },
    /// Appends an item to the sequence at the primary place.
    Append {
        /// The YAML of the item.
        item: String,
    },
    /// Removes the mapping entry or sequence item whose value is at the primary place.
    Remove,
    /// Edits spelled out, for whatever is not YAML.
    Edits(Vec<Edit>),
}

/// A repair with what it does and how safe it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What it does, in the imperative: "drop all capabilities".
    pub title: String,
    /// How safe it is.
    pub safety: Safety,
    /// The change.
    pub repair: Repair,
}

/// What a rule reports of one subject, before the engine groups and waives. See the methods for what can be added.
#[derive(Clone, Debug)]
pub struct Draft {
    pub(crate) verdict: Verdict,
    pub(crate) subject: Subject,
    pub(crate) place: Place,
    pub(crate) message: String,
    pub(crate) label: String,
    pub(crate) severity: Option<Severity>,
    pub(crate) related: Vec<Label>,
    pub(crate) help: Option<String>,
    pub(crate) fix: Option<Fix>,
}

impl Draft {
    /// What to see at the primary place; nothing unless said.
    pub fn label(&mut self, text: impl Into<String>) -> &mut Self {
        self.label = text.into();
        self
    }

    /// A severity other than the rule's ordinary one.
    pub fn severity(&mut self, severity: Severity) -> &mut Self {
        self.severity = Some(severity);
        self
    }

    /// Another place that belongs to it, such as where the value should have come from.
    pub fn related(&mut self, span: Span, text: impl Into<String>) -> &mut Self {
        self.related.push(Label { span, text: text.into() });
        self
    }

    /// The smallest change that cures it, in words.
    pub fn help(&mut self, text: impl Into<String>) -> &mut Self {
        self.help = Some(text.into());
        self
    }

    /// The change that cures it, as data.
    pub fn fix(&mut self, safety: Safety, title: impl Into<String>, repair: Repair) -> &mut Self {
        self.fix = Some(Fix { title: title.into(), safety, repair });
        self
    }
}

/// What was judged and needs no words: satisfied, or not applicable with the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The subject.
    pub subject: Subject,
    /// Why the rule does not apply; none where it is satisfied.
    pub not_applicable: Option<&'static str>,
}

/// Collects what one rule says.
///
/// Messages are lowercase phrases about the subject without its name, which the engine puts in front:
/// "container is privileged". They have no values of variables that may be secret.
#[derive(Debug, Default)]
pub struct Verdicts<'s> {
    pub(crate) drafts: Vec<Draft>,
    pub(crate) judgements: Vec<Judgement>,
    scope: std::marker::PhantomData<&'s ()>,
}

impl Verdicts<'_> {
    /// The rule is broken.
    pub fn violation(
        &mut self,
        subject: impl Into<Subject>,
        place: impl Into<Place>,
        message: impl Into<String>,
    ) -> &mut Draft {
        self.draft(Verdict::Violation, subject.into(), place.into(), message.into())
    }

    /// The files do not tell. The message says what would have to be known.
    pub fn unknown(
        &mut self,
        subject: impl Into<Subject>,
        place: impl Into<Place>,
        message: impl Into<String>,
    ) -> &mut Draft {
        self.draft(Verdict::Unknown, subject.into(), place.into(), message.into())
    }

    /// The rule is met.
    pub fn satisfied(&mut self, subject: impl Into<Subject>) {
        self.judgements.push(Judgement { subject: subject.into(), not_applicable: None });
    }

    /// The rule says nothing of this subject, because.
    pub fn not_applicable(&mut self, subject: impl Into<Subject>, because: &'static str) {
        self.judgements.push(Judgement { subject: subject.into(), not_applicable: Some(because) });
    }

    fn draft(&mut self, verdict: Verdict, subject: Subject, place: Place, message: String) -> &mut Draft {
        self.drafts.push(Draft {
            verdict,
            subject,
            place,
            message,
            label: String::new(),
            severity: None,
            related: Vec::new(),
            help: None,
            fix: None,
        });
        let last = self.drafts.len() - 1;
        &mut self.drafts[last]
    }
}

/// A verdict in words, grouped and waived: what is shown to people and machines.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule's code.
    pub code: String,
    /// The rule's name.
    pub name: String,
    /// Violation or unknown.
    pub verdict: Verdict,
    /// How bad it is, policy applied.
    pub severity: Severity,
    /// How sure it is.
    pub confidence: crate::rule::Confidence,
    /// What is wrong, a phrase without the subject's name.
    pub message: String,
    /// The services concerned, sorted by name; empty where it is about something else.
    pub services: Vec<String>,
    /// The exact offending text; none where no text can be pointed at.
    pub primary: Option<Label>,
    /// Other places that belong to it.
    pub related: Vec<Label>,
    /// The smallest change that cures it, in words.
    pub help: Option<String>,
    /// The change that cures it.
    pub fix: Option<Fix>,
    /// Requirement ids, in the order of the catalogue.
    pub requirements: Vec<String>,
    /// The waiver that covers it, as its index in the policy.
    pub waived_by: Option<usize>,
}

/// "`db`", "`db` and `web`" or "`a`, `b`, `c` and 4 more".
#[derive(Clone, Copy, Debug)]
pub struct Names<'n>(pub &'n [String]);

impl fmt::Display for Names<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN_MAX: usize = 3;
        let (shown, more) = match self.0.len() {
            count if count > SHOWN_MAX + 1 => (&self.0[..SHOWN_MAX], count - SHOWN_MAX),
            _ => (self.0, 0),
        };
        for (at, name) in shown.iter().enumerate() {
            let separator = match at {
                0 => "",
                at if at + 1 == shown.len() && more == 0 => " and ",
                _ => ", ",
            };
            write!(formatter, "{separator}`{name}`")?;
        }
        if more > 0 { write!(formatter, " and {more} more") } else { Ok(()) }
    }
}
