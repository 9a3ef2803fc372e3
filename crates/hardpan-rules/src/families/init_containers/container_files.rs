//! Files of a container that the project has: mounted ones, granted configs, and what a build copies into the image.

use std::rc::Rc;

use hardpan_compose::{NodeRef, PathKind};
use hardpan_source::Span;

use super::scripts::{Argument, Built, Shell, of_dockerfile};
use crate::artifacts::dockerfile::{self, BuildArguments, Dockerfile};
use crate::artifacts::{SourceMap, command};
use crate::files::TextFile;
use crate::{Scope, Service};

/// A file of the container.
pub(super) enum ContainerFile<'p> {
    /// It lies beside the Compose file.
    Disk {
        /// The file.
        file: Rc<TextFile>,
        /// The mount, grant or instruction that brings it.
        asked_for: Option<Span>,
    },
    /// It stands in the Compose file, as the `content` of a config.
    Inline {
        /// The content.
        node: NodeRef<'p>,
    },
}

/// The file at a path of the container.
pub(super) fn find_file<'p>(
    scope: &Scope<'p>,
    service: &Service<'p>,
    image: Option<&Image>,
    path: &str,
) -> Option<ContainerFile<'p>> {
    let path = absolute(service, image, path)?;
    for mount in service.mounts().filter(|mount| mount.kind == "bind") {
        let Some(source) = mount.source else { continue };
        let Some(rest) = below(mount.target, &path) else { continue };
        let on_disk = if rest.is_empty() { source.to_owned() } else { format!("{source}/{rest}") };
        if scope.files.kind(&on_disk) == Some(PathKind::File)
            && let Some(file) = scope.files.read(&on_disk)
        {
            return Some(ContainerFile::Disk { file, asked_for: Some(mount.node.origin().span) });
        }
    }
    for grant in service.configs() {
        let target = grant.file();
        let is_it =
            if target.starts_with('/') { target == path } else { path.strip_prefix('/') == Some(target) };
        if !is_it {
            continue;
        }
        let config = scope.resource("configs", grant.source)?;
        if let Some(node) = config.get("content") {
            return Some(ContainerFile::Inline { node });
        }
        let file = scope.files.read(config.get("file")?.as_str()?)?;
        return Some(ContainerFile::Disk { file, asked_for: Some(grant.node.origin().span) });
    }
    image?.find(scope, &path)
}

/// As many files of a folder are looked into.
const FILES_MAX: usize = 64;

/// The mounted files and granted configs whose path in the container is wanted; of mounted folders the files
/// directly in them.
pub(super) fn provided_files<'p>(
    scope: &Scope<'p>,
    service: &Service<'p>,
    is_wanted: &dyn Fn(&str) -> bool,
) -> Vec<(String, ContainerFile<'p>)> {
    let mut found = Vec::new();
    for mount in service.mounts().filter(|mount| mount.kind == "bind") {
        let Some(source) = mount.source else { continue };
        let paths: Vec<(String, String)> = match scope.files.kind(source) {
            Some(PathKind::File) => vec![(mount.target.to_owned(), source.to_owned())],
            Some(PathKind::Directory) => {
                let entries = scope.files.list(source).into_iter();
                let names = entries.filter(|(_, kind)| *kind == PathKind::File).map(|(name, _)| name);
                names.map(|name| (join(mount.target, &name), join(source, &name))).collect()
            }
            None => Vec::new(),
        };
        for (target, path) in paths.into_iter().filter(|(target, _)| is_wanted(target)).take(FILES_MAX) {
            if let Some(file) = scope.files.read(&path) {
                let asked_for = Some(mount.node.origin().span);
                found.push((target, ContainerFile::Disk { file, asked_for }));
            }
        }
    }
    for grant in service.configs() {
        let target = join("/", grant.file());
        let Some(config) = scope.resource("configs", grant.source).filter(|_| is_wanted(&target)) else {
            continue;
        };
        if let Some(node) = config.get("content") {
            found.push((target, ContainerFile::Inline { node }));
        } else if let Some(file) =
            config.get("file").and_then(NodeRef::as_str).and_then(|path| scope.files.read(path))
        {
            let asked_for = Some(grant.node.origin().span);
            found.push((target, ContainerFile::Disk { file, asked_for }));
        }
    }
    found
}

/// What remains of a path below a folder; empty for the path itself.
fn below<'t>(folder: &str, path: &'t str) -> Option<&'t str> {
    let rest = path.strip_prefix(folder.trim_end_matches('/'))?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix('/') }
}

/// The absolute path in the container. A bare name is looked for on the search path, where the project's files are not.
fn absolute(service: &Service<'_>, image: Option<&Image>, path: &str) -> Option<String> {
    if path.starts_with('/') {
        return Some(path.to_owned());
    }
    let own = service.text("working_dir");
    let built = || Some(image?.configuration.workdir.as_ref()?.value.text.as_str());
    let folder = own.or_else(built).unwrap_or("/");
    let path = path.strip_prefix("./").unwrap_or(path);
    (!path.is_empty()).then(|| format!("{}/{path}", folder.trim_end_matches('/')))
}

/// The image that a service is built into, as its Dockerfile describes it.
pub(super) struct Image {
    file: Rc<TextFile>,
    dockerfile: Dockerfile,
    configuration: dockerfile::Image,
    context: String,
}

impl Image {
    /// None where the service is not built, or its Dockerfile is not there.
    pub(super) fn of(scope: &Scope<'_>, service: &Service<'_>) -> Option<Self> {
        let context = service.text("build.context")?.to_owned();
        let name = service.text("build.dockerfile").unwrap_or("Dockerfile");
        let path = if name.starts_with('/') { name.to_owned() } else { format!("{context}/{name}") };
        let file = scope.files.read(&path)?;
        let dockerfile = dockerfile::parse(file.text());
        let configuration = dockerfile.image(service.text("build.target"), &BuildArguments::new())?;
        Some(Self { file, dockerfile, configuration, context })
    }

    /// What runs where the Compose file does not say all of it: `ENTRYPOINT` and `CMD`, with what it does say.
    pub(super) fn shells<'p>(
        &self,
        has_entrypoint: bool,
        has_command: bool,
        own: &[Argument<'p>],
    ) -> Option<Built<'p>> {
        if has_entrypoint {
            return None;
        }
        let entrypoint = self.configuration.entrypoint.as_ref();
        let default = self.configuration.cmd.as_ref().filter(|_| !has_command);
        let mut words = Vec::new();
        for setting in [entrypoint, default].into_iter().flatten() {
            if setting.in_shell {
                // A shell text as the entry point takes no command; as the command it is an argument of the entry
                // point, most of which end in `exec "$@"`.
                let text = setting.arguments.first()?;
                let shell: Shell<'p> = of_dockerfile(&self.file, text, &setting.map);
                if words.is_empty() {
                    return Some(Built { words, shell: Some(shell) });
                }
                break;
            }
            words.extend(setting.arguments.iter().map(|text| Argument::built(text)));
        }
        let texts: Vec<&str> = words.iter().map(|word: &Argument<'_>| word.text.as_str()).collect();
        if let Some(found) = command::shell_text(&texts) {
            let setting = entrypoint.or(default)?;
            let text = texts.get(found.index)?;
            let mut map = SourceMap::default();
            // The text stands somewhere in the list: the whole instruction is pointed at.
            map.push(0, setting.range.start..setting.range.start);
            map.push(1, setting.range.end..setting.range.end);
            let mut shell: Shell<'p> = of_dockerfile(&self.file, text, &map);
            shell.options = found.options;
            return Some(Built { words: Vec::new(), shell: Some(shell) });
        }
        words.extend(own.iter().cloned());
        Some(Built { words, shell: None })
    }

    /// The file that a `COPY` or `ADD` puts at this path.
    fn find<'p>(&self, scope: &Scope<'_>, path: &str) -> Option<ContainerFile<'p>> {
        for stage in &self.configuration.stages {
            let mut workdir = "/".to_owned();
            let mut found = None;
            for instruction in self.dockerfile.instructions_of(stage) {
                let arguments: Vec<&str> =
                    instruction.arguments.iter().map(|argument| argument.text.as_str()).collect();
                match instruction.name.as_str() {
                    "WORKDIR" => workdir = join(&workdir, arguments.first().copied().unwrap_or_default()),
                    "COPY" | "ADD" if instruction.flag("from").is_none() => {
                        let copied = self.copied(scope, &workdir, &listed(instruction, &arguments), path);
                        if let Some(file) = copied {
                            let span = self.file.span(instruction.range.clone());
                            found = Some(ContainerFile::Disk { file, asked_for: Some(span) });
                        }
                    }
                    _ => {}
                }
            }
            if found.is_some() {
                return found;
            }
        }
        None
    }

    fn copied(
        &self,
        scope: &Scope<'_>,
        workdir: &str,
        arguments: &[&str],
        path: &str,
    ) -> Option<Rc<TextFile>> {
        let (destination, sources) = arguments.split_last()?;
        let target = join(workdir, destination);
        let is_folder = destination.ends_with('/') || *destination == "." || sources.len() > 1;
        for source in sources {
            let source = source.trim_start_matches("./").trim_start_matches('/').trim_end_matches('/');
            let on_disk = if source.is_empty() || source == "." {
                self.context.clone()
            } else {
                format!("{}/{source}", self.context)
            };
            let candidate = match scope.files.kind(&on_disk) {
                Some(PathKind::Directory) => below(&target, path).map(|rest| format!("{on_disk}/{rest}")),
                Some(PathKind::File) => {
                    let name = source.rsplit('/').next().unwrap_or(source);
                    let is_it = if is_folder { join(&target, name) == path } else { target == path };
                    is_it.then_some(on_disk)
                }
                None => None,
            };
            if let Some(file) = candidate.and_then(|candidate| scope.files.read(&candidate)) {
                return Some(file);
            }
        }
        None
    }
}

/// The arguments of an instruction, those of the JSON form included.
fn listed<'t>(instruction: &'t dockerfile::Instruction, words: &[&'t str]) -> Vec<&'t str> {
    match &instruction.form {
        dockerfile::Form::Exec(items) => items.iter().map(|item| item.text.as_str()).collect(),
        dockerfile::Form::Shell => words.to_vec(),
    }
}

fn join(folder: &str, path: &str) -> String {
    if path.starts_with('/') {
        let path = path.trim_end_matches('/');
        return if path.is_empty() { "/".to_owned() } else { path.to_owned() };
    }
    let path = path.trim_start_matches("./").trim_end_matches('/');
    if path.is_empty() || path == "." {
        return folder.to_owned();
    }
    format!("{}/{path}", folder.trim_end_matches('/'))
}
