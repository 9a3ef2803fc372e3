//! HP-SEC-003: the container gets capabilities beyond none.

use std::collections::HashSet;

use super::{capability, drops_all, open_item};
use crate::codes::Severity;
use crate::rule::{Audience, Confidence, Rule};
use crate::{Scope, Verdicts};

/// See `rules/added-capability/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-SEC-003",
    name: "added-capability",
    audience: Audience::Anybody,
    confidence: Confidence::High,
    since: "0.1.0",
    sources: &["document 001, section 6", "CIS Docker 1.6.0, 5.4"],
    doc: include_str!("../../../rules/added-capability/doc.md"),
    check,
};

/// Capabilities that hand over the host or its other containers, with what they allow.
const DANGEROUS: [(&str, &str); 7] = [
    ("SYS_ADMIN", "mounts file systems and undoes most of the isolation"),
    ("SYS_PTRACE", "reads and changes the memory of other processes"),
    ("SYS_MODULE", "loads code into the kernel"),
    ("DAC_READ_SEARCH", "reads any file of the host by its handle"),
    ("NET_ADMIN", "rewrites the network and its filters"),
    ("BPF", "loads programs into the kernel"),
    ("ALL", "is root on the host in all but name"),
];

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    for service in scope.services() {
        let mut seen = HashSet::new();
        let drops_all = drops_all(service);
        for item in service.items("cap_add") {
            let Some(name) = item.as_str().map(capability).filter(|name| !name.is_empty()) else { continue };
            if !seen.insert(name.clone()) {
                continue;
            }
            let mut message = format!("capability `{name}` is added");
            let danger = DANGEROUS.iter().find(|(dangerous, _)| *dangerous == name);
            if let Some((_, what)) = danger {
                message += &format!(": it {what}");
            } else if !drops_all {
                message += " to the default set, which is not dropped";
            }
            let draft = verdicts.violation(service, item, message).help(
                "remove it, or waive it for this service with the reason why the program needs it and the record of that decision",
            );
            if danger.is_some() {
                draft.severity(Severity::Critical);
            }
        }
        let open = service.get("cap_add").and_then(open_item);
        if let Some((item, variable)) = open {
            let message = format!("which capabilities are added depends on `{variable}`, which is not set");
            verdicts.unknown(service, item, message);
        } else if seen.is_empty() {
            verdicts.satisfied(service);
        }
    }
}
