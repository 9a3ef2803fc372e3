//! What a service is for, which decides what may be demanded of it (RULES.md, section 0).

use std::collections::HashSet;

use crate::policy::Policy;
use crate::service::Service;

/// The kinds of service. A template, which is only there to be extended, is no service of the project at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ServiceKind {
    /// Runs until it is stopped.
    LongRunning,
    /// Prepares something, ends, and others may wait for it.
    Init,
    /// Runs when somebody asks for it by its profile.
    OnDemand,
}

impl ServiceKind {
    /// The words for people.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LongRunning => "long-running service",
            Self::Init => "init container",
            Self::OnDemand => "on-demand tool",
        }
    }
}

/// Gives every service its kind.
pub(crate) fn classify(services: &mut [Service<'_>], policy: &Policy) {
    let awaited: HashSet<&str> = services
        .iter()
        .flat_map(Service::depends_on)
        .filter(|dependency| dependency.condition == "service_completed_successfully")
        .map(|dependency| dependency.service)
        .collect();
    let depended_on: HashSet<&str> =
        services.iter().flat_map(Service::depends_on).map(|dependency| dependency.service).collect();
    let kinds: Vec<ServiceKind> =
        services.iter().map(|service| kind(service, &awaited, &depended_on, policy)).collect();
    for (service, kind) in services.iter_mut().zip(kinds) {
        service.kind = kind;
    }
}

fn kind(
    service: &Service<'_>,
    awaited: &HashSet<&str>,
    depended_on: &HashSet<&str>,
    policy: &Policy,
) -> ServiceKind {
    let is_declared = service.label("hy-home.job") == Some("init")
        || policy.parameters.init_services.iter().any(|name| name == service.name);
    if awaited.contains(service.name) || is_declared {
        return ServiceKind::Init;
    }
    let ends = is_never_restarted(service);
    let stands_alone = service.depends_on().next().is_none() && !depended_on.contains(service.name);
    if ends && service.profiles().next().is_some() && stands_alone {
        return ServiceKind::OnDemand;
    }
    if (ends || may_end(service)) && is_init_name(service.name) {
        ServiceKind::Init
    } else {
        ServiceKind::LongRunning
    }
}

/// Whether the service says that it is started once. Without `restart` Compose follows `deploy.restart_policy`.
fn is_never_restarted(service: &Service<'_>) -> bool {
    let policy = || service.text("deploy.restart_policy.condition").filter(|condition| *condition == "none");
    service.text("restart").or_else(policy).is_some_and(|restart| matches!(restart, "no" | "none"))
}

/// Whether nothing is said of a restart, which means none, and nothing is there that only a lasting service needs.
fn may_end(service: &Service<'_>) -> bool {
    ["restart", "deploy.restart_policy", "ports", "healthcheck"]
        .iter()
        .all(|path| service.get(path).is_none())
}

/// `(^|-)(init|setup|migrate|bootstrap|seed|create-.*)(-|$)`, underscores counting as hyphens.
fn is_init_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace(['_', '.'], "-");
    name.split('-').any(|part| matches!(part, "init" | "setup" | "migrate" | "bootstrap" | "seed" | "create"))
}

#[cfg(test)]
mod tests {
    use super::is_init_name;

    #[test]
    fn names_of_init_containers() {
        for name in ["init", "db-init", "kafka_init_topics", "minio-create-buckets", "setup", "migrate-db"] {
            assert!(is_init_name(name), "{name}");
        }
        for name in ["initial", "seeder", "web", "recreate"] {
            assert!(!is_init_name(name), "{name}");
        }
    }
}
