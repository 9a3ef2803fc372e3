//! Relative paths of the model become absolute, or relative to the including project (compose-spec, per attribute;
//! compose-go `paths`).

use std::sync::LazyLock;

use hardpan_diag::{Code, Diagnostic};
use hardpan_source::Span;

use crate::keys;
use crate::path::{PathTable, Place};
use crate::session::Session;
use crate::syntax::path::{clean_path, is_windows_abs, join_paths};
use crate::text::go_type;
use crate::tree::{NodeId, Value};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A path of this machine.
    Path,
    /// A path, or something a builder knows: a URL, a git repository, another service.
    Context,
    /// A Compose file, or a git repository.
    ComposeFile,
    /// A path of this machine or of a Windows one.
    MaybeUnix,
    /// A path whose first symbolic link is followed.
    Followed,
    Mount,
    VolumeDriver,
}

static KINDS: LazyLock<PathTable<Kind>> = LazyLock::new(|| {
    PathTable::new(&[
        ("services.*.build.context", Kind::Context),
        ("services.*.build.additional_contexts.*", Kind::Context),
        ("services.*.build.ssh.*", Kind::MaybeUnix),
        ("services.*.env_file.*.path", Kind::Path),
        ("services.*.label_file.*", Kind::Path),
        ("services.*.extends.file", Kind::ComposeFile),
        ("services.*.develop.watch.*.path", Kind::Followed),
        ("services.*.volumes.*", Kind::Mount),
        ("configs.*.file", Kind::MaybeUnix),
        ("secrets.*.file", Kind::MaybeUnix),
        ("include.*.path", Kind::Path),
        ("include.*.project_directory", Kind::Path),
        ("include.*.env_file", Kind::Path),
        ("volumes.*", Kind::VolumeDriver),
    ])
});

/// Joins every relative path below `root` to `base`, in place.
pub(crate) fn resolve(session: &mut Session<'_>, root: NodeId, base: &str) {
    walk(session, root, Place::ROOT, base);
}

fn walk(session: &mut Session<'_>, node: NodeId, place: Place, base: &str) {
    if let Some(kind) = KINDS.rule(place) {
        return resolve_one(session, node, kind, base);
    }
    match session.tree.value(node) {
        Value::Map(map) => {
            for at in 0..map.len() {
                let Some(entry) = session.tree.entry(node, at) else { break };
                let below = KINDS.key(place, session.tree.key_str(entry.key));
                if below != Place::NOWHERE {
                    walk(session, entry.value, below, base);
                }
            }
        }
        Value::Seq(items) => {
            let below = KINDS.item(place);
            if below == Place::NOWHERE {
                return;
            }
            for at in 0..items.len() {
                let Some(&item) = session.tree.items(node).get(at) else { break };
                walk(session, item, below, base);
            }
        }
        _ => {}
    }
}

fn resolve_one(session: &mut Session<'_>, node: NodeId, kind: Kind, base: &str) {
    match kind {
        Kind::Mount => return mount(session, node, base),
        Kind::VolumeDriver => return volume_driver(session, node, base),
        _ => {}
    }
    if let Value::Seq(items) = session.tree.value(node) {
        for item in items.clone() {
            resolve_one(session, item, kind, base);
        }
        return;
    }
    if kind == Kind::Context && session.tree.str(node).is_none() {
        // Only additional contexts can be anything but text here, and the reference panics on them.
        let span = session.tree.span(node);
        return session.error("compose::invalid-path", span, "an additional context must be a string");
    }
    if matches!(kind, Kind::Path | Kind::Followed) && session.tree.str(node).is_none() {
        // The schema has not seen the templates of `extends`.
        let (span, found) = (session.tree.span(node), go_type(session.tree.value(node)));
        return session.error("compose::invalid-path", span, format!("unexpected type {found}"));
    }
    let Some(text) = session.tree.str(node) else { return };
    let home = session.home.as_deref();
    let resolved = match kind {
        Kind::Context if is_for_the_builder(text) => return,
        Kind::ComposeFile if is_git_reference(text) => return,
        Kind::MaybeUnix => maybe_unix(text, base, home),
        Kind::Followed => followed(session, &absolute(text, base, home)),
        _ => absolute(text, base, home),
    };
    if resolved != *text {
        *session.tree.value_mut(node) = Value::str(resolved);
    }
}

/// What is no path to the builder: a URL, another service, a repository.
fn is_for_the_builder(text: &str) -> bool {
    text.contains("://") || ["service:", "github.com/", "git@"].iter().any(|start| text.starts_with(start))
}

fn absolute(text: &str, base: &str, home: Option<&str>) -> String {
    let text = expand_home(text, home);
    if text.is_empty() || text.starts_with('/') { text } else { join_paths(base, &text) }
}

fn maybe_unix(text: &str, base: &str, home: Option<&str>) -> String {
    let text = expand_home(text, home);
    if text.starts_with('/') || is_windows_abs(&text) { text } else { join_paths(base, &text) }
}

/// `~` at the start stands for the home directory, whatever follows it.
fn expand_home(text: &str, home: Option<&str>) -> String {
    match (text.strip_prefix('~'), home) {
        (Some(rest), Some(home)) => join_paths(home, rest),
        _ => text.to_owned(),
    }
}

/// The first component that is a symbolic link is replaced by what it points to.
fn followed(session: &Session<'_>, path: &str) -> String {
    let mut seen = String::new();
    for part in path.split('/').filter(|part| !part.is_empty()) {
        if !seen.is_empty() || path.starts_with('/') {
            seen.push('/');
        }
        seen.push_str(part);
        match session.loader.real_path(&session.absolute(&seen)) {
            Some(real) if real != session.absolute(&seen) => return path.replacen(&seen, &real, 1),
            Some(_) => {}
            None => break,
        }
    }
    path.to_owned()
}

fn mount(session: &mut Session<'_>, node: NodeId, base: &str) {
    if session.tree.get_str(node, keys::TYPE) != Some("bind") {
        return;
    }
    let Some(source) = session.tree.get(node, keys::SOURCE) else {
        let span = session.tree.span(node);
        session.error(
            "compose::bind-without-source",
            span,
            "invalid mount config for type \"bind\": field Source must not be empty",
        );
        return;
    };
    resolve_one(session, source, Kind::MaybeUnix, base);
}

/// A local volume that is a bind mount in disguise.
fn volume_driver(session: &mut Session<'_>, node: NodeId, base: &str) {
    if session.tree.get_str(node, keys::DRIVER) != Some("local") {
        return;
    }
    let Some(options) = session.tree.get(node, keys::DRIVER_OPTS) else { return };
    if session.tree.map(options).is_none() {
        // Only a template of `extends` gets here unchecked, and the reference panics.
        let span = session.tree.span(options);
        return session.error("compose::invalid-value", span, "driver_opts must be a mapping");
    }
    if session.tree.get_str(options, keys::O) == Some("bind")
        && let Some(device) = session.tree.get(options, keys::DEVICE)
    {
        resolve_one(session, device, Kind::MaybeUnix, base);
    }
}

/// Refuses a Compose file that the reference would fetch from a repository or a registry; false where it is a local one.
pub(crate) fn refuse_remote(session: &mut Session<'_>, path: &str, at: Span) -> bool {
    let is_remote = path.starts_with("oci://") || is_git_reference(path);
    if is_remote {
        session.diagnostics.push(
            Diagnostic::error(Code("compose::remote-file"), format!("{path} is not on this machine"))
                .with_span(at)
                .with_help("fetch it, and name the local copy")
                .with_note("Docker Compose would fetch it; hardpan opens no network connection"),
        );
    }
    is_remote
}

/// What the reference's git loader takes for a repository: `github.com/…`, `user@host:path`, and URLs.
fn is_git_reference(text: &str) -> bool {
    if text.starts_with("./") || text.starts_with("../") {
        return false;
    }
    if text.starts_with("github.com/") {
        return true;
    }
    if let Some((scheme, rest)) = text.split_once("://") {
        let path = rest.split('#').next().unwrap_or_default().split('?').next().unwrap_or_default();
        return match scheme {
            "git" | "ssh" => true,
            "http" | "https" => path.ends_with(".git"),
            _ => false,
        };
    }
    let Some((user, rest)) = text.split_once('@') else { return false };
    let word = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte))
    };
    word(user) && rest.split_once(':').is_some_and(|(host, _)| word(host))
}

/// The directory part of a path, as Go's `filepath.Dir` gives it.
pub(crate) fn parent(path: &str) -> String {
    match path.rfind('/') {
        Some(at) => clean_path(&path[..=at]),
        None => ".".to_owned(),
    }
}

/// The last part of a path, as Go's `filepath.Base` gives it.
pub(crate) fn base_name(path: &str) -> &str {
    match path.trim_end_matches('/').rsplit('/').next() {
        Some("") | None => "/",
        Some(name) => name,
    }
}

/// `target` as seen from `base`, by text alone; `None` where only one of them is absolute (Go's `filepath.Rel`).
pub(crate) fn relative(base: &str, target: &str) -> Option<String> {
    let (base, target) = (clean_path(base), clean_path(target));
    if base == target {
        return Some(".".to_owned());
    }
    if base.starts_with('/') != target.starts_with('/') {
        return None;
    }
    let parts = |path: &str| -> Vec<String> {
        path.split('/').filter(|part| !part.is_empty() && *part != ".").map(str::to_owned).collect()
    };
    let (base, target) = (parts(&base), parts(&target));
    let common = base.iter().zip(&target).take_while(|(a, b)| a == b).count();
    if base[common..].iter().any(|part| part == "..") {
        return None;
    }
    let mut steps: Vec<&str> = vec![".."; base.len() - common];
    steps.extend(target[common..].iter().map(String::as_str));
    Some(steps.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_paths_are_found_by_text() {
        for (base, target, expected) in [
            ("/a/b", "/a/b/c", Some("c")),
            ("/a/b", "/a/c", Some("../c")),
            ("/a", "/a", Some(".")),
            ("a", "b/c", Some("../b/c")),
            (".", "x", Some("x")),
            ("/a", "b", None),
            ("..", "b", None),
        ] {
            assert_eq!(relative(base, target).as_deref(), expected, "{base} -> {target}");
        }
    }

    #[test]
    fn git_references_are_told_from_paths() {
        for text in
            ["github.com/a/b", "git@github.com:a/b.git", "https://x/y.git#main", "git://x", "ssh://git@x/y"]
        {
            assert!(is_git_reference(text), "{text}");
        }
        for text in ["./github.com/a", "a/b", "https://x/y", "C:\\x", "a@b", "@:x", ""] {
            assert!(!is_git_reference(text), "{text}");
        }
    }

    #[test]
    fn parents_and_names_are_those_of_go() {
        assert_eq!(parent("a/b.yml"), "a");
        assert_eq!(parent("b.yml"), ".");
        assert_eq!(parent("/b.yml"), "/");
        assert_eq!(parent("a/"), "a");
        assert_eq!(base_name("/a/b"), "b");
        assert_eq!(base_name("/"), "/");
    }
}
