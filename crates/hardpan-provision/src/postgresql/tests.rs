//! Plans compared with states that no server has to be there for.

use std::collections::{BTreeMap, HashMap};

use hardpan_source::FileTable;

use super::state::{
    AclItem, Database, DefaultAcl, Inside, Kind, Object, Password, Role, Schema, Server, State,
};
use super::wish::steps;
use super::{change::Change, scram};
use crate::plan::postgresql::Target;
use crate::secret::Secret;
use crate::step::{Action, Step};

fn target(body: &str) -> Target {
    let text = format!("postgresql:\n  pg:\n    host: pg\n{body}");
    let file = FileTable::new().add("provision.yml", text.as_str());
    let (plan, problems) = crate::plan::read(&text, file, &HashMap::new());
    assert!(problems.is_empty(), "{problems:#?}");
    match plan.targets.into_iter().next() {
        Some(crate::plan::Target::Postgresql(target)) => target,
        other => panic!("{other:?}"),
    }
}

fn server() -> Server {
    Server {
        user: "postgres".to_owned(),
        version: 150_014,
        is_superuser: true,
        may_create_databases: true,
        may_create_roles: true,
        may_read_verifiers: true,
    }
}

fn state() -> State {
    State { server: server(), ..State::default() }
}

fn changes(step: &Step<Change>) -> Vec<&str> {
    match &step.action {
        Action::Create(change) | Action::Change(change) => {
            change.statements.iter().map(|statement| statement.sql.as_str()).collect()
        }
        Action::Nothing | Action::Refuse(_) | Action::Fail(_) => Vec::new(),
    }
}

/// Every step in one line: id, what is done, and the differences.
fn said(target: &Target, state: &State) -> Vec<String> {
    let steps = steps(target, state);
    let ids: Vec<_> = steps.iter().map(|step| step.id.clone()).collect();
    let mut wanted = target.objects();
    wanted.sort_unstable();
    let mut sorted = ids;
    sorted.sort_unstable();
    assert_eq!(sorted, wanted, "one step for every object");
    let lines = steps.iter().filter(|step| !matches!(step.action, Action::Nothing)).map(|step| {
        let word = match step.action {
            Action::Create(_) => "create",
            Action::Change(_) => "change",
            _ => "refuse",
        };
        let differences: Vec<String> = step.differences.iter().map(ToString::to_string).collect();
        format!("{word} {} [{}]", step.id, differences.join(", "))
    });
    lines.collect()
}

fn privilege(grantee: &str, privilege: &str) -> AclItem {
    let (grantee, privilege) = (grantee.to_owned(), privilege.to_owned());
    AclItem { grantee, privilege, is_grantable: false, grantor: None }
}

#[test]
fn roles_are_made_after_those_they_are_members_of_in_one_transaction_with_everything() {
    let target = target(
        "    roles:
      a: {login: true, createdb: true, inherit: true, connection_limit: -1, member_of: [z, elsewhere], settings: {work_mem: 8MB}}
      z: {valid_until: infinity}",
    );
    let steps = steps(&target, &state());
    let ids: Vec<&str> = steps.iter().map(|step| step.id.as_str()).collect();
    assert_eq!(ids, ["pg/role/z", "pg/role/a"]);
    // INHERIT and no limit are what a new role has; what is not said is not said to the server either.
    assert_eq!(changes(&steps[0]), ["CREATE ROLE \"z\""]);
    assert_eq!(
        changes(&steps[1]),
        [
            "CREATE ROLE \"a\" LOGIN CREATEDB",
            "ALTER ROLE \"a\" SET \"work_mem\" TO '8MB'",
            "GRANT \"z\" TO \"a\"",
            "GRANT \"elsewhere\" TO \"a\"",
        ]
    );
    assert!(steps[1].needs.contains(&target.role_id("z")));
    let Action::Create(change) = &steps[1].action else { panic!("{steps:?}") };
    assert!(change.is_atomic);
}

#[test]
fn a_password_differs_unless_its_verifier_or_a_login_says_otherwise() {
    // The secret of a plan that has not been prepared is empty, which is a password like another here.
    let target = target("    roles: {a: {login: true, password_file: a}}");
    let stored = scram::verifier(&Secret::new("")).unwrap();
    let other = scram::verifier(&Secret::new("other")).unwrap();
    let verdicts = [
        (Password::Stored(Some(stored)), ""),
        (Password::Accepted, ""),
        (Password::Stored(Some(other)), "password"),
        (Password::Stored(Some(Secret::new("md5d41d8cd98f00b204e9800998ecf8427e"))), "password"),
        (Password::Stored(None), "password"),
        (Password::Refused, "password"),
        (Password::Unknown("why".to_owned()), "password, which cannot be compared (why) and is set anew"),
    ];
    for (password, difference) in verdicts {
        let role = Role { login: true, password: password.clone(), ..Role::default() };
        let state = State { roles: BTreeMap::from([("a".to_owned(), role)]), ..state() };
        let steps = steps(&target, &state);
        let found: Vec<String> = steps[0].differences.iter().map(ToString::to_string).collect();
        let expected: Vec<&str> = if difference.is_empty() { vec![] } else { vec![difference] };
        assert_eq!(found, expected, "{password:?}");
        // The verifier is made when it is sent; no statement and no debug output has it or the password.
        assert!(changes(&steps[0]).iter().all(|sql| *sql == "ALTER ROLE \"a\""), "{steps:?}");
        assert!(!format!("{state:?}{steps:?}").contains("SCRAM-SHA-256$"), "{state:?}");
    }
}

#[test]
fn a_new_database_is_made_from_template0_and_everything_inside_waits_for_it() {
    let target = target(
        "    roles: {own: {}}
    databases:
      db:
        owner: own
        encoding: UTF8
        locale: en_US.UTF-8
        locale_provider: icu
        icu_locale: en-US
        connection_limit: 5
        extensions: [citext]
        schemas: {app: {}}
        grants: [{privileges: [SELECT], on: tables, schema: app, to: [own]}]
        revokes:
          - {privileges: [CONNECT], on: database, from: [public]}
          - {privileges: [CREATE], on: schema, schema: public, from: [public]}
          - {privileges: [CREATE], on: schema, schema: app, from: [public]}
          - {privileges: [EXECUTE], on: functions, schema: app, from: [public]}",
    );
    let steps = steps(&target, &state());
    let of = |id: &str| changes(steps.iter().find(|step| step.id.as_str() == id).unwrap());
    assert_eq!(
        of("pg/database/db"),
        ["CREATE DATABASE \"db\" WITH TEMPLATE \"template0\" ENCODING 'UTF8' LOCALE_PROVIDER 'icu' \
          LC_COLLATE 'en_US.UTF-8' LC_CTYPE 'en_US.UTF-8' ICU_LOCALE 'en-US' CONNECTION LIMIT 5 OWNER \"own\""]
    );
    assert_eq!(
        of("pg/database/db/schema/app"),
        ["CREATE SCHEMA IF NOT EXISTS \"app\" AUTHORIZATION \"own\""]
    );
    // What the extension will bring is not known yet, so everything of the kind is meant.
    assert_eq!(
        of("pg/database/db/grant/own/tables/app"),
        ["GRANT SELECT ON ALL TABLES IN SCHEMA \"app\" TO \"own\""]
    );
    assert_eq!(
        of("pg/database/db/revoke/public/functions/app"),
        ["REVOKE EXECUTE ON ALL ROUTINES IN SCHEMA \"app\" FROM PUBLIC"]
    );
    assert_eq!(
        of("pg/database/db/revoke/public/database"),
        ["REVOKE CONNECT ON DATABASE \"db\" FROM PUBLIC"]
    );
    // The schema `public` comes with the template; one that is made anew has no privilege that could be taken.
    assert_eq!(
        of("pg/database/db/revoke/public/schema/public"),
        ["REVOKE CREATE ON SCHEMA \"public\" FROM PUBLIC"]
    );
    assert_eq!(of("pg/database/db/revoke/public/schema/app"), [""; 0]);
    let database = target.database_id("db");
    let inside = steps.iter().filter(|step| {
        database.covers(&step.id) && step.id != database && !matches!(step.action, Action::Nothing)
    });
    assert!(inside.clone().count() == 6 && inside.clone().all(|step| step.needs.contains(&database)));
}

#[test]
fn a_database_that_differs_for_life_is_refused_whatever_else_differs() {
    let target =
        target("    databases: {db: {owner: own, encoding: utf-8, locale: C, locale_provider: libc}}");
    let mut state = state();
    state.encodings.insert("utf-8".to_owned(), Some("UTF8".to_owned()));
    let database = Database {
        owner: "postgres".to_owned(),
        encoding: "UTF8".to_owned(),
        lc_collate: "C".to_owned(),
        lc_ctype: "POSIX".to_owned(),
        locale_provider: "libc".to_owned(),
        connection_limit: -1,
        ..Database::default()
    };
    state.databases.insert("db".to_owned(), database.clone());
    assert_eq!(said(&target, &state), ["change pg/database/db [owner postgres -> own]"]);

    let latin = Database { encoding: "LATIN1".to_owned(), lc_ctype: "de_DE".to_owned(), ..database.clone() };
    state.databases.insert("db".to_owned(), latin);
    assert_eq!(
        said(&target, &state),
        ["refuse pg/database/db [encoding LATIN1 -> UTF8, lc_ctype de_DE -> C]"]
    );

    state.databases.insert("db".to_owned(), Database { connection_limit: -2, ..database });
    assert_eq!(said(&target, &state), ["refuse pg/database/db [state half dropped -> usable]"]);
}

#[test]
fn privileges_are_compared_object_by_object_and_only_what_lacks_is_granted() {
    let target = target(
        "    databases:
      db:
        grants: [{privileges: [ALL], on: tables, schema: app, to: [own, public]}]
        revokes: [{privileges: [EXECUTE], on: functions, schema: app, names: [gone, there], from: [public]}]
        default_privileges: [{owner: own, privileges: [SELECT], on: tables, to: [reader, own]}]",
    );
    let all = ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"];
    let object = |kind, name: &str, acl| {
        let (schema, name, sql) = ("app".to_owned(), name.to_owned(), format!("\"app\".\"{name}\""));
        Object { kind, schema, name, sql, acl }
    };
    let everything = |role: &str| all.iter().map(|one| privilege(role, one)).collect::<Vec<_>>();
    let mut full = everything("own");
    full.extend(everything("public"));
    let objects = vec![
        object(Kind::Table, "full", full),
        object(Kind::Table, "half", everything("own")),
        object(Kind::Sequence, "no_table", Vec::new()),
        object(Kind::Function, "there", vec![privilege("public", "EXECUTE")]),
    ];
    let acl = vec![privilege("own", "SELECT")];
    let defaults = vec![DefaultAcl { owner: "own".to_owned(), on: "tables".to_owned(), schema: None, acl }];
    let inside = Inside { objects, defaults, ..Inside::default() };
    let database = Database { inside: Some(inside), connection_limit: -1, ..Database::default() };
    let mut state = State { databases: BTreeMap::from([("db".to_owned(), database)]), ..state() };
    let steps_15 = steps(&target, &state);
    assert_eq!(
        changes(&steps_15[1]),
        [
            "GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER ON TABLE \"app\".\"half\" TO PUBLIC"
        ]
    );
    assert_eq!(changes(&steps_15[2]), ["REVOKE EXECUTE ON ROUTINE \"app\".\"there\" FROM PUBLIC"]);
    assert_eq!(
        changes(&steps_15[3]),
        ["ALTER DEFAULT PRIVILEGES FOR ROLE \"own\" GRANT SELECT ON TABLES TO \"reader\""]
    );
    // From version 17 on, ALL is one privilege more.
    state.server.version = 170_000;
    assert!(changes(&steps(&target, &state)[1]).iter().any(|sql| sql.starts_with("GRANT MAINTAIN ON")));
}

#[test]
fn what_an_owner_has_goes_to_the_new_owner_before_it_is_compared() {
    let target = target(
        "    databases:
      db:
        schemas: {app: {owner: new}}
        grants: [{privileges: [USAGE], on: schema, schema: app, to: [old, new]}]",
    );
    let acl = vec![privilege("old", "USAGE"), privilege("old", "CREATE")];
    let schema = Schema { owner: "old".to_owned(), acl };
    let schemas = BTreeMap::from([("app".to_owned(), schema)]);
    let inside = Inside { schemas, ..Inside::default() };
    let database = Database { inside: Some(inside), connection_limit: -1, ..Database::default() };
    let state = State { databases: BTreeMap::from([("db".to_owned(), database)]), ..state() };
    assert_eq!(
        said(&target, &state),
        [
            "change pg/database/db/schema/app [owner old -> new]",
            "change pg/database/db/grant/old,new/schema/app [USAGE for old no -> yes]",
        ]
    );
}

#[test]
fn many_objects_are_named_in_statements_of_a_size_that_a_server_takes() {
    let target =
        target("    databases: {db: {grants: [{privileges: [SELECT], on: tables, schema: app, to: [a]}]}}");
    let object = |number: usize| Object {
        kind: Kind::Table,
        schema: "app".to_owned(),
        name: format!("t{number}"),
        sql: format!("\"app\".\"t{number}\""),
        acl: Vec::new(),
    };
    let inside = Inside { objects: (0..450).map(object).collect(), ..Inside::default() };
    let database = Database { inside: Some(inside), connection_limit: -1, ..Database::default() };
    let state = State { databases: BTreeMap::from([("db".to_owned(), database)]), ..state() };
    let steps = steps(&target, &state);
    let sizes: Vec<usize> = changes(&steps[1]).iter().map(|sql| sql.matches("\"app\".").count()).collect();
    assert_eq!(sizes, [200, 200, 50]);
}
