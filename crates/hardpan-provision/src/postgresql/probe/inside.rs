//! Reading what is inside a database: schemas, extensions, privileges.
//!
//! Not responsible for the connection to it. A newcomer needs to know one thing: only schemas, extensions and roles that the plan
//! names are read, so a database with a hundred thousand tables elsewhere costs nothing.

use std::collections::BTreeSet;

use tokio_postgres::types::Type;

use super::super::connection::{Connection, column};
use super::super::quote::qualified;
use super::super::state::{DefaultAcl, Extension, Inside, Kind, Object, Schema};
use super::{ACL_COLUMNS, acl, acl_join};
use crate::error::Failure;
use crate::plan::postgresql::{Database, GrantObject};
use crate::wait::Context;

/// True if the plan wants something that only a connection to the database shows.
pub(in super::super) fn is_wanted(wish: &Database) -> bool {
    let mut privileges = wish.grants.iter().chain(&wish.revokes);
    !wish.extensions.is_empty()
        || !wish.schemas.is_empty()
        || !wish.default_privileges.is_empty()
        || privileges.any(|one| one.on != GrantObject::Database)
}

/// Everything inside a database that the plan speaks of.
pub(in super::super) async fn inside(
    connection: &Connection,
    wish: &Database,
    context: &Context,
) -> Result<Inside, Failure> {
    let mut inside = Inside::default();
    schemas(connection, wish, &mut inside, context).await?;
    extensions(connection, wish, &mut inside, context).await?;
    objects(connection, wish, &mut inside, context).await?;
    defaults(connection, wish, &mut inside, context).await?;
    Ok(inside)
}

async fn schemas(
    connection: &Connection,
    wish: &Database,
    inside: &mut Inside,
    context: &Context,
) -> Result<(), Failure> {
    let mut names: BTreeSet<&str> = wish.schemas.keys().map(String::as_str).collect();
    names.extend(wish.grants.iter().chain(&wish.revokes).filter_map(|one| match &one.on {
        GrantObject::Schema(name) => Some(name.as_str()),
        _ => None,
    }));
    let names: Vec<&str> = names.into_iter().collect();
    let sql = format!(
        "SELECT nspname::text, pg_get_userbyid(nspowner)::text, {ACL_COLUMNS} FROM pg_namespace n {} \
         WHERE nspname = ANY($1::text[])",
        acl_join("coalesce(n.nspacl, acldefault('n', n.nspowner))", "n.nspowner"),
    );
    for row in &connection.rows(context, &sql, &[(&names, Type::TEXT_ARRAY)]).await? {
        inside.schemas.insert(column(row, 0)?, Schema { owner: column(row, 1)?, acl: acl(row, 2)? });
    }
    Ok(())
}

async fn extensions(
    connection: &Connection,
    wish: &Database,
    inside: &mut Inside,
    context: &Context,
) -> Result<(), Failure> {
    let names: Vec<&str> = wish.extensions.iter().map(|one| one.name.as_str()).collect();
    let sql = "SELECT extname::text, nspname::text, extversion, extrelocatable FROM pg_extension e \
        JOIN pg_namespace n ON n.oid = e.extnamespace WHERE extname = ANY($1::text[])";
    for row in &connection.rows(context, sql, &[(&names, Type::TEXT_ARRAY)]).await? {
        let extension =
            Extension { schema: column(row, 1)?, version: column(row, 2)?, is_relocatable: column(row, 3)? };
        inside.extensions.insert(column(row, 0)?, extension);
    }
    Ok(())
}

/// Tables, sequences and functions of the schemas in which the plan grants or revokes something on them.
async fn objects(
    connection: &Connection,
    wish: &Database,
    inside: &mut Inside,
    context: &Context,
) -> Result<(), Failure> {
    let (mut relations, mut functions) = (BTreeSet::new(), BTreeSet::new());
    for one in wish.grants.iter().chain(&wish.revokes) {
        match &one.on {
            GrantObject::Tables { schema, .. } | GrantObject::Sequences { schema, .. } => {
                relations.insert(schema.as_str());
            }
            GrantObject::Functions { schema, .. } => {
                functions.insert(schema.as_str());
            }
            GrantObject::Database | GrantObject::Schema(_) => {}
        }
    }
    if !relations.is_empty() {
        let names: Vec<&str> = relations.into_iter().collect();
        let sql = format!(
            "SELECT nspname::text, relname::text, relkind = 'S', {ACL_COLUMNS} FROM pg_class c \
             JOIN pg_namespace n ON n.oid = c.relnamespace {} \
             WHERE nspname = ANY($1::text[]) AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S') ORDER BY 1, 2",
            acl_join(
                "coalesce(c.relacl, acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::\"char\", c.relowner))",
                "c.relowner"
            ),
        );
        for row in &connection.rows(context, &sql, &[(&names, Type::TEXT_ARRAY)]).await? {
            let (schema, name): (String, String) = (column(row, 0)?, column(row, 1)?);
            let kind = if column(row, 2)? { Kind::Sequence } else { Kind::Table };
            let sql = qualified(&schema, &name);
            inside.objects.push(Object { kind, schema, name, sql, acl: acl(row, 3)? });
        }
    }
    if !functions.is_empty() {
        let names: Vec<&str> = functions.into_iter().collect();
        // With the catalog alone in the search path, `regprocedure` writes every name and type in full, and quotes it.
        let sql = format!(
            "SELECT nspname::text, proname::text, p.oid::regprocedure::text, {ACL_COLUMNS} FROM pg_proc p \
             JOIN pg_namespace n ON n.oid = p.pronamespace {} WHERE nspname = ANY($1::text[]) ORDER BY 1, 2, 3",
            acl_join("coalesce(p.proacl, acldefault('f', p.proowner))", "p.proowner"),
        );
        for row in &connection.rows(context, &sql, &[(&names, Type::TEXT_ARRAY)]).await? {
            let (schema, name, sql) = (column(row, 0)?, column(row, 1)?, column(row, 2)?);
            inside.objects.push(Object { kind: Kind::Function, schema, name, sql, acl: acl(row, 3)? });
        }
    }
    Ok(())
}

async fn defaults(
    connection: &Connection,
    wish: &Database,
    inside: &mut Inside,
    context: &Context,
) -> Result<(), Failure> {
    if wish.default_privileges.is_empty() {
        return Ok(());
    }
    let owners: BTreeSet<&str> = wish.default_privileges.iter().map(|one| one.owner.as_str()).collect();
    let owners: Vec<&str> = owners.into_iter().collect();
    let schemas: BTreeSet<&str> =
        wish.default_privileges.iter().filter_map(|one| one.schema.as_deref()).collect();
    let schemas: Vec<&str> = schemas.into_iter().collect();
    // Privileges for a schema are on top of those for all, of which there are some before anybody says so.
    let list = "coalesce(d.defaclacl, CASE WHEN n.oid = 0 THEN acldefault(k.builtin::\"char\", r.oid) END)";
    let sql = format!(
        "SELECT r.rolname::text, k.word, n.name, {ACL_COLUMNS} FROM pg_roles r CROSS JOIN \
         (VALUES ('tables', 'r', 'r'), ('sequences', 'S', 's'), ('functions', 'f', 'f'), ('schemas', 'n', 'n')) \
         AS k(word, type, builtin) CROSS JOIN \
         (SELECT NULL::text, 0::oid UNION ALL SELECT nspname::text, oid FROM pg_namespace \
         WHERE nspname = ANY($2::text[])) AS n(name, oid) \
         LEFT JOIN pg_default_acl d ON d.defaclrole = r.oid AND d.defaclnamespace = n.oid \
         AND d.defaclobjtype = k.type::\"char\" {} WHERE r.rolname = ANY($1::text[])",
        acl_join(list, "r.oid"),
    );
    let parameters: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 2] =
        [(&owners, Type::TEXT_ARRAY), (&schemas, Type::TEXT_ARRAY)];
    for row in &connection.rows(context, &sql, &parameters).await? {
        let (owner, on, schema) = (column(row, 0)?, column(row, 1)?, column(row, 2)?);
        inside.defaults.push(DefaultAcl { owner, on, schema, acl: acl(row, 3)? });
    }
    Ok(())
}
