//! The vocabulary of the typed tables.

/// A mapping with known attributes.
#[derive(Debug)]
pub(crate) struct Shape {
    pub(crate) fields: &'static [Field],
    /// Keys that begin with `x-` are kept, and YAML prints them.
    pub(crate) extensible: bool,
}

/// An attribute.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    /// The name in JSON, where the reference forgot to say that it is the same.
    pub(crate) json: &'static str,
    pub(crate) kind: Kind,
}

/// What an attribute holds, and with it how the reference reads and prints it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Str,
    Bool,
    /// Printed whenever it is set.
    OptionalBool,
    /// A signed integer; zero is not printed.
    Int,
    /// Printed whenever it is set.
    OptionalInt,
    /// Printed always.
    PlainInt,
    /// An unsigned integer of so many bits; zero is not printed.
    Unsigned(u32),
    /// Printed whenever it is set.
    OptionalUnsigned,
    /// Printed always.
    PlainUnsigned(u32),
    /// Printed always.
    PlainStr,
    /// A 32-bit float; zero is not printed.
    Float,
    /// CPUs of a resource: a 32-bit float that takes strings.
    NanoCpus,
    /// A size in bytes, printed as a string.
    Bytes,
    /// As [`Kind::Bytes`], printed always.
    PlainBytes,
    /// Nanoseconds; zero is not printed.
    Duration,
    /// Nanoseconds, printed whenever set.
    OptionalDuration,
    /// A list of strings.
    Strings,
    /// As [`Kind::Strings`], where one string stands for a list of it.
    StringOrStrings,
    /// A list of strings that may be written as any scalar.
    AnyStrings,
    /// Strings by name.
    Mapping,
    /// Strings by name, written as anything.
    Options,
    /// Strings by name where text or whole numbers are expected.
    StrictMapping,
    /// Strings by name, some without a value.
    NullableMapping,
    /// Lists of strings by name.
    MultiOptions,
    /// A command line: a list, or a string that is split as a shell would. JSON always has it.
    Command,
    /// The test of a health check: a list, or a string for the shell.
    HealthTest,
    /// Hosts and addresses.
    Hosts,
    /// SSH keys by id.
    Ssh,
    /// A mode, printed in octal.
    FileMode,
    /// A number of devices, or all of them.
    DeviceCount,
    Ulimits,
    /// A mapping that is printed when set.
    Struct(&'static Shape),
    /// A mapping that JSON always has.
    Embedded(&'static Shape),
    List(&'static Shape),
    /// As [`Kind::List`], where JSON has a required file's path alone.
    EnvFiles(&'static Shape),
    /// Mappings by name that may be null.
    Map(&'static Shape),
    /// Mappings by name.
    PlainMap(&'static Shape),
}

/// An attribute with the same name in YAML and JSON.
pub(crate) const fn field(name: &'static str, kind: Kind) -> Field {
    Field { name, json: name, kind }
}

impl Shape {
    /// The position of an attribute in the table.
    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.name == name)
    }
}
