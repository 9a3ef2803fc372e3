//! Removing repetitions from lists whose items have a key: the first position and the last value win
//! (compose-spec, "Merge", unique resources; compose-go `override.EnforceUnicity`).

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use crate::keys;
use crate::path::{PathTable, Place, Trail};
use crate::session::Session;
use crate::syntax::volume::parse_volume;
use crate::text::{go_type, sprint};
use crate::tree::{NodeId, Tree, Value};

#[derive(Clone, Copy, Debug)]
enum ItemKey {
    /// The part before `=`.
    KeyValue,
    /// The path in the container.
    VolumeTarget,
    DeviceTarget,
    /// Where a config or secret is mounted; short forms below this directory.
    Mount(&'static str),
    Expose,
    Port,
    EnvFile,
}

static RULES: LazyLock<PathTable<ItemKey>> = LazyLock::new(|| {
    PathTable::new(&[
        ("networks.*.labels", ItemKey::KeyValue),
        ("networks.*.ipam.options", ItemKey::KeyValue),
        ("services.*.annotations", ItemKey::KeyValue),
        ("services.*.build.args", ItemKey::KeyValue),
        ("services.*.build.additional_contexts", ItemKey::KeyValue),
        ("services.*.build.platform", ItemKey::KeyValue),
        ("services.*.build.tags", ItemKey::KeyValue),
        ("services.*.build.labels", ItemKey::KeyValue),
        ("services.*.cap_add", ItemKey::KeyValue),
        ("services.*.cap_drop", ItemKey::KeyValue),
        ("services.*.configs", ItemKey::Mount("")),
        ("services.*.deploy.labels", ItemKey::KeyValue),
        ("services.*.devices", ItemKey::DeviceTarget),
        ("services.*.dns", ItemKey::KeyValue),
        ("services.*.dns_opt", ItemKey::KeyValue),
        ("services.*.dns_search", ItemKey::KeyValue),
        ("services.*.environment", ItemKey::KeyValue),
        ("services.*.env_file", ItemKey::EnvFile),
        ("services.*.expose", ItemKey::Expose),
        ("services.*.labels", ItemKey::KeyValue),
        ("services.*.links", ItemKey::KeyValue),
        ("services.*.networks.*.aliases", ItemKey::KeyValue),
        ("services.*.networks.*.link_local_ips", ItemKey::KeyValue),
        ("services.*.ports", ItemKey::Port),
        ("services.*.profiles", ItemKey::KeyValue),
        ("services.*.secrets", ItemKey::Mount("/run/secrets")),
        ("services.*.sysctls", ItemKey::KeyValue),
        ("services.*.tmpfs", ItemKey::KeyValue),
        ("services.*.volumes", ItemKey::VolumeTarget),
    ])
});

/// Removes repetitions below `root`, in place.
pub(crate) fn enforce(session: &mut Session<'_>, root: NodeId) {
    Walk { session, trail: Trail::default() }.node(root, Place::ROOT);
}

/// True where lists are rewritten by this stage. In the reference a rewritten list without items is `[]`, another one
/// `null`, which shows when a model is printed as it stands.
pub(crate) fn rewrites(place: Place) -> bool {
    RULES.rule(place).is_some()
}

/// True for the lists that normalisation makes anew.
pub(crate) fn is_resolved_when_normalized(place: Place) -> bool {
    static RESOLVED: LazyLock<[Place; 2]> = LazyLock::new(|| {
        let service = RULES.key(RULES.key(Place::ROOT, "services"), "x");
        [RULES.key(service, "environment"), RULES.key(RULES.key(service, "build"), "args")]
    });
    RESOLVED.contains(&place)
}

/// The place of a key below another, for [`rewrites`].
pub(crate) fn place_of(place: Place, key: &str) -> Place {
    RULES.key(place, key)
}

struct Walk<'s, 'a> {
    session: &'s mut Session<'a>,
    trail: Trail,
}

impl Walk<'_, '_> {
    fn node(&mut self, node: NodeId, place: Place) {
        match self.session.tree.value(node) {
            Value::Map(map) => {
                for at in 0..map.len() {
                    let Some(entry) = self.session.tree.entry(node, at) else { break };
                    let key = self.session.tree.key_str(entry.key);
                    let below = RULES.key(place, key);
                    if below == Place::NOWHERE {
                        continue;
                    }
                    self.trail.push(key);
                    self.node(entry.value, below);
                    self.trail.pop();
                }
            }
            Value::Seq(_) => {
                if let Some(rule) = RULES.rule(place) {
                    self.list(node, rule);
                }
            }
            _ => {}
        }
    }

    fn list(&mut self, node: NodeId, rule: ItemKey) {
        let tree = &self.session.tree;
        let items = tree.items(node);
        let mut kept: Vec<(Cow<'_, str>, NodeId)> = Vec::with_capacity(items.len());
        let mut problems = Vec::new();
        // Long lists get an index; nearly all lists are short, and scanning them costs less than hashing.
        let mut index: Option<HashMap<Cow<'_, str>, usize>> = (items.len() > SCAN_MAX).then(HashMap::new);
        for (at, &item) in items.iter().enumerate() {
            let key = match item_key(tree, item, rule) {
                Ok(key) => key,
                Err(problem) => {
                    problems.push((at, item, problem));
                    continue;
                }
            };
            let known = match &index {
                Some(index) => index.get(&key).copied(),
                None => kept.iter().position(|(other, _)| *other == key),
            };
            match known {
                Some(position) => kept[position].1 = item,
                None => {
                    if let Some(index) = &mut index {
                        index.insert(key.clone(), kept.len());
                    }
                    kept.push((key, item));
                }
            }
        }
        if kept.len() != items.len() {
            let kept = kept.into_iter().map(|(_, item)| item).collect();
            *self.session.tree.value_mut(node) = Value::Seq(kept);
        }
        for (at, item, problem) in problems {
            let message = problem.replace("{path}", &format!("{}.[{at}]", self.trail.as_str()));
            let span = self.session.tree.span(item);
            self.session.error("compose::invalid-item", span, message);
        }
    }
}

/// Up to this many items a list is scanned for repetitions.
const SCAN_MAX: usize = 32;

/// What makes an item the same as another; an error has `{path}` where the item's path belongs.
fn item_key(tree: &Tree, item: NodeId, rule: ItemKey) -> Result<Cow<'_, str>, String> {
    let value = tree.value(item);
    let missing = |what: &str| Err(format!("service {what} {{path}} is missing a mount target"));
    match (rule, value) {
        (ItemKey::KeyValue, Value::Str(text)) => {
            Ok(text.split_once('=').map_or(&**text, |(key, _)| key).into())
        }
        (ItemKey::KeyValue, other) => Err(format!("{{path}}: unexpected type {}", go_type(other))),
        (ItemKey::VolumeTarget, Value::Map(_)) => match tree.get_str(item, keys::TARGET) {
            Some(target) => Ok(target.into()),
            None => missing("volume"),
        },
        (ItemKey::VolumeTarget, Value::Str(text)) => match parse_volume(text) {
            Ok(volume) => Ok(volume.target.into()),
            Err(error) => Err(error.to_string()),
        },
        (ItemKey::DeviceTarget, Value::Map(_)) => match tree.get_str(item, keys::TARGET) {
            Some(target) => Ok(target.into()),
            None => missing("device"),
        },
        (ItemKey::DeviceTarget, Value::Str(text)) => {
            let mut parts = text.split(':');
            let source = parts.next().unwrap_or_default();
            Ok(parts.next().unwrap_or(source).into())
        }
        (ItemKey::Mount(directory), Value::Str(text)) => Ok(format!("{directory}/{text}").into()),
        (ItemKey::Mount(directory), Value::Map(_)) => Ok(match tree.get(item, keys::TARGET) {
            Some(target) => sprint(tree, target).into(),
            None => match tree.get(item, keys::SOURCE) {
                Some(source) => format!("{directory}/{}", sprint(tree, source)).into(),
                None => format!("{directory}/%!s(<nil>)").into(),
            },
        }),
        (ItemKey::Expose, Value::Str(text)) => Ok((&**text).into()),
        (ItemKey::Expose, Value::Int(number)) => Ok(number.to_string().into()),
        (ItemKey::Expose | ItemKey::Mount(_), _) => {
            Err(format!("{{path}}: unsupported expose value {}", unprintable(tree, item)))
        }
        (ItemKey::Port, Value::Int(number)) => Ok(number.to_string().into()),
        (ItemKey::Port, Value::Str(text)) => Ok((&**text).into()),
        (ItemKey::Port, Value::Map(_)) => port_key(tree, item).map(Cow::Owned),
        (ItemKey::EnvFile, Value::Str(text)) => Ok((&**text).into()),
        (ItemKey::EnvFile, Value::Map(_)) => match tree.get_str(item, keys::PATH) {
            Some(path) => Ok(path.into()),
            None => Err("environment path attribute {path} is missing".to_owned()),
        },
        _ => Ok(Cow::Borrowed("")),
    }
}

/// A value as Go prints one that is not text where text is expected.
fn unprintable(tree: &Tree, node: NodeId) -> String {
    let kind = match tree.value(node) {
        Value::UInt(_) => "uint64",
        Value::Float(_) => "float64",
        Value::Bool(_) => "bool",
        _ => return sprint(tree, node),
    };
    format!("%!s({kind}={})", sprint(tree, node))
}

/// `host:published:target/protocol`, with the value's type where it matters: `80` and `"80"` are different ports to the
/// reference, which prints them into its key with Go's `%s` and `%d`.
fn port_key(tree: &Tree, port: NodeId) -> Result<String, String> {
    let Some(target) = tree.get(port, keys::TARGET) else {
        return Err("service ports {path} is missing a target port".to_owned());
    };
    let typed = |node| format!("{} {}", tree.value(node).kind(), sprint(tree, node));
    let or = |key, default: &str| tree.get(port, key).map_or(format!("string {default}"), typed);
    Ok(format!(
        "{}:{}:{}/{}",
        or(keys::HOST_IP, "0.0.0.0"),
        tree.get(port, keys::PUBLISHED).map(typed).unwrap_or_default(),
        typed(target),
        or(keys::PROTOCOL, "tcp"),
    ))
}
