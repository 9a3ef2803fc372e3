//! The ports that Traefik listens on: its entry points, from its arguments, variables or configuration file.

use hardpan_compose::NodeRef;
use hardpan_source::yaml::{Document, Kind, NodeIndex};

use super::image::Image;
use super::paths::{clean, is_below};
use crate::{Scope, Service};

/// The port of the entry point `traefik`, which is there without being written as soon as the dashboard, the health
/// check or the metrics need it.
const INTERNAL: u16 = 8080;

/// Where Traefik looks for its configuration by itself.
const PLACES: [&str; 2] = ["/etc/traefik/traefik.yml", "/etc/traefik/traefik.yaml"];

/// The ports of the entry points; none where the service is no Traefik, or its configuration is not at hand.
pub(super) fn of(scope: &Scope<'_>, service: &Service<'_>) -> Option<Vec<u16>> {
    let image = service.image().map(str::to_ascii_lowercase)?;
    if Image::parse(&image).name() != "traefik" {
        return None;
    }
    let mut found = Found { ports: Vec::new(), has_internal: false };
    let mut file = None;
    for word in service.words("command").into_iter().chain(service.words("entrypoint")) {
        let Some(word) = word.as_str().filter(|word| word.starts_with('-')) else { continue };
        let word = word.trim_start_matches('-');
        let (name, value) = word.split_once('=').unwrap_or((word, "true"));
        match name.to_ascii_lowercase().as_str() {
            "configfile" => file = Some(clean(value)),
            name => found.take(&name.replace('.', "_"), value),
        }
    }
    for (name, value) in service.environment() {
        if let (Some(name), Some(value)) = (name.strip_prefix("TRAEFIK_"), value.as_str()) {
            found.take(&name.to_ascii_lowercase(), value);
        }
    }
    if found.ports.is_empty() {
        let text = match file {
            Some(path) => mounted(scope, service, &path),
            None => PLACES.iter().find_map(|path| mounted(scope, service, path)),
        }?;
        let document = text.yaml().documents.first()?;
        let root = document.root()?;
        let points = entry(document, root, "entrypoints")?;
        let Kind::Mapping(entries) = &document.node(points).kind else { return None };
        for (_, point) in entries {
            found
                .ports
                .extend(entry(document, *point, "address").and_then(|node| port(scalar(document, node)?)));
        }
        let is_insecure = entry(document, root, "api")
            .and_then(|api| scalar(document, entry(document, api, "insecure")?))
            .is_some_and(|value| value == "true");
        found.has_internal |= is_insecure
            || entry(document, root, "ping").is_some()
            || entry(document, root, "metrics").is_some();
    }
    if found.ports.is_empty() {
        return None;
    }
    if found.has_internal {
        found.ports.push(INTERNAL);
    }
    Some(found.ports)
}

struct Found {
    ports: Vec<u16>,
    has_internal: bool,
}

impl Found {
    /// Takes a setting such as `entrypoints_web_address`.
    fn take(&mut self, name: &str, value: &str) {
        if name.starts_with("entrypoints_") && name.ends_with("_address") {
            self.ports.extend(port(value));
        } else if matches!(name, "api_insecure" | "ping") || name.starts_with("metrics_prometheus") {
            self.has_internal |= !value.eq_ignore_ascii_case("false");
        }
    }
}

/// The port of an address such as `:443`, `0.0.0.0:443` or `:443/udp`.
fn port(address: &str) -> Option<u16> {
    address.rsplit(':').next()?.split('/').next()?.trim().parse().ok()
}

/// The file of the project that stands at a path of the container.
fn mounted(
    scope: &Scope<'_>,
    service: &Service<'_>,
    path: &str,
) -> Option<std::rc::Rc<crate::files::TextFile>> {
    if !path.ends_with(".yml") && !path.ends_with(".yaml") {
        return None;
    }
    let config = service.configs().find(|config| config.file() == path);
    if let Some(config) = config {
        let file = scope.resource("configs", config.source)?.get("file").and_then(NodeRef::as_str)?;
        return scope.files.read(file);
    }
    service.mounts().find_map(|mount| {
        let (source, target) = (mount.source?, clean(mount.target));
        if target == path {
            return scope.files.read(source);
        }
        is_below(path, &target)
            .then(|| format!("{source}{}", &path[target.len()..]))
            .and_then(|file| scope.files.read(&file))
    })
}

/// The value of a key, case aside, as Traefik reads them.
fn entry(document: &Document, node: NodeIndex, key: &str) -> Option<NodeIndex> {
    let Kind::Mapping(entries) = &document.node(node).kind else { return None };
    entries
        .iter()
        .find(|(name, _)| scalar(document, *name).is_some_and(|name| name.eq_ignore_ascii_case(key)))
        .map(|(_, value)| *value)
}

fn scalar(document: &Document, node: NodeIndex) -> Option<&str> {
    match &document.node(node).kind {
        Kind::Scalar(scalar) => Some(&scalar.text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::port;

    #[test]
    fn addresses_end_with_a_port() {
        for (address, expected) in [(":443", Some(443)), ("0.0.0.0:80/udp", Some(80)), (":{{ port }}", None)]
        {
            assert_eq!(port(address), expected);
        }
    }
}
