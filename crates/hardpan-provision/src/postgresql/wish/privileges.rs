//! Grants, revokes and default privileges.
//!
//! Not responsible for what roles inherit from each other: privileges are compared as they are written on the object. A newcomer
//! needs to know one thing: what is on all tables of a schema is compared table by table, so one new table is a difference.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::super::change::{Change, Statement};
use super::super::quote;
use super::super::state::{Acl, Inside, Kind, State};
use crate::plan::postgresql::{Database, DefaultPrivilege, Grant, GrantObject, Target};
use crate::step::{Difference, ObjectId, Step};

/// So many objects are named in one statement.
const OBJECTS_MAX: usize = 200;

/// What to do about the privileges of one database.
pub(super) fn steps(target: &Target, database: &str, state: &State, steps: &mut Vec<Step<Change>>) {
    let Some(wish) = target.databases.get(database) else { return };
    let at = At { target, database, wish, state };
    steps.extend(wish.grants.iter().map(|grant| at.grant(grant)));
    steps.extend(wish.revokes.iter().map(|revoke| at.revoke(revoke)));
    steps.extend(wish.default_privileges.iter().map(|wish| at.default(wish)));
}

/// Where privileges are compared.
struct At<'t> {
    target: &'t Target,
    database: &'t str,
    wish: &'t Database,
    state: &'t State,
}

/// A thing with privileges on it: what it is called in SQL, and who has what; `None` where it is not there yet.
type Thing<'t> = (String, Option<Cow<'t, Acl>>);

impl At<'_> {
    fn grant(&self, grant: &Grant) -> Step<Change> {
        let id = self.target.grant_id(self.database, grant);
        let things = self.things(&grant.on);
        let privileges = expand(&grant.privileges, &grant.on, self.state.server.version);
        let has = |acl: &Option<Cow<'_, Acl>>, role: &str, privilege: &str| {
            acl.as_ref().is_some_and(|acl| {
                acl.iter().any(|one| {
                    one.grantee == role
                        && one.privilege == privilege
                        && (one.is_grantable || !grant.grant_option)
                })
            })
        };
        let end = if grant.grant_option { " WITH GRANT OPTION" } else { "" };
        let action = format!("grant privileges on {} to {}", self.named(&grant.on), grant.to.join(", "));
        let mut count = 0;
        let mut missing: BTreeMap<(Vec<&str>, &str), Vec<&str>> = BTreeMap::new();
        for role in &grant.to {
            for (sql, acl) in &things {
                let lacks: Vec<&str> =
                    privileges.iter().copied().filter(|one| !has(acl, role, one)).collect();
                count += privileges.len() - lacks.len();
                if !lacks.is_empty() {
                    missing.entry((lacks, role)).or_default().push(sql);
                }
            }
        }
        let mut statements = Vec::new();
        let mut differences = Vec::new();
        for ((lacks, role), things_lacking) in &missing {
            let what = format!("{} for {role}", lacks.join(", "));
            let from = match things.len() {
                1 => "no".to_owned(),
                all => format!("missing on {} of {all}", things_lacking.len()),
            };
            differences.push(Difference::new(what, from, "yes"));
            for some in things_lacking.chunks(OBJECTS_MAX) {
                let sql = format!(
                    "GRANT {} ON {} {} TO {}{end}",
                    lacks.join(", "),
                    word(&grant.on),
                    some.join(", "),
                    quote::grantee(role),
                );
                statements.push(self.statement(sql, &action, &grant.on));
            }
        }
        if let Some(all) = self.all_to_come(&grant.on) {
            differences.push(Difference::new(
                format!("{} on what extensions bring", privileges.join(", ")),
                "no",
                "yes",
            ));
            let roles: Vec<String> = grant.to.iter().map(|role| quote::grantee(role)).collect();
            let sql = format!("GRANT {} ON {all} TO {}{end}", privileges.join(", "), roles.join(", "));
            statements.push(self.statement(sql, &action, &grant.on));
        }
        self.step(id, statements, differences, count == 0, grant)
    }

    fn revoke(&self, revoke: &Grant) -> Step<Change> {
        let id = self.target.revoke_id(self.database, revoke);
        let privileges = expand(&revoke.privileges, &revoke.on, self.state.server.version);
        let action = format!("revoke privileges on {} from {}", self.named(&revoke.on), revoke.to.join(", "));
        let mut statements = Vec::new();
        let mut differences = Vec::new();
        let mut foreign = Vec::new();
        for role in &revoke.to {
            let mut held: BTreeMap<Vec<&str>, Vec<&str>> = BTreeMap::new();
            let things = self.things(&revoke.on);
            for (sql, acl) in &things {
                let items = acl.iter().flat_map(|acl| acl.iter());
                let items =
                    items.filter(|one| one.grantee == *role && privileges.contains(&one.privilege.as_str()));
                let mut has: Vec<&str> = Vec::new();
                for item in items {
                    if let Some(grantor) = &item.grantor {
                        let what = format!("{} for {role} on {sql}", item.privilege);
                        foreign.push(Difference::new(what, format!("granted by {grantor}"), "no"));
                    }
                    has.push(&item.privilege);
                }
                let has = if self.comes_with_privileges(&revoke.on) { privileges.clone() } else { has };
                if !has.is_empty() {
                    held.entry(has).or_default().push(sql);
                }
            }
            for (has, some) in held {
                let from = match some.len() {
                    1 if self.comes_with_privileges(&revoke.on) => "by default".to_owned(),
                    1 => "yes".to_owned(),
                    count => format!("on {count}"),
                };
                differences.push(Difference::new(format!("{} for {role}", has.join(", ")), from, "no"));
                for some in some.chunks(OBJECTS_MAX) {
                    let sql = format!(
                        "REVOKE {} ON {} {} FROM {}",
                        has.join(", "),
                        word(&revoke.on),
                        some.join(", "),
                        quote::grantee(role),
                    );
                    statements.push(self.statement(sql, &action, &revoke.on));
                }
            }
            if let Some(all) = self.all_to_come(&revoke.on) {
                let what = format!("{} for {role} on what extensions bring", privileges.join(", "));
                differences.push(Difference::new(what, "yes", "no"));
                let sql = format!("REVOKE {} ON {all} FROM {}", privileges.join(", "), quote::grantee(role));
                statements.push(self.statement(sql, &action, &revoke.on));
            }
        }
        if !foreign.is_empty() {
            let help = "only who granted it can take it away: revoke it as that role, and the next run finds it gone";
            return Step::refuse(id, foreign, help);
        }
        self.step(id, statements, differences, false, revoke)
    }

    /// True for what will be there with privileges for everybody that nobody granted: a database that is not made yet, and
    /// its schemas that come from the template.
    fn comes_with_privileges(&self, on: &GrantObject) -> bool {
        let is_copied = |schema: &String| {
            schema == "public" || self.wish.template.is_some() && !self.wish.schemas.contains_key(schema)
        };
        let is_meant = match on {
            GrantObject::Database => true,
            GrantObject::Schema(schema) => is_copied(schema),
            _ => false,
        };
        is_meant && !self.state.databases.contains_key(self.database)
    }

    fn default(&self, wish: &DefaultPrivilege) -> Step<Change> {
        let id = self.target.default_privilege_id(self.database, wish);
        let found = self.inside().and_then(|inside| {
            let same = |one: &&super::super::state::DefaultAcl| {
                one.owner == wish.owner && one.on == wish.on && one.schema == wish.schema
            };
            inside.defaults.iter().find(same)
        });
        let privileges = expand_kind(&wish.privileges, &wish.on, self.state.server.version);
        let has = |role: &str, privilege: &str| {
            found.is_some_and(|found| {
                found.acl.iter().any(|one| {
                    one.grantee == role
                        && one.privilege == privilege
                        && (one.is_grantable || !wish.grant_option)
                })
            })
        };
        let place = wish.schema.as_ref();
        let within =
            place.map_or(String::new(), |schema| format!(" IN SCHEMA {}", quote::identifier(schema)));
        let (mut statements, mut differences, mut count) = (Vec::new(), Vec::new(), 0);
        for role in &wish.to {
            let lacks: Vec<&str> = privileges.iter().copied().filter(|one| !has(role, one)).collect();
            count += privileges.len() - lacks.len();
            if lacks.is_empty() {
                continue;
            }
            differences.push(Difference::new(format!("{} for {role}", lacks.join(", ")), "no", "yes"));
            let sql = format!(
                "ALTER DEFAULT PRIVILEGES FOR ROLE {}{within} GRANT {} ON {} TO {}{}",
                quote::identifier(&wish.owner),
                lacks.join(", "),
                wish.on.to_uppercase(),
                quote::grantee(role),
                if wish.grant_option { " WITH GRANT OPTION" } else { "" },
            );
            let action = format!("set default privileges of {} in {}", wish.owner, self.database);
            statements.push(Statement::new(sql, action, format!("membership in `{}`", wish.owner)));
        }
        let mut needs = super::roles(self.target, wish.to.iter().chain([&wish.owner]));
        needs.push(self.target.database_id(self.database));
        needs.extend(place.map(|schema| self.target.schema_id(self.database, schema)));
        if statements.is_empty() {
            return Step::unchanged(id);
        }
        let change = Change::atomic(Some(self.database), statements);
        if count == 0 {
            Step::create(id, change).needs(needs)
        } else {
            Step::change(id, differences, change).needs(needs)
        }
    }

    fn step(
        &self,
        id: ObjectId,
        statements: Vec<Statement>,
        differences: Vec<Difference>,
        is_new: bool,
        grant: &Grant,
    ) -> Step<Change> {
        if statements.is_empty() {
            return Step::unchanged(id);
        }
        let mut needs = super::roles(self.target, &grant.to);
        needs.push(self.target.database_id(self.database));
        match &grant.on {
            GrantObject::Database => {}
            GrantObject::Schema(schema)
            | GrantObject::Tables { schema, .. }
            | GrantObject::Sequences { schema, .. }
            | GrantObject::Functions { schema, .. } => {
                needs.push(self.target.schema_id(self.database, schema))
            }
        }
        let database = Some(self.database).filter(|_| grant.on != GrantObject::Database);
        let change = Change::atomic(database, statements);
        if is_new {
            Step::create(id, change).needs(needs)
        } else {
            Step::change(id, differences, change).needs(needs)
        }
    }

    fn statement(&self, sql: String, action: &str, on: &GrantObject) -> Statement {
        let privilege = format!("ownership of, or the GRANT OPTION on, {}", self.named(on));
        Statement::new(sql, action, privilege).with_help(
            "what a privilege is on has to exist: for what a service makes itself, use default_privileges",
        )
    }

    fn inside(&self) -> Option<&Inside> {
        self.state.databases.get(self.database).and_then(|found| found.inside.as_ref())
    }

    /// What privileges are on, for people.
    fn named(&self, on: &GrantObject) -> String {
        let within = |kind: &str, schema: &str, names: &[String]| match names {
            [] => format!("all {kind} of the schema `{schema}`"),
            names => format!("the {kind} `{}` of the schema `{schema}`", names.join("`, `")),
        };
        match on {
            GrantObject::Database => format!("the database `{}`", self.database),
            GrantObject::Schema(schema) => format!("the schema `{schema}`"),
            GrantObject::Tables { schema, names } => within("tables", schema, names),
            GrantObject::Sequences { schema, names } => within("sequences", schema, names),
            GrantObject::Functions { schema, names } => within("functions", schema, names),
        }
    }

    /// The things that privileges are on: of all in a schema those that are there, of named ones all that are named.
    fn things(&self, on: &GrantObject) -> Vec<Thing<'_>> {
        let (kind, schema, names) = match on {
            GrantObject::Database => {
                let found = self.state.databases.get(self.database);
                let owner = self.wish.owner.as_ref();
                return vec![(
                    quote::identifier(self.database),
                    found.map(|found| given(&found.acl, &found.owner, owner)),
                )];
            }
            GrantObject::Schema(schema) => {
                let found = self.inside().and_then(|inside| inside.schemas.get(schema));
                let owner = self.wish.schemas.get(schema).and_then(|wish| wish.owner.as_ref());
                return vec![(
                    quote::identifier(schema),
                    found.map(|found| given(&found.acl, &found.owner, owner)),
                )];
            }
            GrantObject::Tables { schema, names } => (Kind::Table, schema, names),
            GrantObject::Sequences { schema, names } => (Kind::Sequence, schema, names),
            GrantObject::Functions { schema, names } => (Kind::Function, schema, names),
        };
        let there = self.inside().map_or(&[] as &[_], |inside| inside.objects.as_slice());
        let there = || there.iter().filter(|one| one.kind == kind && one.schema == *schema);
        let mut things: Vec<Thing<'_>> = there()
            .filter(|one| names.is_empty() || names.contains(&one.name))
            .map(|one| (one.sql.clone(), Some(Cow::Borrowed(&one.acl))))
            .collect();
        let missing = names.iter().filter(|name| !there().any(|one| one.name == **name));
        things.extend(missing.map(|name| (quote::qualified(schema, name), None)));
        things
    }

    /// `ALL TABLES IN SCHEMA "app"`, where extensions will have brought more of them by the time this is done than there
    /// are now.
    fn all_to_come(&self, on: &GrantObject) -> Option<String> {
        let (kind, schema) = match on {
            GrantObject::Tables { schema, names } if names.is_empty() => ("TABLES", schema),
            GrantObject::Sequences { schema, names } if names.is_empty() => ("SEQUENCES", schema),
            GrantObject::Functions { schema, names } if names.is_empty() => ("ROUTINES", schema),
            _ => return None,
        };
        let is_there =
            |name: &String| self.inside().is_some_and(|inside| inside.extensions.contains_key(name));
        let is_to_come = self.wish.extensions.iter().any(|one| !is_there(&one.name));
        is_to_come.then(|| format!("ALL {kind} IN SCHEMA {}", quote::identifier(schema)))
    }
}

/// Who will have what once the owner is who the plan wants: a new owner takes over everything that the old one has.
fn given<'a>(acl: &'a Acl, from: &str, to: Option<&String>) -> Cow<'a, Acl> {
    match to.filter(|to| *to != from) {
        None => Cow::Borrowed(acl),
        Some(to) => {
            let mut acl = acl.clone();
            acl.iter_mut().filter(|one| one.grantee == from).for_each(|one| one.grantee.clone_from(to));
            Cow::Owned(acl)
        }
    }
}

/// What stands before the names of things in GRANT.
fn word(on: &GrantObject) -> &'static str {
    match on {
        GrantObject::Database => "DATABASE",
        GrantObject::Schema(_) => "SCHEMA",
        GrantObject::Tables { .. } => "TABLE",
        GrantObject::Sequences { .. } => "SEQUENCE",
        GrantObject::Functions { .. } => "ROUTINE",
    }
}

fn expand<'p>(privileges: &'p [String], on: &GrantObject, version: i32) -> Vec<&'p str> {
    let kind = match on {
        GrantObject::Database => "database",
        GrantObject::Schema(_) => "schemas",
        GrantObject::Tables { .. } => "tables",
        GrantObject::Sequences { .. } => "sequences",
        GrantObject::Functions { .. } => "functions",
    };
    expand_kind(privileges, kind, version)
}

/// The privileges themselves, where the plan says ALL.
fn expand_kind<'p>(privileges: &'p [String], kind: &str, version: i32) -> Vec<&'p str> {
    if !privileges.iter().any(|one| one == "ALL") {
        return privileges.iter().map(String::as_str).collect();
    }
    let mut all = match kind {
        "database" => vec!["CREATE", "CONNECT", "TEMPORARY"],
        "schemas" => vec!["CREATE", "USAGE"],
        "tables" => vec!["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"],
        "sequences" => vec!["USAGE", "SELECT", "UPDATE"],
        _ => vec!["EXECUTE"],
    };
    if kind == "tables" && version >= 170_000 {
        all.push("MAINTAIN");
    }
    all
}
