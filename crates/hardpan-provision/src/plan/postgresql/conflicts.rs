//! What in a plan contradicts itself, so that no run could ever end with everything in place.
//!
//! Not responsible for what single values look like. A newcomer needs to know one thing: what is refused here would otherwise be
//! granted and revoked by every run in turn, or fail on the server after half of the plan.

use std::collections::BTreeSet;

use hardpan_diag::{Code, Diagnostic};

use super::super::tree::Node;
use super::{DefaultPrivilege, Grant, GrantObject};

fn conflict(message: String) -> Diagnostic {
    Diagnostic::error(Code("plan::conflict"), message)
}

/// Contradictions between the privileges of a database.
pub(super) fn database(node: &Node, problems: &mut Vec<Diagnostic>) {
    // What is wrong with a single one has been reported.
    let read = |key: &str, to: &str| -> Vec<(&Node, Grant)> {
        let items = node.items_at(key);
        items.filter_map(|item| Some((item, Grant::read(item, to, &mut Vec::new())?))).collect()
    };
    let grants = read("grants", "to");
    for (revoked, revoke) in read("revokes", "from") {
        for (granted, grant) in &grants {
            let role = revoke.to.iter().find(|role| grant.to.contains(role));
            let privilege = common(&revoke.privileges, &grant.privileges);
            if let (true, Some(role), Some(privilege)) = (overlap(&revoke.on, &grant.on), role, privilege) {
                let message = format!("`{privilege}` is granted to `{role}` and revoked from it");
                problems.push(
                    conflict(message)
                        .with_span(revoked.span)
                        .with_related(granted.span, "granted here")
                        .with_help("name the privileges and objects so that each is in one of the two"),
                );
            }
        }
    }
    for (item, grant) in &grants {
        public_option(item, &grant.to, grant.grant_option, problems);
    }
    for item in node.items_at("default_privileges") {
        let Some(wish) = DefaultPrivilege::read(item, &mut Vec::new()) else { continue };
        public_option(item, &wish.to, wish.grant_option, problems);
        if wish.on == "schemas" && wish.schema.is_some() {
            let message = "schemas are in no schema: `schema` does not go with `on: schemas`".to_owned();
            problems.push(conflict(message).with_span(item.span));
        }
    }
}

fn public_option(item: &Node, to: &[String], grant_option: bool, problems: &mut Vec<Diagnostic>) {
    if grant_option && to.iter().any(|role| role == "public") {
        let message = "everybody (`public`) cannot have a `grant_option`".to_owned();
        problems.push(conflict(message).with_span(item.span));
    }
}

fn common<'p>(one: &'p [String], other: &'p [String]) -> Option<&'p str> {
    let is_all = |privileges: &[String]| privileges.iter().any(|privilege| privilege == "ALL");
    let found = match (is_all(one), is_all(other)) {
        (true, _) => other.first(),
        (_, true) => one.first(),
        _ => one.iter().find(|privilege| other.contains(privilege)),
    };
    found.map(String::as_str)
}

fn overlap(one: &GrantObject, other: &GrantObject) -> bool {
    use GrantObject::{Functions, Sequences, Tables};
    match (one, other) {
        (Tables { schema: a, names: x }, Tables { schema: b, names: y })
        | (Sequences { schema: a, names: x }, Sequences { schema: b, names: y })
        | (Functions { schema: a, names: x }, Functions { schema: b, names: y }) => {
            a == b && (x.is_empty() || y.is_empty() || x.iter().any(|name| y.contains(name)))
        }
        _ => one == other,
    }
}

/// Roles that are members of themselves, over others or at once. Each circle is told once.
pub(super) fn roles(node: &Node, problems: &mut Vec<Diagnostic>) {
    let groups = |name: &str| {
        let role = node.entries_at("roles").find(|one| one.key == name);
        role.map(|role| role.node.texts_at("member_of")).unwrap_or_default()
    };
    let above = |name: &str| {
        let mut all = BTreeSet::new();
        let mut next = groups(name);
        while let Some(group) = next.pop() {
            next.extend(if all.contains(&group) { Vec::new() } else { groups(&group) });
            all.insert(group);
        }
        all
    };
    for role in node.entries_at("roles") {
        let all = above(&role.key);
        let circle: Vec<&String> =
            all.iter().filter(|group| **group == role.key || above(group).contains(&role.key)).collect();
        if circle.first() == Some(&&role.key) {
            let names: Vec<String> = circle.iter().map(|name| format!("`{name}`")).collect();
            let message = format!("roles are members of each other: {}", names.join(", "));
            problems.push(conflict(message).with_span(role.key_span));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use hardpan_source::FileTable;

    fn problems(body: &str) -> Vec<String> {
        let text = format!("postgresql:\n  pg:\n    host: pg\n{body}");
        let file = FileTable::new().add("provision.yml", text.as_str());
        let (_, problems) = super::super::super::read(&text, file, &HashMap::new());
        problems.into_iter().map(|problem| problem.message.to_string()).collect()
    }

    fn privileges(body: &str) -> Vec<String> {
        problems(&format!("    databases:\n      db:\n{body}"))
    }

    #[test]
    fn what_is_granted_and_revoked_is_refused_and_what_only_looks_like_it_is_not() {
        let said = privileges(
            "        grants: [{privileges: [SELECT, INSERT], on: tables, schema: app, to: [a, b]}]
        revokes: [{privileges: [ALL], on: tables, schema: app, names: [orders], from: [b]}]",
        );
        assert_eq!(said, ["`SELECT` is granted to `b` and revoked from it"]);
        for revoke in [
            "{privileges: [DELETE], on: tables, schema: app, from: [b]}",
            "{privileges: [SELECT], on: tables, schema: other, from: [b]}",
            "{privileges: [SELECT], on: sequences, schema: app, from: [b]}",
            "{privileges: [SELECT], on: tables, schema: app, from: [public]}",
        ] {
            let said = privileges(&format!(
                "        grants: [{{privileges: [SELECT], on: tables, schema: app, to: [b]}}]\n        \
                 revokes: [{revoke}]"
            ));
            assert_eq!(said, Vec::<String>::new(), "{revoke}");
        }
    }

    #[test]
    fn what_the_server_could_never_do_is_refused() {
        let said = privileges(
            "        grants: [{privileges: [CONNECT], on: database, to: [public], grant_option: true}]
        default_privileges: [{owner: a, privileges: [USAGE], on: schemas, schema: app, to: [b]}]",
        );
        assert_eq!(
            said,
            [
                "everybody (`public`) cannot have a `grant_option`",
                "schemas are in no schema: `schema` does not go with `on: schemas`"
            ]
        );
    }

    #[test]
    fn roles_that_are_members_of_each_other_are_refused_once() {
        let said =
            problems("    roles: {a: {member_of: [b, d]}, b: {member_of: [c]}, c: {member_of: [a]}, d: {}}");
        assert_eq!(said, ["roles are members of each other: `a`, `b`, `c`"]);
        assert_eq!(problems("    roles: {a: {member_of: [a]}}"), ["roles are members of each other: `a`"]);
        assert_eq!(
            problems("    roles: {a: {member_of: [b, c]}, b: {member_of: [c]}, c: {}}"),
            Vec::<String>::new()
        );
    }
}
