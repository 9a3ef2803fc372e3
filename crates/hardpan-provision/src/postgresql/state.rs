//! What was found on a server, as plain data.
//!
//! Not responsible for finding it (`probe`) nor for comparing it (`wish`). A newcomer needs to know one thing: only what the plan
//! speaks of is in here, so what is missing here is missing on the server.

use std::collections::BTreeMap;

use crate::secret::Secret;

/// A server and what the plan speaks of on it.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    pub(super) server: Server,
    pub(super) roles: BTreeMap<String, Role>,
    pub(super) databases: BTreeMap<String, Database>,
    /// The server's name of every encoding that the plan names; `None` where it knows none.
    pub(super) encodings: BTreeMap<String, Option<String>>,
    /// Every time that the plan names as the server writes it; `None` where it is none.
    pub(super) times: BTreeMap<String, Option<String>>,
}

/// The server, and who we are on it.
#[derive(Clone, Debug, Default)]
pub(super) struct Server {
    pub(super) user: String,
    /// As `server_version_num`: 150014 is 15.14.
    pub(super) version: i32,
    pub(super) is_superuser: bool,
    pub(super) may_create_databases: bool,
    pub(super) may_create_roles: bool,
    pub(super) may_read_verifiers: bool,
}

/// A role.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "they are the attributes that PostgreSQL has")]
pub(super) struct Role {
    pub(super) login: bool,
    pub(super) superuser: bool,
    pub(super) createdb: bool,
    pub(super) createrole: bool,
    pub(super) inherit: bool,
    pub(super) replication: bool,
    pub(super) bypassrls: bool,
    pub(super) connection_limit: i32,
    /// As the server writes it; `None` is for ever.
    pub(super) valid_until: Option<String>,
    pub(super) is_expired: bool,
    pub(super) member_of: Vec<String>,
    /// `name=value`.
    pub(super) settings: Vec<String>,
    pub(super) password: Password,
}

/// What is known of a role's password.
#[derive(Clone, Debug, Default)]
pub(super) enum Password {
    /// Nobody asked.
    #[default]
    NotAsked,
    /// What is stored of it; `None` where it has none.
    Stored(Option<Secret>),
    /// The plan's password was tried: it is the right one.
    Accepted,
    /// The plan's password was tried: it is not the right one.
    Refused,
    /// It could not be found out, for this reason.
    Unknown(String),
}

/// A database.
#[derive(Clone, Debug, Default)]
pub(super) struct Database {
    pub(super) owner: String,
    pub(super) encoding: String,
    pub(super) lc_collate: String,
    pub(super) lc_ctype: String,
    pub(super) locale_provider: String,
    pub(super) icu_locale: Option<String>,
    /// -2: a DROP DATABASE was interrupted and only another one helps.
    pub(super) connection_limit: i32,
    pub(super) settings: Vec<String>,
    pub(super) acl: Acl,
    /// `None` where the plan wants nothing in it.
    pub(super) inside: Option<Inside>,
}

/// What is inside a database.
#[derive(Clone, Debug, Default)]
pub(super) struct Inside {
    pub(super) schemas: BTreeMap<String, Schema>,
    pub(super) extensions: BTreeMap<String, Extension>,
    pub(super) objects: Vec<Object>,
    pub(super) defaults: Vec<DefaultAcl>,
}

/// A schema.
#[derive(Clone, Debug, Default)]
pub(super) struct Schema {
    pub(super) owner: String,
    pub(super) acl: Acl,
}

/// An extension.
#[derive(Clone, Debug, Default)]
pub(super) struct Extension {
    pub(super) schema: String,
    pub(super) version: String,
    pub(super) is_relocatable: bool,
}

/// What kind of thing in a schema privileges are on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Table,
    Sequence,
    Function,
}

/// A table, sequence or function.
#[derive(Clone, Debug)]
pub(super) struct Object {
    pub(super) kind: Kind,
    pub(super) schema: String,
    pub(super) name: String,
    /// What it is called in SQL; of a function with its arguments.
    pub(super) sql: String,
    pub(super) acl: Acl,
}

/// What a role's future objects of a kind will have, in a schema or anywhere.
#[derive(Clone, Debug)]
pub(super) struct DefaultAcl {
    pub(super) owner: String,
    pub(super) on: String,
    pub(super) schema: Option<String>,
    pub(super) acl: Acl,
}

/// Who has what on something.
pub(super) type Acl = Vec<AclItem>;

/// One privilege of one role; `public` is everybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AclItem {
    pub(super) grantee: String,
    pub(super) privilege: String,
    pub(super) is_grantable: bool,
    /// Who gave it, where that is not the owner.
    pub(super) grantor: Option<String>,
}
