//! Which parts of a project are printed, in which order and form, as the reference's struct tags say.

use std::borrow::Cow;

use super::order;
use crate::keys;
use crate::path::Place;
use crate::syntax::duration;
use crate::syntax::timestamp::rfc3339 as timestamp;
use crate::tree::{Entry, NodeId, Tree, Value};
use crate::typed::shape::{Kind, Shape};
use crate::typed::{CONFIG, PROJECT};
use crate::unicity;

/// A printable value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Out<'t> {
    Null,
    Bool(bool),
    Int(i64),
    UInt(u64),
    Float(f64),
    Float32(f32),
    Str(Cow<'t, str>),
    /// A point in time, spelled as RFC 3339 does.
    Time(Cow<'t, str>),
    Seq(Vec<Out<'t>>),
    Map(Vec<(&'t str, Out<'t>)>),
}

impl<'t> Out<'t> {
    fn str(text: impl Into<Cow<'t, str>>) -> Self {
        Self::Str(text.into())
    }
}

/// The two forms differ in more than syntax: JSON has no nested extensions, YAML leaves out empty commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Yaml,
}

/// Lays out a typed project.
pub(crate) fn project(tree: &Tree, root: NodeId, format: Format) -> Out<'_> {
    let layout = Layout { tree, format };
    let mut fields = layout.fields(root, &PROJECT);
    // A JSON project always has services; YAML only where there are any.
    if format == Format::Json {
        if !fields.iter().any(|(name, _)| *name == "services") {
            fields.push(("services", Out::Map(Vec::new())));
        }
        fields.retain(|(name, _)| *name != "models");
        fields.extend(layout.extensions(root));
        fields.sort_unstable_by_key(|&(name, _)| name);
    } else if !fields.iter().any(|(name, _)| *name == "services") {
        let at = fields.iter().position(|(name, _)| *name != "name").unwrap_or(fields.len());
        fields.insert(at, ("services", Out::Map(Vec::new())));
    }
    Out::Map(fields)
}

/// Lays out one typed service.
pub(crate) fn service(tree: &Tree, service: NodeId) -> Vec<(&str, Out<'_>)> {
    Layout { tree, format: Format::Json }.fields(service, &crate::typed::SERVICE)
}

/// Lays out a model without types, every key as it is, sorted. `normalized` says that the stage of that name has run.
pub(crate) fn raw(tree: &Tree, root: NodeId, format: Format, normalized: bool) -> Out<'_> {
    Raw { tree, format, normalized }.node(root, Place::ROOT)
}

struct Raw<'t> {
    tree: &'t Tree,
    format: Format,
    normalized: bool,
}

impl<'t> Raw<'t> {
    fn node(&self, node: NodeId, place: Place) -> Out<'t> {
        match self.tree.value(node) {
            Value::Null => Out::Null,
            Value::Bool(value) => Out::Bool(*value),
            Value::Int(value) => Out::Int(*value),
            Value::UInt(value) => Out::UInt(*value),
            Value::Float(value) => Out::Float(*value),
            Value::Str(text) => Out::str(&**text),
            Value::Time(text) => Out::Time(timestamp(text)),
            Value::Seq(items) if items.is_empty() && self.empty_is_null(place) => Out::Null,
            Value::Seq(items) => {
                Out::Seq(items.iter().map(|&item| self.node(item, Place::NOWHERE)).collect())
            }
            Value::Map(map) => {
                let fields: Vec<_> = map
                    .entries()
                    .iter()
                    .map(|entry| {
                        let name = self.tree.key_str(entry.key);
                        (name, self.node(entry.value, unicity::place_of(place, name)))
                    })
                    .collect();
                Out::Map(order::sort(fields, self.format))
            }
        }
    }

    /// Go tells an empty list from none, and JSON shows it: a list that no stage has rewritten is `null`.
    fn empty_is_null(&self, place: Place) -> bool {
        let resolved = self.normalized && unicity::is_resolved_when_normalized(place);
        self.format == Format::Json && (resolved || !unicity::rewrites(place))
    }
}

struct Layout<'t> {
    tree: &'t Tree,
    format: Format,
}

impl<'t> Layout<'t> {
    /// The attributes of a mapping in table order, and in YAML its extensions behind them.
    fn fields(&self, node: NodeId, shape: &'static Shape) -> Vec<(&'t str, Out<'t>)> {
        let entries = self.tree.entries(node);
        let mut found: Vec<Option<&Entry>> = vec![None; shape.fields.len()];
        for entry in entries {
            if let Some(position) = shape.position(self.tree.key_str(entry.key)) {
                found[position] = Some(entry);
            }
        }
        let mut fields = Vec::with_capacity(entries.len() + 2);
        for (field, entry) in shape.fields.iter().zip(found) {
            let value = entry.map(|entry| entry.value).filter(|&value| !self.tree.is_null(value));
            let printed = match value {
                Some(value) => self.value(value, field.kind),
                None => self.absent(field.kind),
            };
            if let Some(printed) = printed {
                fields.push((if self.format == Format::Json { field.json } else { field.name }, printed));
            }
        }
        if self.format == Format::Yaml && shape.extensible {
            fields.extend(self.extensions(node));
        }
        fields
    }

    fn extensions(&self, node: NodeId) -> Vec<(&'t str, Out<'t>)> {
        let extensions: Vec<_> = self
            .tree
            .entries(node)
            .iter()
            .map(|entry| (self.tree.key_str(entry.key), entry.value))
            .filter(|(name, _)| name.starts_with("x-"))
            .map(|(name, value)| (name, self.extension(value)))
            .collect();
        order::sort(extensions, self.format)
    }

    /// What is printed for an attribute that is not there.
    fn absent(&self, kind: Kind) -> Option<Out<'t>> {
        match (kind, self.format) {
            (Kind::Command, Format::Json) => Some(Out::Null),
            (Kind::Embedded(shape), Format::Json) => {
                let fields =
                    shape.fields.iter().filter_map(|field| Some((field.json, self.absent(field.kind)?)));
                Some(Out::Map(fields.collect()))
            }
            (Kind::PlainStr, _) => Some(Out::str("")),
            (Kind::PlainInt | Kind::PlainUnsigned(_), _) => Some(Out::Int(0)),
            (Kind::PlainBytes, _) => Some(Out::str("0")),
            _ => None,
        }
    }

    fn value(&self, node: NodeId, kind: Kind) -> Option<Out<'t>> {
        match kind {
            Kind::Str => self.tree.str(node).filter(|text| !text.is_empty()).map(Out::str),
            Kind::PlainStr => self.tree.str(node).map(Out::str),
            Kind::Bool => matches!(self.tree.value(node), Value::Bool(true)).then_some(Out::Bool(true)),
            Kind::Int | Kind::Unsigned(_) | Kind::DeviceCount => {
                Some(self.scalar(node)).filter(|value| *value != Out::Int(0))
            }
            Kind::OptionalBool
            | Kind::OptionalInt
            | Kind::OptionalUnsigned
            | Kind::PlainInt
            | Kind::PlainUnsigned(_) => Some(self.scalar(node)),
            Kind::Float | Kind::NanoCpus => match *self.tree.value(node) {
                Value::Float(0.0) => None,
                #[expect(clippy::cast_possible_truncation, reason = "the value was a 32-bit float before")]
                Value::Float(number) => Some(Out::Float32(number as f32)),
                _ => None,
            },
            Kind::Bytes => self.int(node).filter(|&size| size != 0).map(|size| Out::str(size.to_string())),
            Kind::PlainBytes => Some(Out::str(self.int(node).unwrap_or_default().to_string())),
            Kind::Duration => {
                self.int(node).filter(|&time| time != 0).map(|time| Out::str(duration::format(time)))
            }
            Kind::OptionalDuration => self.int(node).map(|time| Out::str(duration::format(time))),
            Kind::Strings | Kind::StringOrStrings | Kind::AnyStrings | Kind::HealthTest => {
                self.list(node, |item| self.scalar(item)).filter(|list| *list != Out::Seq(Vec::new()))
            }
            Kind::Command | Kind::Hosts => self.list(node, |item| self.scalar(item)),
            Kind::Mapping
            | Kind::Options
            | Kind::NullableMapping
            | Kind::StrictMapping
            | Kind::MultiOptions => self.sorted(node, |value| self.scalar(value)),
            Kind::Ssh => self.ssh(node),
            Kind::FileMode => self.int(node).map(|mode| Out::str(file_mode(mode))),
            Kind::Ulimits => self.sorted(node, |limit| self.ulimit(limit)),
            Kind::Struct(shape) => Some(Out::Map(self.fields(node, shape))),
            Kind::Embedded(shape) => {
                let fields = self.fields(node, shape);
                (self.format == Format::Json || !fields.is_empty()).then_some(Out::Map(fields))
            }
            Kind::List(shape) => self
                .list(node, |item| Out::Map(self.fields(item, shape)))
                .filter(|list| *list != Out::Seq(Vec::new())),
            Kind::EnvFiles(shape) => self
                .list(node, |file| self.env_file(file, shape))
                .filter(|list| *list != Out::Seq(Vec::new())),
            Kind::Map(shape) => self.sorted(node, |value| match self.tree.is_null(value) {
                true => Out::Null,
                false => Out::Map(self.fields(value, shape)),
            }),
            Kind::PlainMap(shape) => self.sorted(node, |value| {
                let mut fields = self.fields(value, shape);
                // What comes from a variable is printed as the variable's name alone.
                if std::ptr::eq(shape, &CONFIG) && fields.iter().any(|(name, _)| *name == "environment") {
                    fields.retain(|(name, _)| *name != "content");
                }
                Out::Map(fields)
            }),
        }
    }

    /// A value that has its type already.
    fn scalar(&self, node: NodeId) -> Out<'t> {
        match self.tree.value(node) {
            Value::Seq(items) => Out::Seq(items.iter().map(|&item| self.scalar(item)).collect()),
            _ => self.extension(node),
        }
    }

    /// A value without type.
    fn extension(&self, node: NodeId) -> Out<'t> {
        Raw { tree: self.tree, format: self.format, normalized: false }.node(node, Place::NOWHERE)
    }

    fn int(&self, node: NodeId) -> Option<i64> {
        match *self.tree.value(node) {
            Value::Int(number) => Some(number),
            _ => None,
        }
    }

    fn list(&self, node: NodeId, print: impl Fn(NodeId) -> Out<'t>) -> Option<Out<'t>> {
        match self.tree.value(node) {
            Value::Seq(items) => Some(Out::Seq(items.iter().map(|&item| print(item)).collect())),
            _ => None,
        }
    }

    /// A mapping with names of the user's own, sorted; an empty one is not printed.
    fn sorted(&self, node: NodeId, print: impl Fn(NodeId) -> Out<'t>) -> Option<Out<'t>> {
        let fields: Vec<_> = self
            .tree
            .entries(node)
            .iter()
            .map(|entry| (self.tree.key_str(entry.key), print(entry.value)))
            .collect();
        (!fields.is_empty()).then(|| Out::Map(order::sort(fields, self.format)))
    }

    fn ssh(&self, node: NodeId) -> Option<Out<'t>> {
        let mut keys: Vec<_> =
            self.tree.entries(node).iter().map(|entry| (self.tree.key_str(entry.key), entry.value)).collect();
        keys.sort_unstable_by_key(|&(id, _)| id);
        let keys: Vec<_> = keys
            .into_iter()
            .map(|(id, path)| match self.tree.str(path) {
                Some(path) if !path.is_empty() => Out::str(format!("{id}: {path}")),
                _ => Out::str(id),
            })
            .collect();
        (!keys.is_empty()).then_some(Out::Seq(keys))
    }

    /// The format of a required file is lost, as it is in the reference. It shows in hashes only.
    fn env_file(&self, file: NodeId, shape: &'static Shape) -> Out<'t> {
        let get = |key| self.tree.get(file, key);
        let required = get(keys::REQUIRED).is_none_or(|node| *self.tree.value(node) != Value::Bool(false));
        match get(keys::PATH).and_then(|path| self.tree.str(path)) {
            Some(path) if required => Out::str(path),
            _ => Out::Map(self.fields(file, shape)),
        }
    }

    fn ulimit(&self, node: NodeId) -> Out<'t> {
        let limit = |name: &'static str| {
            let key = self.tree.find_key(name)?;
            self.int(self.tree.get(node, key)?)
        };
        if let Some(single) = limit("single").filter(|&single| single != 0) {
            return Out::Int(single);
        }
        let fields = ["soft", "hard"].map(|name| (name, limit(name).unwrap_or_default()));
        let printed = fields.into_iter().filter(|&(_, value)| self.format == Format::Yaml || value != 0);
        Out::Map(printed.map(|(name, value)| (name, Out::Int(value))).collect())
    }
}

/// `0` and the mode in octal, as Go prints it: a negative mode keeps its sign behind the zero.
fn file_mode(mode: i64) -> String {
    let sign = if mode < 0 { "-" } else { "" };
    format!("0{sign}{:o}", mode.unsigned_abs())
}
