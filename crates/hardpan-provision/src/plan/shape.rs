//! What may stand in a plan: the vocabulary of the one table per backend that the reader and the JSON schema share.
//!
//! Not responsible for what keys a backend has; its own file beside this one says so. A newcomer needs to know one
//! thing: a shape decides what is accepted, so the functions that fill the typed plan take what they get.

/// What a value has to look like.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape {
    /// Any text that is not empty.
    Text,
    /// The name of something, at most so many bytes long, without control characters.
    Name(usize),
    /// A name that has to match a pattern of the backend.
    Matching(&'static Pattern),
    /// A file that holds a secret: a name below the folder of secrets, or an absolute path.
    SecretFile,
    /// `host:port`.
    Address,
    /// An address with the scheme `http`, without a path.
    Endpoint,
    /// A whole number in a range.
    Integer(i64, i64),
    /// `true` or `false`.
    Bool,
    /// A duration as Compose writes it, greater than zero.
    Duration,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A setting's value: text, a number or a truth value.
    Setting,
    /// A list.
    List(&'static Shape),
    /// A list with at least one item.
    SomeOf(&'static Shape),
    /// A mapping from names to something.
    Map(&'static Shape, &'static Shape),
    /// A mapping with these keys; one without required keys may be left empty.
    Object(&'static [Field]),
    /// An object of which often only one key is needed: a text stands for the object with nothing but this key.
    Short(&'static str, &'static [Field]),
}

/// A key of a mapping.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    pub(super) key: &'static str,
    pub(super) doc: &'static str,
    pub(super) shape: Shape,
    pub(super) required: bool,
}

/// A rule for names, for the reader as a function and for the schema as a regular expression.
#[derive(Debug)]
pub(super) struct Pattern {
    pub(super) expected: &'static str,
    pub(super) regex: &'static str,
    pub(super) accepts: fn(&str) -> bool,
}

pub(super) const fn field(key: &'static str, shape: Shape, doc: &'static str) -> Field {
    Field { key, doc, shape, required: false }
}

pub(super) const fn required(key: &'static str, shape: Shape, doc: &'static str) -> Field {
    Field { required: true, ..field(key, shape, doc) }
}

/// `host:port`; the hosts of a plan are DNS names, and an address in brackets is good for tests on one machine.
pub(super) fn split_address(text: &str) -> Option<(&str, u16)> {
    let (host, port) = text.rsplit_once(':')?;
    let name = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let is_host = !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte))
        && (name.len() < host.len() || !name.contains(':'));
    let is_number = !port.starts_with('0') && port.bytes().all(|byte| byte.is_ascii_digit());
    let port = is_number.then(|| port.parse().ok())??;
    is_host.then_some((name, port))
}

impl Shape {
    /// What is expected, for messages.
    pub(super) fn expected(self) -> String {
        match self {
            Self::Text => "text".to_owned(),
            Self::Name(max) => format!("a name of at most {max} bytes"),
            Self::Matching(pattern) => pattern.expected.to_owned(),
            Self::SecretFile => "the name of a file that holds the secret".to_owned(),
            Self::Address => "an address such as `host:5432`".to_owned(),
            Self::Endpoint => "an address such as `http://minio:9000`".to_owned(),
            Self::Integer(least, most) if least == most => format!("the number `{least}`"),
            Self::Integer(least, i64::MAX) => format!("a whole number from {least}"),
            Self::Integer(least, most) => format!("a whole number from {least} to {most}"),
            Self::Bool => "`true` or `false`".to_owned(),
            Self::Duration => "a duration such as `90s`".to_owned(),
            Self::Word(words) => format!("one of `{}`", words.join("`, `")),
            Self::Setting => "text, a number, `true` or `false`".to_owned(),
            Self::List(_) => "a list".to_owned(),
            Self::SomeOf(_) => "a list that is not empty".to_owned(),
            Self::Short(key, _) => format!("a name, or a mapping with `{key}`"),
            Self::Object(fields) if fields.iter().any(|field| field.required) => {
                let keys = fields.iter().filter(|field| field.required).map(|field| field.key);
                format!("a mapping with `{}`", keys.collect::<Vec<_>>().join("`, `"))
            }
            Self::Map(..) | Self::Object(_) => "a mapping".to_owned(),
        }
    }

    /// True if this text, which comes from a scalar that means text or was interpolated, is such a value.
    pub(super) fn accepts(self, text: &str) -> bool {
        match self {
            Self::Text => !text.trim().is_empty() && !text.contains('\0'),
            Self::Name(max) => {
                !text.trim().is_empty() && text.len() <= max && !text.chars().any(char::is_control)
            }
            Self::Matching(pattern) => (pattern.accepts)(text),
            Self::SecretFile => {
                !text.trim().is_empty()
                    && !text.ends_with('/')
                    && !text.chars().any(char::is_control)
                    && !text.split('/').any(|part| part == "..")
            }
            Self::Address => split_address(text).is_some(),
            Self::Endpoint => text
                .strip_prefix("http://")
                .map(|rest| rest.strip_suffix('/').unwrap_or(rest))
                .is_some_and(|rest| {
                    split_address(rest).is_some()
                        || !rest.contains(':') && split_address(&format!("{rest}:80")).is_some()
                }),
            Self::Integer(least, most) => {
                text.parse::<i64>().is_ok_and(|number| (least..=most).contains(&number))
            }
            Self::Bool => matches!(text, "true" | "false"),
            Self::Duration => hardpan_compose::syntax::duration::parse(text).is_ok_and(|value| value > 0),
            Self::Word(words) => words.contains(&text),
            Self::Setting => !text.contains('\0'),
            Self::List(_) | Self::SomeOf(_) | Self::Map(..) | Self::Object(_) => false,
            Self::Short(key, fields) => {
                let inner = fields.iter().find(|field| field.key == key);
                inner.is_some_and(|field| field.shape.accepts(text))
            }
        }
    }
}
