//! A service as rules see it: its resolved attributes, its kind and the templates it inherits from.

use hardpan_compose::{Hop, NodeRef, Value};
use hardpan_source::Span;

use crate::classify::ServiceKind;

/// Names a service of a [`Scope`](crate::Scope): its position in [`Scope::services`](crate::Scope).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ServiceId(pub(crate) u32);

impl ServiceId {
    /// The position in the scope's list of services.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A service that another one extends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Template<'p> {
    /// Its name.
    pub service: &'p str,
    /// The `extends` attribute that asks for it.
    pub at: Span,
    /// Its key, where it is defined.
    pub key: Span,
}

/// One service of the resolved project.
#[derive(Debug)]
pub struct Service<'p> {
    /// Its place in the scope.
    pub id: ServiceId,
    /// Its name.
    pub name: &'p str,
    /// The resolved definition.
    pub node: NodeRef<'p>,
    /// Its key, where a missing attribute is reported.
    pub key: Span,
    /// What it is for.
    pub kind: ServiceKind,
    /// What it extends, the nearest first.
    pub templates: Vec<Template<'p>>,
}

impl<'p> Service<'p> {
    pub(crate) fn new(id: ServiceId, name: &'p str, node: NodeRef<'p>, key: Span) -> Self {
        let templates = node
            .hops()
            .filter_map(|hop| match hop {
                Hop::Extends { service, at, key } => Some(Template { service, at: *at, key: *key }),
                _ => None,
            })
            .collect();
        Self { id, name, node, key, kind: ServiceKind::LongRunning, templates }
    }

    /// The value at a dotted path, such as `deploy.resources.limits.memory`. Null counts as absent.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<NodeRef<'p>> {
        let mut node = self.node;
        for key in path.split('.') {
            node = node.get(key)?;
        }
        (!node.is_null()).then_some(node)
    }

    /// The text at a dotted path.
    #[must_use]
    pub fn text(&self, path: &str) -> Option<&'p str> {
        self.get(path)?.as_str()
    }

    /// True if the value at the path is the boolean `true`.
    #[must_use]
    pub fn is_true(&self, path: &str) -> bool {
        self.get(path).is_some_and(|node| matches!(node.value(), Value::Bool(true)))
    }

    /// The items of the sequence at a path; none where there is no sequence.
    pub fn items(&self, path: &str) -> impl Iterator<Item = NodeRef<'p>> {
        self.get(path).into_iter().flat_map(NodeRef::items)
    }

    /// The entries of the mapping at a path; none where there is no mapping.
    pub fn entries(&self, path: &str) -> impl Iterator<Item = (&'p str, NodeRef<'p>)> {
        self.get(path).into_iter().flat_map(NodeRef::entries)
    }

    /// The environment variables with their values, from `environment` and env files. A variable without a value in
    /// `environment` that the process does not have is null.
    pub fn environment(&self) -> impl Iterator<Item = (&'p str, NodeRef<'p>)> {
        self.entries("environment")
    }

    /// The labels of the container.
    pub fn labels(&self) -> impl Iterator<Item = (&'p str, NodeRef<'p>)> {
        self.entries("labels")
    }

    /// The text of a label.
    #[must_use]
    pub fn label(&self, name: &str) -> Option<&'p str> {
        self.get("labels")?.get(name)?.as_str()
    }

    /// The image's reference as it is written after interpolation.
    #[must_use]
    pub fn image(&self) -> Option<&'p str> {
        self.text("image")
    }

    /// What the service mounts, in its long form.
    pub fn mounts(&self) -> impl Iterator<Item = Mount<'p>> {
        self.items("volumes").filter_map(|node| {
            Some(Mount {
                node,
                kind: node.get("type")?.as_str()?,
                source: node.get("source").and_then(NodeRef::as_str),
                target: node.get("target").and_then(NodeRef::as_str).unwrap_or_default(),
                read_only: node
                    .get("read_only")
                    .is_some_and(|value| matches!(value.value(), Value::Bool(true))),
            })
        })
    }

    /// The secrets that the service is granted.
    pub fn secrets(&self) -> impl Iterator<Item = Grant<'p>> {
        self.grants("secrets")
    }

    /// The configs that the service is granted.
    pub fn configs(&self) -> impl Iterator<Item = Grant<'p>> {
        self.grants("configs")
    }

    fn grants(&self, attribute: &str) -> impl Iterator<Item = Grant<'p>> {
        self.items(attribute).filter_map(|node| {
            Some(Grant {
                node,
                source: node.get("source")?.as_str()?,
                target: node.get("target").and_then(NodeRef::as_str),
            })
        })
    }

    /// The names of the networks that the service joins by `networks`, the implied `default` included.
    pub fn networks(&self) -> impl Iterator<Item = (&'p str, NodeRef<'p>)> {
        self.node.get("networks").into_iter().flat_map(NodeRef::entries)
    }

    /// The profiles that enable the service; none means always.
    pub fn profiles(&self) -> impl Iterator<Item = &'p str> {
        self.items("profiles").filter_map(NodeRef::as_str)
    }

    /// What the service waits for, with the condition (`service_started` unless said).
    pub fn depends_on(&self) -> impl Iterator<Item = Dependency<'p>> {
        self.entries("depends_on").map(|(service, node)| Dependency {
            service,
            node,
            condition: node.get("condition").and_then(NodeRef::as_str).unwrap_or("service_started"),
            required: !node.get("required").is_some_and(|value| matches!(value.value(), Value::Bool(false))),
        })
    }

    /// The words of `command`, `entrypoint` or `healthcheck.test`, after Compose has split them.
    #[must_use]
    pub fn words(&self, path: &str) -> Vec<NodeRef<'p>> {
        self.items(path).filter(|node| node.as_str().is_some()).collect()
    }
}

/// A mount of a service in its long form.
#[derive(Clone, Copy, Debug)]
pub struct Mount<'p> {
    /// The item of `volumes`.
    pub node: NodeRef<'p>,
    /// `bind`, `volume`, `tmpfs`, `npipe`, `cluster` or `image`.
    pub kind: &'p str,
    /// The path (absolute) or the volume's name; none for tmpfs and anonymous volumes.
    pub source: Option<&'p str>,
    /// The path inside the container.
    pub target: &'p str,
    /// True if it is mounted read-only.
    pub read_only: bool,
}

/// A secret or config that a service is granted.
#[derive(Clone, Copy, Debug)]
pub struct Grant<'p> {
    /// The item of `secrets` or `configs`.
    pub node: NodeRef<'p>,
    /// The name of the top-level secret or config.
    pub source: &'p str,
    /// The file in the container where it is not the source's name: relative to `/run/secrets`, or absolute.
    pub target: Option<&'p str>,
}

impl<'p> Grant<'p> {
    /// The name of the file below `/run/secrets`, or the absolute path.
    #[must_use]
    pub fn file(&self) -> &'p str {
        self.target.unwrap_or(self.source)
    }
}

/// One entry of `depends_on`.
#[derive(Clone, Copy, Debug)]
pub struct Dependency<'p> {
    /// The service waited for.
    pub service: &'p str,
    /// The entry's value.
    pub node: NodeRef<'p>,
    /// `service_started`, `service_healthy` or `service_completed_successfully`.
    pub condition: &'p str,
    /// False where the service may be missing.
    pub required: bool,
}
