//! HP-SEC-008: the container can change the files of its image.

use hardpan_compose::{NodeRef, Value};

use super::paths::clean;
use crate::rule::{Audience, Confidence, Rule};
use crate::{Repair, Safety, Scope, Service, Verdicts};

/// See `rules/writable-root-file-system/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-SEC-008",
    name: "writable-root-file-system",
    audience: Audience::Anybody,
    confidence: Confidence::High,
    since: "0.1.0",
    sources: &["document 001, section 4.1", "CIS Docker 1.6.0, 5.13"],
    doc: include_str!("../../../rules/writable-root-file-system/doc.md"),
    check,
};

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    for service in super::containers(scope, verdicts) {
        if service.is_true("read_only") {
            if has_scratch(service) {
                verdicts.satisfied(service);
            } else {
                verdicts
                    .unknown(
                        service,
                        service.get("read_only").unwrap_or(service.node),
                        "root file system is read-only without a tmpfs: whether the program writes to `/tmp` or `/run` only a run can tell",
                    )
                    .help("add `tmpfs: [/tmp, /run]` unless the program writes to neither");
            }
            continue;
        }
        if is_stateful(service) {
            verdicts.not_applicable(service, "stateful by its template or label");
            continue;
        }
        let help = "set `read_only: true`, with `tmpfs: [/tmp, /run]` for what the program writes";
        match service.get("read_only") {
            Some(node) => {
                verdicts.violation(service, node, "root file system is writable").help(help).fix(
                    Safety::Unsafe,
                    "make the root file system read-only",
                    Repair::Replace { value: "true".to_owned() },
                );
            }
            None => {
                verdicts.violation(service, service, "root file system is writable").help(help).fix(
                    Safety::Unsafe,
                    "make the root file system read-only",
                    Repair::Set { path: "read_only".to_owned(), value: "true".to_owned() },
                );
            }
        }
    }
}

/// Whether `/tmp` or `/run` can be written to: by a tmpfs or by a mount.
fn has_scratch(service: &Service<'_>) -> bool {
    let is_scratch = |path: &str| {
        let path = clean(path.split(':').next().unwrap_or_default());
        path == "/tmp" || path == "/run" || path == "/var/run"
    };
    service.items("tmpfs").filter_map(NodeRef::as_str).any(is_scratch)
        || service.text("tmpfs").is_some_and(is_scratch)
        || service.mounts().any(|mount| !mount.read_only && is_scratch(mount.target))
}

/// Whether the project says that the service keeps state: by the name of a template that it extends, or by a label.
fn is_stateful(service: &Service<'_>) -> bool {
    service.templates.iter().any(|template| template.service.to_ascii_lowercase().contains("stateful"))
        || service.labels().any(|(name, value)| {
            let is_off = match value.value() {
                Value::Bool(on) => !on,
                Value::Str(text) => matches!(&**text, "false" | "no" | "0"),
                _ => false,
            };
            !is_off && (name == "hy-home.rw" || name.rsplit(['.', '/']).next() == Some("stateful"))
        })
}
