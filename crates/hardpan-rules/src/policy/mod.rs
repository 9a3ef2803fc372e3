//! The policy: what the owner of a project has decided, from `hardpan.yml` or by default.
//!
//! [`Policy::read`] reports every problem of the file with its place and ignores nothing; problems of waivers are kept
//! with the waiver, because they are findings. [`schema`] is the same table of keys for editors.

mod date;
mod parameters;
mod reader;
mod schema;
mod shape;
#[cfg(test)]
mod tests;
mod waiver;

use std::collections::BTreeMap;

use hardpan_diag::{Code, Diagnostic};
use hardpan_source::{FileId, Span, yaml};

pub use date::Date;
pub use parameters::Parameters;
pub use schema::schema;
pub use waiver::Waiver;

use crate::codes::Severity;
use crate::rule::{Audience, Rule};
use reader::Value;
use shape::{Field, POLICY, Shape};

/// The name of the file, looked for in the project's folder and above.
pub const FILE_NAME: &str = "hardpan.yml";

/// What the owner of a project has decided.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// Whether the house rules of the baseline documents are on.
    pub house_rules: bool,
    /// House rules that are on by themselves.
    pub on: Vec<String>,
    /// Rules that are off, with the reason.
    pub off: BTreeMap<String, String>,
    /// Severities that differ from the ordinary ones.
    pub severity: BTreeMap<String, Severity>,
    /// What rules need to know of the house.
    pub parameters: Parameters,
    /// The rows of the profile matrix; none where the owner did not say.
    pub matrix: Option<Vec<Vec<String>>>,
    /// Exceptions.
    pub waivers: Vec<Waiver>,
    /// Rules in CEL.
    pub custom: Vec<CustomRule>,
    /// Where services run unless the command line says so.
    pub engine: Option<String>,
}

/// A rule of the owner's own, as a CEL expression.
#[derive(Clone, Debug)]
pub struct CustomRule {
    /// Its code.
    pub rule: String,
    /// What is found, in kebab case; the code in lower case unless said.
    pub name: String,
    /// Whether it judges the project as a whole instead of each service.
    pub for_project: bool,
    /// The expression that is true where the rule is met, with its place.
    pub require: (String, Span),
    /// The expression that says which services are judged, with its place.
    pub when: Option<(String, Span)>,
    /// The dotted path of the value to point at.
    pub at: String,
    /// What is wrong where the rule is broken.
    pub message: String,
    /// The smallest change that cures it.
    pub help: Option<String>,
    /// How bad it is.
    pub severity: Severity,
    /// The requirement it proves.
    pub requirement: String,
}

impl Policy {
    /// Reads a policy file. Problems are reported; what is well formed counts all the same.
    #[must_use]
    pub fn read(text: &str, file: FileId) -> (Self, Vec<Diagnostic>) {
        let stream = yaml::parse(text, file);
        let mut problems: Vec<Diagnostic> = stream
            .errors
            .iter()
            .map(|error| {
                Diagnostic::error(Code("policy::syntax"), error.message.to_string()).with_span(error.span)
            })
            .collect();
        let start = Span::new(file, 0, 0);
        if let [_, second, ..] = stream.documents.as_slice() {
            let span = second.root().map_or(start, |root| second.node(root).span);
            problems.push(
                Diagnostic::error(Code("policy::documents"), "a policy file has one document")
                    .with_span(span),
            );
        }
        let mut policy = Self::default();
        match Value::root(&stream) {
            Some(root) => {
                // Waivers are held to their shape one by one.
                let fields: Vec<Field> = POLICY.iter().map(without_waivers).collect();
                reader::object(root, &fields, &mut problems);
                policy.fill(root);
            }
            None if problems.is_empty() => {
                problems.push(
                    Diagnostic::error(Code("policy::missing-key"), "the policy file is empty")
                        .with_span(start)
                        .with_help("begin it with `version: 1`"),
                );
            }
            None => {}
        }
        (policy, problems)
    }

    fn fill(&mut self, root: Value<'_>) {
        let text = |value: Option<Value<'_>>| value.and_then(Value::text).map(str::to_owned);
        self.house_rules = text(root.get("rules")).as_deref() == Some("house");
        self.engine = text(root.get("engine"));
        self.on = root.get("on").map(Value::texts).unwrap_or_default();
        for off in root.get("off").into_iter().flat_map(Value::items) {
            if let Some(rule) = text(off.get("rule")) {
                self.off.insert(rule, text(off.get("reason")).unwrap_or_default());
            }
        }
        for (code, _, value) in root.get("severity").into_iter().flat_map(Value::entries) {
            if let Some(severity) = value.text().and_then(severity) {
                self.severity.insert(code.to_owned(), severity);
            }
        }
        if let Some(parameters) = root.get("parameters") {
            self.parameters.fill(parameters);
        }
        self.matrix = root.get("matrix").map(|rows| rows.items().into_iter().map(Value::texts).collect());
        self.waivers = root.get("waivers").into_iter().flat_map(Value::items).map(Waiver::read).collect();
        self.custom =
            root.get("custom").into_iter().flat_map(Value::items).filter_map(CustomRule::read).collect();
    }

    /// Whether a rule is judged at all.
    #[must_use]
    pub fn is_on(&self, rule: &Rule) -> bool {
        let is_wanted = self.house_rules
            || rule.audience == Audience::Anybody
            || self.on.iter().any(|code| code == rule.code);
        is_wanted && !self.off.contains_key(rule.code)
    }

    /// The rows of the profile matrix: the owner's, or the default of document 001.
    #[must_use]
    pub fn matrix(&self) -> Vec<Vec<String>> {
        self.matrix.clone().unwrap_or_else(Parameters::document_matrix)
    }
}

impl CustomRule {
    /// None where something is missing, which the reader has reported.
    fn read(value: Value<'_>) -> Option<Self> {
        let text = |key: &str| value.get(key).and_then(Value::text).map(str::to_owned);
        let placed = |key: &str| {
            let value = value.get(key)?;
            Some((value.text()?.to_owned(), value.span()))
        };
        let rule = text("rule")?;
        Some(Self {
            name: text("name").unwrap_or_else(|| rule.to_ascii_lowercase()),
            for_project: text("for").as_deref() == Some("project"),
            require: placed("require")?,
            when: placed("when"),
            at: text("at")?,
            message: text("message")?,
            help: text("help"),
            severity: severity(&text("severity")?)?,
            requirement: text("requirement")?,
            rule,
        })
    }
}

fn severity(word: &str) -> Option<Severity> {
    use Severity::{Critical, High, Info, Low, Medium};
    [Info, Low, Medium, High, Critical].into_iter().find(|severity| severity.as_str() == word)
}

/// The field as it is, except for waivers: they are only held to being a list here.
fn without_waivers(field: &Field) -> Field {
    match field.key {
        "waivers" => Field { shape: Shape::AnyList, ..*field },
        _ => *field,
    }
}
