//! HP-OBS-003: Loki, or what it needs, waits for Loki to take its log.

use hardpan_compose::Hop;
use hardpan_source::{Edit, Span};

use super::logging::{Need, logs_to_loki, needs};
use crate::rule::{Audience, Confidence, Rule};
use crate::{Place, Repair, Safety, Scope, Service, Verdicts};

/// See `rules/logging-loop/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-OBS-003",
    name: "logging-loop",
    audience: Audience::Anybody,
    confidence: Confidence::High,
    since: "0.1.0",
    sources: &["document 001, section 6", "Loki 3, Docker driver client"],
    doc: include_str!("../../../rules/logging-loop/doc.md"),
    check,
};

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    let needs = needs(scope);
    for service in scope.services() {
        let Some(need) = needs.get(&service.id) else {
            verdicts.not_applicable(service, "Loki does not need it");
            continue;
        };
        if !logs_to_loki(service) {
            verdicts.satisfied(service);
            continue;
        }
        let message = match need {
            Need::IsLoki => "Loki sends its own log to Loki",
            Need::Backend => "Loki needs it to run, and it sends its log to Loki",
            Need::Way => "what is sent to Loki passes through it, and so does its own log",
        };
        let (place, driver) = use_of_driver(service);
        let draft = verdicts.violation(service, place, message);
        draft
            .label("nothing is logged, and with a blocking driver nothing runs, until Loki answers")
            .help(format!("give it a log of its own: `logging: {OWN_LOG}`"));
        if let Some(span) = driver {
            draft.related(span, "the driver is chosen here");
        }
        if let Some(edit) = own_log(scope, service) {
            draft.fix(Safety::Safe, "keep its log apart from Loki", Repair::Edits(vec![edit]));
        }
    }
}

const OWN_LOG: &str = "{driver: json-file, options: {max-size: 10m, max-file: \"3\"}}";

/// Where the service takes the driver over, and where the driver is named if that is elsewhere. What is wrong is not
/// the shared text but that this service uses it.
fn use_of_driver(service: &Service<'_>) -> (Place, Option<Span>) {
    let Some(driver) = service.get("logging.driver").or_else(|| service.get("logging")) else {
        return (service.into(), None);
    };
    let taken = driver.hops().find_map(|hop| match hop {
        Hop::Alias { at } | Hop::Merge { at } | Hop::Extends { at, .. } => Some(*at),
        _ => None,
    });
    match taken {
        Some(at) => (at.into(), Some(driver.origin().span)),
        None => (driver.into(), None),
    }
}

/// Replaces the alias or the mapping that the service itself has written; none where it has inherited the log.
fn own_log(scope: &Scope<'_>, service: &Service<'_>) -> Option<Edit> {
    let logging = service.get("logging")?;
    let hops: Vec<&Hop> = logging.hops().collect();
    let is_shared = scope.services().iter().any(|other| {
        other.id != service.id
            && other.get("logging").is_some_and(|other| other.origin().span == logging.origin().span)
    });
    let span = match hops.as_slice() {
        [] if !is_shared => logging.origin().span,
        [Hop::Alias { at }] if scope.files.text(*at).starts_with('*') => *at,
        _ => return None,
    };
    Some(Edit { span, replacement: OWN_LOG.to_owned() })
}
