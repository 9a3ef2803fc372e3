//! Compose files of the repository that are not part of the project: where a service that is missed may be waiting.

use std::collections::HashSet;
use std::rc::Rc;

use hardpan_compose::PathKind;

use super::mounts::join;
use crate::Scope;
use crate::files::TextFile;

/// How far the repository is searched.
const DEPTH_MAX: usize = 6;
const FOLDERS_MAX: usize = 400;
const FILES_MAX: usize = 200;

/// The Compose files that were not loaded, read when the first name is looked for.
#[derive(Default)]
pub(super) struct Modules {
    files: Option<Vec<Rc<TextFile>>>,
}

impl Modules {
    /// The path of a Compose file beside the project that defines a service of this name.
    pub(super) fn path_with(&mut self, scope: &Scope<'_>, service: &str) -> Option<String> {
        let files = self.files.get_or_insert_with(|| find(scope));
        let key = format!("\n  {service}:");
        let file = files.iter().find(|file| file.text().contains(&key))?;
        Some(scope.relative(file.path()).to_owned())
    }
}

fn find(scope: &Scope<'_>) -> Vec<Rc<TextFile>> {
    let loaded: HashSet<String> =
        scope.compose_files.iter().map(|(id, _)| scope.files.file(*id).path().to_owned()).collect();
    let mut files = Vec::new();
    let mut pending = vec![(scope.root.clone(), 0)];
    let mut at = 0;
    while let Some((folder, depth)) = pending.get(at).cloned() {
        at += 1;
        for (name, kind) in scope.files.list(&folder) {
            let path = join(&folder, &name);
            let is_searched = depth < DEPTH_MAX
                && pending.len() < FOLDERS_MAX
                && !name.starts_with('.')
                && name != "node_modules";
            match kind {
                PathKind::Directory if is_searched => pending.push((path, depth + 1)),
                PathKind::File
                    if is_compose_file(&name) && files.len() < FILES_MAX && !loaded.contains(&path) =>
                {
                    files.extend(scope.files.read(&path));
                }
                _ => {}
            }
        }
    }
    files
}

fn is_compose_file(name: &str) -> bool {
    name.contains("compose") && (name.ends_with(".yml") || name.ends_with(".yaml"))
}
