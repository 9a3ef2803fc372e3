//! Where things stand in a YAML text: nodes by their place, their parents, and the bytes that an edit has to touch.

use std::collections::HashMap;

use hardpan_source::Span;
use hardpan_source::yaml::{Document, Kind, Node, NodeIndex, Stream};

/// How a node hangs below its parent.
#[derive(Clone, Copy, Debug)]
pub(super) enum Slot {
    /// The top of a document.
    Root,
    /// The value of an entry, by the entry's number.
    Entry { parent: NodeIndex, at: usize },
    /// An item.
    Item { parent: NodeIndex },
}

/// One YAML text with its nodes by place.
pub(super) struct Layout<'t> {
    pub(super) text: &'t str,
    stream: Stream,
    file: Span,
    slots: HashMap<NodeIndex, Slot>,
    /// The values of entries, by the place of the key.
    by_key: HashMap<(u32, u32), NodeIndex>,
    values: HashMap<(u32, u32), NodeIndex>,
}

impl<'t> Layout<'t> {
    /// `file` is any span of the text's file.
    pub(super) fn new(text: &'t str, stream: Stream, file: Span) -> Self {
        let mut layout = Self {
            text,
            stream,
            file,
            slots: HashMap::new(),
            by_key: HashMap::new(),
            values: HashMap::new(),
        };
        for document in layout.stream.documents.clone() {
            if let Some(root) = document.root() {
                layout.walk(&document, root);
            }
        }
        layout
    }

    fn walk(&mut self, document: &Document, root: NodeIndex) {
        let mut pending = vec![(root, Slot::Root)];
        while let Some((index, slot)) = pending.pop() {
            if self.slots.insert(index, slot).is_some() {
                continue;
            }
            let node = document.node(index);
            self.values.entry((node.span.start, node.span.end)).or_insert(index);
            match &node.kind {
                Kind::Mapping(entries) => {
                    for (at, &(key, value)) in entries.iter().enumerate() {
                        let span = document.node(key).span;
                        self.by_key.insert((span.start, span.end), value);
                        pending.push((value, Slot::Entry { parent: index, at }));
                    }
                }
                Kind::Sequence(items) => {
                    pending.extend(items.iter().map(|&item| (item, Slot::Item { parent: index })));
                }
                Kind::Scalar(_) | Kind::Alias { .. } => {}
            }
        }
    }

    /// The node of this index; all documents of a text share their nodes.
    pub(super) fn node(&self, index: NodeIndex) -> &Node {
        self.stream.documents[0].node(index)
    }

    pub(super) fn slot(&self, index: NodeIndex) -> Slot {
        self.slots.get(&index).copied().unwrap_or(Slot::Root)
    }

    /// The node with exactly this place. Of several (an alias and nothing else) the outermost.
    pub(super) fn value_at(&self, span: Span) -> Option<NodeIndex> {
        self.values.get(&(span.start, span.end)).copied()
    }

    /// The value of the entry whose key has exactly this place.
    pub(super) fn value_of_key_at(&self, span: Span) -> Option<NodeIndex> {
        self.by_key.get(&(span.start, span.end)).copied()
    }

    /// The entries of a mapping.
    pub(super) fn entries(&self, index: NodeIndex) -> &[(NodeIndex, NodeIndex)] {
        match &self.node(index).kind {
            Kind::Mapping(entries) => entries,
            _ => &[],
        }
    }

    /// The text of a scalar key or value.
    pub(super) fn scalar(&self, index: NodeIndex) -> Option<&str> {
        match &self.node(index).kind {
            Kind::Scalar(scalar) => Some(&scalar.text),
            _ => None,
        }
    }

    pub(super) fn key_span(&self, key: NodeIndex) -> Span {
        self.node(key).span
    }

    /// True for `{…}` and `[…]`.
    pub(super) fn is_flow(&self, index: NodeIndex) -> bool {
        let start = self.node(index).span.start as usize;
        self.text[start..].starts_with(['{', '['])
    }

    /// A place in this text.
    pub(super) fn position(&self, at: u32) -> Span {
        Span { start: at, end: at, ..self.file }
    }

    /// Where the line of a byte starts.
    pub(super) fn line_start(&self, at: u32) -> u32 {
        let before = &self.text[..at as usize];
        before.rfind('\n').map_or(0, |newline| newline as u32 + 1)
    }

    /// Where the line after a byte starts; the end of the text where it is the last. A byte right behind a line break
    /// counts as the end of the line before, which is how block scalars end.
    pub(super) fn next_line(&self, at: u32) -> u32 {
        let at = at as usize;
        if at > 0 && self.text.as_bytes()[at - 1] == b'\n' {
            return at as u32;
        }
        self.text[at..].find('\n').map_or(self.text.len() as u32, |newline| (at + newline) as u32 + 1)
    }

    /// How far a byte is from the start of its line.
    pub(super) fn column(&self, at: u32) -> usize {
        (at - self.line_start(at)) as usize
    }

    /// Where a node with all its descendants ends.
    pub(super) fn end(&self, index: NodeIndex) -> u32 {
        self.node(index).span.end
    }
}
