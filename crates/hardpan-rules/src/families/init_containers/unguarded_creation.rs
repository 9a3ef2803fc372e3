//! HP-INI-006: provisioning creates things without asking whether they are there.

use std::collections::HashSet;

use super::container_files::{Image, find_file, provided_files};
use super::creation::{Creation, creations, help_of, is_database_client};
use super::scripts::{self, Scripts, Shell, base_name, of_file};
use super::shell_lists::{Questions, program};
use super::{NOT_INIT, sql};
use crate::artifacts::shell::Options;
use crate::codes::Severity;
use crate::rule::{Audience, Confidence, Rule};
use crate::{Draft, Scope, Service, ServiceKind, Verdicts};

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
        let found = in_shells(service, scripts, verdicts) | in_sql_files(scope, service, scripts, verdicts);
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
            report(service, shell, &creation, verdicts);
        }
    }
    found
}

fn report<'v>(
    service: &Service<'_>,
    shell: &Shell<'_>,
    creation: &Creation,
    verdicts: &'v mut Verdicts<'_>,
) -> &'v mut Draft {
    let message =
        format!("cannot run twice: `{}` fails or repeats itself when it is there already", creation.what);
    verdicts.violation(service, shell.place(&creation.range), message).help(creation.help)
}

/// SQL files that are mounted, or that a client is given by `-f` or `<`; those left out that a question comes before.
fn in_sql_files<'p>(
    scope: &Scope<'p>,
    service: &Service<'p>,
    scripts: &Scripts<'p>,
    verdicts: &mut Verdicts<'_>,
) -> bool {
    let is_sql = |path: &str| path.ends_with(".sql") && !path.starts_with(FIRST_START);
    let mut files = provided_files(scope, service, &is_sql);
    let mut guarded = HashSet::new();
    let image = Image::of(scope, service);
    for shell in &scripts.shells {
        let questions = Questions::of(shell);
        for visited in shell.commands() {
            if !program(visited.command).is_some_and(is_database_client) {
                continue;
            }
            let targets = visited.command.redirects.iter().map(|redirect| &redirect.target);
            let paths = visited.command.words.iter().chain(targets).filter_map(|word| word.plain.as_deref());
            for path in paths.filter(|path| is_sql(path)) {
                let path = path.split_once('=').map_or(path, |(_, path)| path);
                if questions.decide(&visited) {
                    guarded.insert(base_name(path).to_owned());
                } else if !files.iter().any(|(known, _)| base_name(known) == base_name(path))
                    && let Some(file) = find_file(scope, service, image.as_ref(), path)
                {
                    files.push((path.to_owned(), file));
                }
            }
        }
    }
    let mut found = false;
    for (path, file) in files {
        if !guarded.contains(base_name(&path))
            && let Some(text) = of_file(scope, file, Some(Options::default()))
        {
            found |= in_sql(service, &text, Severity::High, verdicts);
        }
    }
    found
}

fn in_sql(service: &Service<'_>, text: &Shell<'_>, severity: Severity, verdicts: &mut Verdicts<'_>) -> bool {
    let creations = sql::creations(&text.text);
    let Some(first) = creations.first() else { return false };
    let more = match creations.len() - 1 {
        0 => String::new(),
        1 => ", and one more".to_owned(),
        count => format!(", and {count} more"),
    };
    let draft = verdicts.violation(
        service,
        text.place(&first.range),
        format!("cannot run twice: `CREATE {}` fails when it is there already{more}", first.kind),
    );
    draft.severity(severity).help(help_of(&first.kind));
    if severity == Severity::Medium {
        draft.label(RUNS_ONCE);
    }
    true
}

const RUNS_ONCE: &str = "runs once, while the data directory is empty";

/// What runs at the first start of a database: whether anything there is unguarded; none where nothing is mounted.
fn at_first_start<'p>(scope: &Scope<'p>, service: &Service<'p>, verdicts: &mut Verdicts<'_>) -> Option<bool> {
    let is_first =
        |path: &str| path.starts_with(FIRST_START) && (path.ends_with(".sql") || path.ends_with(".sh"));
    let mut found = None;
    for (path, file) in provided_files(scope, service, &is_first) {
        let is_sql = path.ends_with(".sql");
        let Some(text) = of_file(scope, file, is_sql.then(Options::default)) else { continue };
        let is_unguarded = if is_sql {
            in_sql(service, &text, Severity::Medium, verdicts)
        } else {
            let creations: Vec<_> =
                creations(&text).into_iter().filter(|creation| !creation.is_guarded).collect();
            for creation in &creations {
                report(service, &text, creation, verdicts).label(RUNS_ONCE).severity(Severity::Medium);
            }
            !creations.is_empty()
        };
        found = Some(found.unwrap_or(false) | is_unguarded);
    }
    found
}
