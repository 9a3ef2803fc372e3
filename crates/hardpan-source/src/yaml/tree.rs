//! The shape of a parsed text: documents over one shared arena of nodes.

use std::num::NonZeroU32;
use std::sync::Arc;

use crate::Span;
use crate::yaml::SyntaxError;

/// Everything one text holds.
#[derive(Clone, Debug, Default)]
pub struct Stream {
    /// The complete documents, in order. A document that a syntax error cut short is not among them.
    pub documents: Vec<Document>,
    /// What go-yaml would refuse, in the order of the text. Nothing after a syntax error is parsed.
    pub errors: Vec<SyntaxError>,
    /// Every comment, in the order of the text.
    pub comments: Vec<Comment>,
}

/// A comment: from its `#` to the end of its line, without the line break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comment {
    /// The bytes of the comment.
    pub span: Span,
}

/// One document of a text.
///
/// The documents of a text share their arena, because go-yaml lets an alias name an anchor of an *earlier* document:
/// an index found in one document may lead into another, and every document of the same text can resolve it.
#[derive(Clone, Debug, Default)]
pub struct Document {
    nodes: Arc<Vec<Node>>,
    root: Option<NodeIndex>,
    len: usize,
}

impl Document {
    pub(super) fn new(nodes: Arc<Vec<Node>>, root: NodeIndex, len: usize) -> Self {
        Self { nodes, root: Some(root), len }
    }

    /// The top node. Every parsed document has one (an empty document has a null scalar); only a document made by
    /// `Document::default` has none.
    #[must_use]
    pub fn root(&self) -> Option<NodeIndex> {
        self.root
    }

    /// The node of this index.
    ///
    /// # Panics
    /// If the index was taken from the document of another text.
    #[must_use]
    pub fn node(&self, index: NodeIndex) -> &Node {
        &self.nodes[index.to_usize()]
    }

    /// How many nodes this document wrote. Alias targets are not counted again.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// True for `Document::default` only.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

/// Names a node of a text. Within a text no two nodes share an index, not even nodes of different documents, and a
/// parent's index is smaller than the indices of its children.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeIndex(NonZeroU32);

impl NodeIndex {
    /// Invariant: an arena holds fewer nodes than its text has bytes (plus one), and a text is shorter than 4 GiB.
    pub(super) fn new(position: usize) -> Self {
        let number = u32::try_from(position + 1).ok().and_then(NonZeroU32::new);
        Self(number.expect("an arena has fewer than 2^32 nodes"))
    }

    /// The position in the arena, from 0.
    #[must_use]
    pub fn to_usize(self) -> usize {
        self.0.get() as usize - 1
    }
}

/// One node: a scalar, a collection or an alias.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// What the node is.
    pub kind: Kind,
    /// Where the node is written, without its tag and anchor. A scalar's span includes its quotes or its block
    /// header, a flow collection's its brackets; a block collection reaches from its first key or dash to the end of
    /// its last child. An omitted value has an empty span right after its `:` or `-`.
    pub span: Span,
    /// The tag in front of the node, if there is one.
    pub tag: Option<Box<Tag>>,
    /// The anchor in front of the node, if there is one.
    pub anchor: Option<Box<Anchor>>,
}

/// The kinds of node.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// A scalar, as yet unresolved.
    Scalar(Scalar),
    /// A sequence and its items.
    Sequence(Box<[NodeIndex]>),
    /// A mapping and its entries, key first. Keys may repeat and may be any node.
    Mapping(Box<[(NodeIndex, NodeIndex)]>),
    /// A reference to an anchored node. The target may contain the alias itself: walkers need a guard.
    Alias {
        /// The name after the `*`.
        name: Box<str>,
        /// The anchored node; none where there is no such anchor, which is also recorded as an error.
        target: Option<NodeIndex>,
    },
}

/// A scalar before resolution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scalar {
    /// How the scalar is written.
    pub style: ScalarStyle,
    /// The value after unquoting, unescaping and folding.
    pub text: Box<str>,
}

/// The ways to write a scalar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ScalarStyle {
    /// Without quotes; the only style whose text can mean something other than a string.
    Plain,
    /// In `'`.
    SingleQuoted,
    /// In `"`.
    DoubleQuoted,
    /// A block after `|`.
    Literal,
    /// A block after `>`.
    Folded,
}

/// An explicit tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// The tag as go-yaml names it: `!reset`, `!!str`, or a whole URI where a `%TAG` directive or `!<…>` led to one.
    /// The spelling in the text is what `span` covers; for ordinary tags the two are equal.
    pub name: Box<str>,
    /// The bytes of the tag.
    pub span: Span,
}

/// An anchor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// The name after the `&`.
    pub name: Box<str>,
    /// The bytes of the anchor, with the `&`.
    pub span: Span,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_stays_small_because_large_files_have_millions() {
        assert!(size_of::<Node>() <= 64, "{}", size_of::<Node>());
    }
}
