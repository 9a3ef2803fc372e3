//! Services that Compose files of the repository define and the project does not include.

use std::collections::HashMap;

use hardpan_compose::PathKind;
use hardpan_source::Span;

use super::texts::is_yaml;
use crate::Scope;

/// As deep the repository is searched.
const DEPTH_MAX: usize = 5;
/// As many folders are looked into: a repository of modules has fewer.
const FOLDERS_MAX: usize = 400;

/// The services of Compose files that are no part of the project, by name.
pub(super) fn services(scope: &Scope<'_>) -> HashMap<String, Span> {
    let mut found = HashMap::new();
    let modules = scope.absolute(&scope.policy.parameters.modules);
    let mut pending = vec![(modules, 0)];
    let mut seen = 0;
    while let Some((folder, depth)) = pending.pop() {
        seen += 1;
        if seen > FOLDERS_MAX {
            break;
        }
        for (name, kind) in scope.files.list(&folder) {
            let path = format!("{}/{name}", folder.trim_end_matches('/'));
            match kind {
                PathKind::Directory
                    if depth < DEPTH_MAX && !name.starts_with('.') && name != "node_modules" =>
                {
                    pending.push((path, depth + 1));
                }
                PathKind::File if name.contains("compose") && is_yaml(&name) => {
                    read(scope, &path, &mut found)
                }
                _ => {}
            }
        }
    }
    found
}

/// Adds the services of one file, by the shape of its lines: the file need not be valid.
fn read(scope: &Scope<'_>, path: &str, found: &mut HashMap<String, Span>) {
    let Some(file) = scope.files.read(path) else { return };
    if scope.compose_files.iter().any(|(id, _)| *id == file.id) {
        return;
    }
    let (mut start, mut is_inside, mut indentation) = (0, false, None);
    for line in file.text().split_inclusive('\n') {
        let text = line.trim_end();
        let indent = text.len() - text.trim_start().len();
        let content = text.trim_start();
        if !content.is_empty() && !content.starts_with('#') {
            if indent == 0 {
                is_inside = content == "services:";
                indentation = None;
            } else if is_inside
                && *indentation.get_or_insert(indent) == indent
                && let Some((name, _)) = content.split_once(':')
            {
                let at = start + indent;
                let name = name.trim_matches(['"', '\'']);
                found.entry(name.to_ascii_lowercase()).or_insert_with(|| file.span(at..at + name.len()));
            }
        }
        start += line.len();
    }
}
