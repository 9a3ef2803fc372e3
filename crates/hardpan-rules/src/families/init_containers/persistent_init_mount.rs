//! HP-INI-007: an init container can write to something that outlives it.

use hardpan_compose::{Hop, NodeRef, PathKind};
use hardpan_source::{Edit, Span};

use super::init_containers;
use crate::rule::{Audience, Confidence, Rule};
use crate::{Mount, Repair, Safety, Scope, Verdicts};

/// See `rules/persistent-init-mount/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-INI-007",
    name: "persistent-init-mount",
    audience: Audience::Anybody,
    confidence: Confidence::High,
    since: "0.1.0",
    sources: &["document 002, section 3", "compose-spec, services, volumes"],
    doc: include_str!("../../../rules/persistent-init-mount/doc.md"),
    check,
};

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    for service in init_containers(scope, verdicts) {
        let mut found = false;
        for mount in service.mounts().filter(|mount| !mount.read_only) {
            let Some(source) = mount.source else { continue };
            match mount.kind {
                "volume" => {
                    found = true;
                    verdicts
                        .violation(service, mount.node, format!("init container writes to the volume `{source}`"))
                        .help(
                            "provision through the interface of the service that owns the volume; mount it with \
                             `:ro` if it is only read",
                        );
                }
                "bind" => {
                    found = true;
                    // A path of this machine outside of the project says nothing to others.
                    let message = match scope.relative(source) {
                        path if path.starts_with('/') => {
                            format!("init container can write to the host through `{}`", mount.target)
                        }
                        path => format!("init container can write to `{path}`"),
                    };
                    let draft = verdicts.violation(service, mount.node, message);
                    draft.help("mount it read-only: add `:ro`, or `read_only: true` in the long form");
                    let is_file = scope.files.kind(source) == Some(PathKind::File);
                    let safety = if is_file { Safety::Safe } else { Safety::Unsafe };
                    if let Some(repair) = repair(scope, &mount) {
                        draft.fix(safety, "mount it read-only", repair);
                    }
                }
                _ => {}
            }
        }
        if !found {
            verdicts.satisfied(service);
        }
    }
}

/// The change that makes a mount read-only; none where its text is not simply a short or long form.
fn repair(scope: &Scope<'_>, mount: &Mount<'_>) -> Option<Repair> {
    let span = mount.node.origin().span;
    if mount.node.hops().any(|hop| matches!(hop, Hop::Implied { .. })) {
        return None;
    }
    let written = scope.files.text(span);
    if is_long(mount.node, &written) {
        let file = scope.files.file(span.file);
        let line = file.line_column(span.start);
        let indent = " ".repeat(usize::try_from(line.column).ok()?.saturating_sub(1));
        let edit = match written.strip_prefix('{') {
            Some(_) => Edit {
                span: Span::new(span.file, span.start + 1, span.start + 1),
                replacement: "read_only: true, ".to_owned(),
            },
            None => Edit {
                span: Span::new(span.file, span.start, span.start),
                replacement: format!("read_only: true\n{indent}"),
            },
        };
        let is_there = mount.node.get("read_only").is_some();
        return (!is_there).then(|| Repair::Edits(vec![edit]));
    }
    let quote = written.chars().next().filter(|letter| matches!(letter, '"' | '\''));
    let quote = quote.map(String::from).unwrap_or_default();
    let inner = written.trim_matches(['"', '\'']);
    if inner.contains('\n') {
        return None;
    }
    let (_, last) = inner.rsplit_once(':')?;
    let changed = if last.contains('/') || last.contains('}') || last.contains('$') {
        format!("{inner}:ro")
    } else {
        let options: Vec<&str> = last.split(',').filter(|option| *option != "rw").chain(["ro"]).collect();
        format!("{}:{}", inner.strip_suffix(last)?.strip_suffix(':')?, options.join(","))
    };
    Some(Repair::Replace { value: format!("{quote}{changed}{quote}") })
}

/// Whether a mount is written as a mapping.
fn is_long(node: NodeRef<'_>, written: &str) -> bool {
    let target = node.get("target").map(|target| target.origin().span);
    let has_own_target = target.is_some_and(|target| target != node.origin().span);
    has_own_target || written.starts_with('{') || written.contains("target:")
}
