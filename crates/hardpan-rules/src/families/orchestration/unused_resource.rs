//! HP-ORC-010: a network, volume, secret or config that is declared and that no service uses.

use hardpan_compose::syntax::path::clean_path;
use std::collections::HashSet;
use std::rc::Rc;

use hardpan_compose::Hop;
use hardpan_source::{Edit, Span};

use super::raw;
use super::{inputs, modules};
use crate::files::TextFile;
use crate::rule::{Audience, Confidence, Rule};
use crate::{Repair, Safety, Scope, Subject, Verdicts};

/// See `rules/unused-resource/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-ORC-010",
    name: "unused-resource",
    audience: Audience::Anybody,
    confidence: Confidence::High,
    since: "0.1.0",
    sources: &["compose-spec, top-level elements", "Docker Compose 2.40.3"],
    doc: include_str!("../../../rules/unused-resource/doc.md"),
    check,
};

/// The sections with what one entry is called.
const SECTIONS: [(&str, &str); 4] =
    [("networks", "network"), ("volumes", "volume"), ("secrets", "secret"), ("configs", "config")];

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    if scope.is_incomplete() {
        verdicts.not_applicable(Subject::Project, "files of the project are missing or cannot be read");
        return;
    }
    // Compose files as they are written, read when something seems to be unused.
    let mut others: Option<Vec<Rc<TextFile>>> = None;
    for (section, kind) in SECTIONS {
        let used = used(scope, section);
        for (name, node) in scope.project.section(section) {
            let subject = Subject::Resource(kind, name.to_owned());
            let is_implied = node.hops().any(|hop| matches!(hop, Hop::Implied { .. }));
            if used.contains(name) || is_implied {
                verdicts.satisfied(subject);
                continue;
            }
            let Some(key) = scope.resource_key(section, name) else { continue };
            let others = others.get_or_insert_with(|| written(scope));
            if others.iter().any(|file| uses(file, section, name)) {
                verdicts.not_applicable(subject, "used in a Compose file, but overridden or not loaded now");
                continue;
            }
            if awaits_module(scope, key) {
                verdicts.not_applicable(subject, "a module that is commented out and not here may use it");
                continue;
            }
            let draft = verdicts.violation(subject, key, format!("{kind} `{name}` is declared and not used"));
            draft.label("no service uses it").help("remove it, or give it to the service that it is for");
            // An empty section is not worth having, and may not even be allowed: leave that to a person.
            let has_neighbours = scope
                .project
                .section(section)
                .any(|(other, node)| used.contains(other) && node.origin().span.file == key.file);
            if has_neighbours
                && let Some(lines) = raw::lines(&scope.files.file(key.file), key, node.origin().span)
            {
                let repair = Repair::Edits(vec![Edit { span: lines, replacement: String::new() }]);
                draft.fix(Safety::Safe, format!("remove the unused {kind}"), repair);
            }
        }
    }
}

/// The names that services use, those of all profiles.
fn used<'p>(scope: &Scope<'p>, section: &str) -> HashSet<&'p str> {
    let mut used = HashSet::new();
    for service in scope.services() {
        match section {
            "networks" => used.extend(service.networks().map(|(name, _)| name)),
            "volumes" => {
                let mounts = service.mounts().filter(|mount| matches!(mount.kind, "volume" | "cluster"));
                used.extend(mounts.filter_map(|mount| mount.source));
            }
            "secrets" => {
                used.extend(service.secrets().map(|grant| grant.source));
                used.extend(service.items("build.secrets").filter_map(|item| item.get("source")?.as_str()));
            }
            _ => {
                used.extend(service.configs().map(|grant| grant.source));
                used.extend(service.text("credential_spec.config"));
            }
        }
    }
    used
}

/// Whether the file that declares something has a commented include of a file that is not here.
fn awaits_module(scope: &Scope<'_>, key: Span) -> bool {
    let Some(file) = scope.files.read(scope.files.file(key.file).path()) else { return false };
    file.yaml().comments.iter().any(|comment| {
        let text = file.text().get(comment.span.start as usize..comment.span.end as usize);
        let item = text.unwrap_or_default().trim_start_matches('#').trim();
        let path = item.strip_prefix("- ").unwrap_or_default().trim().trim_matches(['"', '\'']);
        modules::has_yaml_name(path)
            && path.contains('/')
            && scope.files.kind(&raw::join(raw::parent(file.path()), path)).is_none()
    })
}

/// The Compose files of the project, those beside them, and modules that it does not register.
fn written(scope: &Scope<'_>) -> Vec<Rc<TextFile>> {
    let loaded: HashSet<String> =
        scope.compose_files.iter().map(|(id, _)| clean_path(scope.files.file(*id).path())).collect();
    let mut files = raw::compose_files(scope);
    for folder in inputs::folders(scope) {
        for (name, _) in scope.files.list(&folder) {
            let path = format!("{folder}/{name}");
            if modules::has_yaml_name(&name)
                && !loaded.contains(&path)
                && let Some(file) = scope.files.read(&path)
                && file.text().lines().any(|line| line.starts_with("services:"))
            {
                files.push(file);
            }
        }
    }
    if let Some(folder) = modules::folder(scope) {
        let modules = modules::all(scope, &folder).into_iter();
        files.extend(modules.filter(|module| !module.is_loaded).map(|module| module.file));
    }
    files
}

/// Whether a service of a file uses the resource.
fn uses(file: &TextFile, section: &str, name: &str) -> bool {
    if !file.text().contains(name) {
        return false;
    }
    let Some(services) = raw::root(file).and_then(|root| root.get("services")) else { return false };
    services.entries().any(|(_, _, service)| {
        let Some(listed) = service.get(section) else { return false };
        listed.names().iter().any(|(known, _)| is_of(known, name))
            || listed.items().filter_map(|item| item.get("source")).any(|source| source.text() == Some(name))
            || service
                .get("build")
                .and_then(|build| build.get(section))
                .is_some_and(|listed| listed.names().iter().any(|(known, _)| *known == name))
    })
}

/// Whether a short mount (`data:/var/lib/data`) or a plain name is of the resource.
fn is_of(written: &str, name: &str) -> bool {
    written.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
}
