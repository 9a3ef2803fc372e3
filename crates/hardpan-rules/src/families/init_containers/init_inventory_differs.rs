//! HP-INI-010: a listed init container is not where the list has it.

use hardpan_compose::PathKind;

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
    if !has_modules && !listed.iter().any(|name| scope.service(name).is_some()) {
        verdicts.not_applicable(Subject::Project, "the project has no modules");
        return;
    }
    let mut is_complete = true;
    for name in listed {
        let expected =
            FILES.iter().find(|(listed, _)| listed == name).map(|(_, file)| format!("{modules}/{file}"));
        match scope.service(name) {
            Some(service) => {
                let file = scope.files.file(service.key.file);
                let found = scope.relative(file.path());
                if let Some(expected) = expected.filter(|expected| expected != found) {
                    is_complete = false;
                    verdicts
                        .violation(
                            service,
                            service.key,
                            format!("init container `{name}` stands in `{found}`, expected `{expected}`"),
                        )
                        .help("move it there, or correct the list of init containers");
                }
            }
            None => {
                is_complete = false;
                report_missing(scope, name, expected.as_deref(), verdicts);
            }
        }
    }
    if is_complete {
        verdicts.satisfied(Subject::Project);
    }
}

fn report_missing(scope: &Scope<'_>, name: &str, expected: Option<&str>, verdicts: &mut Verdicts<'_>) {
    let place = closest(scope, name).map_or(Place::Nowhere, |near| Place::from(near.1));
    let near = closest(scope, name).map(|(near, _)| near);
    let message = match expected {
        Some(file) => format!("listed init container `{name}` is not in the project, expected in `{file}`"),
        None => format!("listed init container `{name}` is not in the project"),
    };
    let exists = expected.is_some_and(|file| scope.files.kind(&scope.absolute(file)) == Some(PathKind::File));
    let help = match (exists, &near) {
        (true, _) => "its file exists: include it in the root Compose file".to_owned(),
        (false, Some(near)) => {
            format!("`{near}` is closest: rename it, or correct `init_services` in the policy")
        }
        (false, None) => "add it, or correct `init_services` in the policy".to_owned(),
    };
    let draft = verdicts.violation(Subject::Project, place, message);
    draft.help(help);
    if near.is_some() {
        draft.label("the closest there is");
    }
}

/// The service whose name shares most of its words, with where it stands.
fn closest<'p>(scope: &Scope<'p>, name: &str) -> Option<(&'p str, hardpan_source::Span)> {
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
