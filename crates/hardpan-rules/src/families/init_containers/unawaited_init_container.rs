//! HP-INI-009: a service starts before what provisions it has finished.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use hardpan_compose::Hop;

use super::creation::creations;
use super::init_containers;
use super::scripts;
use crate::codes::Severity;
use crate::rule::{Audience, Confidence, Rule};
use crate::{Dependency, Scope, Service, ServiceId, ServiceKind, Verdicts};

/// See `rules/unawaited-init-container/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-INI-009",
    name: "unawaited-init-container",
    audience: Audience::Anybody,
    confidence: Confidence::Low,
    since: "0.1.0",
    sources: &["document 002, section 6", "compose-spec, services, depends_on"],
    doc: include_str!("../../../rules/unawaited-init-container/doc.md"),
    check,
};

const COMPLETED: &str = "service_completed_successfully";

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    let graph = Graph::of(scope);
    for init in init_containers(scope, verdicts) {
        let mut is_awaited = false;
        let mut found = false;
        for (service, dependency) in graph.dependents.get(init.name).into_iter().flatten() {
            is_awaited |= dependency.condition == COMPLETED;
            let is_implied = dependency.node.hops().any(|hop| matches!(hop, Hop::Implied { .. }));
            if dependency.condition == COMPLETED || is_implied {
                continue;
            }
            found = true;
            let own = dependency
                .node
                .get("condition")
                .filter(|node| !node.hops().any(|hop| matches!(hop, Hop::Implied { .. })));
            verdicts
                .violation(
                    *service,
                    own.unwrap_or(dependency.node),
                    format!(
                        "does not wait until `{}` has finished: found `{}`, expected `{COMPLETED}`",
                        init.name, dependency.condition
                    ),
                )
                .help(format!("set `depends_on.{}.condition: {COMPLETED}`", init.name));
        }
        let users = users(scope, &graph, init);
        for (id, what) in &users {
            let service = scope.service_of(*id);
            found = true;
            verdicts
                .violation(
                    service,
                    service,
                    format!("uses {what} that `{}` provides, but does not wait for it", init.name),
                )
                .severity(Severity::Info)
                .related(init.key, "provides it")
                .help(format!("add `depends_on: {{{}: {{condition: {COMPLETED}}}}}`", init.name));
        }
        if !found && !is_awaited {
            verdicts
                .violation(init, init, "no service waits until it has finished")
                .severity(Severity::Info)
                .help(format!(
                    "add `depends_on: {{{}: {{condition: {COMPLETED}}}}}` to the services that use what it provides",
                    init.name
                ));
        } else if !found {
            verdicts.satisfied(init);
        }
    }
}

/// Who depends on whom and who mounts what, in the direction that is asked for.
struct Graph<'s, 'p> {
    dependents: HashMap<&'p str, Vec<(&'s Service<'p>, Dependency<'p>)>>,
    mounting: HashMap<&'p str, Vec<ServiceId>>,
}

impl<'s, 'p> Graph<'s, 'p> {
    fn of(scope: &'s Scope<'p>) -> Self {
        let mut graph = Self { dependents: HashMap::new(), mounting: HashMap::new() };
        for service in scope.services() {
            for dependency in service.depends_on() {
                graph.dependents.entry(dependency.service).or_default().push((service, dependency));
            }
            for mount in service.mounts().filter(|mount| mount.kind == "volume") {
                if let Some(volume) = mount.source {
                    graph.mounting.entry(volume).or_default().push(service.id);
                }
            }
        }
        graph
    }

    /// Everything that depends on a service, at any distance.
    fn after(&self, service: &Service<'p>) -> BTreeSet<ServiceId> {
        let mut found = BTreeSet::new();
        let mut pending = vec![service.name];
        while let Some(name) = pending.pop() {
            for (dependent, _) in self.dependents.get(name).into_iter().flatten() {
                if found.insert(dependent.id) {
                    pending.push(dependent.name);
                }
            }
        }
        found
    }
}

/// Services that use a volume or a name that the init container provides, and wait for it in no way.
fn users<'p>(scope: &Scope<'p>, graph: &Graph<'_, 'p>, init: &Service<'p>) -> BTreeMap<ServiceId, String> {
    let (before, after) = (before(scope, init), graph.after(init));
    let is_free = |service: &Service<'_>| {
        let is_other = service.id != init.id && service.kind == ServiceKind::LongRunning;
        is_other && !before.contains(&service.id) && !after.contains(&service.id)
    };
    let mut found = BTreeMap::new();
    let names = created_names(scope, init);
    if !names.is_empty() {
        for service in scope.services().iter().filter(|service| is_free(service)) {
            if let Some(name) = names.iter().find(|name| mentions(service, name)) {
                found.entry(service.id).or_insert_with(|| format!("`{name}`"));
            }
        }
    }
    for mount in init.mounts().filter(|mount| mount.kind == "volume" && !mount.read_only) {
        let Some(volume) = mount.source else { continue };
        for id in graph.mounting.get(volume).into_iter().flatten() {
            if is_free(scope.service_of(*id)) {
                found.entry(*id).or_insert_with(|| format!("the volume `{volume}`"));
            }
        }
    }
    found
}

/// What a service depends on, at any distance.
fn before(scope: &Scope<'_>, service: &Service<'_>) -> BTreeSet<ServiceId> {
    let mut found = BTreeSet::new();
    let mut pending = vec![service.id];
    while let Some(id) = pending.pop() {
        for dependency in scope.service_of(id).depends_on() {
            if let Some(next) = scope.service(dependency.service)
                && found.insert(next.id)
            {
                pending.push(next.id);
            }
        }
    }
    found
}

/// The names that an init container creates, those left out that say nothing: short ones, and ones with variables.
fn created_names<'p>(scope: &Scope<'p>, init: &Service<'p>) -> BTreeSet<String> {
    const NAME_BYTES_MIN: usize = 5;
    // Words that environments use for other things as well.
    const COMMON: &[&str] = &[
        "local",
        "public",
        "default",
        "admin",
        "users",
        "postgres",
        "production",
        "development",
        "master",
        "system",
        "cache",
        "backup",
        "backups",
        "events",
        "files",
        "uploads",
        "media",
        "static",
        "access",
        "worker",
        "redis",
        "minio",
        "mysql",
        "kafka",
        "service",
        "services",
        "internal",
        "false",
    ];
    let scripts = scripts::of(scope, init);
    let names = scripts.shells.iter().flat_map(creations).flat_map(|creation| creation.names);
    names
        .filter(|name| name.len() >= NAME_BYTES_MIN && !name.contains(['$', '{', ':', '"']))
        .filter(|name| !COMMON.contains(&name.to_ascii_lowercase().as_str()))
        .filter(|name| !scope.services().iter().any(|service| service.name == name))
        .collect()
}

/// Whether a value of the environment or a word of the command is or has the name.
fn mentions(service: &Service<'_>, name: &str) -> bool {
    let is_part = |letter: char| letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.');
    let has = |text: &str| text.split(|letter| !is_part(letter)).any(|part| part == name);
    service.environment().any(|(_, node)| node.as_str().is_some_and(has))
        || service.words("command").iter().any(|node| node.as_str().is_some_and(has))
}
