//! HP-INI-010: a listed init container is not where the list has it.

use hardpan_compose::PathKind;
use hardpan_source::Span;
use hardpan_source::yaml::Kind;

use crate::rule::{Audience, Confidence, Rule};
use crate::{Place, Scope, Subject, Verdicts};

/// See `rules/init-inventory-differs/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-INI-010",
    name: "init-inventory-differs",
    audience: Audience::House,
    confidence: Confidence::High,
    since: "0.1.0",
    sources: &["document 002, section 5"],
    doc: include_str!("../../../rules/init-inventory-differs/doc.md"),
    check,
};

/// The files of document 002, section 5, below the folder of the modules.
const FILES: &[(&str, &str)] = &[
    ("minio-create-buckets", "04-data/minio/docker-compose.yml"),
    ("valkey-cluster-init", "04-data/valkey-cluster/docker-compose.yml"),
    ("kafka-init", "05-messaging/kafka/docker-compose.yml"),
    ("mng-pg-init", "04-data/mng-db/docker-compose.yml"),
    ("pg-cluster-init", "04-data/postgresql-cluster/docker-compose.yml"),
];

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    let parameters = &scope.policy.parameters;
    let modules = parameters.modules.trim_end_matches('/');
    let listed = &parameters.init_services;
    let has_modules = scope.files.kind(&scope.absolute(modules)) == Some(PathKind::Directory);
    let is_any_there = listed.iter().any(|name| scope.service(name).is_some());
    if !is_any_there && !has_modules {
        verdicts.not_applicable(Subject::Project, "the project has no modules");
        return;
    }
    if !is_any_there && !starts_at_root(scope) {
        verdicts.not_applicable(Subject::Project, "only a part of the project is loaded");
        return;
    }
    let mut is_complete = true;
    for name in listed {
        let file = FILES.iter().find(|(listed, _)| listed == name).map(|(_, file)| *file);
        let expected = file.map(|file| format!("{modules}/{file}"));
        let Some(service) = scope.service(name) else {
            if starts_at_root(scope) {
                is_complete = false;
                report_missing(scope, name, expected.as_deref(), verdicts);
            }
            continue;
        };
        let file = scope.files.file(service.key.file);
        let found = scope.relative(file.path());
        if let Some(expected) = expected.filter(|expected| expected != found) {
            is_complete = false;
            let message = format!("init container `{name}` stands in `{found}`, expected `{expected}`");
            verdicts
                .violation(service, service.key, message)
                .help("move it there, or correct the list of init containers");
        }
    }
    if is_complete {
        verdicts.satisfied(Subject::Project);
    }
}

/// Whether what is loaded begins with a file in the project's root: then all of the project is there.
fn starts_at_root(scope: &Scope<'_>) -> bool {
    let Some((first, _)) = scope.compose_files.first() else { return false };
    let file = scope.files.file(*first);
    !scope.relative(file.path()).contains('/')
}

/// Where a module would be registered: the key `include` of the first file, else `services`.
fn registration(scope: &Scope<'_>) -> Option<Span> {
    let (first, _) = scope.compose_files.first()?;
    let file = scope.files.read(scope.files.file(*first).path())?;
    let document = file.yaml().documents.first()?;
    let Kind::Mapping(entries) = &document.node(document.root()?).kind else { return None };
    let key = |name: &str| {
        entries.iter().map(|(key, _)| document.node(*key)).find_map(|node| match &node.kind {
            Kind::Scalar(scalar) if &*scalar.text == name => Some(node.span),
            _ => None,
        })
    };
    key("include").or_else(|| key("services"))
}

fn report_missing(scope: &Scope<'_>, name: &str, expected: Option<&str>, verdicts: &mut Verdicts<'_>) {
    let place = registration(scope).map_or(Place::Nowhere, Place::from);
    let near = closest(scope, name);
    let message = match expected {
        Some(file) => format!("listed init container `{name}` is not in the project, expected in `{file}`"),
        None => format!("listed init container `{name}` is not in the project"),
    };
    let exists = expected.is_some_and(|file| scope.files.kind(&scope.absolute(file)) == Some(PathKind::File));
    let help = match (exists, &near) {
        (true, _) => "its file exists: include it here".to_owned(),
        (false, Some((near, _))) => {
            format!("`{near}` is closest: rename it, or correct `init_services` in the policy")
        }
        (false, None) => "add it, or correct `init_services` in the policy".to_owned(),
    };
    let draft = verdicts.violation(Subject::Project, place, message);
    draft.help(help);
    if let Some((_, span)) = near {
        draft.related(span, "the closest there is");
    }
}

/// The service whose name shares most of its words, with where it stands.
fn closest<'p>(scope: &Scope<'p>, name: &str) -> Option<(&'p str, Span)> {
    let words = |name: &str| -> Vec<String> { name.split(['-', '_']).map(str::to_owned).collect() };
    let wanted = words(name);
    let is_listed = |name: &str| scope.policy.parameters.init_services.iter().any(|listed| listed == name);
    let candidates = scope.services().iter().filter(|service| !is_listed(service.name));
    let scored = candidates.map(|service| {
        let shared = words(service.name).iter().filter(|word| wanted.contains(word)).count();
        (shared, service)
    });
    // One word in common, such as `init`, is no likeness.
    let best = scored
        .filter(|(shared, _)| *shared >= 2)
        .max_by_key(|(shared, service)| (*shared, std::cmp::Reverse(service.id)));
    best.map(|(_, service)| (service.name, service.key))
}
