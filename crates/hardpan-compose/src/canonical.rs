//! Short forms become long ones, so that later stages and later override files meet one shape per attribute
//! (compose-spec, "short syntax" sections; compose-go `transform`).

use std::borrow::Cow;

use hardpan_diag::{Code, Diagnostic};

use crate::keys::{self, Key};
use crate::merge::dependency;
use crate::origin::{Chain, Hop, Origin};
use crate::path::{Place, Trail};
use crate::session::Session;
use crate::short_forms::{SHAPES, Shape};
use crate::syntax::{
    device::parse_device,
    path::clean_path,
    port::parse_ports,
    volume::{is_on_drive, parse_volume},
};
use crate::text::{go_type, sprint};
use crate::tree::{Entry, Map, NodeId, Value};

/// Rewrites everything below `root` to its long form.
pub(crate) fn canonical(session: &mut Session<'_>, root: NodeId) {
    Walk { session, trail: Trail::default() }.node(root, Place::ROOT);
}

struct Walk<'s, 'a> {
    session: &'s mut Session<'a>,
    trail: Trail,
}

impl Walk<'_, '_> {
    /// The long form of a node: itself, changed in place, or another node.
    fn node(&mut self, node: NodeId, place: Place) -> NodeId {
        match SHAPES.rule(place) {
            Some(shape) => self.shape(shape, node, place),
            None => self.children(node, place),
        }
    }

    fn children(&mut self, node: NodeId, place: Place) -> NodeId {
        match self.session.tree.value(node) {
            Value::Map(map) => {
                for at in 0..map.len() {
                    let Some(entry) = self.session.tree.entry(node, at) else { break };
                    let key = self.session.tree.key_str(entry.key);
                    let below = SHAPES.key(place, key);
                    if below == Place::NOWHERE {
                        continue;
                    }
                    self.trail.push(key);
                    let value = self.node(entry.value, below);
                    self.trail.pop();
                    if value != entry.value {
                        self.session.tree.replace(node, entry.key, value);
                    }
                }
            }
            Value::Seq(items) => {
                let below = SHAPES.item(place);
                if below == Place::NOWHERE {
                    return node;
                }
                self.trail.push("[]");
                for at in 0..items.len() {
                    let Some(&item) = self.session.tree.items(node).get(at) else { break };
                    let value = self.node(item, below);
                    if let Value::Seq(items) = self.session.tree.value_mut(node) {
                        items[at] = value;
                    }
                }
                self.trail.pop();
            }
            _ => {}
        }
        node
    }

    fn shape(&mut self, shape: Shape, node: NodeId, place: Place) -> NodeId {
        if let Some(what) = shape.misfit(self.session.tree.value(node)) {
            let kind = go_type(self.session.tree.value(node));
            let message = format!("{}: {}", self.trail.as_str(), what.replace("%T", kind));
            self.invalid(node, message);
            return node;
        }
        match shape {
            Shape::StringAs(key) => self.string_as(node, key),
            Shape::Ulimit => node,
            Shape::StringOrList => self.string_or_list(node),
            Shape::Text => self.text(node),
            Shape::KeyValue => self.key_value(node),
            Shape::DependsOn => self.depends_on(node),
            Shape::EnvFile => self.env_file(node),
            Shape::Gpus => self.gpus(node),
            Shape::Names => self.names(node),
            Shape::Volume => self.volume(node),
            Shape::Device => self.device(node),
            Shape::Ports => self.ports(node),
            Shape::Build => {
                let build = self.string_as(node, keys::CONTEXT);
                self.children(build, place)
            }
            Shape::Ssh => self.ssh(node),
            Shape::External => {
                let resource = self.children(node, place);
                self.external(resource);
                resource
            }
        }
    }

    fn invalid(&mut self, node: NodeId, message: String) {
        let span = self.session.tree.span(node);
        self.session.error("compose::invalid-value", span, message);
    }

    fn implied(&mut self, at: Origin) -> Origin {
        let chain =
            self.session.tree.chain(Hop::Implied { reason: "default of the short form" }, Chain::NONE);
        Origin { span: at.span, chain }
    }

    fn string_as(&mut self, node: NodeId, key: Key) -> NodeId {
        if self.session.tree.str(node).is_none() {
            return node;
        }
        let origin = self.session.tree.origin(node);
        let map = self.session.tree.add_map(origin);
        self.session.tree.set(map, key, origin.span, node);
        map
    }

    fn string_or_list(&mut self, node: NodeId) -> NodeId {
        if self.session.tree.str(node).is_none() {
            return node;
        }
        let origin = self.session.tree.origin(node);
        self.session.tree.add(Value::Seq(vec![node]), origin)
    }

    fn text(&mut self, node: NodeId) -> NodeId {
        if let Value::Bool(value) = self.session.tree.value(node) {
            let text = Value::str(value.to_string());
            *self.session.tree.value_mut(node) = text;
        }
        node
    }

    fn key_value(&mut self, node: NodeId) -> NodeId {
        let Value::Seq(items) = self.session.tree.value(node) else { return node };
        // Where variables are left as they are written, so is a list that cannot be read for them.
        if !self.session.stages.interpolate
            && items.iter().any(|&item| !sprint(&self.session.tree, item).contains('='))
        {
            return node;
        }
        let mut map = Map::default();
        for item in items.clone() {
            let text = sprint(&self.session.tree, item);
            let Some((name, value)) = text.split_once('=') else {
                let path = self.trail.as_str().to_owned();
                self.invalid(item, format!("{path}: invalid value {text}, expected key=value"));
                continue;
            };
            let origin = self.session.tree.origin(item);
            let key = self.session.tree.key(name);
            let value = self.session.tree.add_str(value, origin);
            map.set(Entry { key, key_span: origin.span, value });
        }
        let origin = self.session.tree.origin(node);
        self.session.tree.add(Value::Map(Box::new(map)), origin)
    }

    fn depends_on(&mut self, node: NodeId) -> NodeId {
        match self.session.tree.value(node) {
            Value::Map(map) => {
                for entry in map.entries().to_vec() {
                    if self.session.tree.map(entry.value).is_none() {
                        let name = self.session.tree.key_str(entry.key);
                        let value = sprint(&self.session.tree, node);
                        let message = format!("{}.{name}: unsupported value {value}", self.trail.as_str());
                        self.invalid(entry.value, message);
                        continue;
                    }
                    for (key, value) in [
                        (keys::CONDITION, Value::str("service_started")),
                        (keys::REQUIRED, Value::Bool(true)),
                    ] {
                        if self.session.tree.get(entry.value, key).is_none() {
                            self.session.tree.set_implied(entry.value, key, value, "default of depends_on");
                        }
                    }
                }
                node
            }
            Value::Seq(items) => {
                let items = items.clone();
                let mut map = Map::default();
                for item in items {
                    let Some(name) = self.session.tree.str(item).map(str::to_owned) else { continue };
                    let origin = self.session.tree.origin(item);
                    let key = self.session.tree.key(&name);
                    let value = dependency(self.session, origin, true);
                    map.set(Entry { key, key_span: origin.span, value });
                }
                let origin = self.session.tree.origin(node);
                self.session.tree.add(Value::Map(Box::new(map)), origin)
            }
            _ => node,
        }
    }

    fn env_file(&mut self, node: NodeId) -> NodeId {
        let node = self.string_or_list(node);
        for at in 0..self.session.tree.items(node).len() {
            let Some(&item) = self.session.tree.items(node).get(at) else { break };
            let mut entry = self.string_as(item, keys::PATH);
            if self.session.tree.map(entry).is_none() {
                let origin = self.session.tree.origin(item);
                entry = self.session.tree.add(Value::Null, origin);
            } else if self.session.tree.get(entry, keys::REQUIRED).is_none() {
                self.session.tree.set_implied(
                    entry,
                    keys::REQUIRED,
                    Value::Bool(true),
                    "default of env_file",
                );
            }
            if let Value::Seq(items) = self.session.tree.value_mut(node) {
                items[at] = entry;
            }
        }
        node
    }

    fn gpus(&mut self, node: NodeId) -> NodeId {
        if self.session.tree.str(node).is_none() {
            return node;
        }
        let origin = self.session.tree.origin(node);
        let request = self.session.tree.add_map(origin);
        // Whatever the text is; the schema knows only this one, but does not see templates.
        let all = self.session.tree.add_str("all", origin);
        self.session.tree.set(request, keys::COUNT, origin.span, all);
        self.session.tree.add(Value::Seq(vec![request]), origin)
    }

    fn names(&mut self, node: NodeId) -> NodeId {
        let Value::Seq(items) = self.session.tree.value(node) else { return node };
        let mut map = Map::default();
        for item in items.clone() {
            let Some(name) = self.session.tree.str(item).map(str::to_owned) else {
                // The reference panics.
                let message = format!("{}: a name must be a string", self.trail.as_str());
                self.invalid(item, message);
                continue;
            };
            let origin = self.session.tree.origin(item);
            let key = self.session.tree.key(&name);
            let value = self.session.tree.add(Value::Null, origin);
            map.set(Entry { key, key_span: origin.span, value });
        }
        let origin = self.session.tree.origin(node);
        self.session.tree.add(Value::Map(Box::new(map)), origin)
    }

    /// Builds a mapping whose parts were all written in the one short form at `origin`.
    fn mapping(&mut self, origin: Origin, parts: Vec<(Key, Value)>) -> NodeId {
        let map = self.session.tree.add_map(origin);
        for (key, value) in parts {
            let value = self.session.tree.add(value, origin);
            self.session.tree.set(map, key, origin.span, value);
        }
        map
    }

    fn volume(&mut self, node: NodeId) -> NodeId {
        let Some(spec) = self.session.tree.str(node) else { return node };
        let volume = match parse_volume(spec) {
            Ok(volume) => volume,
            Err(error) => {
                let mut diagnostic = Diagnostic::error(Code("compose::invalid-volume"), error.to_string())
                    .with_span(self.session.tree.span(node));
                if spec.starts_with(':') {
                    diagnostic = diagnostic.with_help(
                        "the source is empty, most often because a variable is not set: give it a value or a default",
                    );
                }
                self.session.diagnostics.push(diagnostic);
                return node;
            }
        };
        if is_on_drive(&volume) {
            let message = format!("volume {spec:?} is read as a path on a Windows drive");
            let diagnostic = Diagnostic::warning(Code("compose::windows-drive"), message)
                .with_span(self.session.tree.span(node))
                .with_help("give the volume a name of two letters or more, or use the long form")
                .with_note(
                    "Docker Compose takes a single letter before a colon for a drive, on every system",
                );
            self.session.diagnostics.push(diagnostic);
        }
        let origin = self.session.tree.origin(node);
        let mut parts = vec![(keys::TYPE, Value::str(volume.kind.as_str()))];
        if !volume.source.is_empty() {
            parts.push((keys::SOURCE, Value::str(volume.source)));
        }
        if !volume.target.is_empty() {
            parts.push((keys::TARGET, Value::str(clean_path(&volume.target))));
        }
        if volume.read_only {
            parts.push((keys::READ_ONLY, Value::Bool(true)));
        }
        let map = self.mapping(origin, parts);
        if let Some(bind) = volume.bind {
            let mut options = Vec::new();
            if let Some(selinux) = bind.selinux {
                options.push((keys::SELINUX, Value::str(selinux)));
            }
            if let Some(propagation) = bind.propagation {
                options.push((keys::PROPAGATION, Value::str(propagation)));
            }
            if bind.create_host_path {
                options.push((keys::CREATE_HOST_PATH, Value::Bool(true)));
            }
            let implied = self.implied(origin);
            let bind = self.mapping(implied, options);
            self.session.tree.set(map, keys::BIND, origin.span, bind);
        }
        if let Some(named) = volume.volume {
            let options = if named.nocopy { vec![(keys::NOCOPY, Value::Bool(true))] } else { Vec::new() };
            let implied = self.implied(origin);
            let named = self.mapping(implied, options);
            self.session.tree.set(map, keys::VOLUME, origin.span, named);
        }
        map
    }

    fn device(&mut self, node: NodeId) -> NodeId {
        let Some(text) = self.session.tree.str(node) else { return node };
        match parse_device(text) {
            Ok(device) => {
                let origin = self.session.tree.origin(node);
                self.mapping(
                    origin,
                    vec![
                        (keys::SOURCE, Value::str(device.source)),
                        (keys::TARGET, Value::str(device.target)),
                        (keys::PERMISSIONS, Value::str(device.permissions)),
                    ],
                )
            }
            // Without interpolation it may still be a template, of which the reference then keeps nothing.
            Err(_) if !self.session.stages.interpolate => {
                let origin = self.session.tree.origin(node);
                let parts = [(keys::SOURCE, ""), (keys::TARGET, ""), (keys::PERMISSIONS, "rwm")];
                self.mapping(origin, parts.map(|(key, text)| (key, Value::str(text))).to_vec())
            }
            Err(error) => {
                self.invalid(node, error.to_string());
                node
            }
        }
    }

    /// One short entry may mean several ports, so the list is rewritten whole.
    fn ports(&mut self, node: NodeId) -> NodeId {
        let Value::Seq(items) = self.session.tree.value(node) else { return node };
        let mut ports = Vec::with_capacity(items.len());
        for item in items.clone() {
            let origin = self.session.tree.origin(item);
            // A few characters can mean all ports there are.
            if !self.session.may_grow(origin.span) {
                return node;
            }
            let spec = match self.session.tree.value(item) {
                Value::Map(_) => {
                    ports.push(item);
                    continue;
                }
                Value::Str(spec) => Cow::Borrowed(&**spec),
                Value::Int(number) => Cow::Owned(number.to_string()),
                other => {
                    let message =
                        format!("{}: invalid type {} for port", self.trail.as_str(), go_type(other));
                    self.invalid(item, message);
                    continue;
                }
            };
            match parse_ports(&spec) {
                Ok(parsed) => {
                    for port in parsed {
                        let mut parts = vec![(keys::MODE, Value::str("ingress"))];
                        if !port.host_ip.is_empty() {
                            parts.push((keys::HOST_IP, Value::str(port.host_ip)));
                        }
                        // A target of zero is as good as none to the reference.
                        if port.target != 0 {
                            parts.push((keys::TARGET, Value::Int(i64::from(port.target))));
                        }
                        if !port.published.is_empty() {
                            parts.push((keys::PUBLISHED, Value::str(port.published)));
                        }
                        parts.push((keys::PROTOCOL, Value::str(port.protocol)));
                        let port = self.mapping(origin, parts);
                        ports.push(port);
                    }
                }
                // Without interpolation a port may still be a template; the reference then keeps the list as written.
                Err(_) if !self.session.stages.interpolate => return node,
                Err(error) => self.invalid(item, error.to_string()),
            }
        }
        let origin = self.session.tree.origin(node);
        self.session.tree.add(Value::Seq(ports), origin)
    }

    fn ssh(&mut self, node: NodeId) -> NodeId {
        let items = match self.session.tree.value(node) {
            Value::Seq(items) => items.clone(),
            Value::Str(_) => vec![node],
            _ => return node,
        };
        let mut map = Map::default();
        for item in items {
            let Some(text) = self.session.tree.str(item).map(str::to_owned) else {
                self.invalid(item, format!("invalid ssh key type {}", self.session.tree.value(item).kind()));
                continue;
            };
            let origin = self.session.tree.origin(item);
            let (id, path) = match text.split_once('=') {
                Some((id, path)) => (id, Value::str(path)),
                None if text == "default" => ("default", Value::Null),
                None => {
                    self.invalid(item, format!("invalid ssh key {text:?}"));
                    continue;
                }
            };
            let key = self.session.tree.key(id);
            let value = self.session.tree.add(path, origin);
            map.set(Entry { key, key_span: origin.span, value });
        }
        let origin = self.session.tree.origin(node);
        self.session.tree.add(Value::Map(Box::new(map)), origin)
    }

    /// The deprecated `external: {name: x}` becomes `external: true` and `name: x`.
    fn external(&mut self, resource: NodeId) {
        let Some(external) = self.session.tree.get(resource, keys::EXTERNAL) else { return };
        if self.session.tree.map(external).is_none() {
            return;
        }
        let origin = self.session.tree.origin(external);
        let yes = self.session.tree.add(Value::Bool(true), origin);
        self.session.tree.replace(resource, keys::EXTERNAL, yes);
        let Some(external_name) = self.session.tree.get_entry(external, keys::NAME) else { return };
        let path = self.trail.as_str();
        self.session.diagnostics.push(
            Diagnostic::warning(
                Code("compose::deprecated-external-name"),
                format!("{path}: external.name is deprecated. Please set name and external: true"),
            )
            .with_span(external_name.key_span),
        );
        match self.session.tree.get(resource, keys::NAME) {
            None => {
                self.session.tree.set(resource, keys::NAME, external_name.key_span, external_name.value);
            }
            Some(name) if !self.session.tree.equal(name, external_name.value) => {
                let diagnostic = Diagnostic::error(
                    Code("compose::external-name"),
                    format!("{path}: name and external.name conflict; only use name"),
                )
                .with_label(self.session.tree.span(external_name.value), "this name")
                .with_related(self.session.tree.span(name), "differs from this one");
                self.session.diagnostics.push(diagnostic);
            }
            Some(_) => {}
        }
    }
}
