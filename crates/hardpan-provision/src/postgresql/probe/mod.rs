//! Reading what there is: the server, its roles and its databases.
//!
//! Not responsible for what is inside a database (`inside`). A newcomer needs to know one thing: everything is cast to text,
//! numbers and truth values, because the catalog's own types differ from version to version.

pub(super) mod inside;
mod login;

use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::connection::{Connection, column};
use super::state::{Acl, AclItem, Database, Password, Role, Server, State};
use crate::error::Failure;
use crate::plan::postgresql::Target;
use crate::wait::Context;

/// Older servers are out of support, and their catalog is another one.
const VERSION_MIN: i32 = 120_000;

/// Everything but what is inside databases. `set` are roles whose passwords this run has set.
pub(super) async fn server(
    connection: &Connection,
    target: &Target,
    set: &BTreeSet<String>,
    context: &Context,
) -> Result<State, Failure> {
    let server = who(connection, context).await?;
    let mut roles = roles(connection, target, &server, context).await?;
    passwords(connection, target, &server, &mut roles, set, context).await?;
    let databases = databases(connection, target, &server, context).await?;
    let mut state = State { server, roles, databases, ..State::default() };
    for encoding in target.databases.values().filter_map(|database| database.encoding.as_ref()) {
        let sql = "SELECT nullif(pg_encoding_to_char(pg_char_to_encoding($1::text::name)), '')::text";
        let rows = connection.rows(context, sql, &[(encoding, Type::TEXT)]).await?;
        let known = rows.first().map(|row| column(row, 0)).transpose()?.flatten();
        state.encodings.insert(encoding.clone(), known);
    }
    for time in target.roles.values().filter_map(|role| role.valid_until.as_ref()) {
        let sql = "SELECT $1::text::timestamptz::text";
        let known = match connection.rows(context, sql, &[(time, Type::TEXT)]).await {
            Ok(rows) => rows.first().map(|row| column(row, 0)).transpose()?.flatten(),
            // It is no time; the server says so of the role as well when it is set.
            Err(Failure::Other { .. }) => None,
            Err(failure) => return Err(failure),
        };
        state.times.insert(time.clone(), known);
    }
    Ok(state)
}

async fn who(connection: &Connection, context: &Context) -> Result<Server, Failure> {
    let sql = "SELECT current_user::text, current_setting('server_version_num')::int4, rolsuper, rolcreatedb, \
        rolcreaterole, has_column_privilege('pg_authid', 'rolpassword', 'SELECT') \
        FROM pg_roles WHERE rolname = current_user";
    let rows = connection.rows(context, sql, &[]).await?;
    let Some(row) = rows.first() else {
        return Err(Failure::other("the connecting role was dropped meanwhile"));
    };
    let server = Server {
        user: column(row, 0)?,
        version: column(row, 1)?,
        is_superuser: column(row, 2)?,
        may_create_databases: column(row, 3)?,
        may_create_roles: column(row, 4)?,
        may_read_verifiers: column(row, 5)?,
    };
    if server.version < VERSION_MIN {
        let found = format!("the server is PostgreSQL {}", server.version / 10_000);
        return Err(Failure::other(found).with_help("PostgreSQL 12 is the oldest that hardpan knows"));
    }
    Ok(server)
}

async fn roles(
    connection: &Connection,
    target: &Target,
    server: &Server,
    context: &Context,
) -> Result<BTreeMap<String, Role>, Failure> {
    // From version 16 on, who creates a role is a member of it by name only, with neither its privileges nor SET ROLE.
    let counts = if server.version >= 160_000 { "AND (m.inherit_option OR m.set_option)" } else { "" };
    let sql = format!(
        "SELECT r.rolname::text, rolcanlogin, rolsuper, rolcreatedb, rolcreaterole, rolinherit, rolreplication, \
         rolbypassrls, rolconnlimit, nullif(rolvaliduntil, 'infinity')::text, \
         coalesce(rolvaliduntil < now(), false), coalesce(rolconfig, '{{}}'), \
         ARRAY(SELECT DISTINCT g.rolname::text FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid \
         WHERE m.member = r.oid {counts}) FROM pg_roles r WHERE r.rolname = ANY($1::text[])"
    );
    let names: Vec<&String> = target.roles.keys().collect();
    let mut roles = BTreeMap::new();
    for row in &connection.rows(context, &sql, &[(&names, Type::TEXT_ARRAY)]).await? {
        let role = Role {
            login: column(row, 1)?,
            superuser: column(row, 2)?,
            createdb: column(row, 3)?,
            createrole: column(row, 4)?,
            inherit: column(row, 5)?,
            replication: column(row, 6)?,
            bypassrls: column(row, 7)?,
            connection_limit: column(row, 8)?,
            valid_until: column(row, 9)?,
            is_expired: column(row, 10)?,
            settings: column(row, 11)?,
            member_of: column(row, 12)?,
            password: Password::NotAsked,
        };
        roles.insert(column(row, 0)?, role);
    }
    Ok(roles)
}

/// Finds out about passwords: by what is stored of them where that may be read, otherwise by logging in.
async fn passwords(
    connection: &Connection,
    target: &Target,
    server: &Server,
    roles: &mut BTreeMap<String, Role>,
    set: &BTreeSet<String>,
    context: &Context,
) -> Result<(), Failure> {
    let asked = |name: &String| target.roles.get(name).is_some_and(|role| role.password.is_some());
    let names: Vec<String> = roles.keys().filter(|name| asked(name)).cloned().collect();
    if names.is_empty() {
        return Ok(());
    }
    if server.may_read_verifiers {
        let sql = "SELECT rolname::text, rolpassword FROM pg_authid WHERE rolname = ANY($1::text[])";
        for row in &connection.rows(context, sql, &[(&names, Type::TEXT_ARRAY)]).await? {
            let (name, stored): (String, Option<String>) = (column(row, 0)?, column(row, 1)?);
            if let Some(role) = roles.get_mut(&name) {
                role.password = Password::Stored(stored.map(crate::secret::Secret::new));
            }
        }
        return Ok(());
    }
    for name in names {
        let password = target.roles.get(&name).and_then(|role| role.password.as_ref());
        if let (Some(role), Some(file)) = (roles.get_mut(&name), password) {
            role.password = if set.contains(&name) {
                Password::Accepted
            } else if role.is_expired {
                Password::Unknown("it has expired".to_owned())
            } else {
                login::check(&connection.address, &target.database, &name, file.secret(), context).await?
            };
        }
    }
    Ok(())
}

async fn databases(
    connection: &Connection,
    target: &Target,
    server: &Server,
    context: &Context,
) -> Result<BTreeMap<String, Database>, Failure> {
    let provider = match server.version {
        150_000.. => "CASE datlocprovider WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE 'libc' END",
        _ => "'libc'",
    };
    let locale = match server.version {
        170_000.. => "datlocale::text",
        150_000.. => "daticulocale::text",
        _ => "NULL::text",
    };
    let sql = format!(
        "SELECT datname::text, pg_get_userbyid(datdba)::text, pg_encoding_to_char(encoding)::text, \
         datcollate::text, datctype::text, {provider}, {locale}, datconnlimit, \
         coalesce((SELECT setconfig FROM pg_db_role_setting WHERE setdatabase = d.oid AND setrole = 0), '{{}}'), \
         {ACL_COLUMNS} FROM pg_database d {} WHERE datname = ANY($1::text[])",
        acl_join("coalesce(d.datacl, acldefault('d', d.datdba))", "d.datdba"),
    );
    let names: Vec<&String> = target.databases.keys().collect();
    let mut databases = BTreeMap::new();
    for row in &connection.rows(context, &sql, &[(&names, Type::TEXT_ARRAY)]).await? {
        let database = Database {
            owner: column(row, 1)?,
            encoding: column(row, 2)?,
            lc_collate: column(row, 3)?,
            lc_ctype: column(row, 4)?,
            locale_provider: column(row, 5)?,
            icu_locale: column(row, 6)?,
            connection_limit: column(row, 7)?,
            settings: column(row, 8)?,
            acl: acl(row, 9)?,
            inside: None,
        };
        databases.insert(column(row, 0)?, database);
    }
    Ok(databases)
}

/// The columns that [`acl`] reads, of what [`acl_join`] joins.
const ACL_COLUMNS: &str = "acl.grantees, acl.privileges, acl.grantable, acl.grantors";

/// Who has what, as arrays side by side. An access control list of which there is none is what the server takes it for.
fn acl_join(list: &str, owner: &str) -> String {
    format!(
        "LEFT JOIN LATERAL (SELECT \
         array_agg(CASE a.grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(a.grantee)::text END) AS grantees, \
         array_agg(a.privilege_type::text) AS privileges, array_agg(a.is_grantable) AS grantable, \
         array_agg(CASE a.grantor WHEN {owner} THEN '' ELSE pg_get_userbyid(a.grantor)::text END) AS grantors \
         FROM aclexplode({list}) a) acl ON true"
    )
}

/// Reads the four columns of [`ACL_COLUMNS`].
fn acl(row: &Row, first: usize) -> Result<Acl, Failure> {
    let grantees: Option<Vec<String>> = column(row, first)?;
    let privileges: Option<Vec<String>> = column(row, first + 1)?;
    let grantable: Option<Vec<bool>> = column(row, first + 2)?;
    let grantors: Option<Vec<String>> = column(row, first + 3)?;
    let rest = privileges.unwrap_or_default().into_iter().zip(grantable.unwrap_or_default());
    let items = grantees.unwrap_or_default().into_iter().zip(rest).zip(grantors.unwrap_or_default());
    Ok(items
        .map(|((grantee, (privilege, is_grantable)), grantor)| AclItem {
            grantee,
            privilege,
            is_grantable,
            grantor: Some(grantor).filter(|grantor| !grantor.is_empty()),
        })
        .collect())
}
