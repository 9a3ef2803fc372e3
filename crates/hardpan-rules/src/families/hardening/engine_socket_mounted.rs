//! HP-SEC-010: the container can talk to the container engine.

use hardpan_compose::NodeRef;

use super::host_mount::{HostMount, host_mounts};
use super::paths::{clean, file_name, is_below};
use super::unset_variable;
use crate::rule::{Audience, Confidence, Rule};
use crate::{Scope, Service, Verdicts};

/// See `rules/engine-socket-mounted/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-SEC-010",
    name: "engine-socket-mounted",
    audience: Audience::Anybody,
    confidence: Confidence::High,
    since: "0.1.0",
    sources: &["CIS Docker 1.6.0, 5.32", "compose-spec, services, use_api_socket"],
    doc: include_str!("../../../rules/engine-socket-mounted/doc.md"),
    check,
};

/// The names of the sockets of engines and of what drives them.
const SOCKETS: [&str; 8] = [
    "docker.sock",
    "docker.raw.sock",
    "podman.sock",
    "containerd.sock",
    "containerd.sock.ttrpc",
    "crio.sock",
    "cri-dockerd.sock",
    "buildkitd.sock",
];

/// Where the sockets lie, to tell the folders that hold one.
const PLACES: [&str; 14] = [
    "/var/run/docker.sock",
    "/run/docker.sock",
    "/run/docker/containerd/containerd.sock",
    "/var/run/docker/containerd/containerd.sock",
    "/run/podman/podman.sock",
    "/var/run/podman/podman.sock",
    "/run/containerd/containerd.sock",
    "/var/run/containerd/containerd.sock",
    "/run/k3s/containerd/containerd.sock",
    "/var/run/k3s/containerd/containerd.sock",
    "/run/crio/crio.sock",
    "/var/run/crio/crio.sock",
    "/run/buildkit/buildkitd.sock",
    "/run/cri-dockerd.sock",
];

const HELP: &str = "remove the mount; if the program has to see containers, put a proxy between that lets only the \
                    requests through that it needs, and waive the rule for the proxy";

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    for service in scope.services() {
        let mut found = false;
        let docker_host = docker_host(service);
        for mount in host_mounts(scope, service) {
            let Some(what) = exposes(&mount, docker_host.as_deref()) else { continue };
            found = true;
            let note = if mount.read_only {
                "read-only does not help: requests are still taken"
            } else {
                "whoever writes to it is root on the host"
            };
            verdicts.violation(service, mount.place(), what).label(note).help(HELP);
        }
        for mount in service.mounts().filter(|mount| mount.kind == "npipe") {
            let Some(source) = mount.source.filter(|source| source.contains("docker_engine")) else {
                continue;
            };
            found = true;
            verdicts
                .violation(service, mount.node, format!("container has the engine's pipe `{source}`"))
                .help(HELP);
        }
        if let Some(node) = service.get("use_api_socket").filter(|_| service.is_true("use_api_socket")) {
            found = true;
            verdicts
                .violation(service, node, "container has the engine's socket and the user's registry logins")
                .help("remove `use_api_socket`");
        }
        if found {
            continue;
        }
        match unknown_socket(service) {
            Some((node, variable)) => {
                verdicts.unknown(
                    service,
                    node,
                    format!("what is mounted depends on `{variable}`, which is not set"),
                );
            }
            None => verdicts.satisfied(service),
        }
    }
}

/// What of the engine the mount lets the container reach, in words.
fn exposes(mount: &HostMount<'_>, docker_host: Option<&str>) -> Option<String> {
    let source = mount.source.as_str();
    if mount.unset().is_some() && SOCKETS.contains(&file_name(&mount.target)) {
        return Some(format!("container has the engine's socket at `{}`", mount.target));
    }
    if is_engine_socket(source) {
        return Some(format!("container has the engine's socket `{source}`"));
    }
    if holds_engine_socket(source) && mount.unset().is_none() {
        return Some(format!("container has `{source}`, where the engine's socket lies"));
    }
    // A socket under another name, told by what the container expects at its target.
    let expected = SOCKETS.contains(&file_name(&mount.target)) || docker_host == Some(mount.target.as_str());
    (expected && source != "/dev/null").then(|| format!("container has the engine's socket `{source}`"))
}

/// Whether a clean path of the host is the socket of a container engine.
pub(super) fn is_engine_socket(path: &str) -> bool {
    SOCKETS.contains(&file_name(path))
}

/// Whether a clean path of the host is a folder with the socket of a container engine somewhere in it.
pub(super) fn holds_engine_socket(path: &str) -> bool {
    PLACES.iter().any(|place| is_below(place, path)) || is_runtime_folder_of_user(path)
}

/// `/run/user/1000`, where rootless engines put their sockets, and what is above it.
fn is_runtime_folder_of_user(path: &str) -> bool {
    let path = path.strip_prefix("/var").unwrap_or(path);
    let Some(rest) = path.strip_prefix("/run/user") else { return false };
    let mut parts = rest.split('/').filter(|part| !part.is_empty());
    let (user, folder) = (parts.next(), parts.next());
    user.is_none_or(|user| user.bytes().all(|byte| byte.is_ascii_digit()))
        && matches!(folder, None | Some("podman"))
        && parts.next().is_none()
}

/// The socket that the program is told to use.
fn docker_host(service: &Service<'_>) -> Option<String> {
    let (_, value) =
        service.environment().find(|(name, _)| matches!(*name, "DOCKER_HOST" | "CONTAINER_HOST"))?;
    value.as_str()?.strip_prefix("unix://").map(clean)
}

/// A mount to the engine's socket from a path that an unset variable leaves open.
fn unknown_socket<'p>(service: &Service<'p>) -> Option<(NodeRef<'p>, &'p str)> {
    service.mounts().find_map(|mount| {
        let source = mount.node.get("source")?;
        let variable = unset_variable(source).or_else(|| unset_variable(mount.node))?;
        let is_open = mount.kind == "bind"
            && source.as_str().is_none_or(|path| path.is_empty() || holds_engine_socket(&clean(path)));
        is_open.then_some((mount.node, variable))
    })
}
