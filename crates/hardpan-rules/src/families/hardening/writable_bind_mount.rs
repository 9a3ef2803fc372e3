//! HP-SEC-012: the container can change files of the host that it only has to read.

use hardpan_compose::{NodeRef, PathKind, Value};

use super::data_paths::{Purpose, purpose};
use super::engine_socket_mounted::is_engine_socket;
use super::host_mount::{HostMount, add_attribute, host_mounts, is_implied};
use super::paths::{clean, file_name, is_within};
use super::unset_variable;
use crate::codes::Severity;
use crate::rule::{Audience, Confidence, Rule};
use crate::{Draft, Repair, Safety, Scope, Service, Verdicts};

/// See `rules/writable-bind-mount/doc.md`.
pub(crate) const RULE: Rule = Rule {
    code: "HP-SEC-012",
    name: "writable-bind-mount",
    audience: Audience::Anybody,
    confidence: Confidence::Medium,
    since: "0.1.0",
    sources: &["document 004, Strategy-ST-03", "document 002, section 3", "compose-spec, services, volumes"],
    doc: include_str!("../../../rules/writable-bind-mount/doc.md"),
    check,
};

fn check(scope: &Scope<'_>, verdicts: &mut Verdicts<'_>) {
    for service in scope.services() {
        let (mut mounts, mut found) = (0, false);
        for mount in host_mounts(scope, service) {
            mounts += 1;
            if mount.read_only || is_declared_writable(service, &mount.target) {
                continue;
            }
            if let Some(variable) = read_only_variable(&mount).filter(|_| !is_short(mount.mount.node)) {
                found = true;
                verdicts.unknown(
                    service,
                    mount.mount.node,
                    format!("whether it is read-only depends on `{variable}`, which is not set"),
                );
                continue;
            }
            if is_special(&mount) {
                continue;
            }
            found |= judge(scope, service, &mount, verdicts);
        }
        match (found, mounts) {
            (true, _) => {}
            (false, 0) => verdicts.not_applicable(service, "mounts nothing of the host"),
            (false, _) => verdicts.satisfied(service),
        }
    }
}

/// Folders in which many programs of the host write: no data of one service, whatever the path in the container is.
const SHARED: [&str; 8] = ["/", "/run", "/tmp", "/var", "/var/lib", "/var/log", "/var/run", "/var/tmp"];

/// Reports a socket. A socket is spoken to as well when it is mounted read-only, so nothing needs more.
fn report_socket(service: &Service<'_>, mount: &HostMount<'_>, verdicts: &mut Verdicts<'_>) {
    verdicts
        .violation(
            service,
            mount.mount.node,
            format!("the socket at `{}` is not mounted read-only", mount.target),
        )
        .severity(Severity::Low)
        .help("mount it read-only, which suffices to speak to it; what it lets the container do does not change");
}

/// Reports a writable mount unless the program has to write there.
fn judge(
    scope: &Scope<'_>,
    service: &Service<'_>,
    mount: &HostMount<'_>,
    verdicts: &mut Verdicts<'_>,
) -> bool {
    let target = &mount.target;
    if is_socket(&mount.source) {
        report_socket(service, mount, verdicts);
        return true;
    }
    let file = file(scope, mount);
    let what = match &file {
        Some(File::Data) => return false,
        Some(File::Configuration) => format!("the file at `{target}` is writable"),
        None => match (purpose(service.image(), &mount.source, target), mount.device) {
            // A volume is there for data; one with configuration is a bind mount in disguise.
            _ if SHARED.contains(&mount.source.as_str()) => {
                format!("the host's `{}` is writable", mount.source)
            }
            (Purpose::Data, _) | (Purpose::Unsaid, Some(_)) => return false,
            (Purpose::Configuration, _) => format!("the configuration at `{target}` is writable"),
            (Purpose::Unsaid, None) => format!("the folder at `{target}` is writable"),
        },
    };
    let message = format!("{what}: a program that is taken over can change the host's copy");
    let is_short = is_short(mount.mount.node);
    let explicit = mount
        .mount
        .node
        .get("read_only")
        .filter(|node| !is_short && matches!(node.value(), Value::Bool(false)) && !is_implied(*node));
    let place = explicit.unwrap_or(mount.mount.node);
    let draft = verdicts.violation(service, place, message);
    if is_short {
        draft.help("add the option `ro`");
    } else {
        draft.help("set `read_only: true`");
    }
    if file.is_none() {
        let help = if is_short { "add the option `ro`" } else { "set `read_only: true`" };
        draft.help(format!("{help}; if the program has to write there, say so with the label `hy-home.rw`"));
    } else if is_short {
        fix_short(scope, mount.mount.node, draft);
    } else if explicit.is_some() {
        draft.fix(Safety::Safe, "mount it read-only", Repair::Replace { value: "true".to_owned() });
    } else if let Some(repair) = add_attribute(scope, mount.mount.node, "target", "read_only: true") {
        draft.fix(Safety::Safe, "mount it read-only", repair);
    }
    true
}

/// Writes `ro` into the short form. Text that an anchor or a variable brings is left alone.
fn fix_short(scope: &Scope<'_>, entry: NodeRef<'_>, draft: &mut Draft) {
    let text = scope.files.text(entry.origin().span);
    let Some(value) = read_only_text(&text) else { return };
    draft.fix(Safety::Safe, "mount it read-only", Repair::Replace { value });
}

/// The text of a short mount with the option `ro`, its quotes kept. None where variables hide what the parts are.
fn read_only_text(text: &str) -> Option<String> {
    let (quote, inner) = match text.chars().next()? {
        quote @ ('"' | '\'') => (Some(quote), text.strip_prefix(quote)?.strip_suffix(quote)?),
        _ => (None, text),
    };
    if inner.contains(['\n', '&', '*', '!']) {
        return None;
    }
    let parts = super::paths::split_outside_variables(inner);
    let changed = match parts.as_slice() {
        [_, _] => format!("{inner}:ro"),
        [source, target, options] => {
            let kept: Vec<&str> = options.split(',').filter(|option| *option != "rw").collect();
            let options = [&["ro"], kept.as_slice()].concat().join(",");
            format!("{source}:{target}:{options}")
        }
        _ => return None,
    };
    Some(quote.map_or_else(|| changed.clone(), |quote| format!("{quote}{changed}{quote}")))
}

/// Whether the entry is written in one string.
fn is_short(entry: NodeRef<'_>) -> bool {
    entry.get("type").is_none_or(|kind| is_implied(kind) || kind.origin().span == entry.origin().span)
}

/// A mount whose mode comes from a variable without a value.
fn read_only_variable<'p>(mount: &HostMount<'p>) -> Option<&'p str> {
    mount.mount.node.get("read_only").filter(|node| !is_implied(*node)).and_then(unset_variable)
}

/// Devices and the sockets of a display: read-only does not change what can be done with them.
fn is_special(mount: &HostMount<'_>) -> bool {
    let source = mount.source.as_str();
    is_within(source, "/dev") || is_within(source, "/tmp/.X11-unix")
}

/// Whether a path of the host is a socket, by its name.
fn is_socket(source: &str) -> bool {
    is_engine_socket(source) || [".sock", ".socket", "_socket"].iter().any(|end| source.ends_with(end))
}

/// Whether the label `hy-home.rw` names the target, or says that all of them are written to.
fn is_declared_writable(service: &Service<'_>, target: &str) -> bool {
    let Some(node) = service.get("labels").and_then(|labels| labels.get("hy-home.rw")) else { return false };
    match node.value() {
        Value::Bool(on) => *on,
        Value::Str(text) if text.contains('/') => text
            .split([',', ' ', ';'])
            .filter(|path| path.starts_with('/'))
            .any(|path| is_within(target, &clean(path))),
        Value::Str(text) => !matches!(&**text, "false" | "no" | "0" | "off"),
        _ => false,
    }
}

enum File {
    /// It is there to be written: a database, a log.
    Data,
    /// Everything else.
    Configuration,
}

/// The kind of file that is mounted; none for a folder.
fn file(scope: &Scope<'_>, mount: &HostMount<'_>) -> Option<File> {
    const WRITTEN: [&str; 9] = ["db", "sqlite", "sqlite3", "log", "pid", "lock", "rdb", "aof", "bak"];
    const READ: &[&str] = &[
        "alloy",
        "caddyfile",
        "j2",
        "mo",
        "ovpn",
        "pub",
        "river",
        "service",
        "tpl",
        "vcl",
        "bash",
        "cer",
        "cert",
        "cfg",
        "cnf",
        "conf",
        "config",
        "crt",
        "csv",
        "env",
        "erl",
        "gz",
        "hcl",
        "htm",
        "html",
        "ini",
        "jar",
        "js",
        "json",
        "json5",
        "key",
        "lua",
        "md",
        "mjs",
        "p12",
        "pem",
        "php",
        "pl",
        "properties",
        "py",
        "rb",
        "rules",
        "sh",
        "sql",
        "template",
        "tmpl",
        "toml",
        "ts",
        "txt",
        "xml",
        "yaml",
        "yml",
        "zip",
        "jks",
        "acl",
    ];
    let name = file_name(&mount.source);
    let kind = scope.files.kind(&mount.source);
    let extension = |name: &str| name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    let extensions = [extension(name), extension(file_name(&mount.target))];
    let has = |known: &[&str]| extensions.iter().flatten().any(|one| known.contains(&one.as_str()));
    match kind {
        Some(PathKind::Directory) => None,
        // Traefik keeps the certificates that it gets in this file.
        Some(PathKind::File) | None if name == "acme.json" || has(&WRITTEN) => Some(File::Data),
        Some(PathKind::File) => Some(File::Configuration),
        None if has(READ) || is_named_file(name) => Some(File::Configuration),
        _ => None,
    }
}

/// Files that are known by their whole name.
fn is_named_file(name: &str) -> bool {
    matches!(
        name,
        ".env" | "Caddyfile" | "Corefile" | "Dockerfile" | "Makefile" | "hosts" | "passwd" | "crontab"
    )
}

#[cfg(test)]
mod tests {
    use super::read_only_text;

    #[test]
    fn short_mounts_become_read_only() {
        for (text, expected) in [
            ("./a:/b", Some("./a:/b:ro")),
            ("\"./a:/b:z\"", Some("\"./a:/b:ro,z\"")),
            ("./a:/b:rw", Some("./a:/b:ro")),
            ("${A:-./a}:/b", Some("${A:-./a}:/b:ro")),
            ("${A}", None),
            ("*anchor", None),
        ] {
            assert_eq!(read_only_text(text).as_deref(), expected, "{text}");
        }
    }
}
