//! The module files below the modules folder: which there are, and which the project takes in.

use hardpan_compose::syntax::path::clean_path;
use std::collections::HashSet;
use std::rc::Rc;

use hardpan_compose::PathKind;
use hardpan_source::Span;

use super::raw::{self, RawNode};
use crate::Scope;
use crate::files::TextFile;

/// How deep folders are searched. Real trees have a tier, a group and a module below the folder.
const DEPTH_MAX: usize = 8;

/// How many names are looked at in all, so that a folder full of data does not hold up a check.
const NAMES_MAX: usize = 20_000;

/// A Compose file below the modules folder.
#[derive(Debug)]
pub(super) struct Module {
    /// Its absolute path.
    pub(super) path: String,
    /// Its text.
    pub(super) file: Rc<TextFile>,
    /// Its services with their keys.
    pub(super) services: Vec<(String, Span)>,
    /// Whether the project has loaded it, as a module or as a template.
    pub(super) is_loaded: bool,
}

/// The absolute path of the modules folder, if there is one.
pub(super) fn folder(scope: &Scope<'_>) -> Option<String> {
    let path = clean_path(&scope.absolute(&scope.policy.parameters.modules));
    (scope.files.kind(&path) == Some(PathKind::Directory)).then_some(path)
}

/// Every Compose file below a folder, sorted by path.
pub(super) fn all(scope: &Scope<'_>, folder: &str) -> Vec<Module> {
    let loaded: HashSet<String> =
        scope.compose_files.iter().map(|(id, _)| clean_path(scope.files.file(*id).path())).collect();
    let mut modules = Vec::new();
    let mut names_left = NAMES_MAX;
    let mut pending = vec![(folder.to_owned(), 0)];
    while let Some((folder, depth)) = pending.pop() {
        for (name, kind) in scope.files.list(&folder) {
            names_left = names_left.saturating_sub(1);
            if names_left == 0 {
                return modules;
            }
            let path = format!("{folder}/{name}");
            match kind {
                PathKind::Directory if depth < DEPTH_MAX && !is_foreign(&name) => {
                    pending.push((path, depth + 1));
                }
                PathKind::Directory => {}
                _ => modules.extend(module(scope, path, &loaded)),
            }
        }
    }
    modules.sort_by(|a: &Module, b| a.path.cmp(&b.path));
    modules
}

/// Folders that hold what others wrote.
fn is_foreign(name: &str) -> bool {
    name.starts_with('.') || matches!(name, "node_modules" | "vendor" | "target" | "volumes")
}

fn module(scope: &Scope<'_>, path: String, loaded: &HashSet<String>) -> Option<Module> {
    if !has_yaml_name(&path) {
        return None;
    }
    let file = scope.files.read(&path)?;
    let is_named_so = has_compose_name(&path);
    // Most other YAML is configuration; only what could be a Compose file is parsed.
    if !is_named_so && !file.text().lines().any(|line| line.starts_with("services:")) {
        return None;
    }
    let services: Vec<(String, Span)> = {
        let listed = raw::root(&file)?.get("services").filter(|services| services.is_mapping())?;
        let is_service = |node: RawNode<'_>| {
            ["image", "build", "extends"].into_iter().any(|attribute| node.get(attribute).is_some())
        };
        if !is_named_so && !listed.entries().any(|(_, _, service)| is_service(service)) {
            return None;
        }
        listed.entries().map(|(name, key, _)| (name.to_owned(), key)).collect()
    };
    let is_loaded = loaded.contains(&path);
    (!services.is_empty()).then_some(Module { path, file, services, is_loaded })
}

/// `.yml` and `.yaml`.
pub(super) fn has_yaml_name(path: &str) -> bool {
    path.ends_with(".yml") || path.ends_with(".yaml")
}

/// `compose*.y(a)ml` and `docker-compose*.y(a)ml`.
pub(super) fn has_compose_name(path: &str) -> bool {
    let name = raw::file_name(path);
    has_yaml_name(name) && (name.starts_with("compose") || name.starts_with("docker-compose"))
}

/// The paths that the services of a file extend from other files, clean.
pub(super) fn extended_files(module: &Module) -> Vec<String> {
    let Some(services) = raw::root(&module.file).and_then(|root| root.get("services")) else {
        return Vec::new();
    };
    let files = services.entries().filter_map(|(_, _, service)| service.get("extends")?.get("file")?.text());
    files.map(|file| raw::join(raw::parent(&module.path), file)).collect()
}

/// The paths that a file includes, clean.
pub(super) fn included_files(module: &Module) -> Vec<String> {
    let Some(include) = raw::root(&module.file).and_then(|root| root.get("include")) else {
        return Vec::new();
    };
    let mut paths = Vec::new();
    for item in include.items() {
        let listed = item.get("path").unwrap_or(item);
        let names: Vec<&str> = match listed.text() {
            Some(path) => vec![path],
            None => listed.items().filter_map(RawNode::text).collect(),
        };
        paths.extend(names.into_iter().map(|path| raw::join(raw::parent(&module.path), path)));
    }
    paths
}
