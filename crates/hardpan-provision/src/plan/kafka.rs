//! What a plan says of a Kafka cluster: topics, SCRAM users and access control lists.
//!
//! Not responsible for the protocol. A newcomer needs to know one thing: nothing here can express that a topic is deleted or
//! loses partitions, because no plan may.

use std::collections::BTreeMap;

use hardpan_diag::{Code, Diagnostic};

use super::secret_file::SecretFile;
use super::shape::{Field, Pattern, Shape, field, required};
use super::tree::Node;
use super::{Address, addresses};
use crate::step::ObjectId;

/// A name of a topic (Kafka, `Topic.validate`).
static TOPIC: Pattern = Pattern {
    expected: "a topic's name: at most 249 letters, digits, `.`, `_` and `-`",
    regex: r"^(?!\.{1,2}$)[a-zA-Z0-9._-]{1,249}$",
    accepts: |text| {
        !text.is_empty()
            && text.len() <= 249
            && text != "."
            && text != ".."
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    },
};

/// A principal as the brokers print it.
static PRINCIPAL: Pattern = Pattern {
    expected: "a principal such as `User:app`",
    regex: r"^[^:\x00]+:[^\x00]+$",
    accepts: |text| {
        text.split_once(':').is_some_and(|(kind, name)| !kind.is_empty() && !name.is_empty())
            && !text.contains('\0')
    },
};

const TOPIC_NAME: Shape = Shape::Matching(&TOPIC);
const MECHANISMS: Shape = Shape::Word(&["SCRAM-SHA-256", "SCRAM-SHA-512"]);

pub(super) const TARGET: &[Field] = &[
    required("bootstrap", Shape::SomeOf(&Shape::Address), "Brokers to ask first, such as `kafka-1:19092`."),
    field(
        "brokers",
        Shape::Integer(1, 10_000),
        "How many brokers there have to be before anything is done; 1 unless said.",
    ),
    field("sasl", Shape::Object(SASL), "How to log in; not at all unless said."),
    field("topics", Shape::Map(&TOPIC_NAME, &Shape::Object(TOPICS)), "Topics by name."),
    field("users", Shape::Map(&Shape::Name(255), &Shape::Object(USERS)), "SCRAM users by name."),
    field("acls", Shape::List(&Shape::Object(ACL)), "Access control lists. Others stay."),
];

const SASL: &[Field] = &[
    field(
        "mechanism",
        Shape::Word(&["SCRAM-SHA-256", "SCRAM-SHA-512", "PLAIN"]),
        "The mechanism; `SCRAM-SHA-512` unless said. `PLAIN` sends the password as it is.",
    ),
    required("user", Shape::Name(255), "The user that carries out the plan."),
    required("password_file", Shape::SecretFile, "Its password."),
];

const TOPICS: &[Field] = &[
    field(
        "partitions",
        Shape::Integer(1, 100_000),
        "Partitions: a topic with fewer is given more, one with more is refused; the brokers' default for a new one unless said.",
    ),
    field(
        "replication",
        Shape::Integer(1, 1_000),
        "Replicas of each partition; the brokers' default for a new topic unless said.",
    ),
    field(
        "config",
        Shape::Map(&Shape::Name(255), &Shape::Setting),
        "Settings, such as `retention.ms`. Others stay.",
    ),
];

const USERS: &[Field] = &[
    field(
        "mechanisms",
        Shape::SomeOf(&MECHANISMS),
        "The mechanisms it can log in with; `[SCRAM-SHA-512]` unless said.",
    ),
    field(
        "iterations",
        Shape::Integer(4_096, 16_384),
        "Rounds of the password's hash; 8192 for a new user unless said.",
    ),
    required("password_file", Shape::SecretFile, "Its password. It is set anew when the file changes."),
];

/// What an entry of the access control lists may be about, in the order of the protocol's codes: `ALL` is 2, and so on.
pub(crate) const OPERATION_NAMES: [&str; 13] = [
    "ALL",
    "READ",
    "WRITE",
    "CREATE",
    "DELETE",
    "ALTER",
    "DESCRIBE",
    "CLUSTER_ACTION",
    "DESCRIBE_CONFIGS",
    "ALTER_CONFIGS",
    "IDEMPOTENT_WRITE",
    "CREATE_TOKENS",
    "DESCRIBE_TOKENS",
];
const OPERATIONS: Shape = Shape::Word(&OPERATION_NAMES);

const ACL: &[Field] = &[
    required(
        "principal",
        Shape::Matching(&PRINCIPAL),
        "Whom it is about, such as `User:app`; `User:*` is everybody.",
    ),
    required(
        "resource",
        Shape::Word(&["topic", "group", "cluster", "transactional-id", "delegation-token", "user"]),
        "The kind of thing.",
    ),
    field("name", Shape::Name(249), "Its name, or `*`; goes without saying for `resource: cluster`."),
    field(
        "pattern",
        Shape::Word(&["literal", "prefixed"]),
        "Whether the name is whole (unless said) or a beginning.",
    ),
    required("operations", Shape::SomeOf(&OPERATIONS), "What it may do, in capitals."),
    field("permission", Shape::Word(&["allow", "deny"]), "`allow` unless said."),
    field("host", Shape::Text, "The client's address; `*` unless said."),
];

/// A Kafka cluster.
#[derive(Clone, Debug)]
pub struct Target {
    /// The target's id in the plan.
    pub id: String,
    /// Brokers to ask first.
    pub bootstrap: Vec<Address>,
    /// How many brokers have to be there.
    pub brokers: usize,
    /// How to log in.
    pub sasl: Option<Sasl>,
    /// Topics by name.
    pub topics: BTreeMap<String, Topic>,
    /// SCRAM users by name.
    pub users: BTreeMap<String, User>,
    /// Access control lists.
    pub acls: Vec<Acl>,
}

/// How to log in.
#[derive(Clone, Debug)]
pub struct Sasl {
    /// The mechanism.
    pub mechanism: Mechanism,
    /// The user.
    pub user: String,
    /// Its password.
    pub password: SecretFile,
}

/// A SASL mechanism.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mechanism {
    /// SCRAM-SHA-256.
    ScramSha256,
    /// SCRAM-SHA-512.
    ScramSha512,
    /// PLAIN; only to log in with.
    Plain,
}

/// A topic.
#[derive(Clone, Debug, Default)]
pub struct Topic {
    /// Partitions.
    pub partitions: Option<i32>,
    /// Replicas of each partition.
    pub replication: Option<i16>,
    /// Settings.
    pub config: BTreeMap<String, String>,
}

/// A SCRAM user.
#[derive(Clone, Debug)]
pub struct User {
    /// The mechanisms, without repetition.
    pub mechanisms: Vec<Mechanism>,
    /// Rounds of the hash.
    pub iterations: Option<i32>,
    /// The password.
    pub password: SecretFile,
}

/// An entry of the access control lists, for one or more operations.
#[derive(Clone, Debug)]
pub struct Acl {
    /// Whom it is about.
    pub principal: String,
    /// The client's address, or `*`.
    pub host: String,
    /// The kind of thing: `topic`, `group`, `cluster`, `transactional-id`, `delegation-token` or `user`.
    pub resource: String,
    /// Its name; `kafka-cluster` for the cluster.
    pub name: String,
    /// Whether the name is a beginning.
    pub prefixed: bool,
    /// The operations in capitals, without repetition.
    pub operations: Vec<String>,
    /// Whether it allows; it denies otherwise.
    pub allow: bool,
}

impl Mechanism {
    /// The mechanism's registered name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
            Self::Plain => "PLAIN",
        }
    }

    fn of(name: &str) -> Option<Self> {
        [Self::ScramSha256, Self::ScramSha512, Self::Plain].into_iter().find(|one| one.name() == name)
    }
}

impl Target {
    /// The id of a topic.
    #[must_use]
    pub fn topic_id(&self, topic: &str) -> ObjectId {
        ObjectId::target(&self.id).join("topic").join(topic)
    }

    /// The id of a user.
    #[must_use]
    pub fn user_id(&self, user: &str) -> ObjectId {
        ObjectId::target(&self.id).join("user").join(user)
    }

    /// The id of an entry of the access control lists, such as `kafka/acl/User:app/topic/orders`.
    #[must_use]
    pub fn acl_id(&self, acl: &Acl) -> ObjectId {
        let id = ObjectId::target(&self.id).join("acl").join(&acl.principal).join(&acl.resource);
        let id = id.join(&if acl.prefixed { format!("{}...", acl.name) } else { acl.name.clone() });
        let id = if acl.allow { id } else { id.join("deny") };
        if acl.host == "*" { id } else { id.join(&acl.host) }
    }

    /// Every object of the target, in the order in which they are made.
    #[must_use]
    pub fn objects(&self) -> Vec<ObjectId> {
        let users = self.users.keys().map(|user| self.user_id(user));
        let topics = self.topics.keys().map(|topic| self.topic_id(topic));
        users.chain(topics).chain(self.acls.iter().map(|acl| self.acl_id(acl))).collect()
    }

    pub(super) fn secrets_mut(&mut self) -> Vec<&mut SecretFile> {
        let own = self.sasl.iter_mut().map(|sasl| &mut sasl.password);
        own.chain(self.users.values_mut().map(|user| &mut user.password)).collect()
    }

    pub(super) fn read(id: &str, node: &Node, problems: &mut Vec<Diagnostic>) -> Self {
        let target = Self {
            id: id.to_owned(),
            bootstrap: node.get("bootstrap").map(addresses).unwrap_or_default(),
            brokers: node.integer_at("brokers").unwrap_or(1),
            sasl: node.get("sasl").and_then(Sasl::read),
            topics: node.entries_at("topics").map(|one| (one.key.clone(), Topic::read(&one.node))).collect(),
            users: node
                .entries_at("users")
                .filter_map(|one| Some((one.key.clone(), User::read(&one.node)?)))
                .collect(),
            acls: node.items_at("acls").filter_map(|one| Acl::read(one, problems)).collect(),
        };
        target.check(node, problems);
        target
    }

    fn check(&self, node: &Node, problems: &mut Vec<Diagnostic>) {
        for topic in node.entries_at("topics") {
            let Some(wish) = self.topics.get(&topic.key) else { continue };
            let replication = wish.replication.and_then(|number| usize::try_from(number).ok());
            let span = topic.node.get("replication").map_or(topic.key_span, |node| node.span);
            if let Some(replication) = replication.filter(|&number| number > self.brokers) {
                let message =
                    format!("{replication} replicas need as many brokers, and `brokers` is {}", self.brokers);
                problems.push(Diagnostic::error(Code("plan::conflict"), message).with_span(span));
            }
            let in_sync = wish.config.get("min.insync.replicas").and_then(|text| text.parse::<usize>().ok());
            if let (Some(in_sync), Some(replication)) = (in_sync, replication)
                && in_sync > replication
            {
                let message = format!("{in_sync} replicas in sync can never be had of {replication}");
                problems.push(Diagnostic::error(Code("plan::conflict"), message).with_span(span));
            }
        }
    }
}

impl Sasl {
    fn read(node: &Node) -> Option<Self> {
        let mechanism = node.text_at("mechanism");
        Some(Self {
            mechanism: mechanism.as_deref().and_then(Mechanism::of).unwrap_or(Mechanism::ScramSha512),
            user: node.text_at("user")?,
            password: SecretFile::at(node, "password_file")?,
        })
    }
}

impl Topic {
    fn read(node: &Node) -> Self {
        let config = node.entries_at("config");
        Self {
            partitions: node.integer_at("partitions"),
            replication: node.integer_at("replication"),
            config: config.filter_map(|one| Some((one.key.clone(), one.node.text()?.to_owned()))).collect(),
        }
    }
}

impl User {
    fn read(node: &Node) -> Option<Self> {
        let names = node.texts_at("mechanisms");
        let mut mechanisms: Vec<Mechanism> = names.iter().filter_map(|name| Mechanism::of(name)).collect();
        if mechanisms.is_empty() {
            mechanisms.push(Mechanism::ScramSha512);
        }
        mechanisms.sort_unstable();
        mechanisms.dedup();
        let password = SecretFile::at(node, "password_file")?;
        Some(Self { mechanisms, iterations: node.integer_at("iterations"), password })
    }
}

impl Acl {
    fn read(node: &Node, problems: &mut Vec<Diagnostic>) -> Option<Self> {
        let resource = node.text_at("resource")?;
        let name = match (resource.as_str(), node.text_at("name")) {
            ("cluster", None) => "kafka-cluster".to_owned(),
            ("cluster", Some(name)) if name != "kafka-cluster" => {
                let message = "the cluster's only name is `kafka-cluster`";
                problems.push(Diagnostic::error(Code("plan::conflict"), message).with_span(node.span));
                return None;
            }
            (_, Some(name)) => name,
            (_, None) => {
                let message = "`name` is missing";
                problems.push(Diagnostic::error(Code("plan::missing-key"), message).with_span(node.span));
                return None;
            }
        };
        let mut operations = node.texts_at("operations");
        operations.sort_unstable();
        operations.dedup();
        Some(Self {
            principal: node.text_at("principal")?,
            host: node.text_at("host").unwrap_or_else(|| "*".to_owned()),
            resource,
            name,
            prefixed: node.text_at("pattern").as_deref() == Some("prefixed"),
            operations,
            allow: node.text_at("permission").as_deref() != Some("deny"),
        })
    }
}
