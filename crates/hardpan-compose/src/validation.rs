//! Checks of single attributes and resources that the schema cannot express (compose-go `validation`).

use std::net::IpAddr;

use hardpan_diag::{Code, Diagnostic};

use crate::keys::{self, Key};
use crate::origin::Hop;
use crate::service_environment::FROM_VARIABLE;
use crate::session::Session;
use crate::tree::{Entry, NodeId, Value};

/// Checks the merged model; problems go to the session's diagnostics.
pub(crate) fn check(session: &mut Session<'_>, root: NodeId) {
    for volume in entries(session, root, keys::VOLUMES) {
        external_stands_alone(session, "volumes", volume);
    }
    for config in entries(session, root, keys::CONFIGS) {
        one_source(session, "configs", config, &["file", "environment", "content"]);
    }
    for secret in entries(session, root, keys::SECRETS) {
        one_source(session, "secrets", secret, &["file", "environment"]);
    }
    for service in entries(session, root, keys::SERVICES) {
        check_service(session, service);
    }
}

fn entries(session: &Session<'_>, root: NodeId, key: Key) -> Vec<Entry> {
    session.tree.get(root, key).map(|node| session.tree.entries(node).to_vec()).unwrap_or_default()
}

/// An external volume is made elsewhere, so nothing but its name may be said of it.
fn external_stands_alone(session: &mut Session<'_>, section: &str, resource: Entry) {
    let external = session.tree.get_entry(resource.value, keys::EXTERNAL);
    let Some(external) =
        external.filter(|entry| matches!(session.tree.value(entry.value), Value::Bool(true)))
    else {
        return;
    };
    for entry in session.tree.entries(resource.value).to_vec() {
        let key = session.tree.key_str(entry.key);
        if matches!(key, "name" | "external") || key.starts_with("x-") {
            continue;
        }
        let name = session.tree.key_str(resource.key);
        let message = format!("{section}.{name}: conflicting parameters \"external\" and {key:?} specified");
        session.diagnostics.push(
            Diagnostic::error(Code("compose::external-conflict"), message)
                .with_label(entry.key_span, "not for an external volume")
                .with_related(external.key_span, "external, so made elsewhere")
                .with_help("remove one of the two"),
        );
    }
}

fn one_source(session: &mut Session<'_>, section: &str, resource: Entry, sources: &[&str]) {
    let Some(map) = session.tree.map(resource.value) else { return };
    let name = session.tree.key_str(resource.key);
    let given: Vec<Entry> = map
        .entries()
        .iter()
        .filter(|entry| sources.contains(&session.tree.key_str(entry.key)))
        .copied()
        .collect();
    let list = sources.join("|");
    let diagnostic = match given.as_slice() {
        [] if map.get(keys::DRIVER).is_some() || map.get(keys::EXTERNAL).is_some() => return,
        [] => Diagnostic::error(
            Code("compose::no-source"),
            format!("{section}.{name}: one of {list} must be set"),
        )
        .with_span(resource.key_span)
        .with_help("name the file: `file: ./path`, or say `external: true`"),
        [_] => return,
        [first, second, ..] => {
            let message = format!("{section}.{name}: {list} attributes are mutually exclusive");
            let chain = session.tree.origin(second.value).chain;
            let from_variable = session
                .tree
                .hops(chain)
                .any(|hop| matches!(hop, Hop::Implied { reason } if *reason == FROM_VARIABLE));
            let diagnostic = Diagnostic::error(Code("compose::several-sources"), message);
            if from_variable {
                diagnostic
                    .with_label(first.key_span, "an included config cannot come from a variable that is set")
                    .with_help("use `content: ${VARIABLE}` or `file:` in the included file")
                    .with_note("a defect of Docker Compose 2.40.3: the include turns the variable into content, and the including project then finds both")
            } else {
                diagnostic
                    .with_label(second.key_span, "a second source")
                    .with_related(first.key_span, "the first source")
                    .with_help("keep one of them")
            }
        }
    };
    session.diagnostics.push(diagnostic);
}

fn check_service(session: &mut Session<'_>, service: Entry) {
    let name = session.tree.key_str(service.key).to_owned();
    let list = |session: &Session<'_>, node: NodeId, key: Key| -> Vec<NodeId> {
        session.tree.get(node, key).map(|list| session.tree.items(list).to_vec()).unwrap_or_default()
    };
    for port in list(session, service.value, keys::PORTS) {
        let Some(host_ip) = session.tree.get(port, keys::HOST_IP) else { continue };
        let text = session.tree.str(host_ip).unwrap_or_default();
        if !is_ip_address(text) {
            let message = format!("services.{name}.ports.[]: invalid ip address: {text}");
            let span = session.tree.span(host_ip);
            session.error("compose::invalid-address", span, message);
        }
    }
    if let Some(develop) = session.tree.get(service.value, keys::DEVELOP) {
        for watch in list(session, develop, keys::WATCH) {
            if let Some(path) = session.tree.get(watch, keys::PATH)
                && session.tree.str(path) == Some("")
            {
                let span = session.tree.span(path);
                let message = format!("services.{name}.develop.watch.[].path: value can't be blank");
                session.error("compose::invalid-value", span, message);
            }
        }
    }
    let devices = [keys::DEPLOY, keys::RESOURCES, keys::RESERVATIONS]
        .into_iter()
        .try_fold(service.value, |at, key| session.tree.get(at, key))
        .map(|reservations| list(session, reservations, keys::DEVICES))
        .unwrap_or_default();
    for (requests, path) in [
        (devices, "deploy.resources.reservations.devices"),
        (list(session, service.value, keys::GPUS), "gpus"),
    ] {
        for request in requests {
            device_request(session, &name, path, request);
        }
    }
}

fn device_request(session: &mut Session<'_>, service: &str, path: &str, request: NodeId) {
    let count = session.tree.get_entry(request, keys::COUNT);
    let ids = session.tree.get_entry(request, keys::DEVICE_IDS);
    let (Some(count), Some(ids)) = (count, ids) else { return };
    let message =
        format!("services.{service}.{path}.[]: \"count\" and \"device_ids\" attributes are exclusive");
    session.diagnostics.push(
        Diagnostic::error(Code("compose::device-request"), message)
            .with_label(count.key_span, "how many")
            .with_related(ids.key_span, "which")
            .with_help("keep one of the two"),
    );
}

/// Go's `net.ParseIP`: as Rust's parser, but an IPv6 address may not have a zone, which Rust refuses as well.
fn is_ip_address(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok()
}
