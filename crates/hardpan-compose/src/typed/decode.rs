//! From the canonical model to the typed one, with the reference's conversions and refusals
//! (compose-go's `mapstructure` hooks and `DecodeMapstructure` methods).

use hardpan_diag::{Code, Diagnostic};

use super::model::PROJECT;
use super::shape::{Kind, Shape};
use crate::interpolation::boolean;
use crate::keys;
use crate::session::Session;
use crate::syntax::duration;
use crate::syntax::gofloat::{parse_f32, parse_int, truncate_to_i64};
use crate::syntax::size;
use crate::text::{go_type, sprint};
use crate::tree::{Entry, Map, NodeId, Value};

/// Gives every attribute below `root` its type, in place.
pub(crate) fn decode(session: &mut Session<'_>, root: NodeId) {
    let mut decoder = Decoder { session, trail: String::new() };
    decoder.fields(root, &PROJECT);
    // What told equal secrets from different ones has done its work.
    let secrets = session.tree.get(root, keys::SECRETS).map(|secrets| session.tree.entries(secrets).to_vec());
    for secret in secrets.unwrap_or_default() {
        session.tree.remove(secret.value, keys::SECRET_VALUE);
    }
}

pub(super) struct Decoder<'s, 'a> {
    pub(super) session: &'s mut Session<'a>,
    /// The path in the reference's spelling: `services[a].ports[0].target`.
    trail: String,
}

/// The name under which the reference files the extensions of a mapping. Where a mapping has names of the user's own,
/// such as labels, this name then shows up among them.
const EXTENSIONS: &str = "#extensions";

impl Decoder<'_, '_> {
    pub(super) fn at<R>(&mut self, part: &str, work: impl FnOnce(&mut Self) -> R) -> R {
        let length = self.trail.len();
        if !part.starts_with('[') && length > 0 {
            self.trail.push('.');
        }
        self.trail.push_str(part);
        let result = work(self);
        self.trail.truncate(length);
        result
    }

    pub(super) fn problem(&mut self, node: NodeId, what: &str) {
        let message = format!("'{}' {what}", self.trail);
        let span = self.session.tree.span(node);
        self.session.error("compose::invalid-value", span, message);
    }

    fn unconvertible(&mut self, node: NodeId, expected: &str) {
        let found = go_type(self.session.tree.value(node));
        self.problem(node, &format!("expected type '{expected}', got unconvertible type '{found}'"));
    }

    /// A reference's blind spot: it takes the value for zero without a word.
    fn warn_zero(&mut self, node: NodeId) {
        let text = sprint(&self.session.tree, node);
        let message = format!("'{}' {text} is not a whole number of bytes and counts as 0", self.trail);
        let diagnostic = Diagnostic::warning(Code("compose::size-counts-as-zero"), message)
            .with_span(self.session.tree.span(node))
            .with_help("write a whole number, or a size with a unit such as `512m`")
            .with_note("Docker Compose takes such a number for 0, which means no limit, and says nothing");
        self.session.diagnostics.push(diagnostic);
    }

    fn fields(&mut self, node: NodeId, shape: &'static Shape) {
        for at in 0..self.session.tree.entries(node).len() {
            let Some(entry) = self.session.tree.entry(node, at) else { break };
            let Some(position) = shape.position(self.session.tree.key_str(entry.key)) else { continue };
            let field = &shape.fields[position];
            self.at(field.name, |decoder| decoder.value(entry.value, field.kind));
        }
    }

    fn value(&mut self, node: NodeId, kind: Kind) {
        // A null leaves an attribute as if it were not there.
        if self.session.tree.is_null(node) {
            return;
        }
        match kind {
            Kind::Str | Kind::PlainStr => self.string(node),
            Kind::Bool | Kind::OptionalBool => self.boolean(node),
            Kind::Int | Kind::OptionalInt | Kind::PlainInt => self.int(node),
            Kind::Unsigned(bits) | Kind::PlainUnsigned(bits) => self.unsigned(node, bits),
            Kind::OptionalUnsigned => self.unsigned(node, 64),
            Kind::Float => self.float(node),
            Kind::NanoCpus => self.nano_cpus(node),
            Kind::Bytes | Kind::PlainBytes => self.bytes(node),
            Kind::Duration | Kind::OptionalDuration => self.duration(node),
            Kind::Strings | Kind::StringOrStrings => self.strings(node, kind),
            Kind::AnyStrings => self.any_strings(node),
            Kind::Mapping | Kind::Options => self.mapping(node, false),
            Kind::NullableMapping => self.mapping(node, true),
            Kind::StrictMapping => self.strict_mapping(node),
            Kind::MultiOptions => self.multi_options(node),
            Kind::Command => self.command(node),
            Kind::HealthTest => self.health_test(node),
            Kind::Hosts => self.hosts(node),
            Kind::Ssh => self.ssh(node),
            Kind::FileMode => self.file_mode(node),
            Kind::DeviceCount => self.device_count(node),
            Kind::Ulimits => self.ulimits(node),
            Kind::Struct(shape) | Kind::Embedded(shape) => match self.session.tree.map(node) {
                Some(_) => self.fields(node, shape),
                None => self.unconvertible(node, "mapping"),
            },
            Kind::List(shape) | Kind::EnvFiles(shape) => self.list(node, shape),
            Kind::Map(shape) | Kind::PlainMap(shape) => self.map(node, shape),
        }
    }

    pub(super) fn set(&mut self, node: NodeId, value: Value) {
        *self.session.tree.value_mut(node) = value;
    }

    fn string(&mut self, node: NodeId) {
        match self.session.tree.value(node) {
            Value::Str(_) => {}
            Value::Int(number) => {
                let text = number.to_string();
                self.set(node, Value::str(text));
            }
            // `provenance` and `sbom` are the two strings that may be written as booleans.
            Value::Bool(value) if self.trail.ends_with(".provenance") || self.trail.ends_with(".sbom") => {
                let text = value.to_string();
                self.set(node, Value::str(text));
            }
            _ => self.unconvertible(node, "string"),
        }
    }

    fn boolean(&mut self, node: NodeId) {
        match self.session.tree.value(node) {
            Value::Bool(_) => {}
            Value::Str(text) => {
                let text = text.to_string();
                match boolean(self.session, node, &text) {
                    Ok(value) => self.set(node, value),
                    Err(problem) => self.problem(node, &problem),
                }
            }
            _ => self.unconvertible(node, "bool"),
        }
    }

    fn int(&mut self, node: NodeId) {
        let value = match self.session.tree.value(node) {
            Value::Int(_) => return,
            // Go's conversions: a number beyond the range wraps, a fraction is cut off.
            Value::UInt(number) => number.cast_signed(),
            Value::Float(number) => truncate_to_i64(*number),
            Value::Str(text) => match parse_int(text, 10) {
                Ok(number) => number,
                Err(error) => return self.problem(node, &error.to_string()),
            },
            _ => return self.unconvertible(node, "int"),
        };
        self.set(node, Value::Int(value));
    }

    fn unsigned(&mut self, node: NodeId, bits: u32) {
        let number = match *self.session.tree.value(node) {
            Value::Int(number) => match u64::try_from(number) {
                Ok(number) => number,
                Err(_) => {
                    return self.problem(
                        node,
                        &format!("cannot parse value as 'uint{bits}': {number} overflows uint"),
                    );
                }
            },
            Value::UInt(number) => number,
            Value::Float(number) if number < 0.0 => {
                return self
                    .problem(node, &format!("cannot parse value as 'uint{bits}': {number} overflows uint"));
            }
            Value::Float(number) => truncate_to_i64(number).cast_unsigned(),
            _ => return self.unconvertible(node, &format!("uint{bits}")),
        };
        let number = if bits < 64 { number & ((1 << bits) - 1) } else { number };
        self.set(node, i64::try_from(number).map_or(Value::UInt(number), Value::Int));
    }

    /// A 32-bit float, kept as the 64-bit one of the same value.
    fn float(&mut self, node: NodeId) {
        let number = match self.session.tree.value(node) {
            Value::Int(number) => *number as f32,
            Value::UInt(number) => *number as f32,
            Value::Float(number) => *number as f32,
            Value::Str(text) => match parse_f32(text) {
                Ok(number) => number,
                Err(error) => return self.problem(node, &error.to_string()),
            },
            _ => return self.unconvertible(node, "float32"),
        };
        self.set(node, Value::Float(f64::from(number)));
    }

    fn nano_cpus(&mut self, node: NodeId) {
        if matches!(self.session.tree.value(node), Value::UInt(_)) {
            return self.problem(node, "unexpected value type uint64 for cpus");
        }
        self.float(node);
    }

    fn bytes(&mut self, node: NodeId) {
        match self.session.tree.value(node) {
            Value::Int(_) => {}
            Value::UInt(_) | Value::Float(_) => {
                self.warn_zero(node);
                self.set(node, Value::Int(0));
            }
            Value::Str(text) => match size::parse(text) {
                Ok(size) => self.set(node, Value::Int(size)),
                Err(error) => {
                    let what = error.to_string();
                    self.problem(node, &what);
                }
            },
            _ => self.unconvertible(node, "size"),
        }
    }

    fn duration(&mut self, node: NodeId) {
        let text = sprint(&self.session.tree, node);
        match duration::parse(&text) {
            Ok(nanoseconds) => self.set(node, Value::Int(nanoseconds)),
            Err(error) => self.problem(node, &error.to_string()),
        }
    }

    pub(super) fn strings(&mut self, node: NodeId, kind: Kind) {
        if let (Kind::StringOrStrings, Value::Str(_)) = (kind, self.session.tree.value(node)) {
            let origin = self.session.tree.origin(node);
            let value = self.session.tree.value(node).clone();
            let item = self.session.tree.add(value, origin);
            return self.set(node, Value::Seq(vec![item]));
        }
        let Value::Seq(items) = self.session.tree.value(node) else {
            return self.unconvertible(node, "[]string");
        };
        for (at, item) in items.clone().into_iter().enumerate() {
            self.at(&format!("[{at}]"), |decoder| decoder.string(item));
        }
    }

    fn any_strings(&mut self, node: NodeId) {
        let Value::Seq(items) = self.session.tree.value(node) else {
            return self.unconvertible(node, "[]string");
        };
        for item in items.clone() {
            let text = sprint(&self.session.tree, item);
            self.set(item, Value::str(text));
        }
    }

    /// A mapping of strings from a mapping or from a list of `key=value`.
    fn mapping(&mut self, node: NodeId, nullable: bool) {
        let map: Map = match self.session.tree.value(node) {
            Value::Map(map) => {
                let entries = map.entries().to_vec();
                self.file_extensions(node, entries)
                    .into_iter()
                    .map(|entry| Entry { value: self.mapping_value(entry.value, nullable), ..entry })
                    .collect()
            }
            Value::Seq(items) => {
                let items = items.clone();
                if nullable {
                    self.no_trailing_space(&items);
                }
                items.into_iter().map(|item| self.mapping_item(item, nullable)).collect()
            }
            _ => return self.problem(node, "unexpected value type for mapping"),
        };
        self.set(node, Value::Map(Box::new(map)));
    }

    fn mapping_value(&mut self, node: NodeId, nullable: bool) -> NodeId {
        let text = match self.session.tree.value(node) {
            Value::Str(_) => return node,
            Value::Null if nullable => return node,
            Value::Null => String::new(),
            _ => sprint(&self.session.tree, node),
        };
        self.set(node, Value::str(text));
        node
    }

    /// Only lists are checked, and only the last byte: the reference takes it for a Latin-1 character, so that a name
    /// may not end in `à` either, whose second byte is the number of a no-break space.
    fn no_trailing_space(&mut self, items: &[NodeId]) {
        for &item in items {
            let text = sprint(&self.session.tree, item);
            let name = text.split('=').next().unwrap_or_default();
            if matches!(name.bytes().last(), Some(b'\t'..=b'\r' | b' ' | 0x85 | 0xA0)) {
                let what = format!("environment variable {name} is declared with a trailing space");
                self.problem(item, &what);
            }
        }
    }

    fn mapping_item(&mut self, item: NodeId, nullable: bool) -> Entry {
        let text = sprint(&self.session.tree, item);
        let origin = self.session.tree.origin(item);
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Value::str(value)),
            None if nullable => (text.as_str(), Value::Null),
            None => (text.as_str(), Value::str("")),
        };
        let key = self.session.tree.key(name);
        let value = self.session.tree.add(value, origin);
        Entry { key, key_span: origin.span, value }
    }

    /// Copies what the reference does to keys that begin with `x-` where the user chooses the names: they are taken
    /// for extensions and end up in one entry called `#extensions`.
    pub(super) fn file_extensions(&mut self, node: NodeId, entries: Vec<Entry>) -> Vec<Entry> {
        let is_extension =
            |session: &Session<'_>, entry: &Entry| session.tree.key_str(entry.key).starts_with("x-");
        let Some(first) = entries.iter().find(|entry| is_extension(self.session, entry)).copied() else {
            return entries;
        };
        let name = self.session.tree.key_str(first.key).to_owned();
        let message =
            format!("'{}' `{name}` is taken for an extension and becomes part of `#extensions`", self.trail);
        self.session.diagnostics.push(
            Diagnostic::warning(Code("compose::extension-in-mapping"), message)
                .with_span(first.key_span)
                .with_help(format!("write the entries as a list: `- {name}=value`"))
                .with_note(
                    "Docker Compose treats every key that begins with `x-` so, whatever mapping it is in",
                ),
        );
        let (extensions, mut kept): (Vec<Entry>, Vec<Entry>) =
            entries.into_iter().partition(|entry| is_extension(self.session, entry));
        let origin = self.session.tree.origin(node);
        let extensions =
            self.session.tree.add(Value::Map(Box::new(extensions.into_iter().collect())), origin);
        let key = self.session.tree.key(EXTENSIONS);
        kept.push(Entry { key, key_span: first.key_span, value: extensions });
        kept
    }

    fn strict_mapping(&mut self, node: NodeId) {
        let Value::Map(map) = self.session.tree.value(node) else {
            return self.unconvertible(node, "map[string]string");
        };
        let entries = map.entries().to_vec();
        for entry in self.file_extensions(node, entries) {
            let name = self.session.tree.key_str(entry.key).to_owned();
            if self.session.tree.is_null(entry.value) {
                self.set(entry.value, Value::str(""));
            } else {
                self.at(&format!("[{name}]"), |decoder| decoder.string(entry.value));
            }
        }
    }

    fn multi_options(&mut self, node: NodeId) {
        let Value::Map(map) = self.session.tree.value(node) else {
            return self.unconvertible(node, "map[string][]string");
        };
        let entries = map.entries().to_vec();
        let mut entries = self.file_extensions(node, entries);
        // An option without values is none.
        let tree = &self.session.tree;
        entries.retain(|entry| !matches!(tree.value(entry.value), Value::Seq(items) if items.is_empty()));
        self.set(node, Value::Map(Box::new(entries.iter().copied().collect())));
        for entry in entries {
            let items = match self.session.tree.value(entry.value) {
                Value::Seq(items) => items.clone(),
                _ => {
                    let origin = self.session.tree.origin(entry.value);
                    let value = self.session.tree.value(entry.value).clone();
                    vec![self.session.tree.add(value, origin)]
                }
            };
            for &item in &items {
                let text = sprint(&self.session.tree, item);
                self.set(item, Value::str(text));
            }
            self.set(entry.value, Value::Seq(items));
        }
    }

    fn list(&mut self, node: NodeId, shape: &'static Shape) {
        let Value::Seq(items) = self.session.tree.value(node) else {
            return self.unconvertible(node, "list");
        };
        for (at, item) in items.clone().into_iter().enumerate() {
            self.at(&format!("[{at}]"), |decoder| match decoder.session.tree.map(item) {
                Some(_) => decoder.fields(item, shape),
                None => decoder.unconvertible(item, "mapping"),
            });
        }
    }

    fn map(&mut self, node: NodeId, shape: &'static Shape) {
        let Some(map) = self.session.tree.map(node) else { return self.unconvertible(node, "mapping") };
        let mut entries = map.entries().to_vec();
        if is_users_own(&self.trail) {
            // Names of resources may begin with `x-`.
        } else {
            let filed = self.file_extensions(node, entries.clone());
            if filed.len() != entries.len() || filed.iter().zip(&entries).any(|(a, b)| a.key != b.key) {
                self.set(node, Value::Map(Box::new(filed.iter().copied().collect())));
                entries = filed;
            }
        }
        for entry in entries {
            let name = self.session.tree.key_str(entry.key).to_owned();
            self.at(&format!("[{name}]"), |decoder| {
                if decoder.session.tree.map(entry.value).is_some() {
                    decoder.fields(entry.value, shape);
                } else if !decoder.session.tree.is_null(entry.value) {
                    decoder.unconvertible(entry.value, "mapping");
                }
            });
        }
    }
}

/// The mappings in which the reference knows that names are names.
fn is_users_own(trail: &str) -> bool {
    matches!(trail, "services" | "networks" | "volumes" | "secrets" | "configs")
        || (trail.starts_with("services[") && trail.ends_with("].depends_on"))
}
