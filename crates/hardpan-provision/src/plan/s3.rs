//! What a plan says of an object store that speaks S3: buckets, and where the server manages them, policies and users.
//!
//! Not responsible for how a server is told. A newcomer needs to know one thing: a bucket is never public by accident; only
//! `public_read: true` makes it so, and its own `policy` may not name everybody.

use std::collections::BTreeMap;

use hardpan_diag::{Code, Diagnostic};

use super::Address;
use super::secret_file::SecretFile;
use super::shape::{Field, Pattern, Shape, field, required, split_address};
use super::tree::Node;
use crate::step::ObjectId;

/// A name of a bucket (Amazon S3 user guide, bucket naming rules).
static BUCKET: Pattern = Pattern {
    expected: "a bucket's name: 3 to 63 small letters, digits, `.` and `-`, with a letter or digit at both ends",
    regex: r"^(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$",
    accepts: |text| {
        let ends =
            |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        (3..=63).contains(&text.len())
            && ends(text.as_bytes().first())
            && ends(text.as_bytes().last())
            && !text.contains("..")
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'.' || b == b'-')
    },
};

/// An action of a policy.
static ACTION: Pattern = Pattern {
    expected: "an action such as `s3:GetObject`",
    regex: r"^(\*|[a-z0-9-]+:[A-Za-z*?]+)$",
    accepts: |text| {
        text == "*"
            || text.split_once(':').is_some_and(|(service, action)| {
                !service.is_empty()
                    && !action.is_empty()
                    && service.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
                    && action.bytes().all(|b| b.is_ascii_alphabetic() || b == b'*' || b == b'?')
            })
    },
};

/// A name of a policy or user, which stands in paths and queries of the admin interface.
static IDENTITY: Pattern = Pattern {
    expected: "a name of at most 128 letters, digits and `_+=.@-`",
    regex: r"^[A-Za-z0-9_+=.@-]{1,128}$",
    accepts: |text| {
        (1..=128).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+=.@-".contains(&byte))
    },
};

const ACTION_NAME: Shape = Shape::Matching(&ACTION);
const BUCKET_NAME: Shape = Shape::Matching(&BUCKET);
const BUCKETS: Shape = Shape::List(&BUCKET_NAME);
const IDENTITY_NAME: Shape = Shape::Matching(&IDENTITY);
const TEXTS: Shape = Shape::SomeOf(&Shape::Text);
const DAYS: Shape = Shape::Integer(1, 36_500);

pub(super) const TARGET: &[Field] = &[
    required("endpoint", Shape::Endpoint, "The server, such as `http://minio:9000`."),
    field("region", Shape::Name(64), "The region that requests are signed for; `us-east-1` unless said."),
    required(
        "access_key_file",
        Shape::SecretFile,
        "The access key of the account that carries out the plan.",
    ),
    required("secret_key_file", Shape::SecretFile, "Its secret key."),
    field(
        "admin",
        Shape::Word(&["auto", "minio", "none"]),
        "How users and policies are managed: by MinIO's admin interface, not at all, or as the server offers (unless said).",
    ),
    field("buckets", Shape::Map(&BUCKET_NAME, &Shape::Object(BUCKET_FIELDS)), "Buckets by name."),
    field("policies", Shape::Map(&IDENTITY_NAME, &Shape::Object(POLICY)), "Policies for users, by name."),
    field("users", Shape::Map(&IDENTITY_NAME, &Shape::Object(USERS)), "Users by access key."),
];

const BUCKET_FIELDS: &[Field] = &[
    field("versioning", Shape::Word(&["enabled", "suspended"]), "Whether old versions are kept."),
    field(
        "object_lock",
        Shape::Bool,
        "Whether objects can be locked. It can only be had from the beginning.",
    ),
    field("retention", Shape::Object(RETENTION), "How long new objects are locked; needs `object_lock`."),
    field(
        "encryption",
        Shape::Object(ENCRYPTION),
        "How new objects are encrypted unless they say so themselves.",
    ),
    field(
        "lifecycle",
        Shape::List(&Shape::Object(LIFECYCLE)),
        "When objects go away. These rules and no others.",
    ),
    field("public_read", Shape::Bool, "Everybody may read its objects, without logging in."),
    field(
        "public_prefixes",
        Shape::SomeOf(&Shape::Text),
        "With `public_read`: only objects whose names begin so.",
    ),
    field(
        "policy",
        Shape::List(&Shape::Object(BUCKET_STATEMENT)),
        "Further statements of the bucket's policy.",
    ),
    field("tags", Shape::Map(&Shape::Name(128), &Shape::Setting), "Tags. These and no others."),
];

const RETENTION: &[Field] = &[
    required(
        "mode",
        Shape::Word(&["governance", "compliance"]),
        "Whether an administrator may lift the lock.",
    ),
    field("days", DAYS, "For how many days. Either this or `years`."),
    field("years", Shape::Integer(1, 100), "For how many years."),
];

const ENCRYPTION: &[Field] = &[
    required(
        "algorithm",
        Shape::Word(&["AES256", "aws:kms"]),
        "With the server's keys, or those of a key service.",
    ),
    field("key", Shape::Text, "The id of the key, with `aws:kms`."),
];

const LIFECYCLE: &[Field] = &[
    required("id", Shape::Name(255), "The rule's name."),
    field("enabled", Shape::Bool, "Whether it holds; true unless said."),
    field("prefix", Shape::Text, "Only objects whose names begin so; all unless said."),
    field("expire_days", DAYS, "Objects go after so many days."),
    field("noncurrent_days", DAYS, "Old versions go after so many days."),
    field("abort_multipart_days", DAYS, "Uploads that were never finished go after so many days."),
    field("remove_delete_markers", Shape::Bool, "Delete markers go that have nothing left to hide."),
];

const EFFECT: Field = field("effect", Shape::Word(&["allow", "deny"]), "`allow` unless said.");
const ACTIONS: Field = required("actions", Shape::SomeOf(&ACTION_NAME), "Actions such as `s3:GetObject`.");
const RESOURCES: Field = required(
    "resources",
    TEXTS,
    "Buckets and objects such as `logs` and `logs/*`; what begins with `arn:` stays as it is.",
);
const CONDITIONS: Field = field(
    "conditions",
    Shape::Map(&Shape::Name(64), &Shape::Map(&Shape::Name(128), &TEXTS)),
    "Conditions: operator, key, values.",
);

const BUCKET_STATEMENT: &[Field] = &[
    EFFECT,
    required("principals", TEXTS, "Whom it is about, as ARNs. Everybody is `public_read`'s to say."),
    ACTIONS,
    RESOURCES,
    CONDITIONS,
];

const STATEMENT: &[Field] = &[EFFECT, ACTIONS, RESOURCES, CONDITIONS];

const POLICY: &[Field] = &[
    field("read", BUCKETS, "Buckets whose objects may be listed and read."),
    field("write", BUCKETS, "Buckets whose objects may be written and deleted, not read."),
    field("read_write", BUCKETS, "Buckets whose objects may be listed, read, written and deleted."),
    field("statements", Shape::List(&Shape::Object(STATEMENT)), "Further statements."),
];

const USERS: &[Field] = &[
    required("secret_key_file", Shape::SecretFile, "Its secret key. It is set anew when the file changes."),
    field("policies", Shape::List(&IDENTITY_NAME), "The policies attached to it: these and no others."),
    field("enabled", Shape::Bool, "Whether it may log in; true unless said."),
];

/// An object store.
#[derive(Clone, Debug)]
pub struct Target {
    /// The target's id in the plan.
    pub id: String,
    /// Where it listens for plain HTTP.
    pub endpoint: Address,
    /// The region that requests are signed for.
    pub region: String,
    /// The access key.
    pub access_key: SecretFile,
    /// The secret key.
    pub secret_key: SecretFile,
    /// How users and policies are managed.
    pub admin: Admin,
    /// Buckets by name.
    pub buckets: BTreeMap<String, Bucket>,
    /// Policies by name.
    pub policies: BTreeMap<String, Policy>,
    /// Users by access key.
    pub users: BTreeMap<String, User>,
}

/// How users and policies are managed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admin {
    /// By MinIO's admin interface where the server has it.
    Auto,
    /// By MinIO's admin interface.
    Minio,
    /// Not at all.
    None,
}

/// A bucket.
#[derive(Clone, Debug, Default)]
pub struct Bucket {
    /// Whether old versions are kept.
    pub versioning: Option<Versioning>,
    /// Whether objects can be locked.
    pub object_lock: Option<bool>,
    /// How long new objects are locked.
    pub retention: Option<Retention>,
    /// How new objects are encrypted.
    pub encryption: Option<Encryption>,
    /// The rules by which objects go away; none where the plan does not say, empty where it says there are none.
    pub lifecycle: Option<Vec<LifecycleRule>>,
    /// Whether everybody may read; none where the plan does not say.
    pub public_read: Option<bool>,
    /// What everybody may read; all objects where empty.
    pub public_prefixes: Vec<String>,
    /// Further statements of its policy; none where the plan does not say.
    pub policy: Option<Vec<Statement>>,
    /// Tags; none where the plan does not say.
    pub tags: Option<BTreeMap<String, String>>,
}

/// Whether old versions of objects are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Versioning {
    /// They are.
    Enabled,
    /// New ones are not.
    Suspended,
}

/// How long new objects are locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Whether even an administrator cannot lift the lock.
    pub compliance: bool,
    /// For how long.
    pub period: Period,
}

/// A period of retention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// Days.
    Days(u32),
    /// Years.
    Years(u32),
}

/// How new objects are encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encryption {
    /// `AES256` or `aws:kms`.
    pub algorithm: String,
    /// The id of the key.
    pub key: Option<String>,
}

/// A rule by which objects go away. Periods are in days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LifecycleRule {
    /// Its name.
    pub id: String,
    /// Whether it holds.
    pub enabled: bool,
    /// The beginning of the names it is about; empty for all.
    pub prefix: String,
    /// Objects go.
    pub expire_days: Option<u32>,
    /// Old versions go.
    pub noncurrent_days: Option<u32>,
    /// Unfinished uploads go.
    pub abort_multipart_days: Option<u32>,
    /// Delete markers go that hide nothing.
    pub remove_delete_markers: Option<bool>,
}

/// A policy for users.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Buckets to list and read.
    pub read: Vec<String>,
    /// Buckets to write and delete in.
    pub write: Vec<String>,
    /// Buckets for both.
    pub read_write: Vec<String>,
    /// Further statements.
    pub statements: Vec<Statement>,
}

/// A statement of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Whether it allows; it denies otherwise.
    pub allow: bool,
    /// Whom it is about, as ARNs; empty in a policy for users.
    pub principals: Vec<String>,
    /// Actions.
    pub actions: Vec<String>,
    /// Resources as ARNs.
    pub resources: Vec<String>,
    /// Conditions: operator, key, values.
    pub conditions: BTreeMap<String, BTreeMap<String, Vec<String>>>,
}

/// A user.
#[derive(Clone, Debug)]
pub struct User {
    /// Its secret key.
    pub secret_key: SecretFile,
    /// The policies attached to it.
    pub policies: Vec<String>,
    /// Whether it may log in.
    pub enabled: bool,
}

impl Target {
    /// The id of a bucket, its settings included.
    #[must_use]
    pub fn bucket_id(&self, bucket: &str) -> ObjectId {
        ObjectId::target(&self.id).join("bucket").join(bucket)
    }

    /// The id of a policy.
    #[must_use]
    pub fn policy_id(&self, policy: &str) -> ObjectId {
        ObjectId::target(&self.id).join("policy").join(policy)
    }

    /// The id of a user.
    #[must_use]
    pub fn user_id(&self, user: &str) -> ObjectId {
        ObjectId::target(&self.id).join("user").join(user)
    }

    /// Every object of the target, in the order in which they are made.
    #[must_use]
    pub fn objects(&self) -> Vec<ObjectId> {
        let buckets = self.buckets.keys().map(|bucket| self.bucket_id(bucket));
        let policies = self.policies.keys().map(|policy| self.policy_id(policy));
        buckets.chain(policies).chain(self.users.keys().map(|user| self.user_id(user))).collect()
    }

    pub(super) fn secrets_mut(&mut self) -> Vec<&mut SecretFile> {
        let users = self.users.values_mut().map(|user| &mut user.secret_key);
        [&mut self.access_key, &mut self.secret_key].into_iter().chain(users).collect()
    }

    /// None where something is missing, which has been reported.
    pub(super) fn read(id: &str, node: &Node, problems: &mut Vec<Diagnostic>) -> Option<Self> {
        // First of all, so that what is wrong in them is told whatever else is missing.
        let buckets = node.entries_at("buckets");
        let buckets = buckets.map(|one| (one.key.clone(), Bucket::read(&one.node, problems))).collect();
        let policies = node.entries_at("policies");
        let policies = policies.map(|one| (one.key.clone(), Policy::read(&one.node, problems))).collect();
        Some(Self {
            id: id.to_owned(),
            endpoint: endpoint(&node.text_at("endpoint")?)?,
            region: node.text_at("region").unwrap_or_else(|| "us-east-1".to_owned()),
            access_key: SecretFile::at(node, "access_key_file")?,
            secret_key: SecretFile::at(node, "secret_key_file")?,
            admin: match node.text_at("admin").as_deref() {
                Some("minio") => Admin::Minio,
                Some("none") => Admin::None,
                _ => Admin::Auto,
            },
            buckets,
            policies,
            users: node
                .entries_at("users")
                .filter_map(|one| Some((one.key.clone(), User::read(&one.node)?)))
                .collect(),
        })
    }
}

fn endpoint(text: &str) -> Option<Address> {
    let rest = text.strip_prefix("http://")?;
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let (host, port) = split_address(rest).unwrap_or((rest, 80));
    Some(Address { host: host.to_owned(), port })
}

fn conflict(node: &Node, message: &str, problems: &mut Vec<Diagnostic>) {
    problems.push(Diagnostic::error(Code("plan::conflict"), message).with_span(node.span));
}

impl Bucket {
    fn read(node: &Node, problems: &mut Vec<Diagnostic>) -> Self {
        let object_lock = node.bool_at("object_lock");
        let versioning = match node.text_at("versioning").as_deref() {
            Some("enabled") => Some(Versioning::Enabled),
            Some("suspended") => Some(Versioning::Suspended),
            _ => None,
        };
        if let Some(retention) = node.get("retention").filter(|_| object_lock != Some(true)) {
            conflict(retention, "`retention` needs `object_lock: true`", problems);
        }
        if object_lock == Some(true) && versioning == Some(Versioning::Suspended) {
            conflict(node, "objects can only be locked where old versions are kept", problems);
        }
        let public_read = node.bool_at("public_read");
        if let Some(prefixes) = node.get("public_prefixes").filter(|_| public_read != Some(true)) {
            conflict(prefixes, "`public_prefixes` needs `public_read: true`", problems);
        }
        for statement in node.items_at("policy") {
            for principal in statement.items_at("principals") {
                if principal.text().is_some_and(|text| text.contains('*')) {
                    let message = "a policy does not make a bucket public: say `public_read: true`";
                    conflict(principal, message, problems);
                }
            }
        }
        let tags = |tags: &Node| {
            let entries = tags.entries().iter();
            entries.filter_map(|one| Some((one.key.clone(), one.node.text()?.to_owned()))).collect()
        };
        Self {
            versioning,
            object_lock,
            retention: node.get("retention").and_then(|one| Retention::read(one, problems)),
            encryption: node.get("encryption").and_then(|one| Encryption::read(one, problems)),
            lifecycle: node.get("lifecycle").map(|rules| {
                rules.items().iter().filter_map(|one| LifecycleRule::read(one, problems)).collect()
            }),
            public_read,
            public_prefixes: node.texts_at("public_prefixes"),
            policy: node.get("policy").map(|list| list.items().iter().map(Statement::read).collect()),
            tags: node.get("tags").map(tags),
        }
    }
}

impl Retention {
    fn read(node: &Node, problems: &mut Vec<Diagnostic>) -> Option<Self> {
        let period = match (node.integer_at("days"), node.integer_at("years")) {
            (Some(days), None) => Period::Days(days),
            (None, Some(years)) => Period::Years(years),
            _ => {
                conflict(node, "`retention` has either `days` or `years`", problems);
                return None;
            }
        };
        Some(Self { compliance: node.text_at("mode")? == "compliance", period })
    }
}

impl Encryption {
    fn read(node: &Node, problems: &mut Vec<Diagnostic>) -> Option<Self> {
        let (algorithm, key) = (node.text_at("algorithm")?, node.text_at("key"));
        if let Some(key) = node.get("key").filter(|_| algorithm != "aws:kms") {
            conflict(key, "`key` goes with `algorithm: aws:kms`", problems);
        }
        Some(Self { algorithm, key })
    }
}

impl LifecycleRule {
    fn read(node: &Node, problems: &mut Vec<Diagnostic>) -> Option<Self> {
        let rule = Self {
            id: node.text_at("id")?,
            enabled: node.bool_at("enabled").unwrap_or(true),
            prefix: node.text_at("prefix").unwrap_or_default(),
            expire_days: node.integer_at("expire_days"),
            noncurrent_days: node.integer_at("noncurrent_days"),
            abort_multipart_days: node.integer_at("abort_multipart_days"),
            remove_delete_markers: node.bool_at("remove_delete_markers"),
        };
        let days = [rule.expire_days, rule.noncurrent_days, rule.abort_multipart_days];
        if days.iter().all(Option::is_none) && rule.remove_delete_markers != Some(true) {
            conflict(node, "the rule lets nothing go away", problems);
        }
        if rule.expire_days.is_some() && rule.remove_delete_markers == Some(true) {
            conflict(
                node,
                "`expire_days` and `remove_delete_markers` exclude each other in one rule",
                problems,
            );
        }
        Some(rule)
    }
}

impl Policy {
    fn read(node: &Node, problems: &mut Vec<Diagnostic>) -> Self {
        let policy = Self {
            read: node.texts_at("read"),
            write: node.texts_at("write"),
            read_write: node.texts_at("read_write"),
            statements: node.items_at("statements").map(Statement::read).collect(),
        };
        if policy == Self::default() {
            conflict(node, "the policy allows nothing", problems);
        }
        policy
    }
}

impl Statement {
    fn read(node: &Node) -> Self {
        let resource = |text: String| {
            if text.starts_with("arn:") || text == "*" { text } else { format!("arn:aws:s3:::{text}") }
        };
        let values = |node: &Node| node.items().iter().filter_map(Node::text).map(str::to_owned).collect();
        let keys = |node: &Node| {
            node.entries().iter().map(|entry| (entry.key.clone(), values(&entry.node))).collect()
        };
        Self {
            allow: node.text_at("effect").as_deref() != Some("deny"),
            principals: node.texts_at("principals"),
            actions: node.texts_at("actions"),
            resources: node.texts_at("resources").into_iter().map(resource).collect(),
            conditions: node
                .entries_at("conditions")
                .map(|entry| (entry.key.clone(), keys(&entry.node)))
                .collect(),
        }
    }
}

impl User {
    fn read(node: &Node) -> Option<Self> {
        Some(Self {
            secret_key: SecretFile::at(node, "secret_key_file")?,
            policies: node.texts_at("policies"),
            enabled: node.bool_at("enabled").unwrap_or(true),
        })
    }
}
