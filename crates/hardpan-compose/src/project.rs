//! A loaded project, for reading: values with their origins, and the prints that the reference makes of it.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use crate::origin::{Hop, Origin};
use crate::render::{self, Format, Out};
use crate::tree::{NodeId, Tree, Value};

/// What a load found out about a project.
pub(crate) struct Parts {
    pub(crate) root: NodeId,
    pub(crate) disabled: Option<NodeId>,
    pub(crate) name: String,
    pub(crate) working_dir: String,
}

/// A loaded project.
#[derive(Debug)]
pub struct Project {
    tree: Tree,
    root: NodeId,
    disabled: Option<NodeId>,
    name: String,
    working_dir: String,
    normalized: bool,
}

impl Project {
    pub(crate) fn new(tree: Tree, parts: Parts, normalized: bool) -> Self {
        let Parts { root, disabled, name, working_dir } = parts;
        Self { tree, root, disabled, name, working_dir, normalized }
    }

    /// The project's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The directory that relative paths start at, absolute.
    #[must_use]
    pub fn working_dir(&self) -> &str {
        &self.working_dir
    }

    /// The whole model.
    #[must_use]
    pub fn root(&self) -> NodeRef<'_> {
        NodeRef { tree: &self.tree, id: self.root }
    }

    /// The services that take part, by name.
    pub fn services(&self) -> impl Iterator<Item = (&str, NodeRef<'_>)> {
        self.section("services")
    }

    /// The services that profiles or selection leave out, by name.
    pub fn disabled_services(&self) -> impl Iterator<Item = (&str, NodeRef<'_>)> {
        let disabled = self.disabled.map(|id| NodeRef { tree: &self.tree, id });
        disabled.into_iter().flat_map(NodeRef::entries)
    }

    /// The entries of a top-level element such as `networks`.
    pub fn section(&self, name: &str) -> impl Iterator<Item = (&str, NodeRef<'_>)> {
        self.root().get(name).into_iter().flat_map(NodeRef::entries)
    }

    /// The project as `docker compose config --format json` prints it, dollar signs doubled.
    #[must_use]
    pub fn to_json(&self) -> String {
        escape_dollars(render::json(&render::project(&self.tree, self.root, Format::Json), true))
    }

    /// The project as `docker compose config` prints it, dollar signs doubled.
    #[must_use]
    pub fn to_yaml(&self) -> String {
        escape_dollars(render::yaml(&render::project(&self.tree, self.root, Format::Yaml)))
    }

    /// The model as it stands, without types: what `--no-interpolate --format json` prints.
    #[must_use]
    pub fn to_raw_json(&self) -> String {
        render::json(&render::raw(&self.tree, self.root, Format::Json, self.normalized), true)
    }

    /// The model as it stands, without types: what `--no-interpolate` prints.
    #[must_use]
    pub fn to_raw_yaml(&self) -> String {
        render::yaml(&render::raw(&self.tree, self.root, Format::Yaml, self.normalized))
    }

    /// The reference's hash of a service: SHA-256 over its JSON without what does not need a new container.
    #[must_use]
    pub fn service_hash(&self, service: NodeRef<'_>) -> String {
        let mut fields = render::service(&self.tree, service.id);
        fields.retain(|(name, _)| {
            !matches!(*name, "build" | "pull_policy" | "scale" | "depends_on" | "profiles")
        });
        for (name, value) in &mut fields {
            if *name == "deploy"
                && let Out::Map(deploy) = value
            {
                deploy.retain(|(name, _)| *name != "replicas");
            }
        }
        let json = render::json(&Out::Map(fields), false);
        let mut text = String::with_capacity(64);
        for byte in Sha256::digest(json) {
            let _ = write!(text, "{byte:02x}");
        }
        text
    }

    /// A number in the typed model that JSON cannot express, so that the reference fails to print it.
    #[must_use]
    pub fn unprintable_number(&self) -> Option<NodeRef<'_>> {
        self.root().entries().find_map(|(key, value)| {
            let id = infinite_number(&self.tree, &[value.id], key.starts_with("x-"))?;
            Some(NodeRef { tree: &self.tree, id })
        })
    }

    /// As [`Project::unprintable_number`] for the model as it stands, in which all extensions are printed.
    #[must_use]
    pub fn unprintable_raw_number(&self) -> Option<NodeRef<'_>> {
        let id = infinite_number(&self.tree, &[self.root], true)?;
        Some(NodeRef { tree: &self.tree, id })
    }

    /// The ssh keys of builds that the reference cannot print as JSON: it writes them without quotes.
    #[must_use]
    pub fn unprintable_ssh_key(&self) -> Option<NodeRef<'_>> {
        self.services().find_map(|(_, service)| {
            let keys = service.get("build")?.get("ssh")?;
            keys.entries()
                .map(|(_, path)| path)
                .find(|path| path.as_str().is_some_and(|path| !path.is_empty()))
        })
    }
}

/// The first number in a model that is infinite or none.
fn infinite_number(tree: &Tree, from: &[NodeId], extensions: bool) -> Option<NodeId> {
    let mut pending = from.to_vec();
    while let Some(node) = pending.pop() {
        match tree.value(node) {
            Value::Float(number) if !number.is_finite() => return Some(node),
            Value::Seq(items) => pending.extend(items),
            Value::Map(map) => pending.extend(
                map.entries()
                    .iter()
                    .filter(|entry| extensions || !tree.key_str(entry.key).starts_with("x-"))
                    .map(|entry| entry.value),
            ),
            _ => {}
        }
    }
    None
}

fn escape_dollars(text: String) -> String {
    if text.contains('$') { text.replace('$', "$$") } else { text }
}

/// A value of a project with its origin.
#[derive(Clone, Copy, Debug)]
pub struct NodeRef<'p> {
    tree: &'p Tree,
    id: NodeId,
}

impl<'p> NodeRef<'p> {
    /// The value.
    #[must_use]
    pub fn value(self) -> &'p Value {
        self.tree.value(self.id)
    }

    /// The bytes it comes from.
    #[must_use]
    pub fn origin(self) -> Origin {
        self.tree.origin(self.id)
    }

    /// What happened to it since, the latest first.
    pub fn hops(self) -> impl Iterator<Item = &'p Hop> {
        self.tree.hops(self.origin().chain)
    }

    /// The value of a key.
    #[must_use]
    pub fn get(self, key: &str) -> Option<Self> {
        let id = self.tree.get(self.id, self.tree.find_key(key)?)?;
        Some(Self { id, ..self })
    }

    /// Where a key is written.
    #[must_use]
    pub fn key_span(self, key: &str) -> Option<hardpan_source::Span> {
        Some(self.tree.get_entry(self.id, self.tree.find_key(key)?)?.key_span)
    }

    /// The text, if the value is text.
    #[must_use]
    pub fn as_str(self) -> Option<&'p str> {
        self.tree.str(self.id)
    }

    /// True for null.
    #[must_use]
    pub fn is_null(self) -> bool {
        self.tree.is_null(self.id)
    }

    /// The entries of a mapping, in the order written.
    pub fn entries(self) -> impl Iterator<Item = (&'p str, Self)> {
        self.tree
            .entries(self.id)
            .iter()
            .map(move |entry| (self.tree.key_str(entry.key), Self { id: entry.value, ..self }))
    }

    /// The items of a sequence.
    pub fn items(self) -> impl Iterator<Item = Self> {
        self.tree.items(self.id).iter().map(move |&id| Self { id, ..self })
    }
}
