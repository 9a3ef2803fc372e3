//! Roles: attributes, password, settings, memberships.
//!
//! Not responsible for what roles may do with objects (`privileges`). A newcomer needs to know one thing: memberships that the plan
//! does not name stay, and so does every attribute that it does not name.

use tokio_postgres::error::SqlState;

use super::super::change::{Change, Statement};
use super::super::state::{Password, Role as Found, State};
use super::super::{quote, scram, settings};
use crate::plan::postgresql::{Role, Target};
use crate::step::{Difference, Step};

/// The roles of the plan, each after those of which it is a member.
pub(super) fn order(target: &Target) -> Vec<&String> {
    fn visit<'t>(
        target: &'t Target,
        name: &'t String,
        order: &mut Vec<&'t String>,
        open: &mut Vec<&'t String>,
    ) {
        // Members of each other: the server refuses the second membership.
        if order.contains(&name) || open.contains(&name) {
            return;
        }
        open.push(name);
        for group in target.roles.get(name).iter().flat_map(|role| &role.member_of) {
            if target.roles.contains_key(group) {
                visit(target, group, order, open);
            }
        }
        open.pop();
        order.push(name);
    }
    let mut order = Vec::new();
    for name in target.roles.keys() {
        visit(target, name, &mut order, &mut Vec::new());
    }
    order
}

/// What to do about one role.
pub(super) fn step(target: &Target, name: &str, state: &State) -> Step<Change> {
    let id = target.role_id(name);
    let Some(wish) = target.roles.get(name) else { return Step::unchanged(id) };
    let needs = super::roles(target, &wish.member_of);
    let Some(found) = state.roles.get(name) else {
        return Step::create(id, create(name, wish, state)).needs(needs);
    };
    let mut differences = Vec::new();
    let mut change = Change::atomic(None, Vec::new());
    let options = options(wish, found, state, &mut differences);
    let password = password(wish, found, &mut differences);
    if !options.is_empty() || password.is_some() {
        let sql = format!("ALTER ROLE {}{}", quote::identifier(name), joined(&options));
        let mut statement =
            Statement::new(sql, format!("change the role {name}"), alter_needs(name, wish, state));
        if password.is_some() {
            change.password_of = Some(name.to_owned());
        }
        statement.password = password;
        change.statements.push(statement);
    }
    let (different, ends) = settings::compare(&found.settings, &wish.settings);
    differences.extend(different);
    set(name, wish, state, &ends, &mut change);
    let missing: Vec<&String> =
        wish.member_of.iter().filter(|group| !found.member_of.contains(group)).collect();
    for group in missing {
        differences.push(Difference::new(format!("member_of {group}"), "no", "yes"));
        change.statements.push(join(name, group));
    }
    if change.statements.is_empty() {
        return Step::unchanged(id);
    }
    Step::change(id, differences, change).needs(needs)
}

fn create(name: &str, wish: &Role, state: &State) -> Change {
    let mut change = Change::atomic(None, Vec::new());
    let options = options(
        wish,
        &Found { inherit: true, connection_limit: -1, ..Found::default() },
        state,
        &mut Vec::new(),
    );
    let sql = format!("CREATE ROLE {}{}", quote::identifier(name), joined(&options));
    let mut statement = Statement::new(sql, format!("create the role {name}"), create_needs(wish, state))
        .races(&[SqlState::DUPLICATE_OBJECT, SqlState::UNIQUE_VIOLATION]);
    if let Some(file) = &wish.password {
        statement.password = Some(file.secret().clone());
        change.password_of = Some(name.to_owned());
    }
    change.statements.push(statement);
    set(name, wish, state, &settings::compare(&[], &wish.settings).1, &mut change);
    change.statements.extend(wish.member_of.iter().map(|group| join(name, group)));
    change
}

fn joined(options: &[String]) -> String {
    options.iter().fold(String::new(), |text, option| format!("{text} {option}"))
}

/// The options that differ from what was found, as SQL.
fn options(wish: &Role, found: &Found, state: &State, differences: &mut Vec<Difference>) -> Vec<String> {
    let attributes = [
        ("login", wish.login, found.login),
        ("superuser", wish.superuser, found.superuser),
        ("createdb", wish.createdb, found.createdb),
        ("createrole", wish.createrole, found.createrole),
        ("inherit", wish.inherit, found.inherit),
        ("replication", wish.replication, found.replication),
        ("bypassrls", wish.bypassrls, found.bypassrls),
    ];
    let mut options = Vec::new();
    for (attribute, wish, found) in attributes {
        if let Some(wish) = wish.filter(|wish| *wish != found) {
            differences.push(Difference::new(attribute, found, wish));
            options.push(format!("{}{}", if wish { "" } else { "NO" }, attribute.to_uppercase()));
        }
    }
    if let Some(wish) = wish.connection_limit.filter(|wish| *wish != found.connection_limit) {
        differences.push(Difference::new("connection_limit", found.connection_limit, wish));
        options.push(format!("CONNECTION LIMIT {wish}"));
    }
    if let Some(wish) = &wish.valid_until {
        let wanted = state.times.get(wish).cloned().flatten().unwrap_or_else(|| wish.clone());
        let found = found.valid_until.as_deref().unwrap_or("infinity");
        if wanted != found {
            differences.push(Difference::new("valid_until", found, &wanted));
            options.push(format!("VALID UNTIL {}", quote::literal(wish)));
        }
    }
    options
}

/// The password to be set, where what is stored is not it.
fn password(wish: &Role, found: &Found, differences: &mut Vec<Difference>) -> Option<crate::secret::Secret> {
    let secret = wish.password.as_ref()?.secret();
    let what = match &found.password {
        Password::Accepted => return None,
        Password::Stored(Some(stored)) if scram::is_of(stored, secret) => return None,
        Password::Stored(_) | Password::Refused | Password::NotAsked => "password".to_owned(),
        Password::Unknown(reason) => format!("password, which cannot be compared ({reason}) and is set anew"),
    };
    differences.push(Difference::new(what, "", ""));
    Some(secret.clone())
}

fn set(name: &str, wish: &Role, state: &State, ends: &[String], change: &mut Change) {
    for end in ends {
        let sql = format!("ALTER ROLE {} {end}", quote::identifier(name));
        let needs = alter_needs(name, wish, state);
        let needs =
            if state.server.is_superuser { needs } else { format!("{needs}, or to set this setting") };
        change.statements.push(Statement::new(sql, format!("change the settings of the role {name}"), needs));
    }
}

fn join(name: &str, group: &str) -> Statement {
    let sql = format!("GRANT {} TO {}", quote::identifier(group), quote::identifier(name));
    let action = format!("make the role {name} a member of {group}");
    Statement::new(sql, action, format!("ADMIN OPTION on the role `{group}`"))
        .races(&[SqlState::UNIQUE_VIOLATION])
        .with_help("a role that the plan does not make has to exist before")
}

/// What is needed to create a role, or to give one its attributes.
fn create_needs(wish: &Role, state: &State) -> String {
    let for_superusers =
        [(wish.superuser, "superuser"), (wish.replication, "replication"), (wish.bypassrls, "bypassrls")];
    let needs_superuser = for_superusers.iter().find(|(wish, _)| *wish == Some(true));
    match needs_superuser {
        Some((_, attribute)) if state.server.may_create_roles => {
            format!("SUPERUSER (for `{attribute}: true`)")
        }
        _ => "CREATEROLE".to_owned(),
    }
}

fn alter_needs(name: &str, wish: &Role, state: &State) -> String {
    let is_superuser = state.roles.get(name).is_some_and(|found| found.superuser);
    match create_needs(wish, state) {
        _ if is_superuser => format!("SUPERUSER (because `{name}` is one)"),
        needs if needs == "CREATEROLE" && state.server.version >= 160_000 => {
            format!("CREATEROLE and ADMIN OPTION on the role `{name}`")
        }
        needs => needs,
    }
}
