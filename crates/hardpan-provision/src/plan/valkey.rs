//! What a plan says of Valkey or Redis: the nodes of a cluster, or one server by itself, and its users.
//!
//! Not responsible for slots; the backend spreads them. A newcomer needs to know one thing: nothing that holds data is ever
//! reset unless `reset` says so, and even then only where the node is in the way of the cluster that the plan wants.

use std::collections::BTreeMap;

use hardpan_diag::{Code, Diagnostic};

use super::Address;
use super::secret_file::SecretFile;
use super::shape::{Field, Pattern, Shape, field, required, split_address};
use super::tree::Node;
use crate::step::ObjectId;

/// A name of a user: ACL lines are split at blanks.
static USER: Pattern = Pattern {
    expected: "a name without blanks",
    regex: r"^[^\s\x00]{1,128}$",
    accepts: |text| {
        !text.is_empty() && text.len() <= 128 && !text.chars().any(|c| c.is_whitespace() || c == '\0')
    },
};

/// A rule of an ACL about commands, such as `+@read`, `-flushall` or `+config|get`.
static COMMAND: Pattern = Pattern {
    expected: "a command rule such as `+@read`, `+get` or `-@dangerous`",
    regex: r"^[+-]@?[a-z0-9_.|-]+$",
    accepts: |text| {
        let Some(name) = text.strip_prefix(['+', '-']) else { return false };
        let name = name.strip_prefix('@').unwrap_or(name);
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_.|-".contains(&byte))
    },
};

/// A pattern of keys or channels.
static GLOB: Pattern = Pattern {
    expected: "a pattern without blanks, such as `app:*`",
    regex: r"^[^\s\x00]+$",
    accepts: |text| !text.is_empty() && !text.chars().any(|c| c.is_whitespace() || c == '\0'),
};

const USER_NAME: Shape = Shape::Matching(&USER);
const COMMAND_RULE: Shape = Shape::Matching(&COMMAND);
const GLOBS: Shape = Shape::List(&Shape::Matching(&GLOB));

pub(super) const TARGET: &[Field] = &[
    required(
        "nodes",
        Shape::SomeOf(&Shape::Short("address", NODE)),
        "All nodes, such as `valkey-1:6379`; a node in full where several share a host without sharing its name.",
    ),
    field(
        "mode",
        Shape::Word(&["cluster", "standalone"]),
        "`cluster` (unless said) forms one cluster of the nodes; `standalone` sees to the users of each node.",
    ),
    field("replicas", Shape::Integer(0, 5), "Replicas of each primary in a cluster; 1 unless said."),
    field("user", Shape::Matching(&USER), "The user that carries out the plan; `default` unless said."),
    field("password_file", Shape::SecretFile, "Its password; none where the server asks for none."),
    field("users", Shape::Map(&USER_NAME, &Shape::Object(USERS)), "Users by name."),
    field(
        "persist_users",
        Shape::Word(&["auto", "acl-file", "config", "no"]),
        "Where users are kept: the server's ACL file, its configuration file, nowhere, or what the server has (unless said).",
    ),
    field(
        "reset",
        Shape::Word(&["never", "empty", "with-data"]),
        "Which nodes in the way of the cluster may be reset: none (unless said), those without a key, or any, with its data.",
    ),
];

const NODE: &[Field] = &[
    required("address", Shape::Address, "Its address."),
    field(
        "host",
        Shape::Text,
        "The machine it runs on; the address' host unless said. Replicas go to another one.",
    ),
];

const USERS: &[Field] = &[
    field("enabled", Shape::Bool, "Whether the user may log in; true unless said."),
    field("password_file", Shape::SecretFile, "Its password. It is set anew when the file changes."),
    field("keys", GLOBS, "Patterns of keys it may read and write, such as `app:*`."),
    field("read_keys", GLOBS, "Patterns of keys it may only read."),
    field("channels", GLOBS, "Patterns of channels it may use."),
    field(
        "commands",
        Shape::List(&COMMAND_RULE),
        "What it may do, rule by rule on top of nothing, such as `[+@read, +@write, -@dangerous]`.",
    ),
];

/// Nodes that form a cluster, or servers by themselves.
#[derive(Clone, Debug)]
pub struct Target {
    /// The target's id in the plan.
    pub id: String,
    /// The nodes, in the order of the plan.
    pub nodes: Vec<ClusterNode>,
    /// What they are to be.
    pub mode: Mode,
    /// Replicas of each primary.
    pub replicas: usize,
    /// The user that carries out the plan.
    pub user: String,
    /// Its password.
    pub password: Option<SecretFile>,
    /// Users by name.
    pub users: BTreeMap<String, User>,
    /// Where users are kept.
    pub persist_users: PersistUsers,
    /// Which nodes may be reset.
    pub reset: Reset,
}

/// A node.
#[derive(Clone, Debug)]
pub struct ClusterNode {
    /// Its address.
    pub address: Address,
    /// The machine it runs on: a primary and its replica should not share it.
    pub host: String,
}

/// What the nodes of a target are to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// One cluster.
    Cluster,
    /// Servers that do not know each other.
    Standalone,
}

/// Where users are kept over a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PersistUsers {
    /// In what the server is configured to have.
    Auto,
    /// `ACL SAVE`; a failure where the server has no ACL file.
    AclFile,
    /// `CONFIG REWRITE`; a failure where the server has no configuration file.
    Config,
    /// Nowhere.
    No,
}

/// Which nodes in the way of the cluster may be reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reset {
    /// None.
    Never,
    /// Those without a key.
    Empty,
    /// Any. Their data is lost.
    WithData,
}

/// A user of the access control lists.
#[derive(Clone, Debug)]
pub struct User {
    /// Whether it may log in.
    pub enabled: bool,
    /// The password; none where the user has none and may not log in with one.
    pub password: Option<SecretFile>,
    /// `~` patterns.
    pub keys: Vec<String>,
    /// `%R~` patterns.
    pub read_keys: Vec<String>,
    /// `&` patterns.
    pub channels: Vec<String>,
    /// Rules of commands, on top of `-@all`.
    pub commands: Vec<String>,
}

impl Target {
    /// The id of the cluster as a whole: that it is formed of exactly these nodes, with all slots and replicas.
    #[must_use]
    pub fn cluster_id(&self) -> ObjectId {
        ObjectId::target(&self.id).join("cluster")
    }

    /// The id of a user.
    #[must_use]
    pub fn user_id(&self, user: &str) -> ObjectId {
        ObjectId::target(&self.id).join("user").join(user)
    }

    /// Every object of the target, in the order in which they are made.
    #[must_use]
    pub fn objects(&self) -> Vec<ObjectId> {
        let cluster = (self.mode == Mode::Cluster).then(|| self.cluster_id());
        cluster.into_iter().chain(self.users.keys().map(|user| self.user_id(user))).collect()
    }

    pub(super) fn secrets_mut(&mut self) -> Vec<&mut SecretFile> {
        let users = self.users.values_mut().filter_map(|user| user.password.as_mut());
        self.password.iter_mut().chain(users).collect()
    }

    pub(super) fn read(id: &str, node: &Node, problems: &mut Vec<Diagnostic>) -> Self {
        let target = Self {
            id: id.to_owned(),
            nodes: node.items_at("nodes").filter_map(ClusterNode::read).collect(),
            mode: match node.text_at("mode").as_deref() {
                Some("standalone") => Mode::Standalone,
                _ => Mode::Cluster,
            },
            replicas: node.integer_at("replicas").unwrap_or(1),
            user: node.text_at("user").unwrap_or_else(|| "default".to_owned()),
            password: SecretFile::at(node, "password_file"),
            users: node.entries_at("users").map(|one| (one.key.clone(), User::read(&one.node))).collect(),
            persist_users: match node.text_at("persist_users").as_deref() {
                Some("acl-file") => PersistUsers::AclFile,
                Some("config") => PersistUsers::Config,
                Some("no") => PersistUsers::No,
                _ => PersistUsers::Auto,
            },
            reset: match node.text_at("reset").as_deref() {
                Some("empty") => Reset::Empty,
                Some("with-data") => Reset::WithData,
                _ => Reset::Never,
            },
        };
        target.check(node, problems);
        target
    }

    fn check(&self, node: &Node, problems: &mut Vec<Diagnostic>) {
        // Whatever is wrong with that user halfway, nobody could log in any more to put it right.
        if let Some(own) = node.entries_at("users").find(|user| user.key == self.user) {
            let message = format!("`{}` carries out the plan, which cannot manage it", self.user);
            problems.push(
                Diagnostic::error(Code("plan::conflict"), message)
                    .with_span(own.key_span)
                    .with_help("take it out of `users`, or carry the plan out as another `user`"),
            );
        }
        let items: Vec<&Node> = node.items_at("nodes").collect();
        let mut conflict = |message: String, node: &Node| {
            problems.push(Diagnostic::error(Code("plan::conflict"), message).with_span(node.span));
        };
        let address = |node: &&Node| node.text().map(str::to_owned).or_else(|| node.text_at("address"));
        for (at, item) in items.iter().enumerate() {
            if address(item).is_some() && items[..at].iter().any(|seen| address(seen) == address(item)) {
                conflict("the node is there twice".to_owned(), item);
            }
        }
        let Some(list) = node.get("nodes") else { return };
        if self.mode == Mode::Standalone {
            if let Some(replicas) = node.get("replicas") {
                conflict("servers by themselves have no replicas".to_owned(), replicas);
            }
            return;
        }
        let (nodes, group) = (items.len(), self.replicas + 1);
        if nodes / group < 3 {
            let needed = 3 * group;
            let message = format!(
                "a cluster needs three primaries: {needed} nodes with {} replica(s) each, not {nodes}",
                self.replicas
            );
            conflict(message, list);
        }
    }
}

impl ClusterNode {
    fn read(node: &Node) -> Option<Self> {
        let text = node.text().map(str::to_owned).or_else(|| node.text_at("address"))?;
        let (host, port) = split_address(&text)?;
        let address = Address { host: host.to_owned(), port };
        let host = node.text_at("host").unwrap_or_else(|| address.host.clone());
        Some(Self { address, host })
    }
}

impl User {
    fn read(node: &Node) -> Self {
        Self {
            enabled: node.bool_at("enabled").unwrap_or(true),
            password: SecretFile::at(node, "password_file"),
            keys: node.texts_at("keys"),
            read_keys: node.texts_at("read_keys"),
            channels: node.texts_at("channels"),
            commands: node.texts_at("commands"),
        }
    }
}
