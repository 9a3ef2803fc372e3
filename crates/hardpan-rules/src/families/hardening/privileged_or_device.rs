//! HP-SEC-005: the container is privileged or has devices of the host.

use hardpan_compose::NodeRef;

use super::image::Image;
use super::privileged;
use crate::codes::Severity;
use crate::rule::{Audience, Confidence, Rule};
use crate::{Repair, Safety, Scope, Service, Verdicts};

/// See `rules/privileged-or-device/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-SEC-005",
    name: "privileged-or-device",
    audience: Audience::Anybody,
    confidence: Confidence::High,
    since: "0.1.0",
    sources: &["document 001, SEC-SPC-OPT-001", "CIS Docker 1.6.0, 5.5", "CIS Docker 1.6.0, 5.18"],
    doc: include_str!("../../../rules/privileged-or-device/doc.md"),
    check,
};

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    for service in scope.services() {
        let mut found = false;
        if let Some(node) = privileged(service) {
            found = true;
            verdicts
                .violation(service, node, "container is privileged: it can do to the host what root can")
                .help(instead_of_privileged(service))
                .fix(Safety::Unsafe, "take the privileges away", Repair::Remove);
        }
        for device in service.items("devices") {
            let Some(path) = device.as_str().or_else(|| device.get("source")?.as_str()) else { continue };
            found = true;
            verdicts
                .violation(service, device, format!("container has the host's device `{path}`"))
                .severity(device_severity(path))
                .help("remove the device, or waive it with the record of the decision")
                .fix(Safety::Unsafe, "take the device away", Repair::Remove);
        }
        for rule in service.items("device_cgroup_rules").filter(|rule| rule.as_str().is_some()) {
            found = true;
            let text = rule.as_str().unwrap_or_default();
            verdicts
                .violation(service, rule, format!("container may use the host's devices `{text}`"))
                .help("remove the rule, or waive it with the record of the decision")
                .fix(Safety::Unsafe, "take the devices away", Repair::Remove);
        }
        for gpu in gpus(service) {
            found = true;
            let what = if is_gpu(gpu) { "a GPU" } else { "a device" };
            verdicts
                .violation(service, gpu, format!("container has {what} of the host"))
                .severity(Severity::Medium)
                .help("waive it with the record of the decision, or remove it");
        }
        if !found {
            verdicts.satisfied(service);
        }
    }
}

/// GPUs, by `gpus` or by its long form below `deploy`.
fn gpus<'p>(service: &Service<'p>) -> Vec<NodeRef<'p>> {
    // The resolver turns `gpus: all` into a list of one.
    let short = service.get("gpus").filter(|gpus| gpus.as_str().is_some() || gpus.items().next().is_some());
    short.into_iter().chain(service.items("deploy.resources.reservations.devices")).collect()
}

/// Whether a reservation is for graphics; `gpus` has no capabilities and is for nothing else.
fn is_gpu(device: NodeRef<'_>) -> bool {
    let capabilities = device.get("capabilities");
    capabilities.is_none_or(|list| list.items().any(|one| matches!(one.as_str(), Some("gpu" | "nvidia"))))
}

/// Devices through which memory or disks of the host are read; others are worth a record, but no such key.
fn device_severity(path: &str) -> Severity {
    const KEYS: [&str; 9] = [
        "/dev/mem",
        "/dev/kmem",
        "/dev/port",
        "/dev/sd",
        "/dev/nvme",
        "/dev/vd",
        "/dev/xvd",
        "/dev/dm-",
        "/dev/mapper",
    ];
    if path == "/dev" || path == "/dev/" || KEYS.iter().any(|key| path.starts_with(key)) {
        Severity::Critical
    } else {
        Severity::High
    }
}

fn instead_of_privileged(service: &Service<'_>) -> &'static str {
    let is_cadvisor = service.image().is_some_and(|image| Image::parse(image).is_of("cadvisor"));
    if is_cadvisor {
        "remove it: cAdvisor works with `devices: [/dev/kmsg]` and read-only mounts of `/sys`, `/var/run` and `/var/lib/docker`"
    } else {
        "remove it, and add the one capability or device that the program needs"
    }
}
