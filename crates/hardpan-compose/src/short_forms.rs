//! Which attributes have short forms, and of what shape these are; `canonical` turns them into long ones (compose-spec,
//! "short syntax" sections; compose-go `transform`).

use std::sync::LazyLock;

use crate::keys::{self, Key};
use crate::path::PathTable;
use crate::tree::Value;

/// What the forms of an attribute are.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    /// A string stands for a mapping with this key.
    StringAs(Key),
    /// A string stands for a list of one.
    StringOrList,
    /// A boolean stands for its name.
    Text,
    /// A list of `key=value` stands for a mapping.
    KeyValue,
    DependsOn,
    EnvFile,
    Gpus,
    Names,
    Volume,
    Device,
    Ports,
    Build,
    Ssh,
    Ulimit,
    External,
}

impl Shape {
    /// The message for a value that is none of the forms of this shape, `%T` for its type. The schema has refused most
    /// of them in a project's own files; templates of `extends` come here unchecked.
    pub(crate) fn misfit(self, value: &Value) -> Option<&'static str> {
        let (is_str, is_seq, is_map) =
            (matches!(value, Value::Str(_)), matches!(value, Value::Seq(_)), matches!(value, Value::Map(_)));
        let (fits, message) = match self {
            Self::StringOrList | Self::Names | Self::Text => (true, ""),
            Self::StringAs(keys::SERVICE) => (is_str || is_map, "invalid type %T for extends"),
            Self::StringAs(keys::PATH) => (is_str || is_map, "invalid type %T for external"),
            Self::StringAs(_) => (is_str || is_map, "unsupported type %T"),
            Self::KeyValue => (is_seq || is_map, "invalid type %T"),
            Self::DependsOn => (is_seq || is_map, "invalid type %T for depend_on"),
            Self::EnvFile => (is_str || is_seq, "invalid type %T for env_file"),
            Self::Gpus => (is_str || is_seq, "invalid type %T for gpus"),
            Self::Volume | Self::Device => (is_str || is_map, "invalid type %T for service volume mount"),
            Self::Ports => (is_seq, "invalid type %T for port"),
            Self::Build => (is_str || is_map, "invalid type %T for build"),
            Self::Ssh => (is_seq || is_map, "invalid type %T for ssh"),
            Self::Ulimit => (is_map || matches!(value, Value::Int(_)), "invalid type %T for external"),
            // The reference panics.
            Self::External => (is_map || matches!(value, Value::Null), "invalid type %T for a resource"),
        };
        (!fits).then_some(message)
    }
}

/// Where each shape is found.
pub(crate) static SHAPES: LazyLock<PathTable<Shape>> = LazyLock::new(|| {
    PathTable::new(&[
        ("services.*.build", Shape::Build),
        ("services.*.build.secrets.*", Shape::StringAs(keys::SOURCE)),
        ("services.*.build.additional_contexts", Shape::KeyValue),
        ("services.*.build.provenance", Shape::Text),
        ("services.*.build.sbom", Shape::Text),
        ("services.*.build.ssh", Shape::Ssh),
        ("services.*.build.ulimits.*", Shape::Ulimit),
        ("services.*.depends_on", Shape::DependsOn),
        ("services.*.env_file", Shape::EnvFile),
        ("services.*.label_file", Shape::StringOrList),
        ("services.*.extends", Shape::StringAs(keys::SERVICE)),
        ("services.*.gpus", Shape::Gpus),
        ("services.*.networks", Shape::Names),
        ("services.*.models", Shape::Names),
        ("services.*.volumes.*", Shape::Volume),
        ("services.*.dns", Shape::StringOrList),
        ("services.*.develop.watch.*.ignore", Shape::StringOrList),
        ("services.*.develop.watch.*.include", Shape::StringOrList),
        ("services.*.devices.*", Shape::Device),
        ("services.*.secrets.*", Shape::StringAs(keys::SOURCE)),
        ("services.*.configs.*", Shape::StringAs(keys::SOURCE)),
        ("services.*.ports", Shape::Ports),
        ("services.*.ulimits.*", Shape::Ulimit),
        ("volumes.*", Shape::External),
        ("networks.*", Shape::External),
        ("secrets.*", Shape::External),
        ("configs.*", Shape::External),
        ("include.*", Shape::StringAs(keys::PATH)),
    ])
});
