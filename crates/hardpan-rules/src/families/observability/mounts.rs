//! What lies at a path inside a container, as far as mounts say: the host's file, a text of the Compose file, or neither.

use std::rc::Rc;

use hardpan_compose::{NodeRef, PathKind};
use hardpan_source::Span;
use hardpan_source::yaml::{self, Stream};

use super::cursor::{Cursor, Inset};
use crate::files::TextFile;
use crate::{Scope, Service};

/// What a path of a container shows.
pub(super) enum Content<'p> {
    /// This path of the host, whether or not something lies there, with the mount that says so.
    Host(String, NodeRef<'p>),
    /// A text in the Compose file.
    Inline(NodeRef<'p>),
    /// A volume, a tmpfs, or a config that no file of the project holds.
    Hidden,
    /// Whatever the image has there.
    Image,
}

/// One thing mounted into a container.
struct Layer<'p> {
    target: String,
    content: Content<'p>,
}

/// What a path of the service's container shows. The mount nearest to the path counts.
pub(super) fn content<'p>(scope: &Scope<'p>, service: &Service<'p>, path: &str) -> Content<'p> {
    let path = tidy(path);
    let nearest = layers(scope, service)
        .into_iter()
        .filter_map(|layer| {
            let rest = below(&path, &layer.target)?.to_owned();
            Some((layer, rest))
        })
        .max_by_key(|(layer, _)| layer.target.len());
    match nearest {
        None => Content::Image,
        Some((Layer { content: Content::Host(source, node), .. }, rest)) => {
            Content::Host(join(&source, &rest), node)
        }
        Some((Layer { content: Content::Inline(text), .. }, rest)) if rest.is_empty() => {
            Content::Inline(text)
        }
        Some(_) => Content::Hidden,
    }
}

/// The host's files and the texts of the Compose file that are mounted, by their paths in the container: files
/// themselves, and those directly in a mounted folder.
pub(super) fn mounted_files<'p>(scope: &Scope<'p>, service: &Service<'p>) -> Vec<(String, Content<'p>)> {
    let mut files = Vec::new();
    for Layer { target, content } in layers(scope, service) {
        match content {
            Content::Host(source, node) => match scope.files.kind(&source) {
                Some(PathKind::File) => files.push((target, Content::Host(source, node))),
                Some(PathKind::Directory) if is_for_configuration(&target) => {
                    for (name, kind) in scope.files.list(&source) {
                        if kind == PathKind::File {
                            let path = join(&source, &name);
                            files.push((join(&target, &name), Content::Host(path, node)));
                        }
                    }
                }
                _ => {}
            },
            Content::Inline(text) => files.push((target, Content::Inline(text))),
            Content::Hidden | Content::Image => {}
        }
    }
    files
}

/// The host's logs, its devices and its root are no configuration.
fn is_for_configuration(target: &str) -> bool {
    !["/", "/rootfs", "/host", "/sys", "/proc", "/dev", "/run"].contains(&target)
        && !target.starts_with("/var/")
}

fn layers<'p>(scope: &Scope<'p>, service: &Service<'p>) -> Vec<Layer<'p>> {
    let mut layers = Vec::new();
    for mount in service.mounts() {
        let content = match (mount.kind, mount.source) {
            ("bind", Some(source)) => Content::Host(source.to_owned(), mount.node),
            ("volume", Some(name)) => device(scope, name)
                .map_or(Content::Hidden, |device| Content::Host(device.to_owned(), mount.node)),
            _ => Content::Hidden,
        };
        layers.push(Layer { target: tidy(mount.target), content });
    }
    let tmpfs = service.get("tmpfs");
    let alone = tmpfs.and_then(NodeRef::as_str);
    for target in alone.into_iter().chain(service.items("tmpfs").filter_map(NodeRef::as_str)) {
        let target = target.split(':').next().unwrap_or(target);
        layers.push(Layer { target: tidy(target), content: Content::Hidden });
    }
    for grant in service.configs() {
        let target = grant.file();
        let target = if target.starts_with('/') { target.to_owned() } else { format!("/{target}") };
        layers.push(Layer { target: tidy(&target), content: config(scope, grant.source) });
    }
    layers
}

/// The folder that a volume is bound to.
fn device<'p>(scope: &Scope<'p>, name: &str) -> Option<&'p str> {
    let options = scope.resource("volumes", name)?.get("driver_opts")?;
    let is_bind = options
        .get("o")
        .and_then(NodeRef::as_str)
        .is_some_and(|options| options.split(',').any(|option| matches!(option.trim(), "bind" | "rbind")));
    options.get("device").and_then(NodeRef::as_str).filter(|device| is_bind && device.starts_with('/'))
}

fn config<'p>(scope: &Scope<'p>, name: &str) -> Content<'p> {
    let Some(config) = scope.resource("configs", name) else { return Content::Hidden };
    if let Some(content) = config.get("content").filter(|content| content.as_str().is_some()) {
        return Content::Inline(content);
    }
    match config.get("file").and_then(NodeRef::as_str) {
        Some(path) => Content::Host(path.to_owned(), config),
        None => Content::Hidden,
    }
}

/// The path without doubled and trailing slashes and without `.`.
fn tidy(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// What is left of a path below a folder; empty for the folder itself.
fn below<'t>(path: &'t str, folder: &str) -> Option<&'t str> {
    if folder == "/" {
        return path.strip_prefix('/');
    }
    let rest = path.strip_prefix(folder)?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix('/') }
}

/// A path below a folder; the folder itself for an empty one, the path itself for an absolute one.
pub(super) fn join(folder: &str, path: &str) -> String {
    match path {
        "" => folder.to_owned(),
        path if path.starts_with('/') => path.to_owned(),
        path => format!("{}/{path}", folder.trim_end_matches('/')),
    }
}

/// The folder of a path.
pub(super) fn folder(path: &str) -> &str {
    match path.rfind('/') {
        Some(0) | None => "/",
        Some(slash) => &path[..slash],
    }
}

/// A configuration that could be read.
pub(super) struct Text {
    /// Where the program finds it.
    pub(super) path: String,
    body: Body,
}

enum Body {
    File(Rc<TextFile>),
    Inline { text: String, stream: Box<Stream>, inset: Inset },
}

impl Text {
    /// Reads what lies at a path of a container.
    pub(super) fn read(scope: &Scope<'_>, path: &str, content: &Content<'_>) -> Option<Self> {
        let body = match content {
            Content::Host(source, _) => Body::File(scope.files.read(source)?),
            Content::Inline(node) => {
                let text = node.as_str()?.to_owned();
                let at = node.origin().span;
                let stream = Box::new(yaml::parse(&text, at.file));
                let inset = Inset::new(at, &scope.files.text(at), &text);
                Body::Inline { text, stream, inset }
            }
            Content::Hidden | Content::Image => return None,
        };
        Some(Self { path: path.to_owned(), body })
    }

    pub(super) fn text(&self) -> &str {
        match &self.body {
            Body::File(file) => file.text(),
            Body::Inline { text, .. } => text,
        }
    }

    /// The documents of the text as YAML.
    pub(super) fn roots(&self) -> Vec<Cursor<'_>> {
        match &self.body {
            Body::File(file) => Cursor::roots(file.yaml(), None).collect(),
            Body::Inline { stream, inset, .. } => Cursor::roots(stream, Some(inset)).collect(),
        }
    }

    /// The place of a range of bytes.
    pub(super) fn span(&self, range: std::ops::Range<usize>) -> Span {
        match &self.body {
            Body::File(file) => file.span(range),
            Body::Inline { inset, .. } => inset.place(u32::try_from(range.start).unwrap_or(u32::MAX)),
        }
    }
}

/// Where a program's configuration is.
pub(super) enum Setup {
    /// It was read.
    Read(Text),
    /// It should be in this file of the host, which is not there.
    Absent(String),
    /// It comes with the image that others publish.
    Published,
    /// The files of the project do not say.
    Unknown,
}

/// What tells how a program is configured.
pub(super) struct Program<'n> {
    /// The options that name the file, such as `--config.file`.
    pub(super) options: &'n [&'n str],
    /// Where it is looked for otherwise.
    pub(super) defaults: &'n [&'n str],
    /// Whether a text is such a configuration.
    pub(super) is_it: fn(&Text) -> bool,
}

impl Program<'_> {
    /// Finds the configuration of a service that runs the program. A file that a start script renders from a template
    /// is found as the template.
    pub(super) fn setup<'p>(&self, scope: &Scope<'p>, service: &Service<'p>) -> Setup {
        let named = option(service, self.options);
        let is_named = named.is_some();
        let mut absent = None;
        let mut comes_with_image = false;
        let defaults = self.defaults.iter().map(|&path| path.to_owned()).filter(|_| !is_named);
        for path in named.into_iter().chain(defaults) {
            let content = content(scope, service, &path);
            match &content {
                Content::Image => comes_with_image = true,
                Content::Host(source, _) if scope.files.kind(source).is_none() => {
                    absent = Some(source.clone())
                }
                _ => {}
            }
            if let Some(text) = Text::read(scope, &path, &content) {
                return Setup::Read(text);
            }
        }
        for (path, content) in mounted_files(scope, service) {
            if may_hold_settings(&path)
                && let Some(text) = Text::read(scope, &path, &content)
                && (self.is_it)(&text)
            {
                return Setup::Read(text);
            }
        }
        match absent {
            Some(path) => Setup::Absent(path),
            None if comes_with_image && !is_named && !is_prepared(service) => Setup::Published,
            None => Setup::Unknown,
        }
    }
}

/// True if the image is not as published when the program starts: it is built here, or a script writes files first.
fn is_prepared(service: &Service<'_>) -> bool {
    super::programs::is_built(service) || writes_files(service)
}

/// True if the command is a script that writes files.
pub(super) fn writes_files(service: &Service<'_>) -> bool {
    let words = ["entrypoint", "command"].into_iter().flat_map(|attribute| service.words(attribute));
    words.filter_map(NodeRef::as_str).any(|word| word.contains("<<") || word.contains("> "))
}

/// The targets of mounts whose source is not there, so that what they bring cannot be seen.
pub(super) fn absent_mounts<'p>(scope: &Scope<'p>, service: &Service<'p>) -> Vec<String> {
    let layers = layers(scope, service).into_iter();
    let is_absent = |content: &Content<'_>| match content {
        Content::Host(source, _) => scope.files.kind(source).is_none(),
        Content::Hidden => true,
        Content::Inline(_) | Content::Image => false,
    };
    layers.filter(|layer| is_absent(&layer.content)).map(|layer| layer.target).collect()
}

/// Data and scripts are not worth reading.
fn may_hold_settings(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    [".yml", ".yaml", ".alloy", ".river", ".conf", ".tmpl", ".tpl", ".template", ".j2", ".in"]
        .iter()
        .any(|ending| name.ends_with(ending))
}

/// The value of a command line option: a word of its own, joined by `=`, or inside a shell command.
pub(super) fn option(service: &Service<'_>, names: &[&str]) -> Option<String> {
    let words: Vec<&str> = ["entrypoint", "command"]
        .iter()
        .flat_map(|attribute| service.words(attribute))
        .filter_map(NodeRef::as_str)
        .collect();
    for name in names {
        for (at, word) in words.iter().enumerate() {
            if word == name {
                return words.get(at + 1).map(|&value| value.to_owned());
            }
            let Some(start) = word.find(name) else { continue };
            let rest = &word[start + name.len()..];
            let begins = start == 0 || word[..start].ends_with([' ', '\n', '\t', '-', '"', '\'']);
            if begins && rest.starts_with(['=', ' ']) {
                let value = rest[1..].trim_start().trim_start_matches(['"', '\'']);
                let value: &str =
                    value.split([' ', '\n', '\t', '"', '\'', ';', '&', '|']).next().unwrap_or_default();
                if !value.is_empty() {
                    return Some(value.to_owned());
                }
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{below, folder, join, tidy};

    #[test]
    fn paths_are_told_apart_by_parts() {
        assert_eq!(tidy("/etc//x/./y/"), "/etc/x/y");
        assert_eq!(tidy("/etc/x/../y"), "/etc/y");
        assert_eq!(below("/etc/prom/a.yml", "/etc/prom"), Some("a.yml"));
        assert_eq!(below("/etc/prometheus", "/etc/prom"), None);
        assert_eq!(below("/a", "/"), Some("a"));
        assert_eq!(join("/host/", "a/b"), "/host/a/b");
        assert_eq!(join("/host", ""), "/host");
        assert_eq!(folder("/a/b"), "/a");
        assert_eq!(folder("/a"), "/");
    }
}
