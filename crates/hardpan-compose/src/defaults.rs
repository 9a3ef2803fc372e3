//! Values that an attribute has when nobody gives one (compose-go `transform.SetDefaultValues`).

use crate::keys::{self, Key};
use crate::session::Session;
use crate::tree::{NodeId, Value};

/// Adds the defaults below `root`, in place.
pub(crate) fn apply(session: &mut Session<'_>, root: NodeId) {
    let Some(services) = session.tree.get(root, keys::SERVICES) else { return };
    for at in 0..session.tree.entries(services).len() {
        let Some(service) = session.tree.entry(services, at) else { break };
        apply_to_service(session, service.value);
    }
}

fn apply_to_service(session: &mut Session<'_>, service: NodeId) {
    if let Some(build) = session.tree.get(service, keys::BUILD) {
        set_default(session, build, keys::CONTEXT, || Value::str("."));
    }
    for secret in items(session, service, keys::SECRETS) {
        let source = session.tree.get_str(secret, keys::SOURCE).unwrap_or_default().to_owned();
        set_default(session, secret, keys::TARGET, || Value::str(format!("/run/secrets/{source}")));
    }
    for port in items(session, service, keys::PORTS) {
        set_default(session, port, keys::PROTOCOL, || Value::str("tcp"));
        set_default(session, port, keys::MODE, || Value::str("ingress"));
    }
    let devices = [keys::DEPLOY, keys::RESOURCES, keys::RESERVATIONS]
        .into_iter()
        .try_fold(service, |at, key| session.tree.get(at, key))
        .map(|reservations| items(session, reservations, keys::DEVICES))
        .unwrap_or_default();
    for request in devices.into_iter().chain(items(session, service, keys::GPUS)) {
        if session.tree.get(request, keys::DEVICE_IDS).is_none() {
            set_default(session, request, keys::COUNT, || Value::str("all"));
        }
    }
}

fn items(session: &Session<'_>, node: NodeId, key: Key) -> Vec<NodeId> {
    session.tree.get(node, key).map(|list| session.tree.items(list).to_vec()).unwrap_or_default()
}

fn set_default(session: &mut Session<'_>, node: NodeId, key: Key, value: impl FnOnce() -> Value) {
    if session.tree.map(node).is_some() && session.tree.get(node, key).is_none() {
        session.tree.set_implied(node, key, value(), "default value");
    }
}
