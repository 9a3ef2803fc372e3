//! Schemas and extensions.
//!
//! Not responsible for privileges on them. A newcomer needs to know one thing: schemas come first, because an extension may be put
//! into one of them.

use tokio_postgres::error::SqlState;

use super::super::change::{Change, Statement};
use super::super::quote;
use super::super::state::{Inside, State};
use crate::plan::postgresql::{Database, Extension, Target};
use crate::step::{Difference, Step};

/// What to do about the schemas and extensions of one database.
pub(super) fn steps(target: &Target, database: &str, state: &State, steps: &mut Vec<Step<Change>>) {
    let Some(wish) = target.databases.get(database) else { return };
    let found = state.databases.get(database).and_then(|found| found.inside.as_ref());
    let nothing = Inside::default();
    let inside = found.unwrap_or(&nothing);
    for name in wish.schemas.keys() {
        steps.push(schema(target, database, wish, name, state, inside));
    }
    for extension in &wish.extensions {
        let needs = extension.schema.iter().map(|schema| target.schema_id(database, schema));
        let step = self::extension(target, database, extension, inside).needs(needs);
        steps.push(step.needs([target.database_id(database)]));
    }
}

fn schema(
    target: &Target,
    database: &str,
    wish: &Database,
    name: &str,
    state: &State,
    inside: &Inside,
) -> Step<Change> {
    let id = target.schema_id(database, name);
    let own = wish.schemas.get(name).and_then(|schema| schema.owner.as_ref());
    let quoted = quote::identifier(name);
    let needs = super::roles(target, own.or(wish.owner.as_ref()));
    let step = match (inside.schemas.get(name), own) {
        (None, _) => {
            let found = state.databases.get(database).map(|found| &found.owner);
            let owner = own.or(wish.owner.as_ref()).or(found);
            let mut sql = format!("CREATE SCHEMA IF NOT EXISTS {quoted}");
            let mut privilege = format!("CREATE on the database `{database}`");
            if let Some(owner) = owner {
                sql = format!("{sql} AUTHORIZATION {}", quote::identifier(owner));
                privilege = format!("{privilege} and membership in `{owner}`");
            }
            let statement = Statement::new(sql, format!("create the schema {name} in {database}"), privilege)
                .races(&[SqlState::DUPLICATE_SCHEMA, SqlState::UNIQUE_VIOLATION]);
            Step::create(id, Change::atomic(Some(database), vec![statement]))
        }
        (Some(found), Some(owner)) if found.owner != *owner => {
            let sql = format!("ALTER SCHEMA {quoted} OWNER TO {}", quote::identifier(owner));
            let privilege = format!(
                "ownership of the schema, CREATE on the database `{database}`, and membership in `{owner}`"
            );
            let statement = Statement::new(sql, format!("change the owner of the schema {name}"), privilege);
            let differences = vec![Difference::new("owner", &found.owner, owner)];
            Step::change(id, differences, Change::atomic(Some(database), vec![statement]))
        }
        (Some(_), _) => Step::unchanged(id),
    };
    step.needs(needs).needs([target.database_id(database)])
}

fn extension(target: &Target, database: &str, wish: &Extension, inside: &Inside) -> Step<Change> {
    let name = &wish.name;
    let id = target.extension_id(database, name);
    let quoted = quote::identifier(name);
    let schema = wish.schema.as_deref();
    let Some(found) = inside.extensions.get(name) else {
        // Without a schema of the plan's it goes where it would go without hardpan, whose sessions see the catalog alone.
        let path = schema.unwrap_or("public");
        let search = format!("SET LOCAL search_path = {}", quote::identifier(path));
        let mut sql = format!("CREATE EXTENSION IF NOT EXISTS {quoted}");
        if let Some(schema) = schema {
            sql = format!("{sql} SCHEMA {}", quote::identifier(schema));
        }
        if let Some(version) = &wish.version {
            sql = format!("{sql} VERSION {}", quote::literal(version));
        }
        let action = format!("create the extension {name} in {database}");
        let privilege = format!("CREATE on the database `{database}` (for a trusted extension) or SUPERUSER");
        let create = Statement::new(sql, &action, privilege).races(&[SqlState::UNIQUE_VIOLATION]).with_help(
            "the server needs the extension's package, and extensions that this one builds on come before it",
        );
        return Step::create(
            id,
            Change::atomic(Some(database), vec![Statement::new(search, action, ""), create]),
        );
    };
    let mut differences = Vec::new();
    let mut statements = Vec::new();
    let privilege = format!("ownership of the extension `{name}`");
    if let Some(schema) = schema.filter(|schema| *schema != found.schema) {
        differences.push(Difference::new("schema", &found.schema, schema));
        if !found.is_relocatable {
            let help = "this extension cannot be moved: drop it and let the next run create it, or let the plan say where it is";
            return Step::refuse(id, differences, help);
        }
        let sql = format!("ALTER EXTENSION {quoted} SET SCHEMA {}", quote::identifier(schema));
        let privilege = format!("{privilege} and CREATE on the schema `{schema}`");
        statements.push(Statement::new(sql, format!("move the extension {name}"), privilege));
    }
    if let Some(version) = wish.version.as_ref().filter(|version| **version != found.version) {
        differences.push(Difference::new("version", &found.version, version));
        let sql = format!("ALTER EXTENSION {quoted} UPDATE TO {}", quote::literal(version));
        let statement = Statement::new(sql, format!("update the extension {name}"), privilege);
        statements.push(statement.with_help("the server has no way from one version to the other"));
    }
    if statements.is_empty() {
        return Step::unchanged(id);
    }
    Step::change(id, differences, Change::atomic(Some(database), statements))
}
