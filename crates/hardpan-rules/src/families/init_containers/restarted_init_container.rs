//! HP-INI-001: an init container is started again after it has ended.

use hardpan_compose::{Hop, NodeRef, Value};
use hardpan_source::{Edit, Span};

use super::init_containers;
use crate::finding::Draft;
use crate::rule::{Audience, Confidence, Rule};
use crate::{Place, Repair, Safety, Scope, Service, Verdicts};

/// See `rules/restarted-init-container/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-INI-001",
    name: "restarted-init-container",
    audience: Audience::Anybody,
    confidence: Confidence::High,
    since: "0.1.0",
    sources: &["document 002, section 1", "compose-spec, services, restart"],
    doc: include_str!("../../../rules/restarted-init-container/doc.md"),
    check,
};

const NO: &str = "\"no\"";

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    for service in init_containers(scope, verdicts) {
        let policy = service.get("deploy.restart_policy.condition");
        let is_none = |node: &NodeRef<'_>| matches!(node.as_str(), Some("none" | "no" | ""));
        // Compose takes the policy of `deploy` over `restart`.
        if let Some(condition) = policy.filter(|condition| !is_none(condition)) {
            let value = shown(condition);
            let message = format!("init container is restarted: found `condition: {value}`, expected `none`");
            let draft = verdicts.violation(service, condition, message);
            draft.help("set `deploy.restart_policy.condition: none`");
            inherited(draft, service, condition, None);
            if !is_inherited(service, condition) {
                let repair = Repair::Replace { value: "none".to_owned() };
                draft.fix(Safety::Safe, "never restart the init container", repair);
            }
            continue;
        }
        match service.get("restart") {
            None => verdicts.satisfied(service),
            Some(restart) if matches!(restart.as_str(), Some("no" | "")) || policy.is_some() => {
                verdicts.satisfied(service);
            }
            Some(restart) => {
                if came_from_unset_variable(restart) {
                    verdicts.unknown(
                        service,
                        restart,
                        "restart policy depends on a variable that is not set",
                    );
                    continue;
                }
                let message = match restart.value() {
                    Value::Bool(_) => {
                        "restart policy is a boolean: found an unquoted `no`, expected `\"no\"`".to_owned()
                    }
                    _ => format!(
                        "init container is restarted: found `restart: {}`, expected `\"no\"`",
                        shown(restart)
                    ),
                };
                let draft = verdicts.violation(service, restart, message);
                draft.help("set `restart: \"no\"` on the init container");
                let edit = own_line(scope, service);
                inherited(draft, service, restart, edit);
                if !is_inherited(service, restart) {
                    let repair = Repair::Replace { value: NO.to_owned() };
                    draft.fix(Safety::Safe, "never restart the init container", repair);
                }
            }
        }
    }
}

fn shown(node: NodeRef<'_>) -> String {
    match node.value() {
        Value::Bool(value) => value.to_string(),
        _ => node.as_str().unwrap_or_default().to_owned(),
    }
}

fn came_from_unset_variable(node: NodeRef<'_>) -> bool {
    node.hops().any(|hop| matches!(hop, Hop::Variable { set: hardpan_compose::VariableSource::Unset, .. }))
}

/// Whether the value was brought by a template or an anchor that others may share.
fn is_inherited(service: &Service<'_>, node: NodeRef<'_>) -> bool {
    let Place::At { span, .. } = Place::from(node) else { return false };
    span.file != service.key.file
        || node.hops().any(|hop| matches!(hop, Hop::Extends { .. } | Hop::Alias { .. } | Hop::Merge { .. }))
}

/// Shows the service beside a value that comes from elsewhere, and overrides it there.
fn inherited(draft: &mut Draft, service: &Service<'_>, node: NodeRef<'_>, edit: Option<Edit>) {
    if !is_inherited(service, node) {
        return;
    }
    draft.label("meant for services that keep running");
    draft.related(service.key, format!("`{}` does not override it", service.name));
    if let Some(edit) = edit {
        draft.fix(Safety::Safe, "never restart the init container", Repair::Edits(vec![edit]));
    }
}

/// The edit that gives the service an attribute of its own, as the first one.
fn own_line(scope: &Scope<'_>, service: &Service<'_>) -> Option<Edit> {
    let file = scope.files.file(service.key.file);
    let text = file.text();
    let key_end = service.key.end as usize;
    let rest = text.get(key_end..)?;
    let first_line = rest.split('\n').next()?;
    // Only the plain block form: `name:` and nothing else on the line.
    if first_line.split('#').next()?.trim() != ":" {
        return None;
    }
    let mut at = key_end + first_line.len() + 1;
    for line in text.get(at..)?.split_inclusive('\n') {
        let content = line.trim_start_matches(' ');
        if !content.trim().is_empty() && !content.starts_with('#') {
            let indent = line.len() - content.len();
            let offset = u32::try_from(at + indent).ok()?;
            return Some(Edit {
                span: Span::new(service.key.file, offset, offset),
                replacement: format!("restart: {NO}\n{}", " ".repeat(indent)),
            });
        }
        at += line.len();
    }
    None
}
