//! HP-CFG-004: a variable that nothing sets and that has no default becomes a blank.

use std::collections::BTreeMap;

use hardpan_compose::{Hop, NodeRef, VariableSource};
use hardpan_source::Span;

use super::inputs::{self, Documentation};
use super::variables::{self, Form};
use crate::codes::Severity;
use crate::rule::{Audience, Confidence, Rule};
use crate::{Scope, ServiceId, Subject, Verdicts};

/// See `rules/variable-without-value/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-CFG-004",
    name: "variable-without-value",
    audience: Audience::Anybody,
    confidence: Confidence::High,
    since: "0.1.0",
    sources: &["compose-spec, interpolation", "Docker Compose 2.40.3"],
    doc: include_str!("../../../rules/variable-without-value/doc.md"),
    check,
};

/// One place where a blank stands.
struct Use {
    service: Option<ServiceId>,
    span: Span,
    /// In a command line, where the container's own shell may have been meant.
    is_command: bool,
}

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    let mut uses: BTreeMap<&str, Vec<Use>> = BTreeMap::new();
    let mut hashes: Vec<Use> = Vec::new();
    for service in scope.services() {
        for (attribute, value) in service.node.entries() {
            let is_command =
                matches!(attribute, "command" | "entrypoint" | "healthcheck" | "post_start" | "pre_stop");
            collect(scope, value, Some(service.id), is_command, &mut uses, &mut hashes);
        }
    }
    let root = scope.project.root();
    for section in ["networks", "volumes", "secrets", "configs", "models"] {
        if let Some(node) = root.get(section) {
            collect(scope, node, None, false, &mut uses, &mut hashes);
        }
    }
    for hash in &hashes {
        let subject = hash.service.map_or(Subject::Project, Subject::Service);
        verdicts
            .violation(subject, hash.span, "dollar signs of a password hash are taken for variables")
            .label("what stands behind each `$` is lost")
            .help("write `$$` for each `$` of the hash");
    }
    if uses.is_empty() && hashes.is_empty() {
        verdicts.satisfied(Subject::Project);
        return;
    }
    let documentation = inputs::documentation(scope);
    for (name, uses) in &mut uses {
        uses.sort_by_key(|one| (one.span.file, one.span.start));
        judge(scope, verdicts, &documentation, name, uses);
    }
}

/// Finds the blanks below a value.
fn collect<'p>(
    scope: &Scope<'p>,
    from: NodeRef<'p>,
    service: Option<ServiceId>,
    is_command: bool,
    uses: &mut BTreeMap<&'p str, Vec<Use>>,
    hashes: &mut Vec<Use>,
) {
    let mut pending = vec![from];
    while let Some(node) = pending.pop() {
        for hop in node.hops() {
            let Hop::Variable { name, set: VariableSource::Unset } = hop else { continue };
            let span = node.origin().span;
            let text = scope.files.text(span);
            if variables::has_bare_hash(&text) {
                if !hashes.iter().any(|one| one.span == span && one.service == service) {
                    hashes.push(Use { service, span, is_command });
                }
                continue;
            }
            // Only a bare reference becomes a blank that nobody asked for.
            let bare = variables::references(&text)
                .into_iter()
                .find(|reference| reference.name == &**name && reference.form == Form::Bare);
            let Some(bare) = bare else { continue };
            let offset = |at: usize| span.start + u32::try_from(at).unwrap_or(0);
            let span = Span::new(span.file, offset(bare.range.start), offset(bare.range.end));
            let known = uses.entry(name).or_default();
            if !known.iter().any(|one| one.span == span && one.service == service) {
                known.push(Use { service, span, is_command });
            }
        }
        pending.extend(node.items());
        pending.extend(node.entries().map(|(_, value)| value));
    }
}

fn judge(
    scope: &Scope<'_>,
    verdicts: &mut Verdicts<'_>,
    documentation: &Documentation,
    name: &str,
    uses: &[Use],
) {
    let Some(first) = uses.first() else { return };
    if variables::is_of_the_session(name) {
        verdicts
            .unknown(Subject::Project, first.span, format!("variable `{name}` has no value here"))
            .help("a login session sets it; a service manager or a pipeline may not");
        return;
    }
    // Somebody who has not made the env file yet knows that values are missing.
    let awaits_env_file = documentation.is_in_example(name) && !has_env_file(scope);
    let is_for_a_shell = uses.iter().all(|one| one.is_command);
    let help = if is_for_a_shell {
        format!(
            "write `$${name}` if the shell in the container is meant to see it; otherwise set `{name}` in the env file"
        )
    } else if awaits_env_file {
        format!("copy `{}` to `.env` and fill it in", example_name(scope, documentation))
    } else {
        format!("set `{name}` in the env file, give it a default, or stop without it: `${{{name}:?reason}}`")
    };
    let mut services: Vec<Option<ServiceId>> = uses.iter().map(|one| one.service).collect();
    services.sort_unstable();
    services.dedup();
    // A resource is mostly there for the services; alone it stands for the project.
    if services.len() > 1 {
        services.retain(Option::is_some);
    }
    for (at, service) in services.into_iter().enumerate() {
        let subject = service.map_or(Subject::Project, Subject::Service);
        let message = format!("variable `{name}` has no value and becomes a blank");
        let draft = verdicts.violation(subject, first.span, message);
        draft.label("blank").help(help.clone());
        if awaits_env_file {
            draft.severity(Severity::Low);
        }
        if at == 0 {
            for other in uses.iter().filter(|other| other.span != first.span) {
                draft.related(other.span, "and here");
            }
        }
    }
}

fn has_env_file(scope: &Scope<'_>) -> bool {
    scope.environment.iter().any(|(.., source)| matches!(source, VariableSource::File(_)))
}

fn example_name(scope: &Scope<'_>, documentation: &Documentation) -> String {
    documentation
        .examples
        .first()
        .map_or_else(|| ".env.example".to_owned(), |file| scope.relative(file.path()).to_owned())
}
