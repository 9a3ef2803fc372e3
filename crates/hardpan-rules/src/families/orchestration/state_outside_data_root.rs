//! HP-ORC-008: data that does not lie below the data root that the project declares.

use std::collections::HashSet;

use hardpan_compose::{Hop, NodeRef, VariableSource};

use super::{inputs, state};
use crate::rule::{Audience, Confidence, Rule};
use crate::{Mount, Names, Scope, Service, ServiceKind, Verdicts};

/// See `rules/state-outside-data-root/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-ORC-008",
    name: "state-outside-data-root",
    audience: Audience::House,
    confidence: Confidence::Medium,
    since: "0.1.0",
    sources: &["document 000, section 3", "document 001, section 3", "compose-spec, volumes, driver_opts"],
    doc: include_str!("../../../rules/state-outside-data-root/doc.md"),
    check,
};

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    let roots = Roots::of(scope);
    for service in scope.services() {
        if service.kind != ServiceKind::LongRunning {
            verdicts.not_applicable(service, "only what runs on keeps state of its own");
            continue;
        }
        let (mut has_state, mut is_kept) = (false, true);
        for mount in service.mounts().filter(|mount| !mount.read_only) {
            if let Some(kept) = judge(scope, verdicts, service, &mount, &roots) {
                has_state = true;
                is_kept &= kept;
            }
        }
        if !has_state {
            verdicts.not_applicable(service, "the service keeps no state");
        } else if is_kept {
            verdicts.satisfied(service);
        }
    }
}

/// Judges one mount; none if it holds no state, true if it lies where it should.
fn judge<'p>(
    scope: &Scope<'p>,
    verdicts: &mut Verdicts<'_>,
    service: &Service<'p>,
    mount: &Mount<'p>,
    roots: &Roots,
) -> Option<bool> {
    let is_data = state::is_known_data(service, mount);
    match (mount.kind, mount.source) {
        ("volume", None) if is_data => {
            let message = format!("data at `{}` is in an anonymous volume", mount.target);
            let draft = verdicts.violation(service, mount.node, message);
            draft.label("a new container gets a new, empty one");
            draft.help(format!("mount a named volume whose device lies below {}", roots.shown()));
            Some(false)
        }
        ("volume", Some(name)) => {
            let is_setting =
                ["/etc", "/usr/local", "/opt/venv"].iter().any(|folder| mount.target.starts_with(folder));
            if !is_data && (is_setting || state::is_expendable(name) || state::is_expendable(mount.target)) {
                return None;
            }
            named(scope, verdicts, service, name, roots)
        }
        ("bind", Some(path)) if is_data && !state::is_configuration(path) => {
            let source = mount.node.get("source")?;
            if roots.hold(scope, source) {
                return Some(true);
            }
            if let Some(name) = roots.undefined(scope, source) {
                undefined(verdicts, service, source, name);
                return Some(false);
            }
            let message = format!("data at `{}` is not below {}", mount.target, roots.shown());
            let draft = verdicts.violation(service, source, message);
            draft.label("another place of the host");
            draft.help(format!("begin the path with `${{{}}}`", roots.first()));
            Some(false)
        }
        _ => None,
    }
}

fn named<'p>(
    scope: &Scope<'p>,
    verdicts: &mut Verdicts<'_>,
    service: &Service<'p>,
    name: &str,
    roots: &Roots,
) -> Option<bool> {
    let volume = scope.resource("volumes", name)?;
    let key = scope.resource_key("volumes", name)?;
    let option = |option: &str| volume.get("driver_opts")?.get(option);
    let is_external =
        volume.get("external").is_some_and(|node| matches!(node.value(), hardpan_compose::Value::Bool(true)));
    if is_external {
        let message = format!("volume `{name}` is made outside the project: where its data lies is not said");
        verdicts.unknown(service, key, message);
        return Some(false);
    }
    let kind = option("type").and_then(NodeRef::as_str).unwrap_or_default();
    if kind == "tmpfs" {
        return None;
    }
    let is_elsewhere = volume.get("driver").and_then(NodeRef::as_str).is_some_and(|driver| driver != "local");
    if is_elsewhere || kind.starts_with("nfs") || kind == "cifs" {
        // Data on another machine has no path on this one.
        return Some(true);
    }
    match option("device") {
        Some(device) if roots.hold(scope, device) => Some(true),
        Some(device) if roots.undefined(scope, device).is_some() => {
            undefined(verdicts, service, device, roots.undefined(scope, device)?);
            Some(false)
        }
        Some(device) => {
            let message = format!("the data of volume `{name}` is not below {}", roots.shown());
            let draft = verdicts.violation(service, device, message);
            draft.label("another place of the host");
            draft.help(format!("begin the device with `${{{}}}`", roots.first()));
            Some(false)
        }
        None => {
            let message =
                format!("the data of volume `{name}` is in Docker's own folder, not below {}", roots.shown());
            let draft = verdicts.violation(service, key, message);
            draft.label("has no device");
            draft.help(format!(
                "add `driver_opts: {{type: none, o: bind, device: \"${{{}}}/{name}\"}}`",
                roots.first()
            ));
            Some(false)
        }
    }
}

/// Reports a path that begins with a variable of which nothing says what it is.
fn undefined(verdicts: &mut Verdicts<'_>, service: &Service<'_>, node: NodeRef<'_>, name: &str) {
    verdicts
        .unknown(service, node, format!("nothing says where `${{{name}}}` lies"))
        .help(format!("define `{name}` in the example env file by way of the data root"));
}

/// The variables that hold a data root, declared or derived.
struct Roots {
    declared: Vec<String>,
    all: HashSet<String>,
}

impl Roots {
    /// A variable is derived if an env file defines it by a text that begins with a root.
    fn of(scope: &Scope<'_>) -> Self {
        let declared = scope.policy.parameters.data_root_variables.clone();
        let mut all: HashSet<String> = declared.iter().cloned().collect();
        let examples = inputs::documentation(scope).examples;
        let definitions: Vec<(&str, &str)> =
            examples.iter().flat_map(|file| definitions(file.text())).collect();
        // Each round adds at least one name or is the last.
        loop {
            let derived: Vec<&str> = definitions
                .iter()
                .filter(|(name, value)| {
                    !all.contains(*name) && leading(value).is_some_and(|leading| all.contains(leading))
                })
                .map(|(name, _)| *name)
                .collect();
            if derived.is_empty() {
                return Self { declared, all };
            }
            all.extend(derived.into_iter().map(str::to_owned));
        }
    }

    /// Whether the text of a path begins with a root, as it is written.
    fn hold(&self, scope: &Scope<'_>, node: NodeRef<'_>) -> bool {
        let text = scope.files.text(node.origin().span);
        leading(&text).is_some_and(|name| self.all.contains(name))
    }

    /// The variable that a path begins with, if nothing gives it a value.
    fn undefined<'p>(&self, scope: &Scope<'p>, node: NodeRef<'p>) -> Option<&'p str> {
        let text = scope.files.text(node.origin().span);
        let leading = leading(&text)?;
        node.hops().find_map(|hop| match hop {
            Hop::Variable { name, set: VariableSource::Unset } if **name == *leading => Some(&**name),
            _ => None,
        })
    }

    fn first(&self) -> &str {
        self.declared.first().map_or("DEFAULT_DATA_DIR", String::as_str)
    }

    fn shown(&self) -> String {
        let names: Vec<String> = self.declared.iter().map(|name| format!("${{{name}}}")).collect();
        Names(&names).to_string().replace(" and ", " or ")
    }
}

/// The assignments of an env file.
fn definitions(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.lines().filter_map(|line| {
        let line = line.trim_start();
        let (name, value) = line.strip_prefix("export ").unwrap_or(line).split_once('=')?;
        Some((name.trim(), value.trim()))
    })
}

/// The variable that a text begins with.
fn leading(text: &str) -> Option<&str> {
    let text = text.trim_start_matches(['"', '\'', ' ']);
    let rest = text.strip_prefix('$')?;
    let rest = rest.strip_prefix('{').unwrap_or(rest);
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
    (end > 0).then_some(&rest[..end])
}

#[cfg(test)]
mod tests {
    use super::leading;

    #[test]
    fn the_variable_a_path_begins_with() {
        assert_eq!(leading("${DATA}/pg"), Some("DATA"));
        assert_eq!(leading("\"${DATA:-/srv}/pg\""), Some("DATA"));
        assert_eq!(leading("$DATA/pg"), Some("DATA"));
        assert_eq!(leading("/srv/${DATA}"), None);
        assert_eq!(leading("$"), None);
    }
}
