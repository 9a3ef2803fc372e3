//! HP-OBS-002: the options of the Loki log driver cannot do what they are for.

use std::collections::HashSet;

use hardpan_compose::{Hop, NodeRef, VariableSource};
use hardpan_source::{Edit, Span};

use super::log_labels::{self, Problem};
use super::logging::{logs_to_loki, option, options_place, publishes, scalar};
use super::names::host_and_port;
use super::programs;
use super::scrape::milliseconds;
use crate::codes::Severity;
use crate::rule::{Audience, Confidence, Rule};
use crate::{Place, Repair, Safety, Scope, Service, Verdicts};

/// See `rules/unworkable-log-options/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-OBS-002",
    name: "unworkable-log-options",
    audience: Audience::Anybody,
    confidence: Confidence::High,
    since: "0.1.0",
    sources: &[
        "document 004, NFR-OBS-01",
        "document 001, section 6",
        "Loki 3, Docker driver client",
        "Docker Engine 28, log tags",
    ],
    doc: include_str!("../../../rules/unworkable-log-options/doc.md"),
    check,
};

/// The longest a batch may be held back if a line is to be found within two seconds.
const BATCH_WAIT_MS_MAX: u64 = 1000;

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    let mut names: HashSet<String> = HashSet::new();
    for service in scope.services() {
        names.insert(service.name.to_ascii_lowercase());
        names.extend(service.text("container_name").map(str::to_ascii_lowercase));
        for (_, network) in service.networks() {
            let aliases = network.get("aliases").into_iter().flat_map(NodeRef::items);
            names.extend(aliases.filter_map(NodeRef::as_str).map(str::to_ascii_lowercase));
        }
    }
    for service in scope.services() {
        if !logs_to_loki(service) {
            verdicts.not_applicable(service, "it does not log to Loki by the log driver");
            continue;
        }
        let before = verdicts.drafts.len();
        url(scope, service, &names, verdicts);
        labels(scope, service, verdicts);
        mode(service, verdicts);
        batch_wait(service, verdicts);
        if verdicts.drafts.len() == before {
            verdicts.satisfied(service);
        }
    }
}

fn url(scope: &Scope<'_>, service: &Service<'_>, names: &HashSet<String>, verdicts: &mut Verdicts<'_>) {
    let Some(node) = option(service, "loki-url") else {
        verdicts
            .unknown(
                service,
                options_place(service),
                "`loki-url` is not set: only the daemon's options could say",
            )
            .help("add `loki-url` to the options");
        return;
    };
    let text = scalar(node);
    let (host, port) = host_and_port(&text);
    let is_unset = node.hops().any(|hop| matches!(hop, Hop::Variable { set: VariableSource::Unset, .. }));
    if host.is_empty() || host.contains('$') {
        let message = if is_unset {
            "the host in `loki-url` comes from a variable that is not set"
        } else {
            "`loki-url` names no host"
        };
        verdicts.unknown(service, node, message);
        return;
    }
    let host = host.to_ascii_lowercase();
    if matches!(host.as_str(), "localhost" | "::1") || host.starts_with("127.") {
        let port = port.unwrap_or(if text.starts_with("https:") { "443" } else { "80" });
        published(scope, service, node, port, verdicts);
    } else if host == "host.docker.internal" || scope.policy.parameters.external_hosts.contains(&host) {
        // Docker Desktop knows the one, the owner vouches for the other.
    } else if names.contains(&host) || is_module_name(&host) {
        verdicts
            .violation(
                service,
                node,
                format!("`loki-url` has the host `{host}`, which only containers can resolve"),
            )
            .label("the driver runs in the daemon, in the host's network")
            .help("publish Loki's port on 127.0.0.1 and write `http://127.0.0.1:3100/loki/api/v1/push`");
    } else if !host.contains(['.', ':']) {
        verdicts.unknown(
            service,
            node,
            format!("whether the host's resolver knows `{host}` in `loki-url` is not in the files"),
        );
    }
}

/// A bare name with `loki` in it is that of a container, even where its module is not part of this project: nobody gives
/// a host that name.
fn is_module_name(host: &str) -> bool {
    !host.contains(['.', ':']) && host.contains("loki")
}

/// A port of the host has to be published by somebody.
fn published(
    scope: &Scope<'_>,
    service: &Service<'_>,
    node: NodeRef<'_>,
    port: &str,
    verdicts: &mut Verdicts<'_>,
) {
    if scope.services().iter().any(|other| publishes(other, port)) {
        return;
    }
    let has_loki = scope.services().iter().any(|other| programs::runs(scope, other, programs::LOKI));
    if has_loki {
        verdicts
            .violation(
                service,
                node,
                format!("`loki-url` is port {port} of the host, which no service of the project publishes"),
            )
            .help(format!("publish Loki's port as `127.0.0.1:{port}:3100`"));
    } else {
        verdicts.unknown(
            service,
            node,
            format!("what listens on port {port} of the host, where `loki-url` leads, is not in the files"),
        );
    }
}

fn labels(scope: &Scope<'_>, service: &Service<'_>, verdicts: &mut Verdicts<'_>) {
    let node = option(service, "loki-external-labels");
    let text = node.map(scalar);
    for (name, node) in
        ["loki-external-labels", "tag"].iter().filter_map(|name| Some((*name, option(service, name)?)))
    {
        for Problem { template, field } in log_labels::unknown_fields(&scalar(node)) {
            let draft = verdicts.violation(
                service,
                node,
                format!("`{name}` has the template `{template}`, but log options have no field `.{field}`"),
            );
            draft.label("the container does not start with this template");
            if field == "Label" {
                draft.help("write `{{index .ContainerLabels \"name\"}}` for the label `name`");
                if let Some(edit) = label_edit(scope, node.origin().span) {
                    draft.fix(
                        Safety::Safe,
                        "look the label up in the container's labels",
                        Repair::Edits(vec![edit]),
                    );
                }
            } else {
                draft.help("use `.Name`, `.ID`, `.ImageName` or `index .ContainerLabels \"name\"`");
            }
        }
    }
    if !scope.policy.house_rules {
        return;
    }
    let missing = log_labels::missing(service, text.as_deref());
    if !missing.is_empty() {
        let place = node.map_or_else(|| options_place(service), Place::from);
        verdicts
            .violation(
                service,
                place,
                format!("log lines get no {}, by which they are searched", log_labels::words(&missing)),
            )
            .help(format!(
                "write `loki-external-labels: 'job=infra,tier={{{{index .ContainerLabels \"{}\"}}}}'`",
                scope.policy.parameters.tier_label
            ));
    }
}

/// Turns `.Label "name"` into a lookup, if it is written without escapes.
fn label_edit(scope: &Scope<'_>, span: Span) -> Option<Edit> {
    const WRONG: &str = ".Label \"";
    let text = scope.files.text(span);
    let at = text.find(WRONG)?;
    let start = span.start + u32::try_from(at).ok()?;
    let end = start + u32::try_from(WRONG.len()).ok()?;
    Some(Edit { span: Span::new(span.file, start, end), replacement: "index .ContainerLabels \"".to_owned() })
}

fn mode(service: &Service<'_>, verdicts: &mut Verdicts<'_>) {
    const HELP: &str = "add `mode: non-blocking` and `max-buffer-size: 4m`";
    let set = |path: &str, value: &str| Repair::Set { path: path.to_owned(), value: value.to_owned() };
    let has_options = service.get("logging.options").is_some();
    match option(service, "mode") {
        None => {
            let draft = verdicts.violation(
                service,
                options_place(service),
                "log driver blocks the service while Loki does not answer: `mode` is not set",
            );
            draft.help(HELP);
            if has_options {
                draft.fix(Safety::Unsafe, "let the service run on", set("mode", "non-blocking"));
            }
        }
        Some(mode) if scalar(mode).is_empty() || scalar(mode).contains('$') => {
            verdicts.unknown(service, mode, "`mode` comes from a variable that is not set");
        }
        Some(mode) if scalar(mode) != "non-blocking" => {
            let message = format!(
                "log driver blocks the service while Loki does not answer: `mode` is `{}`",
                scalar(mode)
            );
            verdicts.violation(service, mode, message).help(HELP).fix(
                Safety::Unsafe,
                "let the service run on",
                Repair::Replace { value: "non-blocking".to_owned() },
            );
        }
        Some(_) if option(service, "max-buffer-size").is_none() => {
            verdicts
                .violation(
                    service,
                    options_place(service),
                    "`max-buffer-size` is not set: what exceeds 1 MB is lost while Loki does not answer",
                )
                .severity(Severity::Low)
                .help("add `max-buffer-size: 4m`")
                .fix(Safety::Safe, "hold more lines back", set("max-buffer-size", "4m"));
        }
        Some(_) => {}
    }
}

fn batch_wait(service: &Service<'_>, verdicts: &mut Verdicts<'_>) {
    let Some(node) = option(service, "loki-batch-wait") else { return };
    let text = scalar(node);
    match milliseconds(&text) {
        Some(wait) if wait > BATCH_WAIT_MS_MAX => {
            let message = format!("log lines are held back for `{text}`, expected at most `1s`");
            let draft = verdicts.violation(service, node, message);
            draft.help("remove `loki-batch-wait`: the default is `1s`");
            // What a variable sets, its owner changes where it is set.
            if !node.hops().any(|hop| matches!(hop, Hop::Variable { .. })) {
                let repair = Repair::Replace { value: "1s".to_owned() };
                draft.fix(Safety::Safe, "send lines after a second", repair);
            }
        }
        Some(_) => {}
        None => {
            verdicts.unknown(service, node, "`loki-batch-wait` is no duration that can be read");
        }
    }
}
