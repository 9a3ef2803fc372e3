//! Which ports a service is known to listen on, as far as its attributes and its Dockerfile tell.

use hardpan_compose::{NodeRef, Value};

use crate::Service;
use crate::builds::Build;

/// The ports that the files name for a service.
pub(super) struct Ports {
    /// The port on the host, where it is one, and the port in the container.
    published: Vec<(Option<u16>, u16)>,
    /// Ranges of `expose` and `EXPOSE`.
    exposed: Vec<(u16, u16)>,
}

impl Ports {
    /// Of a service whose image stands on these builds.
    pub(super) fn of(service: &Service<'_>, builds: &[&Build]) -> Self {
        let published = service
            .items("ports")
            .filter_map(|node| Some((node.get("published").and_then(as_port), as_port(node.get("target")?)?)))
            .collect();
        let of_dockerfiles = builds.iter().flat_map(|built| &built.image.ports);
        let exposed = service
            .items("expose")
            .filter_map(range_of)
            .chain(of_dockerfiles.filter_map(|port| Some((port.first?, port.last?))))
            .collect();
        Self { published, exposed }
    }

    /// True if it is one of them.
    pub(super) fn contains(&self, port: u16) -> bool {
        self.published.iter().any(|(_, target)| *target == port)
            || self.exposed.iter().any(|(first, last)| (*first..=*last).contains(&port))
    }

    /// For a port that is only known on the host: what it is in the container.
    pub(super) fn behind(&self, host: u16) -> Option<u16> {
        self.published.iter().find(|(published, _)| *published == Some(host)).map(|(_, target)| *target)
    }

    /// The ports in the container, in order.
    pub(super) fn list(&self) -> Vec<u16> {
        let exposed = self.exposed.iter().map(|(first, _)| *first);
        let mut ports: Vec<u16> = exposed.chain(self.published.iter().map(|(_, target)| *target)).collect();
        ports.sort_unstable();
        ports.dedup();
        ports
    }
}

fn as_port(node: NodeRef<'_>) -> Option<u16> {
    match node.value() {
        Value::Int(number) => u16::try_from(*number).ok(),
        Value::UInt(number) => u16::try_from(*number).ok(),
        Value::Str(text) => text.parse().ok(),
        _ => None,
    }
}

/// `3000`, `3000/tcp` or `3000-3005`.
fn range_of(node: NodeRef<'_>) -> Option<(u16, u16)> {
    if let Some(port) = as_port(node) {
        return Some((port, port));
    }
    let text = node.as_str()?;
    let ports = text.split('/').next().unwrap_or(text);
    match ports.split_once('-') {
        Some((first, last)) => Some((first.parse().ok()?, last.parse().ok()?)),
        None => ports.parse().ok().map(|port| (port, port)),
    }
}

/// Whether the number stands in the service's variables, command, labels or other settings, so that it may be where the
/// service is told to listen.
pub(super) fn is_mentioned(service: &Service<'_>, port: u16) -> bool {
    let texts = service.environment().chain(service.labels()).map(|(_, node)| node);
    let words = service.items("command").chain(service.items("entrypoint"));
    texts.chain(words).any(|node| match node.value() {
        Value::Str(text) => has_number(text, port),
        Value::Int(number) => *number == i64::from(port),
        _ => false,
    })
}

pub(super) fn has_number(text: &str, number: u16) -> bool {
    let number = number.to_string();
    text.match_indices(&number).any(|(at, _)| {
        let is_digit = |character: char| character.is_ascii_digit();
        !text[..at].ends_with(is_digit) && !text[at + number.len()..].starts_with(is_digit)
    })
}

#[cfg(test)]
mod tests {
    use super::has_number;

    #[test]
    fn a_number_is_found_as_a_whole() {
        assert!(has_number("0.0.0.0:9000", 9000) && has_number("--port=9000", 9000));
        assert!(!has_number("19000", 9000) && !has_number("90001", 9000));
    }
}
