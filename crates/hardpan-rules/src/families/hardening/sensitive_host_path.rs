//! HP-SEC-011: the container sees a part of the host that is none of its business.

use super::host_mount::{HostMount, host_mounts, shared_propagation};
use super::paths::{file_name, is_below, is_within};
use crate::codes::Severity;
use crate::rule::{Audience, Confidence, Rule};
use crate::{Scope, Service, Verdicts};

/// See `rules/sensitive-host-path/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-SEC-011",
    name: "sensitive-host-path",
    audience: Audience::Anybody,
    confidence: Confidence::High,
    since: "0.1.0",
    sources: &["CIS Docker 1.6.0, 5.6", "CIS Docker 1.6.0, 5.20"],
    doc: include_str!("../../../rules/sensitive-host-path/doc.md"),
    check,
};

/// Folders of the host with what they hold. Everything in them counts.
const SENSITIVE: [(&str, &str); 12] = [
    ("/boot", "the host's kernel and boot loader"),
    ("/dev", "the host's devices"),
    ("/etc", "the host's configuration"),
    ("/lib", "the host's libraries and kernel modules"),
    ("/lib32", "the host's libraries"),
    ("/lib64", "the host's libraries"),
    ("/proc", "the host's processes and kernel settings"),
    ("/root", "the home of the host's root"),
    ("/sys", "the host's kernel and hardware settings"),
    ("/usr", "the host's programs"),
    ("/var/lib/docker", "the files of every container"),
    ("/var/log", "the host's logs"),
];

/// Files in them that every program may read and that tell nothing.
const HARMLESS: [&str; 13] = [
    "/etc/localtime",
    "/etc/timezone",
    "/etc/hostname",
    "/etc/os-release",
    "/usr/lib/os-release",
    "/etc/ssl/certs",
    "/etc/pki/ca-trust",
    "/etc/pki/tls/certs",
    "/etc/ca-certificates",
    "/usr/share/zoneinfo",
    "/usr/share/ca-certificates",
    "/usr/local/share/ca-certificates",
    "/etc/alternatives",
];

/// Devices without content.
const EMPTY_DEVICES: [&str; 5] = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"];

/// Folders of a home that hold credentials.
const CREDENTIALS: [&str; 13] = [
    ".ssh",
    ".aws",
    ".azure",
    ".kube",
    ".docker",
    ".gnupg",
    ".config",
    ".netrc",
    ".npmrc",
    ".pypirc",
    ".git-credentials",
    ".bash_history",
    ".password-store",
];

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    for service in scope.services() {
        let mut found = false;
        for mount in host_mounts(scope, service) {
            match (sensitive(scope, service, &mount), mount.unset()) {
                (None, _) => {}
                (Some(what), None) => {
                    found = true;
                    report(service, &mount, what, verdicts);
                }
                // What is left of the path without the variable says nothing.
                (Some(_), Some(variable)) => {
                    found = true;
                    verdicts.unknown(
                        service,
                        mount.place(),
                        format!(
                            "which path of the host is mounted depends on `{variable}`, which is not set"
                        ),
                    );
                }
            }
            if let Some(propagation) = shared_propagation(&mount.mount) {
                found = true;
                verdicts
                    .violation(
                        service,
                        propagation,
                        "what the container mounts here is mounted on the host too",
                    )
                    .help("remove the propagation, or use `rslave`");
            }
        }
        if !found {
            verdicts.satisfied(service);
        }
    }
}

fn report(service: &Service<'_>, mount: &HostMount<'_>, what: &str, verdicts: &mut Verdicts<'_>) {
    let source = &mount.source;
    let message = if mount.read_only {
        format!("container can read `{source}`: {what}")
    } else {
        format!("container can write to `{source}`: {what}")
    };
    let draft = verdicts.violation(service, mount.place(), message);
    if mount.read_only {
        draft.help("mount only the file that the program needs, or waive it with the reason");
    } else {
        draft
            .severity(Severity::Critical)
            .help("remove the mount, or add `:ro` and mount only the file that the program needs");
    }
    if mount.device.is_some() {
        draft.related(mount.mount.node.origin().span, "mounted here");
    }
}

/// What of the host the mount shows, if that is sensitive.
fn sensitive(scope: &Scope<'_>, service: &Service<'_>, mount: &HostMount<'_>) -> Option<&'static str> {
    let path = mount.source.as_str();
    if path == "/" {
        return Some("the whole host");
    }
    // What lies beside the Compose file is the project's own, wherever that is.
    let own = [scope.root.as_str(), scope.project.working_dir()];
    if own.iter().any(|root| root.len() > 1 && is_within(path, root.trim_end_matches('/'))) {
        return None;
    }
    if EMPTY_DEVICES.contains(&path) || (mount.read_only && HARMLESS.iter().any(|safe| is_within(path, safe)))
    {
        return None;
    }
    // A home written as `~` or `$HOME` may be that of root as well.
    if let Some(rest) = path.strip_prefix("/root/") {
        let written = scope.files.text(mount.mount.node.origin().span);
        if written.contains('~') || written.contains("HOME") {
            return in_home(rest);
        }
    }
    if path == "/var/lib" {
        return Some("the state of the host, with the files of every container");
    }
    if let Some((folder, what)) = SENSITIVE.iter().find(|(folder, _)| is_within(path, folder)) {
        return (*folder != "/var/log" || !is_own_log(service, mount)).then_some(what);
    }
    home(path)
}

/// A folder for the logs of the service itself, such as `/var/log/nginx` of an nginx.
fn is_own_log(service: &Service<'_>, mount: &HostMount<'_>) -> bool {
    let folder = file_name(&mount.source);
    is_below(&mount.source, "/var/log")
        && !folder.is_empty()
        && [Some(service.name), service.image(), service.text("container_name")]
            .iter()
            .flatten()
            .any(|name| name.contains(folder))
}

/// `/home`, a whole home, or credentials in one. Folders of data below a home are ordinary.
fn home(path: &str) -> Option<&'static str> {
    if path == "/home" {
        return Some("the homes of all users");
    }
    let (_user, rest) = match path.strip_prefix("/home/")?.split_once('/') {
        Some(parts) => parts,
        None => return Some("the home of a user, with its keys"),
    };
    in_home(rest)
}

/// What of a home is sensitive: credentials.
fn in_home(rest: &str) -> Option<&'static str> {
    let folder = rest.split('/').next().unwrap_or_default();
    CREDENTIALS.contains(&folder).then_some("credentials of a user")
}
