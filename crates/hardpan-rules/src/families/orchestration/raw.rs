//! Compose files as they are written, for what the resolved project no longer shows: keys, includes, module files.

use hardpan_compose::syntax::path::{clean_path, join_paths};
use std::rc::Rc;

use hardpan_source::yaml::{Document, Kind, NodeIndex};
use hardpan_source::{SourceFile, Span};

use crate::Scope;
use crate::files::TextFile;

/// How many aliases and merge keys in a row are followed; YAML lets them lead in circles.
const DEPTH_MAX: usize = 8;

/// A value as it is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct RawNode<'t> {
    document: &'t Document,
    index: NodeIndex,
}

/// The first document of a file; none where it is not YAML.
pub(super) fn root(file: &TextFile) -> Option<RawNode<'_>> {
    let document = file.yaml().documents.first()?;
    Some(RawNode { document, index: document.root()? })
}

impl<'t> RawNode<'t> {
    fn at(self, index: NodeIndex) -> Self {
        let mut index = index;
        for _ in 0..DEPTH_MAX {
            match &self.document.node(index).kind {
                Kind::Alias { target: Some(target), .. } => index = *target,
                _ => break,
            }
        }
        Self { index, ..self }
    }

    /// Where the value is written.
    pub(super) fn span(self) -> Span {
        self.document.node(self.index).span
    }

    /// The text of a scalar.
    pub(super) fn text(self) -> Option<&'t str> {
        match &self.document.node(self.index).kind {
            Kind::Scalar(scalar) => Some(&scalar.text),
            _ => None,
        }
    }

    /// True for a mapping.
    pub(super) fn is_mapping(self) -> bool {
        matches!(self.document.node(self.index).kind, Kind::Mapping(_))
    }

    /// The items of a sequence.
    pub(super) fn items(self) -> impl Iterator<Item = Self> {
        let items: &'t [NodeIndex] = match &self.document.node(self.index).kind {
            Kind::Sequence(items) => items,
            _ => &[],
        };
        items.iter().map(move |&item| self.at(item))
    }

    /// The entries of a mapping as they are written: key, where it stands, value. Merge keys are not followed.
    pub(super) fn entries(self) -> impl Iterator<Item = (&'t str, Span, Self)> {
        let entries: &'t [(NodeIndex, NodeIndex)] = match &self.document.node(self.index).kind {
            Kind::Mapping(entries) => entries,
            _ => &[],
        };
        entries.iter().filter_map(move |&(key, value)| {
            let key = Self { index: key, ..self };
            Some((key.text()?, key.span(), self.at(value)))
        })
    }

    /// The value of a key, merge keys followed.
    pub(super) fn get(self, key: &str) -> Option<Self> {
        self.find(key, DEPTH_MAX)
    }

    fn find(self, key: &str, depth: usize) -> Option<Self> {
        if let Some((_, _, value)) = self.entries().find(|(name, ..)| *name == key) {
            return Some(value);
        }
        let merged = self.entries().find(|(name, ..)| *name == "<<").map(|(_, _, value)| value)?;
        let depth = depth.checked_sub(1)?;
        if merged.is_mapping() {
            return merged.find(key, depth);
        }
        merged.items().find_map(|item| item.find(key, depth))
    }

    /// The strings of a list, the keys of a mapping, or the one string: Compose lets many attributes be either.
    pub(super) fn names(self) -> Vec<(&'t str, Span)> {
        if let Some(text) = self.text() {
            return if text.is_empty() { Vec::new() } else { vec![(text, self.span())] };
        }
        let items = self.items().filter_map(|item| Some((item.text()?, item.span())));
        items.chain(self.entries().map(|(name, span, _)| (name, span))).collect()
    }
}

/// The Compose files of the project that can be read as text, in the order they were loaded.
pub(super) fn compose_files(scope: &Scope<'_>) -> Vec<Rc<TextFile>> {
    let paths = scope.compose_files.iter().map(|(id, _)| scope.files.file(*id).path().to_owned());
    paths.filter_map(|path| scope.files.read(&path)).collect()
}

/// The lines that an entry of a mapping stands on, if it is in block style and nothing else stands there.
pub(super) fn lines(file: &SourceFile, key: Span, value: Span) -> Option<Span> {
    let text = file.text();
    let end = if value.file == key.file && value.start >= key.end { value.end } else { key.end };
    let start = text.get(..key.start as usize)?.rfind('\n').map_or(0, |at| at + 1);
    let indent = text.get(start..key.start as usize)?;
    let tail = text.get(end as usize..)?.split('\n').next()?;
    let rest = tail.trim_start_matches(':').trim();
    let is_alone = matches!(rest, "" | "{}" | "null" | "~") || rest.starts_with('#');
    if !indent.trim().is_empty() || !is_alone {
        return None;
    }
    let until = (end as usize + tail.len() + 1).min(text.len());
    let at = |offset: usize| u32::try_from(offset).ok();
    Some(Span::new(key.file, at(start)?, at(until)?))
}

/// The folder that a path lies in.
pub(super) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The last part of a path.
pub(super) fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// A path that starts at a folder, clean.
pub(super) fn join(folder: &str, path: &str) -> String {
    if path.starts_with('/') { clean_path(path) } else { join_paths(folder, path) }
}

#[cfg(test)]
mod tests {
    use super::join;

    #[test]
    fn paths_are_compared_clean() {
        assert_eq!(join("/srv/app", "./data/"), "/srv/app/data");
        assert_eq!(join("/srv/app", "/data"), "/data");
    }
}
