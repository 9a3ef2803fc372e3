//! HP-INI-006: provisioning creates things without asking whether they are there.

use hardpan_compose::PathKind;

use super::container_files::{ContainerFile, Image, find_file};
use super::creation::{creations, help_of, is_database_client};
use super::scripts::{self, Scripts, of_file};
use super::shell_lists::{Questions, program};
use super::{NOT_INIT, sql};
use crate::codes::Severity;
use crate::files::TextFile;
use crate::rule::{Audience, Confidence, Rule};
use crate::{Mount, Scope, Service, ServiceKind, Verdicts};

/// See `rules/unguarded-creation/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-INI-006",
    name: "unguarded-creation",
    audience: Audience::Anybody,
    confidence: Confidence::Medium,
    since: "0.1.0",
    sources: &["document 002, REQ-SPC-AUTO-001", "document 002, section 6"],
    doc: include_str!("../../../rules/unguarded-creation/doc.md"),
    check,
};

/// Where images of databases look for what to run when their data directory is empty.
const FIRST_START: &str = "/docker-entrypoint-initdb.d";

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    for service in scope.services() {
        let first = at_first_start(scope, service, verdicts);
        if service.kind != ServiceKind::Init {
            match first {
                Some(true) => {}
                Some(false) => verdicts.satisfied(service),
                None => verdicts.not_applicable(service, NOT_INIT),
            }
            continue;
        }
        let scripts = scripts::of(scope, service);
        let found = in_shells(service, &scripts, verdicts) | in_sql_files(scope, service, &scripts, verdicts);
        if found || first == Some(true) {
            continue;
        }
        if scripts.is_opaque || scripts.is_direct {
            let message = match scripts.is_opaque {
                true => "whether it can run again is in its image",
                false => "whether it can run again depends on its program",
            };
            verdicts.unknown(service, service, message);
        } else {
            verdicts.satisfied(service);
        }
    }
}

fn in_shells(service: &Service<'_>, scripts: &Scripts<'_>, verdicts: &mut Verdicts<'_>) -> bool {
    let mut found = false;
    for shell in &scripts.shells {
        for creation in creations(shell).into_iter().filter(|creation| !creation.is_guarded) {
            found = true;
            verdicts
                .violation(
                    service,
                    shell.place(&creation.range),
                    format!(
                        "cannot run twice: `{}` fails or repeats itself when it is there already",
                        creation.what
                    ),
                )
                .help(creation.help);
        }
    }
    found
}

/// SQL files that a client is given, by `-f`, `<` or `source`.
fn in_sql_files<'p>(
    scope: &Scope<'p>,
    service: &Service<'p>,
    scripts: &Scripts<'p>,
    verdicts: &mut Verdicts<'_>,
) -> bool {
    let mut found = false;
    let image = Image::of(scope, service);
    for shell in &scripts.shells {
        let questions = Questions::of(shell);
        for visited in shell.commands() {
            if !program(visited.command).is_some_and(is_database_client) || questions.decide(&visited) {
                continue;
            }
            let targets = visited.command.redirects.iter().map(|redirect| &redirect.target);
            for word in visited.command.words.iter().chain(targets) {
                let Some(path) = word.plain.as_deref().filter(|path| path.ends_with(".sql")) else {
                    continue;
                };
                let path = path.split_once('=').map_or(path, |(_, path)| path);
                let Some(ContainerFile::Disk { file, .. }) = find_file(scope, service, image.as_ref(), path)
                else {
                    continue;
                };
                found |= in_sql(service, &file, Severity::High, verdicts);
            }
        }
    }
    found
}

fn in_sql(service: &Service<'_>, file: &TextFile, severity: Severity, verdicts: &mut Verdicts<'_>) -> bool {
    let creations = sql::creations(file.text());
    let Some(first) = creations.first() else { return false };
    let more = match creations.len() - 1 {
        0 => String::new(),
        1 => ", and one more".to_owned(),
        count => format!(", and {count} more"),
    };
    let draft = verdicts.violation(
        service,
        file.span(first.range.clone()),
        format!("cannot run twice: `CREATE {}` fails when it is there already{more}", first.kind),
    );
    draft.severity(severity).help(help_of(&first.kind));
    if severity == Severity::Medium {
        draft.label("runs once, while the data directory is empty");
    }
    true
}

/// What runs at the first start of a database: whether anything there is unguarded; none where nothing is mounted.
fn at_first_start(scope: &Scope<'_>, service: &Service<'_>, verdicts: &mut Verdicts<'_>) -> Option<bool> {
    let mounts: Vec<Mount<'_>> = service
        .mounts()
        .filter(|mount| mount.kind == "bind" && mount.target.starts_with(FIRST_START))
        .collect();
    let mut paths = Vec::new();
    for mount in &mounts {
        let Some(source) = mount.source else { continue };
        match scope.files.kind(source) {
            Some(PathKind::File) => paths.push(source.to_owned()),
            Some(PathKind::Directory) => {
                let entries = scope.files.list(source).into_iter();
                let files = entries.filter(|(_, kind)| *kind == PathKind::File).take(FILES_MAX);
                paths.extend(files.map(|(name, _)| format!("{}/{name}", source.trim_end_matches('/'))));
            }
            None => {}
        }
    }
    let grants = service.configs().filter(|grant| grant.file().starts_with(FIRST_START));
    for grant in grants {
        let file = scope.resource("configs", grant.source).and_then(|config| config.get("file")?.as_str());
        paths.extend(file.map(str::to_owned));
    }
    let mut found = None;
    for path in paths {
        let Some(file) = scope.files.read(&path) else { continue };
        let is_unguarded = if path.ends_with(".sql") {
            in_sql(service, &file, Severity::Medium, verdicts)
        } else if path.ends_with(".sh") {
            let file = ContainerFile::Disk { file, asked_for: None };
            let Some(shell) = of_file(scope, file, None) else { continue };
            let creations = creations(&shell);
            for creation in creations.iter().filter(|creation| !creation.is_guarded) {
                verdicts
                    .violation(
                        service,
                        shell.place(&creation.range),
                        format!(
                            "cannot run twice: `{}` fails or repeats itself when it is there already",
                            creation.what
                        ),
                    )
                    .label("runs once, while the data directory is empty")
                    .severity(Severity::Medium)
                    .help(creation.help);
            }
            creations.iter().any(|creation| !creation.is_guarded)
        } else {
            continue;
        };
        found = Some(found.unwrap_or(false) | is_unguarded);
    }
    found
}

/// As many files of a folder are looked into.
const FILES_MAX: usize = 64;
