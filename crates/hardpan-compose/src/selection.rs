//! Which services take part: profiles, services named on the command line with their dependencies, and the resources
//! that these services use (compose-spec, "profiles"; compose-go `WithProfiles`, `WithSelectedServices`).

use std::collections::{BTreeSet, HashSet};

use hardpan_diag::{Code, Diagnostic, did_you_mean};
use hardpan_source::Span;

use crate::keys::{self, Key};
use crate::session::Session;
use crate::tree::{Entry, NodeId, Value};

/// The two halves of a project's services, as mappings.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Split {
    pub(crate) enabled: NodeId,
    pub(crate) disabled: NodeId,
}

/// Parts the services by profile. A service without profiles is always enabled, `*` enables all.
pub(crate) fn by_profiles(
    session: &mut Session<'_>,
    services: &[Entry],
    at: NodeId,
    profiles: &[String],
) -> Split {
    let origin = session.tree.origin(at);
    let split = Split { enabled: session.tree.add_map(origin), disabled: session.tree.add_map(origin) };
    for service in services {
        let half = if has_profile(session, service.value, profiles) { split.enabled } else { split.disabled };
        session.tree.set(half, service.key, service.key_span, service.value);
    }
    split
}

fn has_profile(session: &Session<'_>, service: NodeId, profiles: &[String]) -> bool {
    let own = profiles_of(session, service);
    own.is_empty() || profiles.iter().any(|profile| profile == "*" || own.contains(profile))
}

fn profiles_of(session: &Session<'_>, service: NodeId) -> Vec<String> {
    let list = session.tree.get(service, keys::PROFILES);
    let items = list.map_or(&[][..], |list| session.tree.items(list));
    items.iter().filter_map(|&item| session.tree.str(item)).map(str::to_owned).collect()
}

/// Says that a project starts nothing, where that is only for want of a profile. The reference does not.
pub(crate) fn warn_of_nothing(session: &mut Session<'_>, split: Split, at: Span) {
    let disabled = session.tree.entries(split.disabled).to_vec();
    if disabled.is_empty() || !session.tree.entries(split.enabled).is_empty() {
        return;
    }
    let profiles: BTreeSet<String> =
        disabled.iter().flat_map(|service| profiles_of(session, service.value)).collect();
    let count = disabled.len();
    let message = match count {
        1 => "no service takes part: the only one waits for a profile".to_owned(),
        _ => format!("no service takes part: all {count} wait for a profile"),
    };
    let mut names: Vec<String> =
        profiles.iter().take(PROFILES_LISTED_MAX).map(|name| format!("`{name}`")).collect();
    if profiles.len() > PROFILES_LISTED_MAX {
        names.push("…".to_owned());
    }
    let diagnostic = Diagnostic::warning(Code("compose::nothing-enabled"), message)
        .with_span(at)
        .with_help(format!("enable some with `--profile`: {}; `*` enables all", names.join(", ")));
    session.diagnostics.push(diagnostic);
}

/// How many profiles a help line lists.
const PROFILES_LISTED_MAX: usize = 12;

/// Narrows the project to the named services and what they depend on. Naming a service enables its profiles.
pub(crate) fn by_names(
    session: &mut Session<'_>,
    split: Split,
    names: &[String],
    profiles: &[String],
) -> Split {
    let mut profiles = profiles.to_vec();
    for name in names {
        let disabled = session.tree.find_key(name).and_then(|key| session.tree.get(split.disabled, key));
        if let Some(service) = disabled {
            profiles.extend(profiles_of(session, service));
        }
    }
    let mut all = session.tree.entries(split.enabled).to_vec();
    all.extend_from_slice(session.tree.entries(split.disabled));
    let split = by_profiles(session, &all, split.enabled, &profiles);

    let mut wanted: HashSet<Key> = HashSet::new();
    let mut queue = Vec::new();
    for name in names {
        let entry = session.tree.find_key(name).and_then(|key| session.tree.get_entry(split.enabled, key));
        match entry {
            Some(entry) => queue.push(entry),
            None => no_such_service(session, split.enabled, name, None),
        }
    }
    while let Some(service) = queue.pop() {
        if !wanted.insert(service.key) {
            continue;
        }
        for dependency in dependencies(session, service.value) {
            match session.tree.get_entry(split.enabled, dependency.key) {
                Some(entry) => queue.push(entry),
                None if is_required(session, dependency.value) => {
                    let name = session.tree.key_str(dependency.key).to_owned();
                    no_such_service(session, split.enabled, &name, Some(dependency.key_span));
                }
                None => {}
            }
        }
    }
    let (kept, dropped): (Vec<Entry>, Vec<Entry>) =
        session.tree.entries(split.enabled).iter().partition(|entry| wanted.contains(&entry.key));
    for service in &kept {
        let Some(depends_on) = session.tree.get(service.value, keys::DEPENDS_ON) else { continue };
        let all = dependencies(session, service.value).into_iter().map(|entry| entry.key);
        let unwanted = all.filter(|key| !wanted.contains(key)).collect();
        session.tree.remove_all(depends_on, &unwanted);
    }
    for service in dropped {
        session.tree.set(split.disabled, service.key, service.key_span, service.value);
    }
    *session.tree.value_mut(split.enabled) = Value::Map(Box::new(kept.into_iter().collect()));
    split
}

fn dependencies(session: &Session<'_>, service: NodeId) -> Vec<Entry> {
    let depends_on = session.tree.get(service, keys::DEPENDS_ON);
    depends_on.map(|node| session.tree.entries(node).to_vec()).unwrap_or_default()
}

fn is_required(session: &Session<'_>, dependency: NodeId) -> bool {
    let required = session.tree.get(dependency, keys::REQUIRED);
    required.is_none_or(|node| !matches!(session.tree.value(node), Value::Bool(false)))
}

/// `at` is where a service names the other as its dependency; without it the command line does.
fn no_such_service(session: &mut Session<'_>, services: NodeId, name: &str, at: Option<Span>) {
    let known: Vec<&str> =
        session.tree.entries(services).iter().map(|entry| session.tree.key_str(entry.key)).collect();
    let mut diagnostic =
        Diagnostic::error(Code("compose::no-such-service"), format!("no such service: {name}"));
    diagnostic.help = did_you_mean(name, known).map(|near| format!("did you mean `{near}`?"));
    session.diagnostics.push(match at {
        Some(span) => diagnostic.with_span(span),
        None => diagnostic,
    });
}

/// Drops the resources that no enabled service uses.
pub(crate) fn drop_unused(session: &mut Session<'_>, root: NodeId, enabled: NodeId) {
    let mut used = Used::default();
    for service in session.tree.entries(enabled).to_vec() {
        used.collect(session, service.value);
    }
    for (section, names) in [
        (keys::NETWORKS, used.networks),
        (keys::VOLUMES, used.volumes),
        (keys::SECRETS, used.secrets),
        (keys::CONFIGS, used.configs),
        (keys::MODELS, used.models),
    ] {
        let Some(resources) = session.tree.get(root, section) else { continue };
        let all = session.tree.entries(resources).iter().map(|entry| entry.key);
        let unused = all.filter(|&key| !names.contains(session.tree.key_str(key))).collect();
        session.tree.remove_all(resources, &unused);
    }
}

#[derive(Default)]
struct Used {
    networks: HashSet<String>,
    volumes: HashSet<String>,
    secrets: HashSet<String>,
    configs: HashSet<String>,
    models: HashSet<String>,
}

impl Used {
    fn collect(&mut self, session: &Session<'_>, service: NodeId) {
        let tree = &session.tree;
        let names = |key: Key| {
            let entries = tree.get(service, key).map_or(&[][..], |node| tree.entries(node));
            entries.iter().map(|entry| tree.key_str(entry.key).to_owned())
        };
        let sources = |node: NodeId, key: Key| {
            let items = tree.get(node, key).map_or(&[][..], |list| tree.items(list));
            items.iter().filter_map(|&item| tree.get_str(item, keys::SOURCE)).map(str::to_owned)
        };
        self.networks.extend(names(keys::NETWORKS));
        self.models.extend(names(keys::MODELS));
        self.secrets.extend(sources(service, keys::SECRETS));
        if let Some(build) = tree.get(service, keys::BUILD) {
            self.secrets.extend(sources(build, keys::SECRETS));
        }
        self.configs.extend(sources(service, keys::CONFIGS));
        let volumes = tree.get(service, keys::VOLUMES).map_or(&[][..], |list| tree.items(list));
        self.volumes.extend(
            volumes
                .iter()
                .filter(|&&volume| tree.get_str(volume, keys::TYPE) == Some("volume"))
                .filter_map(|&volume| tree.get_str(volume, keys::SOURCE))
                .map(str::to_owned),
        );
    }
}
