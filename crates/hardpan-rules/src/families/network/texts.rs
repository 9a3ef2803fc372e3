//! The texts of a service that may name other hosts: variables, commands, labels and mounted configuration files.

use std::ops::Range;
use std::rc::Rc;

use hardpan_compose::{Hop, NodeRef, PathKind, VariableSource};
use hardpan_source::Span;
use hardpan_source::yaml::{Kind as NodeKind, NodeIndex};

use crate::files::TextFile;
use crate::finding::Place;
use crate::{Scope, Service};

/// What a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The value of a variable.
    Environment,
    /// A word of the command or entry point.
    Command,
    /// A word of the health check.
    Healthcheck,
    /// The value of a label.
    Label,
    /// A scalar of a mounted YAML file.
    Yaml,
    /// A line of another mounted configuration file or script, without its comment.
    Line,
}

/// A text with where it stands.
#[derive(Clone, Debug)]
pub(super) struct Text<'p> {
    pub(super) kind: Kind,
    /// The variable, the label, the key in the YAML file or the first word of the line; the word before it in a
    /// command.
    pub(super) key: String,
    pub(super) value: String,
    source: Source<'p>,
}

#[derive(Clone, Debug)]
enum Source<'p> {
    Node(NodeRef<'p>),
    File(Rc<TextFile>, Span),
}

impl<'p> Text<'p> {
    fn of_node(kind: Kind, key: &str, node: NodeRef<'p>) -> Option<Self> {
        let value = node.as_str()?.to_owned();
        Some(Self { kind, key: key.to_owned(), value, source: Source::Node(node) })
    }

    /// True where the text was read from a file of variables, which often has settings for others too.
    pub(super) fn is_from_env_file(&self) -> bool {
        match self.source {
            Source::Node(node) => node.hops().any(|hop| matches!(hop, Hop::File { .. })),
            Source::File(..) => false,
        }
    }

    /// True if a part of the value is not in the text itself: a variable or its default brought it.
    pub(super) fn is_from_variable(&self, scope: &Scope<'_>, part: &Range<usize>) -> bool {
        let Source::Node(node) = self.source else { return false };
        if !node.hops().any(|hop| matches!(hop, Hop::Variable { .. })) {
            return false;
        }
        let written = scope.files.text(node.origin().span);
        match locate(&written, &self.value, part.clone()) {
            None => true,
            Some(found) => {
                let before = &written[..found.start];
                before.matches("${").count() > before.matches('}').count()
            }
        }
    }

    /// True if the environment of the process brought a part of the value: no text of the project has it.
    pub(super) fn comes_from_process(&self, scope: &Scope<'_>, part: &Range<usize>) -> bool {
        let Source::Node(node) = self.source else { return false };
        let process = |hop: &Hop| matches!(hop, Hop::Variable { set: VariableSource::Process, .. });
        node.hops().any(process)
            && locate(&scope.files.text(node.origin().span), &self.value, part.clone()).is_none()
    }

    /// The place of a part of the value, as exactly as the text lets it be found.
    pub(super) fn place(&self, scope: &Scope<'_>, part: Range<usize>) -> Place {
        let (mut place, whole) = match &self.source {
            Source::Node(node) => (Place::from(*node), node.origin().span),
            Source::File(_, span) => (Place::from(*span), *span),
        };
        let written = match &self.source {
            Source::Node(_) => scope.files.text(whole),
            Source::File(file, span) => {
                file.text().get(span.start as usize..span.end as usize).unwrap_or_default().to_owned()
            }
        };
        if let Some(exact) = locate(&written, &self.value, part)
            && let Place::At { span, .. } = &mut place
        {
            let start = whole.start + u32::try_from(exact.start).unwrap_or(0);
            *span = Span::new(whole.file, start, start + u32::try_from(exact.len()).unwrap_or(0));
        }
        place
    }
}

/// The bytes of `written` that hold a part of `value`, which is what was made of them: the same words at the same
/// count. None where a variable brought the part.
fn locate(written: &str, value: &str, part: Range<usize>) -> Option<Range<usize>> {
    let needle = value.get(part.clone())?;
    if needle.is_empty() {
        return None;
    }
    let count = value.get(..part.start)?.matches(needle).count();
    let (at, _) = written.match_indices(needle).nth(count)?;
    Some(at..at + needle.len())
}

/// The place of a part of a node's text.
pub(super) fn place_within(scope: &Scope<'_>, node: NodeRef<'_>, part: Range<usize>) -> Place {
    match Text::of_node(Kind::Label, "", node) {
        Some(text) => text.place(scope, part),
        None => node.into(),
    }
}

/// Every text of the service's own definition.
pub(super) fn own<'p>(service: &Service<'p>) -> Vec<Text<'p>> {
    let mut texts = Vec::new();
    let environment = service.environment();
    texts.extend(environment.filter_map(|(key, node)| Text::of_node(Kind::Environment, key, node)));
    let commands =
        [("entrypoint", Kind::Command), ("command", Kind::Command), ("healthcheck.test", Kind::Healthcheck)];
    for (path, kind) in commands {
        let mut before = String::new();
        for word in service.words(path) {
            texts.extend(Text::of_node(kind, &before, word));
            before = word.as_str().unwrap_or_default().to_owned();
        }
    }
    texts.extend(service.labels().filter_map(|(key, node)| Text::of_node(Kind::Label, key, node)));
    texts
}

/// Every text of the configuration files that the service mounts.
pub(super) fn mounted(scope: &Scope<'_>, service: &Service<'_>) -> Vec<Text<'static>> {
    let mut texts = Vec::new();
    for file in mounted_files(scope, service) {
        if is_yaml(file.path()) { scalars(&file, &mut texts) } else { lines(&file, &mut texts) }
    }
    texts
}

pub(super) fn is_yaml(path: &str) -> bool {
    matches!(extension(path), "yml" | "yaml")
}

fn extension(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').map_or("", |(_, extension)| extension)
}

/// Files of more bytes are data, not configuration.
const CONFIGURATION_BYTES_MAX: usize = 128 << 10;
/// As many files of one mounted folder are read: a folder with more is no folder of configuration.
const FOLDER_FILES_MAX: usize = 48;
/// As many files of one service are read.
const FILES_MAX: usize = 256;
/// As deep a mounted folder is searched.
const FOLDER_DEPTH_MAX: usize = 3;

/// The configuration files and scripts that the service mounts or is granted.
pub(super) fn mounted_files(scope: &Scope<'_>, service: &Service<'_>) -> Vec<Rc<TextFile>> {
    let mut paths = Vec::new();
    for mount in service.mounts().filter(|mount| mount.kind == "bind") {
        let Some(source) = mount.source else { continue };
        match scope.files.kind(source) {
            Some(PathKind::File) => paths.push(source.to_owned()),
            Some(PathKind::Directory) if holds_configuration(mount.target) => {
                folder(scope, source, 0, &mut paths);
            }
            _ => {}
        }
    }
    for grant in service.configs() {
        let file = scope.resource("configs", grant.source).and_then(|config| config.get("file")?.as_str());
        paths.extend(file.map(str::to_owned));
    }
    paths.retain(|path| is_configuration(path));
    paths.sort_unstable();
    paths.dedup();
    let is_small = |file: &Rc<TextFile>| file.text().len() <= CONFIGURATION_BYTES_MAX;
    let is_compose = |file: &Rc<TextFile>| scope.compose_files.iter().any(|(id, _)| *id == file.id);
    let files = paths.iter().filter_map(|path| scope.files.read(path));
    files.filter(|file| is_small(file) && !is_compose(file)).collect()
}

/// True for places in a container where configuration is kept. A folder mounted elsewhere may be a whole source tree.
fn holds_configuration(target: &str) -> bool {
    const WORDS: &[&str] = &["/etc", "conf", "provision", "dynamic", "scripts", "init", "rules", "traefik"];
    let target = target.to_ascii_lowercase();
    target != "/etc" && WORDS.iter().any(|word| target.contains(word))
}

fn folder(scope: &Scope<'_>, path: &str, depth: usize, paths: &mut Vec<String>) {
    let entries = scope.files.list(path);
    if depth >= FOLDER_DEPTH_MAX || entries.len() > FOLDER_FILES_MAX || paths.len() > FILES_MAX {
        return;
    }
    for (name, kind) in entries {
        let path = format!("{}/{name}", path.trim_end_matches('/'));
        match kind {
            PathKind::File => paths.push(path),
            PathKind::Directory if !name.starts_with('.') && name != "node_modules" => {
                folder(scope, &path, depth + 1, paths);
            }
            PathKind::Directory => {}
        }
    }
}

fn is_configuration(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let is_compose = name.contains("compose") && is_yaml(name);
    let kinds = ["yml", "yaml", "conf", "cfg", "toml", "ini", "properties", "sh", "alloy", "river"];
    let name = name.strip_suffix(".template").or(name.strip_suffix(".tmpl")).unwrap_or(name);
    !is_compose && !is_about_addresses(path) && (kinds.contains(&extension(name)) || name == "Caddyfile")
}

/// True for files that are made of addresses or of links for people: zones, tunnels, access lists, start pages.
fn is_about_addresses(path: &str) -> bool {
    const PARTS: &[&str] = &[
        "adguard",
        "coredns",
        "dashy",
        "dnsmasq",
        "glance",
        "homepage",
        "homer",
        "named",
        "pg_hba",
        "pihole",
        "unbound",
        "wireguard",
    ];
    let mut parts = path.rsplit('/').take(3);
    parts.any(|part| PARTS.iter().any(|known| part.to_ascii_lowercase().contains(known)))
}

/// The scalar values of a YAML file with their keys.
fn scalars(file: &Rc<TextFile>, texts: &mut Vec<Text<'static>>) {
    for document in &file.yaml().documents {
        let Some(root) = document.root() else { continue };
        // Aliases are not followed: what they stand for is judged where it is written.
        let mut pending: Vec<(NodeIndex, &str)> = vec![(root, "")];
        while let Some((index, key)) = pending.pop() {
            let node = document.node(index);
            match &node.kind {
                NodeKind::Scalar(scalar) => texts.push(Text {
                    kind: Kind::Yaml,
                    key: key.to_owned(),
                    value: scalar.text.to_string(),
                    source: Source::File(Rc::clone(file), node.span),
                }),
                NodeKind::Sequence(items) => pending.extend(items.iter().rev().map(|&item| (item, key))),
                NodeKind::Mapping(entries) => {
                    for &(key, value) in entries.iter().rev() {
                        let key = match &document.node(key).kind {
                            NodeKind::Scalar(scalar) => &*scalar.text,
                            _ => "",
                        };
                        pending.push((value, key));
                    }
                }
                NodeKind::Alias { .. } => {}
            }
        }
    }
}

/// The lines of any other file, each without indentation and comment.
fn lines(file: &Rc<TextFile>, texts: &mut Vec<Text<'static>>) {
    let mut start = 0;
    for line in file.text().split_inclusive('\n') {
        let value = without_comment(line);
        let indentation = value.len() - value.trim_start().len();
        let value = value.trim();
        let at = start + indentation;
        start += line.len();
        let first = value.split(|character: char| character.is_whitespace() || character == '=').next();
        let is_talk = matches!(first, Some("echo" | "printf" | "log" | "info" | "warn"));
        if !value.is_empty() && !is_talk {
            texts.push(Text {
                kind: Kind::Line,
                key: first.unwrap_or_default().to_owned(),
                value: value.to_owned(),
                source: Source::File(Rc::clone(file), file.span(at..at + value.len())),
            });
        }
    }
}

fn without_comment(line: &str) -> &str {
    let trimmed = line.trim_start();
    if trimmed.starts_with([';', '#']) || trimmed.starts_with("//") {
        return "";
    }
    match line.find(" #") {
        Some(at) => &line[..at],
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::locate;

    #[test]
    fn a_part_is_found_by_its_count() {
        assert_eq!(locate("'a:1,a:2'", "a:1,a:2", 4..5), Some(5..6));
        assert_eq!(locate("${X}:2", "a:2", 0..1), None);
    }
}
