//! The vocabulary of the schema tables.

/// A set of JSON types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Types(pub(super) u8);

impl Types {
    pub(super) const NULL: Self = Self(1);
    pub(super) const BOOLEAN: Self = Self(2);
    pub(super) const INTEGER: Self = Self(4);
    /// Any number, integers included.
    pub(super) const NUMBER: Self = Self(8 | 4);
    pub(super) const STRING: Self = Self(16);
    pub(super) const ARRAY: Self = Self(32);
    pub(super) const OBJECT: Self = Self(64);

    pub(super) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The types in the words of the error messages, most common first.
    pub(super) fn words(self) -> Vec<&'static str> {
        let mut words = Vec::new();
        for (types, word) in [
            (Self::BOOLEAN, "boolean"),
            (Self::OBJECT, "mapping"),
            (Self::ARRAY, "array"),
            (Self::STRING, "string"),
            (Self(8), "number"),
            (Self::INTEGER, "integer"),
            (Self::NULL, "null"),
        ] {
            let covered = word == "integer" && words.contains(&"number");
            if self.meets(types) && !covered {
                words.push(word);
            }
        }
        words
    }
}

/// What a value must be.
#[derive(Debug)]
pub(super) enum Rule {
    /// One of these types.
    Types(Types),
    /// One of these strings.
    Enum(&'static [&'static str]),
    /// A string with this property; the text is the pattern for messages.
    Matches(fn(&str) -> bool, &'static str),
    /// An integer not below this.
    Min(i64),
    /// An integer within bounds.
    Range(i64, i64),
    /// A list.
    List(&'static Rule),
    /// A list without repetitions.
    UniqueList(&'static Rule),
    /// A mapping.
    Object(&'static Object),
    /// The one of these that the value's type selects.
    OneOf(&'static [Rule]),
}

/// A mapping's keys.
#[derive(Debug)]
pub(super) struct Object {
    /// The keys with a rule of their own.
    pub(super) fields: &'static [(&'static str, Rule)],
    /// Keys that must be there.
    pub(super) required: &'static [&'static str],
    /// All other keys.
    pub(super) others: Others,
}

/// What keys outside [`Object::fields`] may be.
#[derive(Debug)]
pub(super) enum Others {
    /// None.
    Forbidden,
    /// Extensions, `x-…`, of any shape.
    Extensions,
    /// Anything.
    Anything,
    /// Keys with this property have this rule; the rest is forbidden, or free if `open`.
    Named { key: fn(&str) -> bool, rule: &'static Rule, open: bool },
}

/// A mapping of these fields and extensions.
pub(super) const fn object(fields: &'static [(&'static str, Rule)]) -> Object {
    Object { fields, required: &[], others: Others::Extensions }
}

/// As [`object`], with required keys.
pub(super) const fn object_with(
    required: &'static [&'static str],
    fields: &'static [(&'static str, Rule)],
) -> Object {
    Object { fields, required, others: Others::Extensions }
}

/// A mapping from names to values of one rule.
pub(super) const fn named(key: fn(&str) -> bool, rule: &'static Rule) -> Object {
    Object { fields: &[], required: &[], others: Others::Named { key, rule, open: false } }
}

/// As [`named`], where keys that are no names are not looked at.
pub(super) const fn named_open(key: fn(&str) -> bool, rule: &'static Rule) -> Object {
    Object { fields: &[], required: &[], others: Others::Named { key, rule, open: true } }
}

/// `^[a-zA-Z0-9._-]+$`, the names of services and resources.
pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

/// `^.+$`: anything but nothing (and but a line break, which a pattern's dot does not match).
pub(super) fn is_some(text: &str) -> bool {
    !text.is_empty() && !text.contains('\n')
}

/// `.+` somewhere in the text.
pub(super) fn has_some(text: &str) -> bool {
    text.chars().any(|c| c != '\n')
}

/// `^[a-z]+$`, the names of limits.
pub(super) fn is_lower(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase())
}

pub(super) const NULL: Rule = Rule::Types(Types::NULL);
pub(super) const STRING: Rule = Rule::Types(Types::STRING);
pub(super) const BOOLEAN: Rule = Rule::Types(Types::BOOLEAN);
pub(super) const INTEGER: Rule = Rule::Types(Types::INTEGER);
pub(super) const NUMBER: Rule = Rule::Types(Types::NUMBER);
pub(super) const OBJECT: Rule = Rule::Types(Types::OBJECT);
pub(super) const BOOLEAN_OR_STRING: Rule = Rule::Types(Types::BOOLEAN.or(Types::STRING));
pub(super) const NUMBER_OR_STRING: Rule = Rule::Types(Types::NUMBER.or(Types::STRING));
pub(super) const INTEGER_OR_STRING: Rule = Rule::Types(Types::INTEGER.or(Types::STRING));
pub(super) const STRINGS: Rule = Rule::List(&STRING);
/// `list_of_strings`.
pub(super) const UNIQUE_STRINGS: Rule = Rule::UniqueList(&STRING);
/// `string_or_list`.
pub(super) const STRING_OR_LIST: Rule = Rule::OneOf(&[STRING, UNIQUE_STRINGS]);
/// `command`.
pub(super) const COMMAND: Rule = Rule::OneOf(&[NULL, STRING, STRINGS]);
/// `list_or_dict`.
pub(super) const LIST_OR_DICT: Rule = Rule::OneOf(&[
    Rule::Object(&named(
        has_some,
        &Rule::Types(Types::STRING.or(Types::NUMBER).or(Types::BOOLEAN).or(Types::NULL)),
    )),
    UNIQUE_STRINGS,
]);
/// Driver options: strings and numbers by name.
pub(super) const DRIVER_OPTS: Rule = Rule::Object(&named_open(is_some, &NUMBER_OR_STRING));
