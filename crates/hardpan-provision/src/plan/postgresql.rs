//! What a plan says of a PostgreSQL server: roles, databases, and what is inside them.
//!
//! Not responsible for SQL. A newcomer needs to know one thing: a value that is `None` was not said, and what was not said
//! is not compared and not changed.

mod conflicts;

use std::collections::BTreeMap;

use hardpan_diag::{Code, Diagnostic, did_you_mean};

use super::secret_file::SecretFile;
use super::shape::{Field, Shape, field, required};
use super::tree::Node;
use super::{Address, addresses};
use crate::step::ObjectId;

/// PostgreSQL cuts longer names (NAMEDATALEN - 1).
const NAME: Shape = Shape::Name(63);
const NAMES: Shape = Shape::SomeOf(&NAME);
const SETTINGS: Shape = Shape::Map(&Shape::Name(128), &Shape::Setting);

pub(super) const TARGET: &[Field] = &[
    field("host", Shape::Text, "The server's name. Either this or `hosts`."),
    field(
        "hosts",
        Shape::SomeOf(&Shape::Address),
        "Servers of which one is the primary, such as `[pg-0:5432, pg-1:5432]`; the plan is carried out there.",
    ),
    field("port", Shape::Integer(1, 65_535), "The server's port; 5432 unless said. Goes with `host`."),
    field("user", NAME, "The role that carries out the plan; `postgres` unless said."),
    field("password_file", Shape::SecretFile, "Its password; none where the server asks for none."),
    field("database", NAME, "The database to connect to first; `postgres` unless said."),
    field("roles", Shape::Map(&NAME, &Shape::Object(ROLE)), "Roles by name."),
    field("databases", Shape::Map(&NAME, &Shape::Object(DATABASE)), "Databases by name."),
];

const ROLE: &[Field] = &[
    field("login", Shape::Bool, "Whether the role may log in; false for a new role unless said."),
    field("password_file", Shape::SecretFile, "Its password. It is set anew when the file changes."),
    field("superuser", Shape::Bool, "Whether it may do everything."),
    field("createdb", Shape::Bool, "Whether it may create databases."),
    field("createrole", Shape::Bool, "Whether it may create roles."),
    field("inherit", Shape::Bool, "Whether it has the privileges of the roles it is a member of."),
    field("replication", Shape::Bool, "Whether it may replicate."),
    field("bypassrls", Shape::Bool, "Whether policies of row security do not hold for it."),
    field("connection_limit", Shape::Integer(-1, 262_143), "How many connections it may have; -1: any."),
    field(
        "valid_until",
        Shape::Text,
        "When its password ends, such as `2027-01-01 00:00:00+00`, or `infinity`.",
    ),
    field("member_of", Shape::List(&NAME), "Roles it is a member of. Other memberships stay."),
    field("settings", SETTINGS, "Settings of its sessions, such as `search_path`."),
];

const DATABASE: &[Field] = &[
    field("owner", NAME, "Its owner; the connecting role for a new database unless said."),
    field("encoding", Shape::Text, "Its encoding, such as `UTF8`. It cannot be changed later."),
    field("locale", Shape::Text, "Collation and character classes at once. They cannot be changed later."),
    field("lc_collate", Shape::Text, "Its collation, where it differs from `locale`."),
    field("lc_ctype", Shape::Text, "Its character classes, where they differ from `locale`."),
    field("locale_provider", Shape::Word(&["libc", "icu", "builtin"]), "Who provides the locale."),
    field("icu_locale", Shape::Text, "The ICU locale, with `locale_provider: icu`."),
    field("template", NAME, "What a new database is a copy of; `template0` unless said."),
    field("connection_limit", Shape::Integer(-1, 262_143), "How many connections it may have; -1: any."),
    field("settings", SETTINGS, "Settings of sessions in it, such as `timezone`."),
    field("extensions", Shape::List(&Shape::Short("name", EXTENSION)), "Extensions, by name or in full."),
    field("schemas", Shape::Map(&NAME, &Shape::Object(SCHEMA)), "Schemas by name."),
    field("grants", Shape::List(&Shape::Object(GRANT)), "Privileges that roles have. Others stay."),
    field("revokes", Shape::List(&Shape::Object(REVOKE)), "Privileges that roles do not have."),
    field(
        "default_privileges",
        Shape::List(&Shape::Object(DEFAULT_PRIVILEGE)),
        "Privileges on what a role will create.",
    ),
];

const EXTENSION: &[Field] = &[
    required("name", NAME, "Its name."),
    field("schema", NAME, "The schema of its objects."),
    field("version", Shape::Text, "Its version; what the server has as default for a new one unless said."),
];

const SCHEMA: &[Field] =
    &[field("owner", NAME, "Its owner; the database's owner for a new one unless said.")];

const OBJECTS: Shape = Shape::Word(&["database", "schema", "tables", "sequences", "functions"]);
const PRIVILEGES: Shape = Shape::SomeOf(&Shape::Word(&[
    "ALL",
    "CONNECT",
    "CREATE",
    "TEMPORARY",
    "USAGE",
    "SELECT",
    "INSERT",
    "UPDATE",
    "DELETE",
    "TRUNCATE",
    "REFERENCES",
    "TRIGGER",
    "EXECUTE",
]));
const ON: Field = required("on", OBJECTS, "What kind of thing they are privileges on.");
const PRIVILEGES_FIELD: Field = required("privileges", PRIVILEGES, "The privileges, in capitals.");
const SCHEMA_FIELD: Field = field("schema", NAME, "The schema; required but for `on: database`.");
const NAMES_FIELD: Field =
    field("names", NAMES, "Names of tables, sequences or functions; all of the schema unless said.");

const GRANT: &[Field] = &[
    PRIVILEGES_FIELD,
    ON,
    SCHEMA_FIELD,
    NAMES_FIELD,
    required("to", NAMES, "The roles; `public` is everybody."),
    field("grant_option", Shape::Bool, "Whether they may pass them on."),
];

const REVOKE: &[Field] = &[
    PRIVILEGES_FIELD,
    ON,
    SCHEMA_FIELD,
    NAMES_FIELD,
    required("from", NAMES, "The roles; `public` is everybody."),
];

const DEFAULT_PRIVILEGE: &[Field] = &[
    required("owner", NAME, "The role whose future objects are meant."),
    PRIVILEGES_FIELD,
    required("on", Shape::Word(&["tables", "sequences", "functions", "schemas"]), "What kind of object."),
    field("schema", NAME, "The schema they will be in; any unless said."),
    required("to", NAMES, "The roles; `public` is everybody."),
    field("grant_option", Shape::Bool, "Whether they may pass them on."),
];

/// A PostgreSQL server, or several of which one is the primary.
#[derive(Clone, Debug)]
pub struct Target {
    /// The target's id in the plan.
    pub id: String,
    /// Where to look for the primary, in the order of the plan.
    pub hosts: Vec<Address>,
    /// The connecting role.
    pub user: String,
    /// Its password.
    pub password: Option<SecretFile>,
    /// The first database.
    pub database: String,
    /// Roles by name.
    pub roles: BTreeMap<String, Role>,
    /// Databases by name.
    pub databases: BTreeMap<String, Database>,
}

/// A role.
#[derive(Clone, Debug, Default)]
pub struct Role {
    /// LOGIN.
    pub login: Option<bool>,
    /// The password.
    pub password: Option<SecretFile>,
    /// SUPERUSER.
    pub superuser: Option<bool>,
    /// CREATEDB.
    pub createdb: Option<bool>,
    /// CREATEROLE.
    pub createrole: Option<bool>,
    /// INHERIT.
    pub inherit: Option<bool>,
    /// REPLICATION.
    pub replication: Option<bool>,
    /// BYPASSRLS.
    pub bypassrls: Option<bool>,
    /// CONNECTION LIMIT; -1 is none.
    pub connection_limit: Option<i32>,
    /// VALID UNTIL, as PostgreSQL reads it.
    pub valid_until: Option<String>,
    /// The roles it has to be a member of.
    pub member_of: Vec<String>,
    /// Settings of its sessions.
    pub settings: BTreeMap<String, String>,
}

/// A database.
#[derive(Clone, Debug, Default)]
pub struct Database {
    /// The owner.
    pub owner: Option<String>,
    /// The encoding.
    pub encoding: Option<String>,
    /// LC_COLLATE and LC_CTYPE at once.
    pub locale: Option<String>,
    /// LC_COLLATE.
    pub lc_collate: Option<String>,
    /// LC_CTYPE.
    pub lc_ctype: Option<String>,
    /// `libc`, `icu` or `builtin`.
    pub locale_provider: Option<String>,
    /// The ICU locale.
    pub icu_locale: Option<String>,
    /// The template of a new database.
    pub template: Option<String>,
    /// CONNECTION LIMIT; -1 is none.
    pub connection_limit: Option<i32>,
    /// Settings of sessions in it.
    pub settings: BTreeMap<String, String>,
    /// Extensions in the order of the plan.
    pub extensions: Vec<Extension>,
    /// Schemas by name.
    pub schemas: BTreeMap<String, Schema>,
    /// Privileges to have.
    pub grants: Vec<Grant>,
    /// Privileges not to have; `to` names from whom they are taken.
    pub revokes: Vec<Grant>,
    /// Default privileges.
    pub default_privileges: Vec<DefaultPrivilege>,
}

/// An extension.
#[derive(Clone, Debug)]
pub struct Extension {
    /// The name.
    pub name: String,
    /// The schema of its objects.
    pub schema: Option<String>,
    /// The version.
    pub version: Option<String>,
}

/// A schema.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    /// The owner.
    pub owner: Option<String>,
}

/// Privileges on something that exists.
#[derive(Clone, Debug)]
pub struct Grant {
    /// The privileges, in capitals; `ALL` stands alone.
    pub privileges: Vec<String>,
    /// On what.
    pub on: GrantObject,
    /// The roles; `public` is everybody.
    pub to: Vec<String>,
    /// WITH GRANT OPTION.
    pub grant_option: bool,
}

/// What privileges are on. `names` is empty for everything of its kind in the schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GrantObject {
    /// The database itself.
    Database,
    /// A schema.
    Schema(String),
    /// Tables and views.
    Tables {
        /// The schema.
        schema: String,
        /// Their names.
        names: Vec<String>,
    },
    /// Sequences.
    Sequences {
        /// The schema.
        schema: String,
        /// Their names.
        names: Vec<String>,
    },
    /// Functions and procedures.
    Functions {
        /// The schema.
        schema: String,
        /// Their names.
        names: Vec<String>,
    },
}

/// Privileges on what a role will create.
#[derive(Clone, Debug)]
pub struct DefaultPrivilege {
    /// The role that will create.
    pub owner: String,
    /// The privileges, in capitals.
    pub privileges: Vec<String>,
    /// `tables`, `sequences`, `functions` or `schemas`.
    pub on: String,
    /// The schema; any where none.
    pub schema: Option<String>,
    /// The roles; `public` is everybody.
    pub to: Vec<String>,
    /// WITH GRANT OPTION.
    pub grant_option: bool,
}

/// The privileges that there are on a kind of thing.
fn privileges_on(kind: &str) -> &'static [&'static str] {
    match kind {
        "database" => &["ALL", "CONNECT", "CREATE", "TEMPORARY"],
        "schema" | "schemas" => &["ALL", "CREATE", "USAGE"],
        "tables" => &["ALL", "SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"],
        "sequences" => &["ALL", "USAGE", "SELECT", "UPDATE"],
        _ => &["ALL", "EXECUTE"],
    }
}

impl GrantObject {
    /// The end of an id: `database`, `schema/app`, `tables/app`, `tables/app/orders,items`.
    fn path(&self) -> String {
        let within = |kind: &str, schema: &str, names: &[String]| match names {
            [] => format!("{kind}/{schema}"),
            names => format!("{kind}/{schema}/{}", names.join(",")),
        };
        match self {
            Self::Database => "database".to_owned(),
            Self::Schema(schema) => format!("schema/{schema}"),
            Self::Tables { schema, names } => within("tables", schema, names),
            Self::Sequences { schema, names } => within("sequences", schema, names),
            Self::Functions { schema, names } => within("functions", schema, names),
        }
    }
}

impl Target {
    /// The id of a role.
    #[must_use]
    pub fn role_id(&self, role: &str) -> ObjectId {
        ObjectId::target(&self.id).join("role").join(role)
    }

    /// The id of a database.
    #[must_use]
    pub fn database_id(&self, database: &str) -> ObjectId {
        ObjectId::target(&self.id).join("database").join(database)
    }

    /// The id of an extension of a database.
    #[must_use]
    pub fn extension_id(&self, database: &str, extension: &str) -> ObjectId {
        self.database_id(database).join("extension").join(extension)
    }

    /// The id of a schema of a database.
    #[must_use]
    pub fn schema_id(&self, database: &str, schema: &str) -> ObjectId {
        self.database_id(database).join("schema").join(schema)
    }

    /// The id of a grant: one for each grant of the plan, named after what it is on and to whom.
    #[must_use]
    pub fn grant_id(&self, database: &str, grant: &Grant) -> ObjectId {
        self.database_id(database).join("grant").join(&grant.to.join(",")).join(&grant.on.path())
    }

    /// The id of a revoke.
    #[must_use]
    pub fn revoke_id(&self, database: &str, revoke: &Grant) -> ObjectId {
        self.database_id(database).join("revoke").join(&revoke.to.join(",")).join(&revoke.on.path())
    }

    /// The id of default privileges.
    #[must_use]
    pub fn default_privilege_id(&self, database: &str, wish: &DefaultPrivilege) -> ObjectId {
        let id = self.database_id(database).join("default").join(&wish.owner).join(&wish.to.join(","));
        let id = id.join(&wish.on);
        wish.schema.iter().fold(id, |id, schema| id.join(schema))
    }

    /// Every object of the target, in the order in which they are made.
    #[must_use]
    pub fn objects(&self) -> Vec<ObjectId> {
        let mut ids: Vec<ObjectId> = self.roles.keys().map(|role| self.role_id(role)).collect();
        for (name, database) in &self.databases {
            ids.push(self.database_id(name));
            ids.extend(database.schemas.keys().map(|schema| self.schema_id(name, schema)));
            ids.extend(database.extensions.iter().map(|one| self.extension_id(name, &one.name)));
            ids.extend(database.grants.iter().map(|grant| self.grant_id(name, grant)));
            ids.extend(database.revokes.iter().map(|revoke| self.revoke_id(name, revoke)));
            ids.extend(database.default_privileges.iter().map(|wish| self.default_privilege_id(name, wish)));
        }
        ids
    }

    pub(super) fn secrets_mut(&mut self) -> Vec<&mut SecretFile> {
        let roles = self.roles.values_mut().filter_map(|role| role.password.as_mut());
        self.password.iter_mut().chain(roles).collect()
    }

    pub(super) fn read(id: &str, node: &Node, problems: &mut Vec<Diagnostic>) -> Self {
        let port = node.integer_at("port").unwrap_or(5432);
        let hosts = match (node.text_at("host"), node.get("hosts")) {
            (Some(host), None) => vec![Address { host, port }],
            (None, Some(hosts)) => addresses(hosts),
            (host, hosts) => {
                let message = match (host, hosts) {
                    (None, None) => "`host` is missing",
                    _ => "`host` and `hosts` exclude each other",
                };
                problems.push(Diagnostic::error(Code("plan::missing-key"), message).with_span(node.span));
                Vec::new()
            }
        };
        if let (Some(_), Some(port)) = (node.get("hosts"), node.get("port")) {
            let message = "every address of `hosts` has its own port";
            problems.push(Diagnostic::error(Code("plan::conflict"), message).with_span(port.span));
        }
        conflicts::roles(node, problems);
        Self {
            id: id.to_owned(),
            hosts,
            user: node.text_at("user").unwrap_or_else(|| "postgres".to_owned()),
            password: SecretFile::at(node, "password_file"),
            database: node.text_at("database").unwrap_or_else(|| "postgres".to_owned()),
            roles: node.entries_at("roles").map(|one| (one.key.clone(), Role::read(&one.node))).collect(),
            databases: node
                .entries_at("databases")
                .map(|one| (one.key.clone(), Database::read(&one.node, problems)))
                .collect(),
        }
    }
}

fn settings(node: &Node) -> BTreeMap<String, String> {
    let entries = node.entries_at("settings");
    entries.filter_map(|one| Some((one.key.clone(), one.node.text()?.to_owned()))).collect()
}

impl Role {
    fn read(node: &Node) -> Self {
        Self {
            login: node.bool_at("login"),
            password: SecretFile::at(node, "password_file"),
            superuser: node.bool_at("superuser"),
            createdb: node.bool_at("createdb"),
            createrole: node.bool_at("createrole"),
            inherit: node.bool_at("inherit"),
            replication: node.bool_at("replication"),
            bypassrls: node.bool_at("bypassrls"),
            connection_limit: node.integer_at("connection_limit"),
            valid_until: node.text_at("valid_until"),
            member_of: node.texts_at("member_of"),
            settings: settings(node),
        }
    }
}

impl Database {
    fn read(node: &Node, problems: &mut Vec<Diagnostic>) -> Self {
        let extension = |node: &Node| {
            let name = node.text().map(str::to_owned).or_else(|| node.text_at("name"))?;
            Some(Extension { name, schema: node.text_at("schema"), version: node.text_at("version") })
        };
        conflicts::database(node, problems);
        Self {
            owner: node.text_at("owner"),
            encoding: node.text_at("encoding"),
            locale: node.text_at("locale"),
            lc_collate: node.text_at("lc_collate"),
            lc_ctype: node.text_at("lc_ctype"),
            locale_provider: node.text_at("locale_provider"),
            icu_locale: node.text_at("icu_locale"),
            template: node.text_at("template"),
            connection_limit: node.integer_at("connection_limit"),
            settings: settings(node),
            extensions: node.items_at("extensions").filter_map(extension).collect(),
            schemas: node
                .entries_at("schemas")
                .map(|one| (one.key.clone(), Schema { owner: one.node.text_at("owner") }))
                .collect(),
            grants: node.items_at("grants").filter_map(|one| Grant::read(one, "to", problems)).collect(),
            revokes: node.items_at("revokes").filter_map(|one| Grant::read(one, "from", problems)).collect(),
            default_privileges: node
                .items_at("default_privileges")
                .filter_map(|one| DefaultPrivilege::read(one, problems))
                .collect(),
        }
    }
}

/// The privileges, those reported that the kind of thing does not have.
fn privileges(node: &Node, kind: &str, problems: &mut Vec<Diagnostic>) -> Vec<String> {
    let known = privileges_on(kind);
    for item in node.items_at("privileges") {
        // What is no privilege at all has been reported.
        if let Some(text) = item.text()
            && matches!(PRIVILEGES, Shape::SomeOf(shape) if shape.accepts(text))
            && !known.contains(&text)
        {
            let message = format!("there is no privilege `{text}` on {kind}");
            let help = match did_you_mean(text, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there are `{}`", known.join("`, `")),
            };
            problems.push(
                Diagnostic::error(Code("plan::conflict"), message).with_span(item.span).with_help(help),
            );
        }
    }
    node.texts_at("privileges")
}

impl Grant {
    /// None where something is missing, which is reported.
    fn read(node: &Node, to: &str, problems: &mut Vec<Diagnostic>) -> Option<Self> {
        let kind = node.text_at("on")?;
        let (schema, names) = (node.text_at("schema"), node.texts_at("names"));
        let on = match (kind.as_str(), schema) {
            ("database", None) => GrantObject::Database,
            ("database", Some(_)) => {
                let message = "a privilege on the database has no schema";
                problems.push(Diagnostic::error(Code("plan::conflict"), message).with_span(node.span));
                return None;
            }
            (_, None) => {
                let message = "`schema` is missing";
                problems.push(Diagnostic::error(Code("plan::missing-key"), message).with_span(node.span));
                return None;
            }
            ("schema", Some(schema)) => GrantObject::Schema(schema),
            ("tables", Some(schema)) => GrantObject::Tables { schema, names },
            ("sequences", Some(schema)) => GrantObject::Sequences { schema, names },
            (_, Some(schema)) => GrantObject::Functions { schema, names },
        };
        if let (GrantObject::Database | GrantObject::Schema(_), Some(names)) = (&on, node.get("names")) {
            let message = format!("`names` goes with tables, sequences and functions, not with {kind}");
            problems.push(Diagnostic::error(Code("plan::conflict"), message).with_span(names.span));
        }
        Some(Self {
            privileges: privileges(node, &kind, problems),
            on,
            to: node.texts_at(to),
            grant_option: node.bool_at("grant_option").unwrap_or(false),
        })
    }
}

impl DefaultPrivilege {
    /// None where something is missing, which has been reported.
    fn read(node: &Node, problems: &mut Vec<Diagnostic>) -> Option<Self> {
        let on = node.text_at("on")?;
        Some(Self {
            owner: node.text_at("owner")?,
            privileges: privileges(node, &on, problems),
            schema: node.text_at("schema"),
            to: node.texts_at("to"),
            grant_option: node.bool_at("grant_option").unwrap_or(false),
            on,
        })
    }
}
