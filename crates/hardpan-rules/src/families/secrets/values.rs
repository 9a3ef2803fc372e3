//! The named values of a service: its environment, labels and build arguments, and what its Dockerfile sets, each with
//! the text it is written as.

use hardpan_compose::{Hop, NodeRef, Value, VariableSource};
use hardpan_source::Span;

use super::written::Written;
use crate::artifacts::dockerfile::EntryKind;
use crate::secret_names::{is_harmless_value, url_passwords};
use crate::{Place, Scope, Service};

/// Where a named value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Home {
    /// `environment`.
    Environment,
    /// A file that `env_file` names.
    EnvFile,
    /// `labels`, also those of `deploy` and `build`.
    Label,
    /// `build.args`.
    BuildArgument,
    /// `ENV` of a Dockerfile.
    ImageEnvironment,
    /// `ARG` of a Dockerfile.
    ImageArgument,
}

impl Home {
    /// The words for people, after "in".
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Environment => "the environment",
            Self::EnvFile => "the environment by an env file",
            Self::Label => "a label",
            Self::BuildArgument => "a build argument",
            Self::ImageEnvironment => "the image's environment",
            Self::ImageArgument => "the Dockerfile's arguments",
        }
    }
}

/// How a value comes to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// There is none.
    Empty,
    /// It is written there.
    Literal,
    /// It is the default of a variable, and is written there.
    Default,
    /// It comes from a variable.
    Variable,
    /// The key has no value and takes that of the host.
    Host,
}

/// A named value of a service.
#[derive(Debug)]
pub(super) struct Named<'p> {
    /// Its name.
    pub(super) key: String,
    /// The value as it is written, `$$` made one dollar and variables kept.
    pub(super) written: String,
    /// The value after interpolation.
    pub(super) value: String,
    /// How it comes to be.
    pub(super) source: Source,
    /// Where it is.
    pub(super) home: Home,
    /// The node, for what is part of the project.
    pub(super) node: Option<NodeRef<'p>>,
    /// The text to point at.
    pub(super) span: Span,
}

impl Named<'_> {
    /// The place to report.
    pub(super) fn place(&self) -> Place {
        match self.node {
            Some(node) => node.into(),
            None => self.span.into(),
        }
    }

    /// The first variable that the value is made of.
    pub(super) fn variable(&self) -> Option<&str> {
        let at = self.written.find('$')?;
        let name = self.written[at + 1..].trim_start_matches('{');
        let end = name.find(|sign: char| !sign.is_ascii_alphanumeric() && sign != '_').unwrap_or(name.len());
        (end > 0).then_some(&name[..end])
    }
}

/// All named values of a service.
pub(super) fn named_values<'s, 'p>(scope: &'s Scope<'p>, service: &Service<'p>) -> &'s [Named<'p>] {
    let all = scope
        .shared
        .secrets
        .values
        .get_or_init(|| scope.services().iter().map(|service| read_values(scope, service)).collect());
    &all[service.id.index()]
}

fn read_values<'p>(scope: &Scope<'p>, service: &Service<'p>) -> Vec<Named<'p>> {
    let mut found = Vec::new();
    for (key, node) in service.environment() {
        let mut named = named(scope, key, node, Home::Environment);
        // A key without a value is all there is to point at.
        if named.span.start == named.span.end
            && let Some(span) = service.get("environment").and_then(|map| map.key_span(key))
        {
            named.span = span;
            named.node = None;
        }
        found.push(named);
    }
    for path in ["labels", "deploy.labels", "build.labels"] {
        for (key, node) in service.entries(path) {
            found.push(named(scope, key, node, Home::Label));
        }
    }
    for (key, node) in service.entries("build.args") {
        found.push(named(scope, key, node, Home::BuildArgument));
    }
    add_dockerfile(scope, service, &mut found);
    found
}

fn named<'p>(scope: &Scope<'p>, key: &str, node: NodeRef<'p>, home: Home) -> Named<'p> {
    let span = node.origin().span;
    let value = match node.value() {
        Value::Str(_) => node.as_str().unwrap_or_default().to_owned(),
        Value::Int(number) => number.to_string(),
        Value::Bool(value) => value.to_string(),
        _ => String::new(),
    };
    let is_file = node.hops().any(|hop| matches!(hop, Hop::File { .. }));
    let (written, is_bare) =
        if is_file { (env_file_value(scope, span), false) } else { written_value(scope, key, span) };
    let is_host = is_bare && (node.is_null() || node.hops().any(|hop| is_own_variable(hop, key)));
    let source = if is_host {
        Source::Host
    } else if written.contains('$') && node.hops().any(|hop| matches!(hop, Hop::Variable { .. })) {
        let is_set = |hop: &Hop| {
            matches!(
                hop,
                Hop::Variable {
                    set: VariableSource::File(_) | VariableSource::Process | VariableSource::Compose,
                    ..
                }
            )
        };
        let is_default = |hop: &Hop| matches!(hop, Hop::Variable { set: VariableSource::Default, .. });
        if !value.is_empty() && node.hops().any(is_default) && !node.hops().any(is_set) {
            Source::Default
        } else {
            Source::Variable
        }
    } else if is_file && starts_with_variable(&written) {
        Source::Variable
    } else if value.is_empty() {
        Source::Empty
    } else {
        Source::Literal
    };
    let home = if is_file && home == Home::Environment { Home::EnvFile } else { home };
    Named { key: key.to_owned(), written, value, source, home, node: Some(node), span }
}

fn is_own_variable(hop: &Hop, key: &str) -> bool {
    matches!(hop, Hop::Variable { name, .. } if &**name == key)
}

fn starts_with_variable(text: &str) -> bool {
    text.strip_prefix('$').is_some_and(|rest| {
        rest.starts_with(|sign: char| sign == '{' || sign == '_' || sign.is_ascii_alphabetic())
    })
}

/// The value as it is written in the project, and whether nothing but the key is written.
fn written_value(scope: &Scope<'_>, key: &str, span: Span) -> (String, bool) {
    let text = Written::decode(&scope.files.text(span)).text;
    if let Some(value) = text.strip_prefix(key).and_then(|rest| rest.strip_prefix('=')) {
        return (value.to_owned(), false);
    }
    let is_bare = text.is_empty() || text == key || matches!(text.as_str(), "null" | "~");
    (if is_bare { String::new() } else { text }, is_bare)
}

/// What follows a key of an env file, quotes removed.
pub(super) fn env_file_value(scope: &Scope<'_>, key: Span) -> String {
    let file = scope.files.file(key.file);
    let rest = file.text().get(key.end as usize..).unwrap_or_default();
    let line = rest.lines().next().unwrap_or_default().trim_start();
    let value = line.strip_prefix(['=', ':']).unwrap_or(line).trim();
    for quote in ['"', '\''] {
        if let Some(inner) = value.strip_prefix(quote) {
            return inner.split(quote).next().unwrap_or_default().to_owned();
        }
    }
    value.split(" #").next().unwrap_or_default().trim_end().to_owned()
}

fn add_dockerfile<'p>(scope: &Scope<'p>, service: &Service<'p>, found: &mut Vec<Named<'p>>) {
    let Some(build) = scope.image_source(service).build() else { return };
    for entry in build.dockerfile.entries() {
        let Some(value) = entry.value else { continue };
        let home = match entry.kind {
            EntryKind::Env => Home::ImageEnvironment,
            EntryKind::Arg => Home::ImageArgument,
            EntryKind::Label => Home::Label,
        };
        let source = if value.is_empty() {
            Source::Empty
        } else if starts_with_variable(&value) {
            Source::Variable
        } else {
            Source::Literal
        };
        let span = build.span(&entry.range);
        found.push(Named { key: entry.name, written: value.clone(), value, source, home, node: None, span });
    }
}

/// Whether a value is no credential whatever its key says: a switch, a path, a reference to another place, or a URL
/// without a password.
pub(super) fn is_no_credential(value: &str) -> bool {
    let value = value.trim();
    is_harmless_value(value)
        || ["$__file{", "$__env{", "file:", "{{", "vault:", "env:", "op://", "ref+", "arn:", "/dev/"]
            .iter()
            .any(|prefix| value.starts_with(prefix))
        || is_path(value)
        || (value.contains("://") && url_passwords(value).is_empty() && !value.contains("password="))
}

/// An absolute path below a folder that containers have, or a relative one to a file.
fn is_path(value: &str) -> bool {
    let is_plain = |sign: char| sign.is_ascii_alphanumeric() || "._-/".contains(sign);
    if !value.chars().all(is_plain) || !value.contains('/') {
        return false;
    }
    const ROOTS: [&str; 17] = [
        "/app/",
        "/certs/",
        "/config/",
        "/data/",
        "/etc/",
        "/home/",
        "/keys/",
        "/mnt/",
        "/opt/",
        "/root/",
        "/run/",
        "/secrets/",
        "/srv/",
        "/tmp/",
        "/usr/",
        "/var/",
        "./",
    ];
    const KEY_FILES: [&str; 8] = [".cer", ".crt", ".jks", ".json", ".key", ".p12", ".pem", ".txt"];
    ROOTS.iter().any(|root| value.starts_with(root))
        || value.starts_with("../")
        || KEY_FILES.iter().any(|end| value.ends_with(end))
}
