//! HP-ORC-002: something else than the root Compose file starts a part of the project.

use hardpan_compose::PathKind;
use hardpan_source::Span;

use super::modules::{self, Module};
use super::raw::{self, RawNode};
use crate::rule::{Audience, Confidence, Rule};
use crate::{Scope, Subject, Verdicts};

/// See `rules/second-entry-point/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-ORC-002",
    name: "second-entry-point",
    audience: Audience::House,
    confidence: Confidence::Medium,
    since: "0.1.0",
    sources: &["document 001, REQ-SPC-OPT-001", "document 000, section 5", "compose-spec, include"],
    doc: include_str!("../../../rules/second-entry-point/doc.md"),
    check,
};

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    let Some(folder) = modules::folder(scope) else {
        verdicts.not_applicable(Subject::Project, "there is no modules folder");
        return;
    };
    for module in modules::all(scope, &folder) {
        judge(scope, verdicts, &module);
    }
    for path in texts(scope) {
        calls(scope, verdicts, &path);
    }
}

fn judge(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>, module: &Module) {
    let subject = Subject::File(module.path.clone());
    let Some(root) = raw::root(&module.file) else { return };
    match (needs(root), published(root)) {
        (Some(_), _) | (_, None) => verdicts.satisfied(subject),
        (None, Some(ports)) => {
            let path = scope.relative(&module.path);
            let draft = verdicts.violation(
                subject,
                ports,
                format!("module `{path}` can be started without the root Compose file"),
            );
            draft.label("publishes ports of a module that declares all it uses");
            draft.help(
                "declare networks, secrets and configs in the root Compose file only, and publish through the gateway",
            );
            for section in ["networks", "secrets", "configs"] {
                if let Some((_, key, _)) = root.entries().find(|(name, ..)| *name == section) {
                    draft.related(key, "declared in the module");
                }
            }
        }
    }
}

/// The first name that a module uses and does not declare, so that it cannot be started alone.
fn needs(root: RawNode<'_>) -> Option<&str> {
    let services = root.get("services")?;
    let declares = |section: &str, name: &str| {
        root.get(section).is_some_and(|declared| declared.entries().any(|(known, ..)| known == name))
    };
    for (_, _, service) in services.entries() {
        let listed = |attribute: &str| service.get(attribute).map(RawNode::names).unwrap_or_default();
        for (network, _) in listed("networks") {
            if network != "default" && !declares("networks", network) {
                return Some(network);
            }
        }
        for section in ["secrets", "configs"] {
            let Some(granted) = service.get(section) else { continue };
            let sources =
                granted.items().filter_map(|item| item.text().or_else(|| item.get("source")?.text()));
            if let Some(missing) = sources.into_iter().find(|source| !declares(section, source)) {
                return Some(missing);
            }
        }
        for volume in service.get("volumes").into_iter().flat_map(RawNode::items) {
            if let Some(name) = volume_name(volume)
                && !declares("volumes", name)
            {
                return Some(name);
            }
        }
        for (dependency, _) in listed("depends_on") {
            if !services.entries().any(|(known, ..)| known == dependency) {
                return Some(dependency);
            }
        }
    }
    None
}

/// The named volume that an item of `volumes` mounts.
fn volume_name(item: RawNode<'_>) -> Option<&str> {
    let source = match item.text() {
        Some(short) => short.split_once(':')?.0,
        None if item.get("type")?.text()? == "volume" => item.get("source")?.text()?,
        None => return None,
    };
    (!source.is_empty() && !source.starts_with(['.', '/', '~', '$'])).then_some(source)
}

/// Where the first service publishes ports.
fn published(root: RawNode<'_>) -> Option<Span> {
    let services = root.get("services")?;
    services.entries().find_map(|(_, _, service)| {
        let ports = service.get("ports")?;
        ports.items().next().map(|_| ports.span())
    })
}

/// How many texts are read for commands.
const TEXTS_MAX: usize = 300;

/// How many names are looked at in all.
const NAMES_MAX: usize = 5_000;

/// How deep folders with texts are searched.
const DEPTH_MAX: usize = 4;

/// Files in which people look for the command that starts the project: those of the root, and documents, scripts and
/// pipelines.
fn texts(scope: &Scope<'_>) -> Vec<String> {
    let root = scope.root.trim_end_matches('/').to_owned();
    let mut pending: Vec<(String, usize)> =
        ["docs", "scripts", "script", "bin", "tools", ".github/workflows"]
            .iter()
            .map(|name| (format!("{root}/{name}"), 1))
            .collect();
    pending.push((root, DEPTH_MAX));
    let (mut found, mut names_left) = (Vec::new(), NAMES_MAX);
    while let Some((folder, depth)) = pending.pop() {
        for (name, kind) in scope.files.list(&folder).into_iter().take(names_left) {
            names_left -= 1;
            let path = format!("{folder}/{name}");
            if kind == PathKind::Directory {
                if depth < DEPTH_MAX && !name.starts_with('.') {
                    pending.push((path, depth + 1));
                }
            } else if is_text(&name, &folder) && found.len() < TEXTS_MAX {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn is_text(name: &str, folder: &str) -> bool {
    let is_pipeline = folder.ends_with("/workflows") && modules::has_yaml_name(name);
    is_pipeline
        || matches!(name, "Makefile" | "makefile" | "GNUmakefile" | "justfile" | "Justfile")
        || [".md", ".sh", ".bash", ".ps1", ".mk"].iter().any(|ending| name.ends_with(ending))
}

/// Reports commands that load a module file without the root file before it.
fn calls(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>, path: &str) {
    let Some(file) = scope.files.read(path) else { return };
    let mut offset = 0;
    for line in file.text().split_inclusive('\n') {
        if let Some((at, argument)) = call(line, &scope.policy.parameters.modules) {
            let span = file.span(offset + at..offset + at + argument.len());
            verdicts
                .violation(
                    Subject::File(path.to_owned()),
                    span,
                    format!("`{}` starts `{argument}` without the root Compose file", scope.relative(path)),
                )
                .label("an entry point beside the root Compose file")
                .help("start it through the root: `docker compose up SERVICE`, or by its profile");
        }
        offset += line.len();
    }
}

/// The module file that a line hands to Compose as the first `-f`, and where in the line it stands.
fn call<'l>(line: &'l str, modules: &str) -> Option<(usize, &'l str)> {
    let compose = line.find("docker compose").or_else(|| line.find("docker-compose "))?;
    let mut words = line[compose..].split_ascii_whitespace();
    let argument = loop {
        match words.next()? {
            "-f" | "--file" => break words.next()?,
            word => match word.strip_prefix("--file=") {
                Some(argument) => break argument,
                // Whatever ends the command ends the search.
                None if matches!(word, "&&" | "||" | ";" | "|") => return None,
                None => {}
            },
        }
    };
    // Printing and checking start nothing.
    if words
        .any(|word| matches!(word.trim_end_matches(|c: char| !c.is_ascii_lowercase()), "config" | "convert"))
    {
        return None;
    }
    let argument = argument.trim_matches(['`', '"', '\'']);
    let below = argument.strip_prefix("./").unwrap_or(argument).strip_prefix(modules)?;
    if !below.starts_with('/') || !modules::has_yaml_name(argument) {
        return None;
    }
    let at = argument.as_ptr() as usize - line.as_ptr() as usize;
    Some((at, argument))
}

#[cfg(test)]
mod tests {
    use super::call;

    #[test]
    fn commands_that_start_a_module() {
        for (line, expected) in [
            ("docker compose -f infra/db/compose.yml up -d", Some("infra/db/compose.yml")),
            ("$ docker-compose --file=./infra/db/compose.yml up", Some("./infra/db/compose.yml")),
            ("Run `docker compose -f infra/db/compose.yml up`.", Some("infra/db/compose.yml")),
            ("docker compose -f docker-compose.yml -f infra/db/compose.yml up", None),
            ("docker compose -f infra/db/compose.yml config -q", None),
            ("docker compose up && cat -f infra/db/compose.yml", None),
            ("tail -f infra/db/compose.yml", None),
            ("docker compose -f infrastructure/compose.yml up", None),
        ] {
            assert_eq!(call(line, "infra").map(|(_, argument)| argument), expected, "{line}");
        }
    }
}
