//! HP-RES-002: a service sets its own limits instead of inheriting those of the shared template.

use hardpan_compose::syntax::size;
use hardpan_compose::{Hop, NodeRef};
use hardpan_source::Span;

use super::bound::{self, Bound};
use crate::codes::Severity;
use crate::rule::{Audience, Confidence, Rule};
use crate::{Scope, ServiceKind, Verdicts};

/// See `rules/bounds-outside-template/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-RES-002",
    name: "bounds-outside-template",
    audience: Audience::House,
    confidence: Confidence::High,
    since: "0.1.0",
    sources: &["document 001, REQ-SPC-OPT-002", "document 001, section 4.1"],
    doc: include_str!("../../../rules/bounds-outside-template/doc.md"),
    check,
};

/// Where a limit comes from.
enum Source {
    /// The shared template file.
    Template,
    /// The service's own text; it takes the place of a template's higher limit.
    Stricter,
    /// An anchor of the service's file.
    Anchor,
    /// The service's own text, or a template elsewhere.
    Elsewhere,
}

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    let template = scope.policy.parameters.template_file.as_str();
    for service in scope.services() {
        if service.kind != ServiceKind::LongRunning {
            verdicts.not_applicable(service, "only long-running services have to be bounded");
            continue;
        }
        let limits: Vec<(&str, NodeRef<'_>, Source)> =
            [("memory", bound::memory(service)), ("CPU", bound::cpus(service))]
                .into_iter()
                .filter_map(|(name, bound)| match bound {
                    Bound::Stated(node, amount) => Some((name, node, source(scope, template, node, amount))),
                    _ => None,
                })
                .collect();
        if limits.is_empty() {
            verdicts.not_applicable(service, "has no limits; HP-RES-001 says so");
            continue;
        }
        let strays: Vec<_> =
            limits.iter().filter(|(_, _, source)| !matches!(source, Source::Template)).collect();
        let Some((_, first, _)) = strays.first() else {
            verdicts.satisfied(service);
            continue;
        };
        let names: Vec<&str> = strays.iter().map(|(name, _, _)| *name).collect();
        let what = match names.as_slice() {
            [name] => format!("{name} limit does"),
            _ => format!("{} limits do", names.join(" and ")),
        };
        let file = &scope.policy.parameters.template_file;
        let draft =
            verdicts.violation(service, *first, format!("{what} not come from the template file `{file}`"));
        draft
            .label("set here")
            .help(format!("extend a template of `{file}` that has the limits this service needs"));
        for (name, node, _) in strays.iter().skip(1) {
            draft.related(node.origin().span, format!("the {name} limit is set here"));
        }
        if strays.iter().all(|(_, _, source)| matches!(source, Source::Stricter)) {
            draft.severity(Severity::Info);
        } else if strays.iter().all(|(_, _, source)| matches!(source, Source::Stricter | Source::Anchor)) {
            draft.severity(Severity::Low);
        }
    }
}

fn source(scope: &Scope<'_>, template: &str, node: NodeRef<'_>, amount: f64) -> Source {
    // A module may be checked alone, from below the folder that the template's path starts at.
    let is_template = |span: Span| {
        let file = scope.files.file(span.file);
        file.path().strip_suffix(template).is_some_and(|folder| folder.is_empty() || folder.ends_with('/'))
    };
    let inherited = node.hops().any(|hop| matches!(hop, Hop::Extends { key, .. } if is_template(*key)));
    if is_template(node.origin().span) || inherited {
        return Source::Template;
    }
    let overridden = node.hops().find_map(|hop| match hop {
        Hop::Overrides { at } if is_template(*at) => Some(*at),
        _ => None,
    });
    if overridden.and_then(|at| amount_at(scope, at)).is_some_and(|of_template| amount <= of_template) {
        return Source::Stricter;
    }
    if node.hops().any(|hop| matches!(hop, Hop::Alias { .. } | Hop::Merge { .. })) {
        return Source::Anchor;
    }
    Source::Elsewhere
}

/// The size or number that is written at a place.
fn amount_at(scope: &Scope<'_>, span: Span) -> Option<f64> {
    let text = scope.files.text(span);
    let text = text.trim_matches(['"', '\'']);
    text.parse().ok().or_else(|| size::parse(text).ok().map(|bytes| bytes as f64))
}
