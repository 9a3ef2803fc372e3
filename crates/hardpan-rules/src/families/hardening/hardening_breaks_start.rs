//! HP-SEC-016: the image needs capabilities at its start that the service takes away.

use super::image::Image;
use super::{drops_all, privileged};
use crate::codes::Severity;
use crate::rule::{Audience, Confidence, Rule};
use crate::{Scope, Service, Verdicts};

/// See `rules/hardening-breaks-start/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-SEC-016",
    name: "hardening-breaks-start",
    audience: Audience::Anybody,
    confidence: Confidence::Low,
    since: "0.1.0",
    sources: &["document 001, section 6", "docker-library, entry points of the official images"],
    doc: include_str!("../../../rules/hardening-breaks-start/doc.md"),
    check,
};

/// An image that starts as root, prepares its folders and goes on as another user.
struct Starter {
    /// The names of the image.
    names: &'static [&'static str],
    /// Only tags before this major version; later ones look at what they may do first.
    before: Option<u32>,
    /// What it needs.
    needs: &'static str,
}

const STARTERS: [Starter; 12] = [
    Starter {
        names: &["postgres", "postgis", "timescaledb", "pgvector"],
        before: None,
        needs: CHOWN_AND_SWITCH,
    },
    Starter { names: &["mysql", "mariadb"], before: None, needs: CHOWN_AND_SWITCH },
    Starter { names: &["mongo"], before: None, needs: CHOWN_AND_SWITCH },
    Starter { names: &["rabbitmq"], before: None, needs: CHOWN_AND_SWITCH },
    Starter { names: &["redis", "valkey"], before: Some(8), needs: "SETGID, SETUID" },
    Starter { names: &["nginx", "httpd"], before: None, needs: "CHOWN, SETGID, SETUID" },
    Starter {
        names: &["cassandra", "couchdb", "influxdb", "zookeeper", "neo4j", "ghost"],
        before: None,
        needs: CHOWN_AND_SWITCH,
    },
    Starter { names: &["clickhouse-server", "clickhouse"], before: None, needs: CHOWN_AND_SWITCH },
    Starter {
        names: &["wordpress", "nextcloud", "drupal", "matomo"],
        before: None,
        needs: "CHOWN, SETGID, SETUID",
    },
    Starter { names: &["vault", "consul"], before: None, needs: "CHOWN, SETGID, SETUID" },
    Starter { names: &["gitea", "forgejo"], before: None, needs: CHOWN_AND_SWITCH },
    Starter { names: &["eclipse-mosquitto"], before: None, needs: "CHOWN, SETGID, SETUID" },
];

const CHOWN_AND_SWITCH: &str = "CHOWN, DAC_OVERRIDE, FOWNER, SETGID, SETUID";

/// Publishers whose images do not start as root.
const OTHERS: [&str; 8] =
    ["bitnami", "bitnamilegacy", "nginxinc", "chainguard", "cgr.dev", "rootless", "dhi", "zalando"];

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    for service in scope.services() {
        if !drops_all(service) || privileged(service).is_some() {
            verdicts.not_applicable(service, "keeps capabilities");
            continue;
        }
        match needs_of(service) {
            Some(needs) => {
                let place = service.get("image").unwrap_or(service.node);
                let draft = verdicts
                    .violation(
                        service,
                        place,
                        "image starts as root and then changes its user, which fails without capabilities",
                    )
                    .severity(Severity::Info)
                    .help(format!(
                        "set `user` to the image's own user, or add `cap_add: [{}]` with a waiver",
                        needs
                    ));
                if let Some(drop) = service.get("cap_drop") {
                    draft.related(drop.origin().span, "all capabilities are dropped here");
                }
            }
            _ => verdicts.satisfied(service),
        }
    }
}

/// The capabilities that the service's image needs to start, as far as is known.
pub(super) fn needs_of(service: &Service<'_>) -> Option<&'static str> {
    let starter = service.image().filter(|_| service.get("build").is_none()).and_then(starter)?;
    starts_as_published(service).then_some(starter.needs)
}

fn starter(reference: &str) -> Option<&'static Starter> {
    let image = Image::parse(reference);
    if image.owner().is_some_and(|owner| OTHERS.contains(&owner)) || reference.contains("unprivileged") {
        return None;
    }
    if reference.contains("rootless") {
        return None;
    }
    let starter = STARTERS.iter().find(|starter| starter.names.contains(&image.name()))?;
    match (starter.before, image.major()) {
        (Some(before), Some(major)) if major >= before => None,
        // `latest` is later than any of them.
        (Some(_), None) => None,
        _ => Some(starter),
    }
}

/// Whether the image's own entry point runs, as root and without capabilities given back. Those entry points change
/// the user only when they are to start the server itself.
fn starts_as_published(service: &Service<'_>) -> bool {
    let command = service.words("command");
    let first = command.first().and_then(|word| word.as_str()).unwrap_or_default();
    let is_shell = matches!(first.rsplit('/').next().unwrap_or_default(), "sh" | "bash" | "ash");
    service.get("user").is_none()
        && service.items("cap_add").next().is_none()
        && service.get("entrypoint").is_none_or(|entrypoint| entrypoint.items().next().is_none())
        && !is_shell
}
