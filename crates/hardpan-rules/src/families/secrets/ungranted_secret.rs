//! HP-SCR-005: a service reads the file of a secret that is not granted to it.

use std::collections::{BTreeMap, HashSet};

use hardpan_source::{Edit, Span};

use super::programs::{Program, Shell, mounted_files, programs};
use super::taint::SECRETS;
use super::values::{Home, named_values};
use crate::artifacts::shell::{assignments, functions, loops};
use crate::codes::Severity;
use crate::rule::{Audience, Confidence, Rule};
use crate::{Grant, Repair, Safety, Scope, Service, Verdicts};

/// See `rules/ungranted-secret/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-SCR-005",
    name: "ungranted-secret",
    audience: Audience::Anybody,
    confidence: Confidence::High,
    since: "0.1.0",
    sources: &[
        "document 001, REQ-SPC-OPT-004",
        "document 002, section 4.1",
        "compose-spec, services, secrets",
    ],
    doc: include_str!("../../../rules/ungranted-secret/doc.md"),
    check,
};

/// What a service says about files of secrets.
#[derive(Default)]
struct References {
    /// The first place of each path.
    read: BTreeMap<String, Span>,
    /// Paths that are only read if they are there.
    optional: HashSet<String>,
    /// Some path is only known when it runs.
    is_dynamic: bool,
    /// All texts, to look for names in.
    texts: Vec<String>,
}

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    for service in scope.services() {
        let references = references(scope, service);
        let grants: Vec<Grant<'_>> = service.secrets().collect();
        if references.read.is_empty() && grants.is_empty() {
            verdicts.not_applicable(service, "it has no secrets and reads none");
            continue;
        }
        let before = verdicts.drafts.len();
        for (path, span) in &references.read {
            if !references.optional.contains(path) && !is_there(service, &grants, path) {
                report_missing(scope, service, &grants, path, *span, verdicts);
            }
        }
        for grant in &grants {
            report_unused(scope, service, grant, &references, verdicts);
        }
        if verdicts.drafts.len() == before {
            verdicts.satisfied(service);
        }
    }
}

/// The path of a granted secret in the container.
fn path_of(grant: &Grant<'_>) -> String {
    let file = grant.file();
    if file.starts_with('/') { file.to_owned() } else { format!("{SECRETS}/{file}") }
}

/// Whether something is at this path: a secret, or a mount at it or above.
fn is_there(service: &Service<'_>, grants: &[Grant<'_>], path: &str) -> bool {
    let is_at = |place: &str| {
        let place = place.trim_end_matches('/');
        path == place || path.strip_prefix(place).is_some_and(|rest| rest.starts_with('/'))
    };
    grants.iter().any(|grant| is_at(&path_of(grant)))
        || service.mounts().any(|mount| is_at(mount.target) && mount.target.len() > 1)
        || service.configs().any(|config| is_at(config.file()))
}

fn report_missing(
    scope: &Scope<'_>,
    service: &Service<'_>,
    grants: &[Grant<'_>],
    path: &str,
    span: Span,
    verdicts: &mut Verdicts<'_>,
) {
    let name = path.rsplit('/').next().unwrap_or(path);
    let renamed = grants.iter().find(|grant| grant.source == name);
    let is_defined = scope.resource("secrets", name).is_some();
    let fix = if is_defined && renamed.is_none() { grant_edit(scope, service, grants, name) } else { None };
    let draft = verdicts.violation(service, span, format!("reads `{path}`, a secret that is not granted"));
    draft.label("this file is not there when the container runs");
    match renamed {
        Some(grant) => {
            draft
                .related(
                    grant.node.origin().span,
                    format!("`{name}` is granted here as `{}`", path_of(grant)),
                )
                .help(format!("read `{}`, or change the target of the grant", path_of(grant)));
        }
        None if is_defined => {
            draft.help(format!("add `{name}` to `secrets` of the service"));
        }
        None => {
            draft.help(format!("define a secret `{name}` and add it to `secrets` of the service"));
        }
    }
    if let Some(edit) = fix {
        draft.fix(Safety::Safe, format!("grant `{name}`"), Repair::Edits(vec![edit]));
    }
}

/// Adds a secret to those of the service: behind the last one, or as a new list below the service's key.
fn grant_edit(scope: &Scope<'_>, service: &Service<'_>, grants: &[Grant<'_>], name: &str) -> Option<Edit> {
    let own = |span: Span| span.file == service.key.file;
    let file = scope.files.file(service.key.file);
    let text = file.text();
    let line_start = |at: usize| text[..at].rfind('\n').map_or(0, |at| at + 1);
    if let Some(last) = grants.last() {
        let span = last.node.origin().span;
        // Inherited grants stand elsewhere.
        if !own(span) || span.start < service.key.start || last.node.hops().next().is_some() {
            return None;
        }
        let before = text.get(line_start(span.start as usize)..span.start as usize)?;
        let insert = if before.trim() == "-" {
            format!("\n{before}{name}")
        } else if before.contains('[') {
            format!(", {name}")
        } else {
            return None;
        };
        return Some(Edit { span: Span::new(span.file, span.end, span.end), replacement: insert });
    }
    if service.get("secrets").is_some() {
        return None;
    }
    let key_end = service.key.end as usize;
    let rest = text.get(key_end..)?;
    let line_end = key_end + rest.find('\n')?;
    if text[key_end..line_end].trim() != ":" {
        return None;
    }
    let next = text[line_end + 1..].lines().find(|line| !line.trim().is_empty())?;
    let indent = &next[..next.len() - next.trim_start().len()];
    let at = u32::try_from(line_end).ok()?;
    Some(Edit {
        span: Span::new(service.key.file, at, at),
        replacement: format!("\n{indent}secrets: [{name}]"),
    })
}

fn report_unused(
    scope: &Scope<'_>,
    service: &Service<'_>,
    grant: &Grant<'_>,
    references: &References,
    verdicts: &mut Verdicts<'_>,
) {
    let path = path_of(grant);
    let name = path.rsplit('/').next().unwrap_or(&path);
    let is_named = references.read.contains_key(&path)
        || references.texts.iter().any(|text| text.contains(name) || text.contains(grant.source));
    if references.is_dynamic || is_named {
        return;
    }
    let missing = service.mounts().any(|mount| {
        mount.kind == "bind" && mount.source.is_some_and(|source| scope.files.kind(source).is_none())
    });
    // A program of one's own reads its secrets in its own code, and what is not there cannot be looked into.
    if service.get("build").is_some() || missing || programs_unseen(scope, service) {
        verdicts
            .unknown(
                service,
                grant.node,
                format!("whether the program reads `{path}` is not said in the project's files"),
            )
            .severity(Severity::Low);
        return;
    }
    verdicts
        .violation(
            service,
            grant.node,
            format!("is granted `{path}`, which nothing in the project's files reads"),
        )
        .severity(Severity::Low)
        .label("granted here")
        .help("remove the grant, or name the file where the program is told of it");
}

/// Whether the service runs a script that is not among the files at hand.
fn programs_unseen(scope: &Scope<'_>, service: &Service<'_>) -> bool {
    let mounted = mounted_files(scope, service);
    ["entrypoint", "command"].into_iter().flat_map(|path| service.words(path)).any(|word| {
        word.as_str().is_some_and(|word| {
            word.ends_with(".sh") && !word.contains(' ') && !mounted.iter().any(|file| file.target == word)
        })
    })
}

fn references<'p>(scope: &Scope<'p>, service: &Service<'p>) -> References {
    let mut references = References::default();
    for named in named_values(scope, service) {
        if matches!(named.home, Home::Environment | Home::EnvFile) {
            let text = if named.value.is_empty() { &named.written } else { &named.value };
            let span = named.span;
            references.collect(text, "/run/secrets/", |_| span);
            references.texts.push(named.value.clone());
        }
    }
    for program in programs(scope, service) {
        match &program {
            Program::Shell(shell) => references.collect_shell(shell),
            Program::Arguments(arguments) => {
                for argument in arguments {
                    references.collect(&argument.written.text, "/run/secrets/", |_| argument.span);
                    references.texts.push(argument.written.text.clone());
                }
            }
        }
    }
    for mounted in mounted_files(scope, service) {
        let file = &mounted.file;
        // Scripts that are run were looked at above; others may be run by the image.
        let is_script = file.text().starts_with("#!");
        if !is_script {
            let text = without_comments(file.text());
            references.collect(&text, "/run/secrets/", |range| file.span(range));
        }
        references.texts.push(file.text().to_owned());
    }
    references
}

/// The text with blanks in the place of whole-line comments, so that offsets stay.
fn without_comments(text: &str) -> String {
    text.split_inclusive('\n')
        .map(
            |line| {
                if line.trim_start().starts_with(['#', ';']) {
                    " ".repeat(line.len())
                } else {
                    line.to_owned()
                }
            },
        )
        .collect()
}

impl References {
    /// Notes the paths that begin like this.
    fn collect(&mut self, text: &str, prefix: &str, span: impl Fn(std::ops::Range<usize>) -> Span) {
        for (at, _) in text.match_indices(prefix) {
            let from = at + prefix.len();
            let rest = &text[from..];
            let len = rest
                .find(|sign: char| !sign.is_ascii_alphanumeric() && !"._-/".contains(sign))
                .unwrap_or(rest.len());
            let name = rest[..len].trim_end_matches(['.', '/']);
            let next = rest[len..].chars().next();
            if matches!(next, Some('$' | '*' | '{' | '?' | '%' | '<')) || name.is_empty() {
                // The folder alone, or a name that is only known when it runs.
                self.is_dynamic = true;
                continue;
            }
            let path = format!("{SECRETS}/{name}");
            if is_tested(text, at) {
                self.optional.insert(path.clone());
            }
            self.read.entry(path).or_insert_with(|| span(at..from + name.len()));
        }
    }

    fn collect_shell(&mut self, shell: &Shell) {
        let text = without_comments(shell.text());
        self.texts.push(text.clone());
        let mut prefixes = vec!["/run/secrets/".to_owned()];
        for (_, script) in shell.scripts() {
            for site in assignments(script) {
                let value = site.assignment.value.plain.as_deref().map(|value| value.trim_end_matches('/'));
                if value == Some(SECRETS) {
                    let name = &site.assignment.name;
                    prefixes.extend([format!("${name}/"), format!("${{{name}}}/")]);
                }
            }
        }
        for prefix in &prefixes {
            self.collect(&text, prefix, |range| shell.text_span(&range));
        }
        for (unit, script) in shell.scripts() {
            for node in loops(script) {
                let Some(variable) = &node.node.variable else { continue };
                let body = text.get(shell.range(unit, &node.node.range)).unwrap_or_default();
                if !has_path(body, &prefixes, variable) {
                    continue;
                }
                for word in &node.node.words {
                    if let Some(name) = word.plain.as_deref().filter(|name| is_file_name(name)) {
                        self.add_named(shell, unit, name, &word.range);
                    }
                }
            }
            let readers: HashSet<&str> = functions(script)
                .into_iter()
                .filter(|function| {
                    let body = text.get(shell.range(unit, &function.range)).unwrap_or_default();
                    has_path(body, &prefixes, "1")
                })
                .map(|function| function.name.as_str())
                .collect();
            for visited in shell.commands(unit) {
                let command = visited.command;
                if command.name().is_some_and(|name| readers.contains(name))
                    && let Some(word) = command.arguments().first()
                    && let Some(name) = word.plain.as_deref().filter(|name| is_file_name(name))
                {
                    self.add_named(shell, unit, name, &word.range);
                }
            }
        }
    }

    fn add_named(&mut self, shell: &Shell, unit: usize, name: &str, range: &std::ops::Range<usize>) {
        self.read.entry(format!("{SECRETS}/{name}")).or_insert_with(|| shell.span(unit, range));
    }
}

/// Whether the text reads a file of this variable's name below the folder of secrets.
fn has_path(text: &str, prefixes: &[String], variable: &str) -> bool {
    prefixes.iter().any(|prefix| {
        text.contains(&format!("{prefix}${variable}")) || text.contains(&format!("{prefix}${{{variable}}}"))
    })
}

fn is_file_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|sign| sign.is_ascii_alphanumeric() || "._-".contains(sign))
}

/// Whether the path stands behind a test such as `[ -f`.
fn is_tested(text: &str, at: usize) -> bool {
    let before = text[..at].trim_end_matches(['"', '\'']).trim_end();
    ["-f", "-r", "-s", "-e"].iter().any(|test| {
        before
            .strip_suffix(test)
            .is_some_and(|rest| rest.ends_with([' ', '[', '!']) && rest.trim_end().ends_with(['[', '!', 't']))
    })
}
