//! HP-HLT-003: a service does not wait until what it depends on is of use.

use hardpan_compose::{Hop, NodeRef};
use hardpan_source::yaml::{Document, Kind, NodeIndex};
use hardpan_source::{Edit, Span};

use super::state::{Health, health};
use crate::finding::Place;
use crate::rule::{Audience, Confidence, Rule};
use crate::{Dependency, Names, Repair, Safety, Scope, Service, ServiceKind, Verdicts};

/// See `rules/unstated-dependency-condition/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-HLT-003",
    name: "unstated-dependency-condition",
    audience: Audience::Anybody,
    confidence: Confidence::High,
    since: "0.1.0",
    sources: &["document 001, section 7", "compose-spec, services, depends_on"],
    doc: include_str!("../../../rules/unstated-dependency-condition/doc.md"),
    check,
};

const STARTED: &str = "service_started";
const HEALTHY: &str = "service_healthy";
const COMPLETED: &str = "service_completed_successfully";

/// Dependencies of one service that are written in one list, or one entry without a condition.
struct Unstated<'p> {
    /// What stands for all of them.
    key: Span,
    /// Where it travelled.
    way: NodeRef<'p>,
    list: Option<List>,
    names: Vec<String>,
}

/// A list of `depends_on` as it is written.
struct List {
    /// The key it belongs to.
    key: Span,
    span: Span,
    items: Vec<Span>,
}

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    for service in scope.services() {
        let (mut is_kept, mut is_written) = (true, false);
        let mut unstated: Vec<Unstated<'_>> = Vec::new();
        for dependency in service.depends_on().filter(|dependency| !is_implied(dependency)) {
            is_written = true;
            if is_unstated(&dependency) {
                collect(scope, service, &dependency, &mut unstated);
            } else {
                is_kept &= judge(scope, service, &dependency, verdicts);
            }
        }
        for group in &unstated {
            is_kept = false;
            report(scope, service, group, verdicts);
        }
        match (is_written, is_kept) {
            (false, _) => verdicts.not_applicable(service, "depends on no other service"),
            (true, true) => verdicts.satisfied(service),
            (true, false) => {}
        }
    }
}

/// Links, shared namespaces and `volumes_from` are dependencies that nobody wrote.
fn is_implied(dependency: &Dependency<'_>) -> bool {
    dependency.node.get("restart").is_some_and(has_implied)
}

fn is_unstated(dependency: &Dependency<'_>) -> bool {
    dependency.node.get("condition").is_none_or(has_implied)
}

fn has_implied(node: NodeRef<'_>) -> bool {
    node.hops().any(|hop| matches!(hop, Hop::Implied { .. }))
}

/// The condition that makes the target of use.
fn wanted(scope: &Scope<'_>, target: &Service<'_>) -> &'static str {
    if target.kind == ServiceKind::Init {
        COMPLETED
    } else if health(scope, target).is_declared() {
        HEALTHY
    } else {
        STARTED
    }
}

/// Judges a condition that is written. True if it is the one wanted.
fn judge(
    scope: &Scope<'_>,
    service: &Service<'_>,
    dependency: &Dependency<'_>,
    verdicts: &mut Verdicts<'_>,
) -> bool {
    // A service that does not exist is for HP-ORC-003 to say.
    let Some(target) = scope.service(dependency.service) else { return true };
    let Some(condition) = dependency.node.get("condition") else { return true };
    let wanted = wanted(scope, target);
    let name = target.name;
    let message = match (wanted, dependency.condition) {
        (COMPLETED, found) if found != COMPLETED => {
            format!("waits for `{found}` of `{name}`, which ends by itself: expected `{COMPLETED}`")
        }
        (HEALTHY, STARTED) => format!("waits only until `{name}` has started, which has a healthcheck"),
        _ => return true,
    };
    let draft = verdicts.violation(service, condition, message);
    draft.help(format!("wait for `{wanted}`")).fix(
        Safety::Safe,
        format!("wait for `{wanted}` of `{name}`"),
        Repair::Replace { value: wanted.to_owned() },
    );
    match health(scope, target) {
        Health::Tested(test) if wanted == HEALTHY => {
            draft.related(test.origin().span, "its healthcheck");
        }
        Health::Built(span) if wanted == HEALTHY => {
            draft.related(span, "its healthcheck");
        }
        _ => {}
    }
    false
}

/// Puts a dependency to the others of its list.
fn collect<'p>(
    scope: &Scope<'p>,
    service: &Service<'p>,
    dependency: &Dependency<'p>,
    groups: &mut Vec<Unstated<'p>>,
) {
    let item = service
        .node
        .get("depends_on")
        .and_then(|all| all.key_span(dependency.service))
        .unwrap_or(dependency.node.origin().span);
    let name = dependency.service.to_owned();
    let known =
        groups.iter_mut().find(|group| group.list.as_ref().is_some_and(|list| list.items.contains(&item)));
    if let Some(group) = known {
        return group.names.push(name);
    }
    let list = list_of(scope, item);
    let key = list.as_ref().map_or(item, |list| list.key);
    groups.push(Unstated { key, way: dependency.node, list, names: vec![name] });
}

fn report(scope: &Scope<'_>, service: &Service<'_>, group: &Unstated<'_>, verdicts: &mut Verdicts<'_>) {
    let place = match Place::from(group.way) {
        Place::At { way, .. } => Place::At { span: group.key, way },
        place => place,
    };
    let wanted: Vec<Option<(&str, &str)>> = group
        .names
        .iter()
        .map(|name| scope.service(name).map(|target| (target.name, wanted(scope, target))))
        .collect();
    let entries: Vec<String> =
        wanted.iter().flatten().map(|(name, wanted)| format!("{name}: {{condition: {wanted}}}")).collect();
    let message = format!("depends on {} without a condition", Names(&group.names));
    let draft = verdicts.violation(service, place, message);
    draft.label("waits only until containers have started");
    if !entries.is_empty() {
        draft.help(format!("write a map: `{{{}}}`", entries.join(", ")));
    }
    // Every item has to be known, or the list cannot become a map.
    if let Some(list) = &group.list
        && wanted.iter().all(Option::is_some)
        && list.items.len() == group.names.len()
    {
        let conditions: Vec<(Span, &str)> = list
            .items
            .iter()
            .filter_map(|item| {
                let text = scope.files.text(*item);
                let name = text.trim_matches(['"', '\'']);
                wanted.iter().flatten().find(|(known, _)| *known == name).map(|(_, wanted)| (*item, *wanted))
            })
            .collect();
        if conditions.len() == list.items.len()
            && let Some(edits) = map_edits(scope, list, &conditions)
        {
            draft.fix(Safety::Safe, "state what is waited for", Repair::Edits(edits));
        }
    }
}

/// The list that has an item at this place.
fn list_of(scope: &Scope<'_>, item: Span) -> Option<List> {
    let path = scope.files.file(item.file).path().to_owned();
    let file = scope.files.read(&path)?;
    file.yaml().documents.iter().find_map(|document| list_in(document, item))
}

fn list_in(document: &Document, item: Span) -> Option<List> {
    let mut at = document.root()?;
    let mut key = None;
    // Spans nest, so each step goes down to the child around the item; the depth of a text is bounded by its parser.
    loop {
        let around = |index: &NodeIndex| {
            let span = document.node(*index).span;
            span.start <= item.start && item.end <= span.end
        };
        match &document.node(at).kind {
            Kind::Mapping(entries) => {
                let (name, value) = entries.iter().find(|(_, value)| around(value))?;
                key = Some(document.node(*name).span);
                at = *value;
            }
            Kind::Sequence(items) => {
                let spans: Vec<Span> = items.iter().map(|index| document.node(*index).span).collect();
                if spans.contains(&item) {
                    return Some(List { key: key?, span: document.node(at).span, items: spans });
                }
                at = *items.iter().find(|index| around(index))?;
            }
            Kind::Scalar(_) | Kind::Alias { .. } => return None,
        }
    }
}

/// Turns a list into a map, item by item, so that comments stay.
fn map_edits(scope: &Scope<'_>, list: &List, conditions: &[(Span, &str)]) -> Option<Vec<Edit>> {
    let path = scope.files.file(list.span.file).path().to_owned();
    let file = scope.files.read(&path)?;
    let text = file.text();
    let place = |start: usize, end: usize| file.span(start..end);
    let (start, end) = (list.span.start as usize, list.span.end as usize);
    if text.get(start..end)?.starts_with('[') {
        let mut edits = vec![
            Edit { span: place(start, start + 1), replacement: "{".to_owned() },
            Edit { span: place(end.checked_sub(1)?, end), replacement: "}".to_owned() },
        ];
        for (item, condition) in conditions {
            let name = scope.files.text(*item);
            edits.push(Edit { span: *item, replacement: format!("{name}: {{condition: {condition}}}") });
        }
        return Some(edits);
    }
    let column = |at: usize| at - text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let key_column = column(list.key.start as usize);
    let mut edits = Vec::new();
    for (item, condition) in conditions {
        let before = text.get(..item.start as usize)?;
        let dash = before.trim_end_matches(' ').strip_suffix('-')?.len();
        // A list may stand right below its key, a map may not.
        let (own, indent) = match column(dash) {
            at if at > key_column => ("", at),
            at => ("  ", at + 2),
        };
        let name = scope.files.text(*item);
        let replacement = format!("{own}{name}:\n{}condition: {condition}", " ".repeat(indent + 2));
        edits.push(Edit { span: place(dash, item.end as usize), replacement });
    }
    Some(edits)
}
