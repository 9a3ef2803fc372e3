//! HP-OBS-001: a service's log goes elsewhere than to the log driver of the house.

use super::logging::needs;
use crate::rule::{Audience, Confidence, Rule};
use crate::{Place, Scope, ServiceKind, Verdicts};

/// See `rules/foreign-log-driver/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-OBS-001",
    name: "foreign-log-driver",
    audience: Audience::House,
    confidence: Confidence::High,
    since: "0.1.0",
    sources: &[
        "document 000, REQ-BSL-02 and VAL-BSL-03",
        "document 001, section 9",
        "compose-spec, services, logging",
    ],
    doc: include_str!("../../../rules/foreign-log-driver/doc.md"),
    check,
};

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    let wanted = scope.policy.parameters.log_driver.as_str();
    let exempt = if wanted == "loki" { needs(scope) } else { Default::default() };
    for service in scope.services() {
        if service.kind == ServiceKind::Init {
            verdicts.not_applicable(service, "init containers are held to the log driver by HP-INI-012");
            continue;
        }
        if exempt.contains_key(&service.id) {
            verdicts.not_applicable(service, "Loki and what it needs must not log to Loki");
            continue;
        }
        match service.get("logging.driver") {
            Some(driver) if driver.as_str() == Some(wanted) => verdicts.satisfied(service),
            Some(driver) if driver.as_str().is_some_and(|text| !text.is_empty()) => {
                let found = driver.as_str().unwrap_or_default();
                verdicts
                    .violation(service, driver, format!("log driver is `{found}`, expected `{wanted}`"))
                    .help(format!(
                        "extend the shared template that sets the `{wanted}` driver with its options"
                    ));
            }
            other => {
                let place = match (other, service.get("logging")) {
                    (Some(driver), _) => driver.into(),
                    (None, Some(logging)) => logging.into(),
                    (None, None) => Place::from(service),
                };
                verdicts
                    .unknown(
                        service,
                        place,
                        format!("no log driver is set: the daemon's default applies, expected `{wanted}`"),
                    )
                    .help(format!(
                        "extend the shared template that sets the `{wanted}` driver with its options"
                    ));
            }
        }
    }
}
