//! The plan: what has to exist, read from a file with all its mistakes at once.
//!
//! Not responsible for doing anything: [`read`] gives the typed plan and what is wrong with the file, and [`Plan::prepare`]
//! chooses targets and reads their secrets. A newcomer needs to know one thing: the table `TARGET` of a backend's file is the
//! only place that says which keys there are; the reader, the JSON schema and the documentation all come from it.

mod codes;
pub mod kafka;
pub mod postgresql;
mod reader;
pub mod s3;
mod schema;
#[cfg(test)]
mod schema_tests;
mod secret_file;
mod shape;
#[cfg(test)]
mod tests;
mod tree;
pub mod valkey;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::time::Duration;

use hardpan_compose::Loader;
use hardpan_diag::{Code, Diagnostic, did_you_mean};
use hardpan_source::{FileId, Span, yaml};

pub use codes::CODES;
pub use schema::schema;
pub use secret_file::SecretFile;

use crate::secret::Secret;
use crate::step::ObjectId;
use shape::{Field, Pattern, Shape, field};
use tree::{Node, Value};

/// Plans above this size are refused; a plan for a hundred services has less than a tenth of it.
pub const BYTES_MAX: u64 = 1 << 20;

/// Where secrets are that the plan names without a folder: where Compose mounts them.
pub const SECRETS_FOLDER: &str = "/run/secrets";

/// An id of a target. It has no slash, which parts the ids of objects.
static TARGET_ID: Pattern = Pattern {
    expected: "an id: letters, digits, `.`, `_` and `-`, beginning with a letter or digit",
    regex: "^[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}$",
    accepts: |text| {
        (1..=63).contains(&text.len())
            && text.as_bytes()[0].is_ascii_alphanumeric()
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    },
};

const ID: Shape = Shape::Matching(&TARGET_ID);

/// The whole file. Besides, keys that begin with `x-` may stand at the top, as in Compose.
const PLAN: &[Field] = &[
    field("version", Shape::Integer(1, 1), "The version of this format: 1, which it is unless said."),
    field("timeout", Shape::Duration, "How long everything may take; `120s` unless said here or typed."),
    field("postgresql", Shape::Map(&ID, &Shape::Object(postgresql::TARGET)), "PostgreSQL servers by id."),
    field("valkey", Shape::Map(&ID, &Shape::Object(valkey::TARGET)), "Valkey or Redis clusters by id."),
    field("kafka", Shape::Map(&ID, &Shape::Object(kafka::TARGET)), "Kafka clusters by id."),
    field("s3", Shape::Map(&ID, &Shape::Object(s3::TARGET)), "Object stores by id."),
];

/// An address of a server.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address {
    /// A DNS name, or an IP address without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(formatter, "[{}]:{}", self.host, self.port)
        } else {
            write!(formatter, "{}:{}", self.host, self.port)
        }
    }
}

/// The addresses of a list; what is none has been reported.
fn addresses(list: &Node) -> Vec<Address> {
    let texts = list.items().iter().filter_map(Node::text);
    texts
        .filter_map(shape::split_address)
        .map(|(host, port)| Address { host: host.to_owned(), port })
        .collect()
}

/// What has to exist.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// How long everything may take, where the plan says so.
    pub timeout: Option<Duration>,
    /// Every target; ids do not repeat.
    pub targets: Vec<Target>,
}

/// A server or cluster with what has to exist in it.
#[derive(Clone, Debug)]
pub enum Target {
    /// PostgreSQL.
    Postgresql(postgresql::Target),
    /// Valkey or Redis.
    Valkey(valkey::Target),
    /// Kafka.
    Kafka(kafka::Target),
    /// An object store.
    S3(s3::Target),
}

impl Target {
    /// The target's id.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Postgresql(target) => &target.id,
            Self::Valkey(target) => &target.id,
            Self::Kafka(target) => &target.id,
            Self::S3(target) => &target.id,
        }
    }

    /// The ids of all its objects, in the order in which they are made.
    #[must_use]
    pub fn objects(&self) -> Vec<ObjectId> {
        match self {
            Self::Postgresql(target) => target.objects(),
            Self::Valkey(target) => target.objects(),
            Self::Kafka(target) => target.objects(),
            Self::S3(target) => target.objects(),
        }
    }

    fn secrets_mut(&mut self) -> Vec<&mut SecretFile> {
        match self {
            Self::Postgresql(target) => target.secrets_mut(),
            Self::Valkey(target) => target.secrets_mut(),
            Self::Kafka(target) => target.secrets_mut(),
            Self::S3(target) => target.secrets_mut(),
        }
    }
}

/// A plan that can be carried out: the targets that were chosen, with their secrets.
#[derive(Clone, Debug)]
pub struct Prepared {
    pub(crate) targets: Vec<(Target, Vec<Secret>)>,
    /// The ids that were asked for; empty for everything.
    pub(crate) only: Vec<ObjectId>,
}

impl Plan {
    /// Chooses what was asked for with `--only` (everything where that is empty) and reads the secrets of the targets
    /// that are left, those that have no folder below `secrets`.
    ///
    /// # Errors
    /// Every id that the plan does not have, and every secret that is missing, empty or unreadable.
    pub fn prepare(
        self,
        only: &[String],
        loader: &dyn Loader,
        secrets: &str,
    ) -> Result<Prepared, Vec<Diagnostic>> {
        let mut problems = Vec::new();
        let known: Vec<(ObjectId, Vec<ObjectId>)> =
            self.targets.iter().map(|target| (ObjectId::target(target.id()), target.objects())).collect();
        let only: Vec<ObjectId> = only.iter().map(|id| ObjectId::from_text(id)).collect();
        for id in &only {
            let mut all = known.iter().flat_map(|(target, objects)| std::iter::once(target).chain(objects));
            if !all.clone().any(|one| id.covers(one)) {
                let problem = Diagnostic::error(
                    Code("plan::unknown-id"),
                    format!("the plan has nothing called `{id}`"),
                );
                let near = did_you_mean(id.as_str(), all.by_ref().map(ObjectId::as_str));
                problems.push(match near {
                    Some(near) => problem.with_help(format!("did you mean `{near}`?")),
                    None => problem.with_help("`--dry-run` prints the ids of everything in the plan"),
                });
            }
        }
        let is_wanted = |objects: &(ObjectId, Vec<ObjectId>)| {
            let (target, objects) = objects;
            only.is_empty()
                || only.iter().any(|id| id.covers(target) || objects.iter().any(|one| id.covers(one)))
        };
        let mut targets = Vec::new();
        for (mut target, _) in self.targets.into_iter().zip(&known).filter(|(_, known)| is_wanted(known)) {
            let mut values = Vec::new();
            for file in target.secrets_mut() {
                file.load(loader, secrets, &mut problems);
                if !file.is_name {
                    values.push(file.secret().clone());
                }
            }
            targets.push((target, values));
        }
        if problems.is_empty() { Ok(Prepared { targets, only }) } else { Err(problems) }
    }
}

/// Reads a plan. What is wrong is reported, all of it at once; with an error among the problems the plan is not to be
/// carried out.
#[must_use]
pub fn read(text: &str, file: FileId, variables: &HashMap<String, String>) -> (Plan, Vec<Diagnostic>) {
    let stream = yaml::parse(text, file);
    let syntax = |error: &yaml::SyntaxError| {
        Diagnostic::error(Code("plan::syntax"), error.message.to_string()).with_span(error.span)
    };
    let mut problems: Vec<Diagnostic> = stream.errors.iter().map(syntax).collect();
    let mut plan = Plan::default();
    if let [_, second, ..] = stream.documents.as_slice() {
        let span = second.root().map_or(Span::new(file, 0, 0), |root| second.node(root).span);
        let problem = Diagnostic::error(Code("plan::documents"), "a plan has one document");
        problems.push(problem.with_span(span));
    }
    let root = stream.documents.first().and_then(|first| tree::build(first, variables, &mut problems));
    let Some(mut root) = root else {
        if problems.is_empty() {
            problems.push(empty(Span::new(file, 0, 0)));
        }
        return (plan, problems);
    };
    if let Value::Map(entries) = &mut root.value {
        entries.retain(|entry| !entry.key.starts_with("x-"));
    }
    reader::hold(&root, Shape::Object(PLAN), &mut problems);
    plan.fill(&root, &mut problems);
    if plan.targets.is_empty() && problems.is_empty() {
        problems.push(empty(root.span));
    }
    // In the order of the text; what has no place comes last.
    problems.sort_by_key(|problem| problem.primary.as_ref().map_or(u32::MAX, |label| label.span.start));
    (plan, problems)
}

/// The text of a plan for excerpts: what stands behind keys that mean nothing, and may be a secret in the wrong place, is
/// replaced by as many asterisks, so that places stay where they are.
#[must_use]
pub fn masked(text: &str, file: FileId, problems: &[Diagnostic]) -> String {
    let keys: BTreeSet<u32> = problems
        .iter()
        .filter(|problem| matches!(problem.code.0, "plan::literal-secret" | "plan::unknown-key"))
        .filter_map(|problem| problem.primary.as_ref().map(|label| label.span.start))
        .collect();
    let mut bytes = text.as_bytes().to_vec();
    let stream = yaml::parse(text, file);
    let mut open: Vec<yaml::NodeIndex> = stream.documents.iter().filter_map(yaml::Document::root).collect();
    while let (Some(index), Some(document)) = (open.pop(), stream.documents.first()) {
        match &document.node(index).kind {
            yaml::Kind::Sequence(items) => open.extend(items.iter().copied()),
            yaml::Kind::Mapping(entries) => {
                for &(key, value) in entries {
                    open.push(value);
                    let key = document.node(key).span;
                    let word = text.get(key.start as usize..key.end as usize).unwrap_or_default();
                    // A file is named by one word; what is written there in full may be the secret itself.
                    let is_in_full =
                        matches!(document.node(value).kind, yaml::Kind::Mapping(_) | yaml::Kind::Sequence(_));
                    if keys.contains(&key.start)
                        || (is_in_full && word.trim_matches(['"', '\'']).ends_with("_file"))
                    {
                        let span = document.node(value).span;
                        let covered = bytes.get_mut(span.start as usize..span.end as usize);
                        covered
                            .into_iter()
                            .flatten()
                            .filter(|byte| **byte != b'\n')
                            .for_each(|byte| *byte = b'*');
                    }
                }
            }
            _ => {}
        }
    }
    // Spans lie between characters, so what is left is text.
    String::from_utf8(bytes).unwrap_or_default()
}

fn empty(span: Span) -> Diagnostic {
    Diagnostic::error(Code("plan::missing-key"), "the plan has no target")
        .with_span(span)
        .with_help("begin with one of `postgresql:`, `valkey:`, `kafka:` and `s3:`")
}

impl Plan {
    fn fill(&mut self, root: &Node, problems: &mut Vec<Diagnostic>) {
        let timeout = root.get("timeout").and_then(Node::text);
        self.timeout = timeout.and_then(|text| duration(text).ok());
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        for backend in ["postgresql", "valkey", "kafka", "s3"] {
            for entry in root.entries_at(backend) {
                let (id, node) = (entry.key.as_str(), &entry.node);
                if let Some(first) = seen.insert(id, entry.key_span) {
                    let message = format!("two targets are called `{id}`");
                    problems.push(
                        Diagnostic::error(Code("plan::conflict"), message)
                            .with_span(entry.key_span)
                            .with_related(first, "first here"),
                    );
                }
                let target = match backend {
                    "postgresql" => Target::Postgresql(postgresql::Target::read(id, node, problems)),
                    "valkey" => Target::Valkey(valkey::Target::read(id, node, problems)),
                    "kafka" => Target::Kafka(kafka::Target::read(id, node, problems)),
                    _ => match s3::Target::read(id, node, problems) {
                        Some(target) => Target::S3(target),
                        None => continue,
                    },
                };
                let mut objects = target.objects();
                objects.sort_unstable();
                for pair in objects.windows(2).filter(|pair| pair[0] == pair[1]) {
                    let message = format!("the plan says `{}` twice", pair[0]);
                    problems
                        .push(Diagnostic::error(Code("plan::conflict"), message).with_span(entry.key_span));
                }
                self.targets.push(target);
            }
        }
    }
}

/// A duration as Compose writes it, greater than zero.
///
/// # Errors
/// The text that says what is wrong with it.
pub fn duration(text: &str) -> Result<Duration, String> {
    let nanoseconds = hardpan_compose::syntax::duration::parse(text)
        .map_err(|error| format!("{error}; write it as `30s` or `2m`"))?;
    match u64::try_from(nanoseconds) {
        Ok(nanoseconds) if nanoseconds > 0 => Ok(Duration::from_nanos(nanoseconds)),
        _ => Err(format!("the duration {text:?} is not greater than zero")),
    }
}
