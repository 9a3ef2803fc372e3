//! HP-SEC-002: the container keeps the capabilities that the engine gives by default, or all of them.

use super::hardening_breaks_start::needs_of;
use super::{drops_all, open_item, privileged};
use crate::rule::{Audience, Confidence, Rule};
use crate::{Repair, Safety, Scope, Service, Verdicts};

/// See `rules/capabilities-not-dropped/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-SEC-002",
    name: "capabilities-not-dropped",
    audience: Audience::Anybody,
    confidence: Confidence::High,
    since: "0.1.0",
    sources: &["document 001, SEC-SPC-OPT-001", "document 004, section 4", "CIS Docker 1.6.0, 5.4"],
    doc: include_str!("../../../rules/capabilities-not-dropped/doc.md"),
    check,
};

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    for service in super::containers(scope, verdicts) {
        match (drops_all(service), privileged(service)) {
            (true, None) => verdicts.satisfied(service),
            (true, Some(privileged)) => {
                let drop = service.get("cap_drop").map(|list| list.origin().span);
                let draft = verdicts
                    .violation(
                        service,
                        privileged,
                        "privileged mode gives back every capability that `cap_drop` takes",
                    )
                    .help("remove `privileged: true`");
                if let Some(drop) = drop {
                    draft.related(drop, "has no effect");
                }
            }
            (false, _) => report(service, verdicts),
        }
    }
}

fn report(service: &Service<'_>, verdicts: &mut Verdicts<'_>) {
    const TITLE: &str = "drop all capabilities";
    // Some images are known to change their user when they start, and cannot without.
    let safety = if needs_of(service).is_some() { Safety::Unsafe } else { Safety::Safe };
    match service.get("cap_drop") {
        Some(list) if let Some((item, variable)) = open_item(list) => {
            let message = format!("which capabilities are dropped depends on `{variable}`, which is not set");
            verdicts.unknown(service, item, message);
        }
        // An empty list takes no item at its place.
        Some(list) if list.items().next().is_some() => {
            verdicts
                .violation(service, list, "found single capabilities in `cap_drop`, expected `ALL`")
                .help("add `ALL` to this list")
                .fix(safety, TITLE, Repair::Append { item: "ALL".to_owned() });
        }
        Some(list) => {
            verdicts.violation(service, list, "drops no capability").help("set `cap_drop: [ALL]`").fix(
                safety,
                TITLE,
                Repair::Replace { value: "[ALL]".to_owned() },
            );
        }
        None => {
            verdicts.violation(service, service, "drops no capability").help("add `cap_drop: [ALL]`").fix(
                safety,
                TITLE,
                Repair::Set { path: "cap_drop".to_owned(), value: "[ALL]".to_owned() },
            );
        }
    }
}
