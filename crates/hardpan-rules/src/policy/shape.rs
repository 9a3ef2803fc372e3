//! What may stand in a policy file: the one table that the reader and the JSON schema for editors share.

use crate::codes;

/// What a value has to look like.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape {
    /// Any text.
    Text,
    /// A path below the project's root.
    Path,
    /// A day, such as `2026-12-31`.
    Date,
    /// The number 1: the version of the format.
    Version,
    /// An amount of memory, such as `16G`.
    Bytes,
    /// One of these words.
    Word(&'static [&'static str]),
    /// The code of a rule.
    Rule,
    /// A list of anything.
    AnyList,
    /// A list.
    List(&'static Shape),
    /// A mapping from codes of rules to something.
    ByRule(&'static Shape),
    /// A mapping with these keys.
    Object(&'static [Field]),
}

/// A key of a mapping.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    pub(super) key: &'static str,
    pub(super) doc: &'static str,
    pub(super) shape: Shape,
    pub(super) required: bool,
}

const fn field(key: &'static str, shape: Shape, doc: &'static str) -> Field {
    Field { key, doc, shape, required: false }
}

const fn required(key: &'static str, shape: Shape, doc: &'static str) -> Field {
    Field { required: true, ..field(key, shape, doc) }
}

/// The severities by name.
pub(super) const SEVERITIES: &[&str] = &["info", "low", "medium", "high", "critical"];

const TEXTS: Shape = Shape::List(&Shape::Text);
const PATHS: Shape = Shape::List(&Shape::Path);

/// The whole file.
pub(super) const POLICY: &[Field] = &[
    required("version", Shape::Version, "The version of this format: 1."),
    field(
        "rules",
        Shape::Word(&["anybody", "house"]),
        "Which rules are on: those for anybody's Compose project, or the house rules of the baseline documents as well.",
    ),
    field("on", Shape::List(&Shape::Rule), "Single house rules that are on."),
    field("off", Shape::List(&Shape::Object(OFF)), "Rules that are off, each with the reason."),
    field(
        "severity",
        Shape::ByRule(&Shape::Word(SEVERITIES)),
        "Severities of rules that differ from the ordinary ones.",
    ),
    field("parameters", Shape::Object(PARAMETERS), "What rules need to know of the house."),
    field("matrix", Shape::List(&TEXTS), "Sets of profiles that have to work; `[]` is the set without any."),
    field("waivers", Shape::List(&Shape::Object(WAIVER)), "Exceptions, each for one rule and one service."),
    field("custom", Shape::List(&Shape::Object(CUSTOM)), "Rules of your own, as CEL expressions."),
    field(
        "engine",
        Shape::Word(&["process", "docker"]),
        "Where services run unless the command line says so.",
    ),
];

const OFF: &[Field] = &[
    required("rule", Shape::Rule, "The code of the rule."),
    required("reason", Shape::Text, "Why it does not count here."),
];

/// A waiver. All of it is required.
pub(super) const WAIVER: &[Field] = &[
    required("rule", Shape::Rule, "The code of the rule, such as `HP-SEC-003`. No wildcards."),
    required(
        "path",
        Shape::Path,
        "The Compose file that the finding or the service stands in, from the root.",
    ),
    required(
        "service",
        Shape::Text,
        "The service; for a finding about something else the name of the volume, network, secret or config, or `project`.",
    ),
    required("reason", Shape::Text, "Why the exception is right."),
    required("adr", Shape::Path, "The decision record, a file of the repository."),
    required("owner", Shape::Text, "Who answers for it."),
    required("expires", Shape::Date, "The last day it holds."),
];

/// A rule written in CEL.
pub(super) const CUSTOM: &[Field] = &[
    required("rule", Shape::Text, "The code of the rule, in capitals with hyphens, such as `ACME-IMG-001`."),
    field("name", Shape::Text, "What is found, in kebab case."),
    field("for", Shape::Word(&["service", "project"]), "What the expression judges; `service` unless said."),
    required("require", Shape::Text, "A CEL expression that is true where the rule is met."),
    field("when", Shape::Text, "A CEL expression that says which services are judged; all unless said."),
    required("at", Shape::Text, "The dotted path of the value to point at, such as `deploy.replicas`."),
    required("message", Shape::Text, "What is wrong where the rule is broken."),
    field("help", Shape::Text, "The smallest change that cures it."),
    required("severity", Shape::Word(SEVERITIES), "How bad it is."),
    required("requirement", Shape::Text, "The requirement it proves: an id of the documents, or your own."),
];

const PARAMETERS: &[Field] = &[
    field("log_driver", Shape::Text, "The logging driver of every service."),
    field("internal_network", Shape::Text, "The network that every service joins."),
    field("public_networks", TEXTS, "Networks that only the gateway joins."),
    field("isolated_networks", TEXTS, "Networks that have to be `internal: true`."),
    field("gateway_services", TEXTS, "Services that publish ports to the world."),
    field("data_root_variables", TEXTS, "Variables that hold the roots of all data."),
    field("tier_label", Shape::Text, "The label that names the tier of a service."),
    field("tiers", TEXTS, "The values that label may have."),
    field("template_file", Shape::Path, "The file with the shared templates."),
    field("modules", Shape::Path, "The folder whose Compose files are the modules."),
    field("optional_modules", PATHS, "Compose files below it that need not be included."),
    field("init_services", TEXTS, "Services known to be init containers."),
    field("external_hosts", TEXTS, "Hosts outside the project that services talk to."),
    field("env_example", Shape::Path, "The file that documents every variable."),
    field("secrets", Shape::Path, "The folder of secret files."),
    field("compose_floor", Shape::Text, "The lowest Docker Compose version that has to load the project."),
    field("host_memory", Shape::Bytes, "The memory of the host, such as `64G`."),
];

impl Shape {
    /// What is expected, for messages.
    pub(super) fn expected(self) -> String {
        match self {
            Self::Text => "text".to_owned(),
            Self::Path => "a path from the project's root".to_owned(),
            Self::Date => "a day such as `2026-12-31`".to_owned(),
            Self::Version => "the number `1`".to_owned(),
            Self::Bytes => "an amount of memory such as `64G`".to_owned(),
            Self::Word(words) => format!("one of `{}`", words.join("`, `")),
            Self::Rule => "the code of a rule, such as `HP-SEC-001`".to_owned(),
            Self::AnyList | Self::List(_) => "a list".to_owned(),
            Self::Object(fields) if fields.iter().any(|field| field.required) => {
                let keys: Vec<&str> =
                    fields.iter().filter(|field| field.required).map(|field| field.key).collect();
                format!("a mapping with `{}`", keys.join("`, `"))
            }
            Self::ByRule(_) | Self::Object(_) => "a mapping".to_owned(),
        }
    }

    /// True if a scalar text is such a value.
    pub(super) fn accepts(self, text: &str) -> bool {
        match self {
            Self::Text => !text.trim().is_empty(),
            Self::Path => {
                !text.trim().is_empty() && !text.starts_with('/') && !text.split('/').any(|part| part == "..")
            }
            Self::Date => super::Date::parse(text).is_some(),
            Self::Version => text == "1",
            Self::Bytes => bytes(text).is_some(),
            Self::Word(words) => words.contains(&text),
            Self::Rule => codes::find(text).is_some(),
            Self::AnyList | Self::List(_) | Self::ByRule(_) | Self::Object(_) => false,
        }
    }
}

/// An amount of memory as Docker writes it: a whole number with `b`, `k`, `m`, `g` or `t`, with or without `b` or `ib`
/// behind it, powers of 1024.
pub(super) fn bytes(text: &str) -> Option<u64> {
    let text = text.trim().to_ascii_lowercase();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let unit = text[digits..].trim_end_matches('b').trim_end_matches('i');
    let shift = match unit {
        "" => 0,
        "k" => 10,
        "m" => 20,
        "g" => 30,
        "t" => 40,
        _ => return None,
    };
    text[..digits].parse::<u64>().ok()?.checked_mul(1 << shift)
}
