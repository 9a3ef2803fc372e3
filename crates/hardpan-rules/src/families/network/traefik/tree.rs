//! Reading a YAML file by keys whose case does not matter, aliases followed.

use hardpan_source::Span;
use hardpan_source::yaml::{Document, Kind, NodeIndex};

/// A node of a document.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tree<'d> {
    document: &'d Document,
    index: NodeIndex,
}

impl<'d> Tree<'d> {
    pub(super) fn of(document: &'d Document) -> Option<Self> {
        document.root().map(|index| Self { document, index })
    }

    fn kind(self) -> &'d Kind {
        // An alias of an alias cannot be written, so one step is enough.
        match &self.document.node(self.index).kind {
            Kind::Alias { target: Some(target), .. } => &self.document.node(*target).kind,
            kind => kind,
        }
    }

    pub(super) fn span(self) -> Span {
        self.document.node(self.index).span
    }

    pub(super) fn text(self) -> Option<&'d str> {
        match self.kind() {
            Kind::Scalar(scalar) => Some(&scalar.text),
            _ => None,
        }
    }

    /// The entries of a mapping: key, where the key stands, value.
    pub(super) fn entries(self) -> Vec<(&'d str, Span, Self)> {
        let Kind::Mapping(entries) = self.kind() else { return Vec::new() };
        let entry = |&(key, value): &(NodeIndex, NodeIndex)| {
            let node = self.document.node(key);
            match &node.kind {
                Kind::Scalar(scalar) => Some((&*scalar.text, node.span, Self { index: value, ..self })),
                _ => None,
            }
        };
        entries.iter().filter_map(entry).collect()
    }

    pub(super) fn items(self) -> Vec<Self> {
        match self.kind() {
            Kind::Sequence(items) => items.iter().map(|&index| Self { index, ..self }).collect(),
            _ => Vec::new(),
        }
    }

    pub(super) fn get(self, key: &str) -> Option<Self> {
        self.entries().into_iter().find(|(name, ..)| name.eq_ignore_ascii_case(key)).map(|(.., value)| value)
    }

    pub(super) fn at(self, path: &[&str]) -> Option<Self> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }
}
