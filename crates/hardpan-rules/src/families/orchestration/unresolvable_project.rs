//! HP-ORC-003: Docker Compose refuses the project.

use std::collections::HashSet;
use std::sync::Arc;

use hardpan_compose::NodeRef;
use hardpan_diag::{Diagnostic, Severity};
use hardpan_source::{Edit, FileId, SourceFile, Span};

use super::raw;
use crate::finding::{Draft, Place, Subject};
use crate::rule::{Audience, Confidence, Rule};
use crate::{Repair, Safety, Scope, Service, Verdicts};

/// See `rules/unresolvable-project/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-ORC-003",
    name: "unresolvable-project",
    audience: Audience::Anybody,
    confidence: Confidence::High,
    since: "0.1.0",
    sources: &["document 001, VAL-OPT-001", "document 002, VAL-AUTO-001", "Docker Compose 2.40.3"],
    doc: include_str!("../../../rules/unresolvable-project/doc.md"),
    check,
};

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    let errors: Vec<&Diagnostic> =
        errors(scope.diagnostics).into_iter().filter(|one| !is_of_alternatives(scope, one)).collect();
    if errors.is_empty() {
        verdicts.satisfied(Subject::Project);
    }
    let holders = |text| holders(scope, text);
    report(&errors, scope.services(), &holders, &|id| scope.files.file(id), verdicts, &|error, draft| {
        remove_external(scope, error, draft);
    });
}

/// A module that declares as external what the root declares itself needs no declaration at all.
fn remove_external(scope: &Scope<'_>, error: &Diagnostic, draft: &mut Draft) {
    let (Some(imported), [known]) = (span_of(error), error.related.as_slice()) else { return };
    if error.code.0 != "compose::include-conflict" {
        return;
    }
    let Some((count, value)) = definition(scope, imported) else { return };
    let is_external = |value: Span| scope.files.text(value).contains("external: true");
    let root_declares = definition(scope, known.span).is_some_and(|(_, value)| !is_external(value));
    // A section that is left empty is a new mistake.
    if is_external(value)
        && root_declares
        && count > 1
        && let Some(lines) = raw::lines(&scope.files.file(imported.file), imported, value)
    {
        let repair = Repair::Edits(vec![Edit { span: lines, replacement: String::new() }]);
        draft.fix(Safety::Safe, "remove the second declaration", repair);
    }
}

/// How many definitions stand in the top-level section of the one with that key, and its value.
fn definition(scope: &Scope<'_>, key: Span) -> Option<(usize, Span)> {
    let file = scope.files.read(scope.files.file(key.file).path())?;
    let mut found = raw::root(&file)?.entries().filter_map(|(_, _, section)| {
        let value = section.entries().find(|(_, span, _)| *span == key)?.2.span();
        Some((section.entries().count(), value))
    });
    found.next()
}

/// As the rule does, where so little could be read that there is no model to look at.
pub(crate) fn check_unloaded(
    diagnostics: &[Diagnostic],
    file: &dyn Fn(FileId) -> Arc<SourceFile>,
    verdicts: &mut Verdicts<'_>,
) {
    report(&errors(diagnostics), &[], &|_| Vec::new(), file, verdicts, &|_, _| {});
}

/// The errors that a person has to look at, each problem once.
fn errors(diagnostics: &[Diagnostic]) -> Vec<&Diagnostic> {
    let errors: Vec<&Diagnostic> = diagnostics.iter().filter(|one| one.severity == Severity::Error).collect();
    // Several stages stumble over a value of the wrong type; the schema says it best.
    let has_schema_error = |span: Span| {
        errors.iter().any(|other| other.code.0.starts_with("schema::") && span_of(other) == Some(span))
    };
    let breaks_extends = errors.iter().any(|error| error.code.0.starts_with("compose::extends-"));
    let mut cast = HashSet::new();
    errors
        .iter()
        .copied()
        .filter(|error| match (error.code.0, span_of(error)) {
            ("compose::invalid-value" | "compose::invalid-item", Some(span)) => {
                !has_schema_error(span)
                    && !errors
                        .iter()
                        .any(|other| other.code.0 == "interpolation::cast" && span_of(other) == Some(span))
            }
            ("interpolation::cast", Some(span)) => !has_schema_error(span) && cast.insert(span),
            // A service that could not inherit its image is no second problem.
            ("compose::no-image", _) => !breaks_extends,
            _ => true,
        })
        .collect()
}

fn span_of(error: &Diagnostic) -> Option<Span> {
    error.primary.as_ref().map(|label| label.span)
}

fn report(
    errors: &[&Diagnostic],
    services: &[Service<'_>],
    holders: &dyn Fn(Span) -> Vec<Subject>,
    file: &dyn Fn(FileId) -> Arc<SourceFile>,
    verdicts: &mut Verdicts<'_>,
    repair: &dyn Fn(&Diagnostic, &mut Draft),
) {
    let mut conflicting: HashSet<FileId> = HashSet::new();
    let mut unnamed = HashSet::new();
    for error in errors {
        if let Some(span) = span_of(error)
            && error.code.0.starts_with("yaml::")
        {
            if conflicting.contains(&span.file) {
                continue;
            }
            let markers = conflicts(&file(span.file), span.file);
            if !markers.is_empty() {
                conflicting.insert(span.file);
                for (begin, end) in markers {
                    verdicts
                        .violation(Subject::File(file(span.file).path().to_owned()), begin, CONFLICT)
                        .label("the conflict begins here")
                        .related(end, "and ends here")
                        .help("keep one side and remove the marker lines");
                }
                continue;
            }
        }
        let (named, message) = subject(services, &error.message);
        // The same text may be shared by services, each of which has brought its own error.
        if named.is_none() && !unnamed.insert((span_of(error), message.clone())) {
            continue;
        }
        let mut subjects: Vec<Subject> = match (named, span_of(error)) {
            (Some(service), _) => vec![service.into()],
            (None, Some(span)) => holders(span),
            (None, None) => Vec::new(),
        };
        if subjects.is_empty() {
            subjects.push(Subject::Project);
        }
        for subject in subjects {
            let place = span_of(error).map_or(Place::Nowhere, Place::from);
            describe(error, verdicts.violation(subject, place, message.clone()), repair);
        }
    }
}

fn describe(error: &Diagnostic, draft: &mut Draft, repair: &dyn Fn(&Diagnostic, &mut Draft)) {
    if let Some(label) = &error.primary {
        draft.label(label.text.clone());
    }
    for label in &error.related {
        draft.related(label.span, label.text.clone());
    }
    if let Some(help) = &error.help {
        draft.help(help.clone());
    }
    repair(error, draft);
}

/// The services that a text is part of the definition of.
fn holders(scope: &Scope<'_>, text: Span) -> Vec<Subject> {
    let services = scope.services().iter();
    let found: Vec<Subject> = services.filter(|one| has(one.node, text)).map(Subject::from).collect();
    if !found.is_empty() {
        return found;
    }
    // What could not be read, such as an env file, is no longer part of the resolved service.
    let Some(file) = scope.files.read(scope.files.file(text.file).path()) else { return Vec::new() };
    let services = raw::root(&file).and_then(|root| root.get("services"));
    let written = services.into_iter().flat_map(|services| services.entries());
    let holders = written.filter(|(_, _, service)| {
        let env_file = service.get("env_file").map(|value| value.span());
        contains(service.span(), text) || env_file.is_some_and(|span| contains(span, text))
    });
    holders.filter_map(|(name, ..)| scope.service(name)).map(Subject::from).collect()
}

fn contains(whole: Span, part: Span) -> bool {
    whole.file == part.file && whole.start <= part.start && part.end <= whole.end
}

/// Whether a text is part of a value.
fn has(node: NodeRef<'_>, text: Span) -> bool {
    contains(node.origin().span, text)
        || node.items().any(|item| has(item, text))
        || node.entries().any(|(_, value)| has(value, text))
}

const CONFLICT: &str = "a merge conflict is not resolved";

/// Where version control has left its markers: begin and end of each conflict.
fn conflicts(file: &SourceFile, id: FileId) -> Vec<(Span, Span)> {
    let (mut found, mut begin, mut offset) = (Vec::new(), None, 0_u32);
    for line in file.text().split_inclusive('\n') {
        let length = u32::try_from(line.trim_end().len()).unwrap_or(0);
        let span = Span::new(id, offset, offset + length);
        if line.starts_with("<<<<<<< ") {
            begin = Some(span);
        } else if line.starts_with(">>>>>>> ")
            && let Some(begin) = begin.take()
        {
            found.push((begin, span));
        }
        offset = offset.saturating_add(u32::try_from(line.len()).unwrap_or(0));
    }
    found
}

/// The service that the reference's message is about, and the message without its name.
fn subject<'s, 'p>(services: &'s [Service<'p>], message: &str) -> (Option<&'s Service<'p>>, String) {
    let message = message.strip_suffix(": invalid compose project").unwrap_or(message);
    // How the reference has looked for a file tells nothing more.
    let message = message.find(": stat ").map_or(message, |at| &message[..at]);
    let quoted = message.strip_prefix("service \"").and_then(|rest| rest.split_once("\" "));
    if let Some((name, rest)) = quoted {
        let service = services.iter().find(|service| service.name == name);
        return (service, if service.is_some() { rest.to_owned() } else { message.to_owned() });
    }
    let plain = message.strip_prefix("service ").and_then(|rest| rest.split_once(' '));
    if let Some((name, rest)) = plain
        && let Some(service) = services.iter().find(|service| service.name == name)
    {
        return (Some(service), rest.to_owned());
    }
    // Names may have dots in them: the longest that fits is meant.
    let message = message.strip_prefix("error while interpolating ").unwrap_or(message);
    let rest = message.strip_prefix("services.").unwrap_or_default();
    let named = services.iter().filter_map(|service| {
        let rest = rest.strip_prefix(service.name)?;
        let is_whole = rest.starts_with(['.', ':', ' ']);
        is_whole.then(|| (service, rest.trim_start_matches(['.', ':', ' ']).to_owned()))
    });
    match named.max_by_key(|(service, _)| service.name.len()) {
        Some((service, rest)) => (Some(service), rest),
        None => (None, message.to_owned()),
    }
}

/// Whether two services share a container name that no choice of one profile enables together. All profiles are enabled
/// to see all of the project; Docker Compose would not refuse what people start.
fn is_of_alternatives(scope: &Scope<'_>, error: &Diagnostic) -> bool {
    if error.code.0 != "compose::container-name" {
        return false;
    }
    let spans = error.primary.iter().chain(&error.related).map(|label| label.span);
    let named = |span| {
        scope.services().iter().filter(move |service| {
            service.get("container_name").is_some_and(|node| node.origin().span == span)
        })
    };
    let mut services: Vec<&Service<'_>> = spans.flat_map(named).collect();
    services.sort_by_key(|service| service.id);
    services.dedup_by_key(|service| service.id);
    // A profile that nobody is meant to choose tells nothing.
    let chosen = |service: &Service<'_>| -> Vec<String> {
        let profiles =
            service.profiles().filter(|profile| !matches!(*profile, "none" | "never" | "disabled"));
        profiles.map(str::to_owned).collect()
    };
    services.len() > 1
        && services.iter().enumerate().all(|(at, one)| {
            let own = chosen(one);
            services[at + 1..].iter().all(|other| {
                let is_behind_profiles = one.profiles().next().is_some() && other.profiles().next().is_some();
                is_behind_profiles && !chosen(other).iter().any(|profile| own.contains(profile))
            })
        })
}
